"""Reports: folds over facts, each figure one that can be added up by hand."""

from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.bundle.commission import Commission, Grade
from edge.shop.calendar import Moment, moment
from edge.shop.declined import Declined
from edge.shop.facts import (
    CardSold,
    CountReturned,
    CountUsed,
    DayClosed,
    DayOpened,
    Deed,
    EpochOpened,
    Fact,
    SaleMade,
    ToppedUp,
    TopUpCancelled,
)
from edge.shop.facts.day import Counted, DrawerCounted
from edge.shop.facts.members import MemberEnrolled
from edge.shop.ledger import POINTS, Posting, entry
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.void import VoidAsked, void
from edge.shop.reports.day import Till, day
from edge.shop.reports.entry import Entry
from edge.shop.reports.promotions import Promotion, promotions
from edge.shop.reports.staff import Done, Person, staff
from edge.shop.reports.tally import Amounts, Tally, unsent
from edge.shop.reports.trade import Trade, trade
from edge.shop.sale import Given
from edge.shop.tender import Tender
from tests.sold import (
    MONDAY,
    NOTHING,
    RATES,
    holding,
    line,
    lot,
    made,
    off,
    quote,
    sold,
    terms,
)

TODAY = "2026-11-22"
HOUR = 3_600_000
HALF = {"hq": 5000, "brand": 5000}


def at(hour: int) -> Moment:
    """Return a moment of the day; the day's deeds are made on business date TODAY."""
    midnight = MONDAY - moment(MONDAY, "Asia/Shanghai").minute * 60_000
    return moment(midnight + hour * HOUR, "Asia/Shanghai")


def facts() -> list[tuple[int, Fact]]:
    """Return a small day, hour by hour: three sales, a return, a void, a top-up, an enrolment."""
    first = sold(
        quote(
            line("bread", 1000, 3, off("3for2", 100, 100, 101, funding=HALF), tax="food"),
            line("pan", 5000, tax="standard"),
            member="m-1",
        )
    )  # fmt: skip
    second = sold(
        quote(line("bread", 1000, 2, off("3for2", 50, 50), tax="food")),
        Tender("card", 1900), at=made("S2"),
    )  # fmt: skip
    third = sold(quote(line("pan", 5000, tax="standard"), member="m-1"), at=made("S3"))
    bare = Terms(bundle=terms())
    asked = ReturnAsked(sale="S1", units=(Back(line=0, units=(2,)),))
    back = give_back(asked, first, (), bare, NOTHING, made("T1"))
    voided = void(VoidAsked(sale="S2"), second, (), bare, NOTHING, made("V1"))
    assert not isinstance(back, Declined)
    assert not isinstance(voided, Declined)
    return [
        (8, DayOpened(business_date=TODAY)), (9, first), (10, second), (10, topped_up()),
        (15, back), (15, voided), (16, third), (17, enrolled()),
    ]  # fmt: skip


def topped_up() -> ToppedUp:
    legs = Posting("bank:card", "CNY", 30_000), Posting("principal:m-1", "CNY", -30_000, "hq")
    return ToppedUp(
        receipt="R-P1", business_date=TODAY, store="corner", terminal="till-1", lane=None,
        cashier="ann", seller="eve", member="m-1", bundle="b", postings=entry(*legs),
        top_up="P1", currency="CNY", exponent=2, tender="card", amount=30_000, bonus=0, offers=(),
        card="", invoice="none",
    )  # fmt: skip


def enrolled() -> MemberEnrolled:
    return MemberEnrolled(
        receipt="R-E1", business_date=TODAY, store="corner", terminal="till-1", lane=None,
        cashier="ann", seller="eve", member="m-9", bundle="b", postings=(), display="*",
        consents=(), way="once",
    )  # fmt: skip


def told(*more: Fact) -> list[Entry]:
    day_ = [Entry("corner", fact, at(hour)) for hour, fact in facts()]
    return day_ + [Entry("corner", fact, at(21)) for fact in more]


COUNTED = DrawerCounted(
    business_date=TODAY, store="corner", terminal="till-1", cashier="ann", currency="CNY",
    change_money=20_000,
    counted=(Counted("cash:till-1", 20_000 + 7699 - 899 + 5000 - 50), Counted("bank:card", 30_000)),
)  # fmt: skip


# --- the day --------------------------------------------------------------------------------------


def test_an_x_report_adds_up_the_day_so_far() -> None:
    report = day(told(), TODAY, RATES, unsent=3)
    assert (report.kind, report.state, report.unsent) == ("X", "open", 3)
    assert report.trade.sales == 7699 + 1900 + 5000 - 899 - 1900
    assert report.returns == Amounts(1, 899)
    assert report.voids == Amounts(1, 1900)
    assert report.top_ups == Amounts(1, 30_000)
    assert report.discounts == 301 - 101
    assert {hour: part.sales for hour, part in report.hours.items()} == {
        9: 7699, 10: 1900, 15: -899 - 1900, 16: 5000,
    }  # fmt: skip
    first_food, pan = round(2699 * 9 / 109), round(5000 * 13 / 113)
    assert report.tax == {900: first_food - 74, 1300: 2 * pan}
    assert report.tills == (
        Till(account="bank:card", expected=30_000), Till(account="cash:till-1", expected=11_800),
    )  # fmt: skip
    assert [till.over for till in report.tills] == [0, 0]


