"""A lane's till: what each input does to the basket, and what is said about it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.lots import Holdings
from edge.shop.basket import QUANTITY_MAX, UNITS_MAX, Basket, Line, Product, line, refusal
from edge.shop.bundle import decode
from edge.shop.declined import Declined
from edge.shop.ledger import Posting, entry
from edge.shop.member import Member
from edge.shop.pricing import RuleSet, compile_rules, moment
from edge.shop.tender import Paid, Tender, settle
from edge.shop.till import (
    Cancel,
    Given,
    MemberIdentified,
    Now,
    Outcome,
    ProductScanned,
    RemoveLine,
    Shown,
    Sold,
    Tendered,
    Till,
    UnknownCode,
    step,
)

MILK = Product(id="milk", name_zh="牛奶", name_en="Milk", price=505, tax_class="food")
PORK = Product(id="pork", name_zh="猪肉", name_en="Pork", price=3590, tax_class="food", unit="kg")
WINE = Product(id="wine", name_zh="红酒", name_en="Wine", price=6000, tax_class="liquor")
AT = moment(1_795_312_800_000, "Asia/Shanghai")


def rules(tax: dict[str, int], **more: object) -> RuleSet:
    bundle = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": tax,
        "rules": [
            {
                "kind": "percent_off", "id": "club", "name_zh": "会员九折", "name_en": "Club",
                "stage": 3, "basis_points": 1000, "when": [{"is": "member"}],
            }
        ],
    }  # fmt: skip
    return compile_rules(decode(msgspec.json.encode(bundle | more)), "b" * 64)


RULES = rules({"food": 900})


def now(rules: RuleSet, held: Holdings | None = None) -> Now:
    return Now(rules, AT, 3, held=lambda till: held or Holdings())


def play(*inputs: Given, till: Till | None = None) -> tuple[Till, Outcome]:
    """Play inputs, return the till and the last outcome."""
    till = till or Till()
    outcomes: tuple[Outcome, ...] = ()
    for given_ in inputs:
        till, outcomes = step(till, given_, now(RULES))
    (outcome,) = outcomes
    return till, outcome


def scan(product: Product, quantity: str = "1") -> ProductScanned:
    return ProductScanned(product, f"code-{product.id}", Decimal(quantity))


def test_scanning_again_is_one_more() -> None:
    till, shown = play(scan(MILK), scan(PORK, "0.5"), scan(MILK), scan(MILK, "2"))
    assert [held.quantity for held in till.basket.lines] == [Decimal(4), Decimal("0.5")]
    assert isinstance(shown, Shown)
    assert (shown.quote.total, shown.quote.price_book) == (4 * 505 + 1795, 3)


def test_each_weighing_is_its_own_line() -> None:
    till, _ = play(scan(PORK, "0.5"), scan(PORK, "0.5"))
    assert len(till.basket.lines) == 2


def test_a_changed_price_begins_a_new_line() -> None:
    dearer = msgspec.structs.replace(MILK, price=600)
    till, _ = play(scan(MILK), scan(dearer))
    assert [held.unit_price for held in till.basket.lines] == [505, 600]


def test_the_member_may_come_late_and_the_last_one_counts() -> None:
    first, second = Member("m-1"), Member("m-2")
    till, shown = play(scan(MILK), MemberIdentified(first), MemberIdentified(second))
    assert till.basket.member == second
    assert isinstance(shown, Shown)
    assert shown.quote.total == 505 - 51


def test_paying_sells_and_empties_the_till() -> None:
    till, sold = play(MemberIdentified(Member("m-1")), scan(MILK), Tendered("cash", 500))
    assert isinstance(sold, Sold)
    assert sold.paid == Paid(due=454, tenders=(Tender("cash", 454),), handed=500, change=46)
    assert till == Till()


def test_exact_cash_needs_no_amount() -> None:
    _, sold = play(scan(MILK), Tendered("cash"))
    assert isinstance(sold, Sold)
    assert (sold.paid.handed, sold.paid.change) == (505, 0)


def test_exact_cash_is_what_there_are_coins_for() -> None:
    coins = rules({"food": 900}, cash_rounding={"step": 10, "mode": "down"})
    till, _ = step(Till(), scan(MILK), now(coins))
    _, (sold,) = step(till, Tendered("cash"), now(coins))
    assert isinstance(sold, Sold)
    assert (sold.paid.handed, sold.paid.change, sold.paid.rounding) == (500, 0, -5)


def test_remove_last_and_cancel() -> None:
    till, shown = play(scan(MILK), scan(PORK, "1.5"), RemoveLine())
    assert [held.product.id for held in till.basket.lines] == ["milk"]
    assert isinstance(shown, Shown)
    assert shown.quote.total == 505
    till, shown = play(MemberIdentified(Member("m-1")), Cancel(), till=till)
    assert till == Till()
    assert isinstance(shown, Shown)
    assert (shown.quote.total, shown.quote.lines) == (0, ())


def test_refusals_change_nothing() -> None:
    till, _ = play(scan(MILK))
    refused: list[tuple[Given, Declined]] = [
        (UnknownCode("4006381333931"), Declined("E-UNKNOWN-PRODUCT", {"code": "4006381333931"})),
        (Tendered("cash", 504), Declined("E-TENDER-SHORT", {"due": 505, "paid": 504})),
        (Tendered("cash", -1), Declined("E-TENDER-SHORT", {"due": 505, "paid": -1})),
        (scan(MILK, "0.5"), Declined("E-QUANTITY", {"code": "code-milk", "quantity": "1.5"})),
        (scan(MILK, "9999"), Declined("E-QUANTITY", {"code": "code-milk", "quantity": "10000"})),
        (scan(WINE), Declined("E-NOT-READY", {"what": "tax class liquor"})),
    ]
    for given_, declined in refused:
        assert play(given_, till=till) == (till, declined)


def test_rules_may_change_in_the_middle_of_a_sale() -> None:
    till, _ = play(scan(MILK))
    fresh = rules({"drinks": 900})
    no = (Declined("E-NOT-READY", {"what": "tax class food"}),)
    for given_ in (MemberIdentified(Member("m-1")), Tendered("cash"), scan(MILK)):
        assert step(till, given_, now(fresh)) == (till, no)
    after, _ = step(till, Cancel(), now(fresh))
    assert after == Till()


def test_an_empty_till_sells_nothing() -> None:
    assert play(Tendered("cash", 100)) == (Till(), Declined("E-EMPTY-BASKET"))
    assert play(RemoveLine()) == (Till(), Declined("E-EMPTY-BASKET"))


def test_quantities_are_whole_or_weighed_and_bounded() -> None:
    for quantity in ("0", "-1", "1.5", "NaN", "Infinity", "1E+999999", "1E-999999", "10000"):
        assert isinstance(line(MILK, "m", Decimal(quantity)), Declined), quantity
    for quantity in ("0.0005", "0", "10000.001"):
        assert isinstance(line(PORK, "p", Decimal(quantity)), Declined), quantity
    made = line(MILK, "m", Decimal("2.000"))
    assert isinstance(made, Line)
    assert (str(made.quantity), made.units, made.list_amount) == ("2", 2, 1010)
    made = line(PORK, "p", Decimal("1E+1"), unit_price=100)
    assert isinstance(made, Line)
    assert (str(made.quantity), made.units, made.list_amount) == ("10", 1, 1000)
    assert (made.price_source, made.unit_price) == ("terminal", 100)


def test_a_basket_is_bounded_in_all_its_units() -> None:
    half = Line(product=MILK, code="m", quantity=Decimal(UNITS_MAX // 2), unit_price=505)
    assert half.quantity < QUANTITY_MAX
    assert refusal(Basket((half, half))) is None
    one = Line(product=MILK, code="m", quantity=Decimal(1), unit_price=505)
    declined = refusal(Basket((half, half, one)))
    assert declined == Declined("E-QUANTITY", {"code": "m", "quantity": str(UNITS_MAX + 1)})


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), max_size=5))
def test_what_is_handed_over_is_the_due_and_the_change(due: int, amounts: list[int]) -> None:
    offered = [Tender("cash", amount) for amount in amounts]
    paid = settle(due, offered, Holdings(), RULES.bundle, today=AT.date)
    if sum(amounts) < due:
        assert paid == Declined("E-TENDER-SHORT", {"due": due, "paid": sum(amounts)})
    else:
        assert isinstance(paid, Paid)
        assert sum(tender.amount for tender in paid.tenders) == due
        assert paid.change == paid.handed - due >= 0


def test_an_unbalanced_entry_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        entry(Posting("cash:1", "CNY", 5), Posting("sales:food", "PTS", -5))
