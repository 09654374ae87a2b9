"""Practice never meets what is real: not in a letter, not in a report, not in what undoes it."""

import msgspec
import pytest

from edge import letters
from edge.shop.facts import DayOpened, SaleMade
from edge.shop.operations.made import receipt_number
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.receipt import WORDS, ReceiptHeader, render
from edge.shop.reports.day import day
from edge.shop.reports.entry import Entry
from edge.shop.reports.promotions import promotions
from edge.shop.reports.settlement import statement
from edge.shop.reports.sheet import sheet
from edge.shop.reports.staff import staff
from edge.shop.reports.tally import Tally
from edge.shop.reports.trade import trade
from tests.sold import MONDAY, NOTHING, line, made, off, quote, sold, terms

TODAY = made("S1").business_date
PRACTISED = msgspec.structs.replace(made("S2"), training=True)


def a_sale(*, training: bool) -> SaleMade:
    bread = line("bread", 1_000, 2, off("deal", 100, 100, funding={"hq": 10_000}))
    return sold(quote(bread), at=PRACTISED if training else made("S1"))


def test_a_deed_says_that_it_was_practice() -> None:
    assert a_sale(training=True).training
    assert not a_sale(training=False).training


@pytest.mark.parametrize("training", [False, True])
def test_each_journal_refuses_what_belongs_to_the_other(training: bool) -> None:
    sale = a_sale(training=training)
    mine, other = letters.write, letters.write_training
    if training:
        mine, other = other, mine
    assert letters.read(mine(sale)[1]) == sale
    with pytest.raises(AssertionError, match="practice"):
        other(sale)


def test_what_is_no_deed_stands_in_both_journals() -> None:
    opened = DayOpened(business_date=TODAY)
    assert letters.write(opened) == letters.write_training(opened)


def test_no_report_tells_of_practice() -> None:
    real = [Entry("corner", a_sale(training=False), made("S1").at)]
    both = [*real, Entry("corner", a_sale(training=True), made("S1").at)]
    assert trade(both) == trade(real)
    assert staff(both) == staff(real)
    assert promotions(both) == promotions(real)
    assert statement(both, TODAY[:7]) == statement(real, TODAY[:7])
    assert day(both, TODAY, {"none": 0}) == day(real, TODAY, {"none": 0})
    begun = Tally(business_date=TODAY)
    of_both, of_real = [
        sheet(begun.after(told), {"none": 0}, store="corner", currency="CNY", exponent=2)
        for told in (both, real)
    ]
    assert of_both == of_real
    assert trade(real).total.sales == 1_800


@pytest.mark.parametrize("training", [False, True])
def test_practice_undoes_nothing_real_and_nothing_real_undoes_practice(training: bool) -> None:
    sale, other = a_sale(training=training), made("T1", 1) if training else PRACTISED
    asked = ReturnAsked(sale=sale.sale, units=(Back(line=0, count=1),))
    with pytest.raises(AssertionError, match="practice"):
        give_back(asked, sale, (), Terms(bundle=terms()), NOTHING, other)


@pytest.mark.parametrize("training", [False, True])
def test_a_receipt_of_practice_says_so_at_both_ends(training: bool) -> None:
    header = ReceiptHeader(
        store_zh="店", store_en="Shop", epoch=1, sequence=1, previous="0" * 64, at_ms=MONDAY,
        zone="Asia/Shanghai",
    )  # fmt: skip
    rows = render(a_sale(training=training), header, "en").splitlines()
    mark = WORDS["training"][1]
    assert [mark in rows[0], mark in rows[-1]] == [training, training]


def test_practice_is_numbered_apart() -> None:
    assert receipt_number("till", 3, 17) == "till-3S-000017"
    assert receipt_number("till", 3, 17, training=True) == "till-3T-000017"