def test_counting_closes_and_says_what_is_short() -> None:
    report = day(told(COUNTED), TODAY, RATES)
    assert (report.kind, report.state) == ("X", "closing")
    assert {till.account: till.over for till in report.tills} == {
        "bank:card": 0,
        "cash:till-1": -50,
    }


@given(st.lists(st.integers(0, 12), max_size=4))
def test_a_day_that_is_told_in_parts_is_the_same_day(cuts: list[int]) -> None:
    entries = told(COUNTED, COUNTED, DayClosed(business_date=TODAY, totals="t", unsent=2), opened())
    whole = Tally(business_date=TODAY).after(entries)
    tally = Tally(business_date=TODAY)
    for start, end in pairwise([0, *sorted(cuts), len(entries)]):
        tally = tally.after(entries[start:end])
    assert msgspec.json.encode(tally) == msgspec.json.encode(whole), "its digest is the same, too"


def opened() -> EpochOpened:
    return EpochOpened(
        ordinal=2, nonce="", parent_ordinal=1, parent_sequence=1, parent_head="", software="",
        opened_at=0,
    )  # fmt: skip


def test_a_z_report_is_the_same_day_closed_even_with_facts_unsent() -> None:
    closed = day(told(COUNTED, DayClosed(business_date=TODAY)), TODAY, RATES, unsent=7)
    assert (closed.kind, closed.state, closed.unsent) == ("Z", "closed", 7)
    assert closed.trade == day(told(), TODAY, RATES).trade


def test_what_was_unsent_at_the_close_is_said_by_the_close() -> None:
    """The last three: 50.00 sold and 8.99 given back, and nobody's money for a new member."""
    sale, back = sold(quote(line("pan", 5000)), at=made("S9")), facts()[4][1]
    behind = unsent([sale, back, enrolled()])
    assert behind == Amounts(3, 5000 - 899)
    end = DayClosed(business_date=TODAY, unsent=behind.count, unsent_amount=behind.amount)
    assert day(told(end), TODAY, RATES).unsent_at_close == behind
    assert day(told(), TODAY, RATES).unsent_at_close == Amounts(0, 0)
    other = DayClosed(business_date="2026-11-21", unsent=9)
    assert day(told(other), TODAY, RATES).unsent_at_close == Amounts(0, 0)


def test_a_tax_class_that_is_gone_from_the_bundle_has_the_rate_of_its_facts() -> None:
    assert day(told(), TODAY, {}).tax == day(told(), TODAY, RATES).tax
    changed = dict.fromkeys(RATES, 1)
    assert day(told(), TODAY, changed).tax == day(told(), TODAY, RATES).tax
    nameless = msgspec.structs.replace(
        topped_up(), postings=entry(Posting("tax:gone", "CNY", -3), Posting("x", "CNY", 3))
    )
    assert day([Entry("corner", nameless, at(9))], TODAY, {}).tax == {0: 3}


def test_cards_are_card_sales_and_a_cancelled_one_is_none() -> None:
    card = msgspec.structs.replace(topped_up(), card="gold", top_up="K1")
    fields = {name: getattr(card, name) for name in card.__struct_fields__}
    bought = CardSold(**fields, price=30_000, fee=0, tax=(), tier="")
    undone = TopUpCancelled(
        **{name: fields[name] for name in Deed.__struct_fields__} | {
            "postings": tuple([msgspec.structs.replace(leg, amount=-leg.amount)
                               for leg in card.postings])},
        cancelled="C1", top_up="K1", card="gold", reason="guest", pricing="at_list",
        currency="CNY", exponent=2, tender="card", principal=30_000, bonus=0,
        refund=30_000, clawback=0, invoice="none",
    )  # fmt: skip
    before = day(told(), TODAY, RATES)
    one = day(told(bought), TODAY, RATES)
    assert (one.top_ups, one.card_sales) == (before.top_ups, Amounts(1, 30_000))
    none = day(told(bought, undone), TODAY, RATES)
    assert (none.top_ups, none.card_sales) == (before.top_ups, Amounts(0, 0))


def test_uses_of_count_cards_are_trade_when_they_are_used() -> None:
    used = CountUsed(
        **{name: getattr(topped_up(), name) for name in Deed.__struct_fields__},
        use="U1", count_card="K#1", plan="cuts", product="cut", name_zh="c", name_en="c",
        category="", currency="CNY", exponent=2, values=(1334, 1333), left=8, tax_class="none",
        tax_rate=0, tax=0, points=0,
    )  # fmt: skip
    back = CountReturned(
        **{name: getattr(topped_up(), name) for name in Deed.__struct_fields__},
        returned="B1", use="U1", count_card="K#1", currency="CNY", exponent=2, values=(1333,),
        left=9, tax_class="none", tax_rate=0, tax=0, points=0,
    )  # fmt: skip
    found = trade([Entry("corner", used, at(9)), Entry("corner", back, at(10))])
    assert found.total == Trade(
        tickets=1, member_tickets=1, sales=1334, member_sales=1334, items=1, uses=1
    )
    assert (found.members, found.hours[10].sales, found.hours[10].tickets) == (1, -1333, 0)


def test_a_day_that_was_interrupted_goes_on_with_its_next_deed() -> None:
    again = EpochOpened(
        ordinal=2, nonce="n", parent_ordinal=1, parent_sequence=9, parent_head="h", software="1",
    )  # fmt: skip
    assert day(told(again), TODAY, RATES).state == "interrupted"
    assert day(told(again, topped_up()), TODAY, RATES).state == "open"
    ended = told(DayClosed(business_date=TODAY), again)
    assert day(ended, TODAY, RATES).state == "closed"


def test_another_days_deeds_are_not_todays() -> None:
    report = day(told(), "2026-11-23", RATES)
    assert (report.trade, report.tills, report.tax) == (Trade(), (), {})
    assert report.state == "closed"


# --- trade ----------------------------------------------------------------------------------------


def test_members_share_tickets_and_items() -> None:
    report = trade(told())
    total = report.total
    assert total == Trade(
        tickets=2, member_tickets=2, sales=11_800, member_sales=11_800, items=4 - 1 + 1
    )
    assert (total.average_ticket, total.items_per_ticket) == (5900, Decimal("2.00"))
    assert (total.member_share, report.members, report.repeat_rate) == (10_000, 1, 10_000)
    assert report.days == {TODAY: total}
    guests = trade([entry_ for entry_ in told() if isinstance(entry_.fact, SaleMade)])
    assert guests.total.member_share == 8699  # 12,699 of 14,599
    assert trade([]).repeat_rate == trade([]).total.average_ticket == 0


# --- promotions -----------------------------------------------------------------------------------

TEA = {
    "kind": "coupon", "id": "tea", "name_zh": "茶", "name_en": "tea", "stage": 5,
    "get": {"is": "amount", "amount": 500},
}  # fmt: skip


def test_what_a_rule_cost_and_who_bore_it() -> None:
    (rule,) = promotions(told())
    assert rule == Promotion(
        rule="3for2", receipts=1, cost=200, sales=2699 - 899, coupons=0,
        funding={"brand": 100, "hq": 100},
    )  # fmt: skip


def test_what_points_pay_for_is_no_promotion_and_a_void_takes_all_back() -> None:
    thanks = Given(rule="thanks", coupon="tea")
    paid = quote(
        line("pan", 1000, 1, off("tenth", 100), off("points", 200, stage=6)),
        member="m-1",
        gives=[thanks],
        redeemed={"points": 200},
    )
    bare = terms(rules=[TEA])
    pot = holding(lot("pot", POINTS, 200))
    sale = sold(paid, bundle=bare, holdings=pot)
    made_way = [(rule.rule, rule.receipts, rule.sales) for rule in promotions([Entry("s", sale)])]
    assert made_way == [("tenth", 1, 700), ("thanks", 1, 0)]
    held = pot.after(sale.moves)
    voided = void(VoidAsked(sale="S1"), sale, (), Terms(bundle=bare), held, made("V1"))
    assert not isinstance(voided, Declined)
    both = promotions([Entry("s", sale), Entry("s", voided)])
    assert {(rule.receipts, rule.sales, rule.cost) for rule in both} == {(0, 0, 0)}


# --- staff ----------------------------------------------------------------------------------------

GRADES = (
    Commission(
        of="sales", grades=(Grade(basis_points=100), Grade(at_least=10_000, basis_points=200))
    ),
    Commission(of="enrolments", grades=(Grade(each=500),)),
    Commission(of="top_ups", grades=(Grade(at_least=50_000, basis_points=1000),)),
)


def test_who_did_what_and_what_for() -> None:
    people = staff(told(), GRADES)
    sales = Done(11_800, 2)
    top_ups, enrolments = Done(30_000, 1), Done(0, 1)
    assert people == (
        Person(
            name="ann", role="cashier", commission={},
            work={"sales": sales, "top_ups": top_ups, "enrolments": enrolments},
        ),
        Person(name="bob", role="seller", work={"sales": sales}, commission={"sales": 236}),
        Person(
            name="eve", role="seller", work={"top_ups": top_ups, "enrolments": enrolments},
            commission={"enrolments": 500, "top_ups": 0},
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("amount", "due"), [(-5, 0), (9_999, 100), (10_000, 200), (0, 0)])
def test_the_highest_grade_that_is_reached_counts_for_all(amount: int, due: int) -> None:
    assert GRADES[0].due(amount, 1) == due
