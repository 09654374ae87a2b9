"""Uses of count cards in a lane's till: they pay, follow their lines, and are judged anew."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shop.accounts.lots import PRINCIPAL, Holdings
from edge.shop.basket import Product
from edge.shop.calendar import moment
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.pricing import RuleSet, compile_rules
from edge.shop.tender import Tender, UsesAsked
from edge.shop.till import (
    Cancel,
    Counted,
    Given,
    MemberIdentified,
    Now,
    Outcome,
    PayByUses,
    ProductScanned,
    Redeem,
    RemoveLine,
    Shown,
    Sold,
    Tendered,
    Till,
    resumed,
    step,
)
from tests.prepaid_kit import CUT, CUTS, rules
from tests.sold import MONDAY, card, holding, lot

DYE = msgspec.structs.replace(CUT, id="dye", price=9_000)
WASH = msgspec.structs.replace(CUT, id="wash", price=500, unit="kg")
PLANS = [CUTS, CUTS | {"id": "salon", "products": ["dye", "cut", "wash"]}]
ANN, BOB = Member("m-1", "A**"), Member("m-2", "B**")
HERE = MemberIdentified(ANN)
AT = moment(MONDAY, "Asia/Shanghai")
TERMS = compile_rules(rules(plans=PLANS).bundle, "b" * 64)
FULL = holding(card("K1", "cuts", 3, 30), card("K2", "salon", 2, 20))


def scan(product: Product, quantity: int | str = 1) -> ProductScanned:
    return ProductScanned(product, product.id, Decimal(quantity))


def now(held: Holdings = FULL, terms: RuleSet = TERMS) -> Now:
    return Now(terms, AT, 1, held=lambda till: held)


def play(*given_: Given, held: Holdings = FULL, till: Till | None = None) -> tuple[Till, Outcome]:
    till = till or Till()
    last: Outcome = Declined("E-EMPTY-BASKET")
    for one in given_:
        till, (*_, last) = step(till, one, now(held))
    return till, last


def shown(outcome: Outcome) -> Shown:
    assert isinstance(outcome, Shown), outcome
    return outcome


def test_what_a_card_pays_is_shown_and_money_pays_the_rest() -> None:
    till, last = play(HERE, scan(CUT, 2), scan(DYE), PayByUses(1))
    assert (shown(last).due, [one.amount for one in shown(last).uses]) == (4_000, [9_000])
    till, last = play(Tendered("card", 1_000), till=till)
    assert (shown(last).tendered, shown(last).due, len(shown(last).uses)) == (1_000, 3_000, 1)
    till, sold = play(Tendered("cash", 5_000), till=till)
    assert isinstance(sold, Sold)
    assert (sold.paid.by("uses"), sold.paid.by("cash"), sold.paid.change) == (9_000, 3_000, 2_000)
    assert [(one.count_card, one.line, one.left) for one in sold.paid.uses] == [("K2", 1, 1)]
    assert till == Till()


def test_the_dearest_units_are_paid_first_by_the_cards_that_would_be_used_first() -> None:
    till, last = play(HERE, scan(CUT, 5), scan(DYE), PayByUses())
    assert till.uses == (
        UsesAsked(line=1, count_card="K2"), UsesAsked(line=0, uses=3, count_card="K1"),
        UsesAsked(line=0, count_card="K2"),
    )  # fmt: skip
    assert shown(last).due == 2_000
    _, last = play(Tendered("value"), till=till)
    assert last == Declined("E-VALUE-SHORT", {"more": 0})


def test_a_basket_may_be_paid_by_uses_alone() -> None:
    paid = holding(card("K1", "cuts", 3, 30), lot("p", PRINCIPAL, 500))
    for kind in ("cash", "card", "value"):
        till, last = play(HERE, scan(CUT, 2), PayByUses(), held=paid)
        assert shown(last).due == 0
        _, sold = play(Tendered(kind), held=paid, till=till)
        assert isinstance(sold, Sold)
        assert [tender.kind for tender in sold.paid.tenders] == ["uses"]


@pytest.mark.parametrize(
    ("given_", "no"),
    [
        ([scan(CUT), PayByUses()], Declined("E-NO-MEMBER")),
        ([MemberIdentified(ANN, may_spend=False), scan(CUT), PayByUses()],
         Declined("E-NEEDS-PROOF")),
        ([MemberIdentified(msgspec.structs.replace(ANN, unconfirmed=True)), scan(CUT), PayByUses()],
         Declined("E-UNCONFIRMED")),
        ([HERE, PayByUses()], Declined("E-EMPTY-BASKET")),
        ([HERE, scan(WASH, "0.435"), PayByUses()], Declined("E-USES-FEW", {"uses": 0})),
        ([HERE, scan(CUT, 2), PayByUses(3)], Declined("E-USES-FEW", {"uses": 2})),
        ([HERE, scan(CUT, 9), PayByUses(9)], Declined("E-USES-FEW", {"uses": 5})),
        ([HERE, scan(CUT), Tendered("card", 1), PayByUses()], Declined("E-PARTLY-PAID")),
    ],
)  # fmt: skip
def test_what_no_card_pays_changes_nothing(given_: list[Given], no: Declined) -> None:
    *before, last = given_
    till, _ = play(*before)
    assert play(last, till=till) == (till, no)


def test_uses_follow_their_line_and_go_with_it() -> None:
    till, _ = play(HERE, scan(DYE), scan(CUT, 2), PayByUses(3))
    assert [one.line for one in till.uses] == [0, 1]
    till, last = play(RemoveLine(1), till=till)
    assert [(one.line, one.uses) for one in till.uses] == [(0, 2)]
    assert shown(last).due == 0
    till, last = play(RemoveLine(), till=till)
    assert till.uses == ()


def test_fewer_goods_take_fewer_uses_and_it_is_said() -> None:
    till, _ = play(HERE, scan(CUT, 3), PayByUses())
    after, (first, why) = step(till, Counted(Decimal(1)), now())
    assert (shown(first).due, [one.uses for one in after.uses]) == (0, [1])
    assert why == Declined("E-USES-OVER", {"product": "cut", "uses": 1})


def test_more_goods_are_paid_in_money_until_it_is_said_again() -> None:
    till, _ = play(HERE, scan(CUT), PayByUses())
    till, last = play(scan(CUT), till=till)
    assert shown(last).due == 2_000
    _, last = play(PayByUses(), till=till)
    assert shown(last).due == 0


def test_zero_and_cancel_take_the_uses_away_and_leave_the_goods() -> None:
    for no in (PayByUses(0), Cancel()):
        till, last = play(HERE, scan(CUT), PayByUses(), no)
        assert (till.uses, shown(last).due, len(till.basket.lines)) == ((), 2_000, 1)
    till, _ = play(HERE, scan(CUT), PayByUses(), Cancel(), Cancel())
    assert till == Till()


def test_another_member_s_wishes_are_not_theirs_to_spend() -> None:
    till, _ = play(HERE, scan(CUT), Redeem(100), PayByUses())
    same, _ = play(MemberIdentified(ANN, may_spend=False), till=till)
    assert (same.uses, same.redeem) == (till.uses, 100)
    assert play(Tendered("cash"), till=same)[1] == Declined("E-NEEDS-PROOF")
    other, last = play(MemberIdentified(BOB), till=till)
    assert (other.uses, other.redeem, shown(last).due) == ((), 0, 2_000)


def test_a_card_used_up_meanwhile_is_said_before_anybody_pays() -> None:
    till, _ = play(HERE, scan(CUT, 3), PayByUses())
    rest = holding(card("K1", "cuts", 1, 10))
    after, (first, why) = step(till, Tendered("cash"), now(rest))
    assert why == Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 1})
    assert shown(first).due == 4_000
    again, sold = play(Tendered("cash"), held=rest, till=after)
    assert isinstance(sold, Sold)
    assert (sold.paid.by("uses"), sold.paid.by("cash")) == (2_000, 4_000)
    assert again == Till()
    gone, (first, why) = resumed(till, now(Holdings()))
    assert (gone.uses, shown(first).due) == ((), 6_000)
    assert why == Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 0})


GIVEN = st.one_of(
    st.builds(scan, st.sampled_from([CUT, DYE]), st.integers(1, 3)),
    st.builds(scan, st.just(WASH), st.sampled_from(["0.2", "1.5"])),
    st.builds(PayByUses, st.integers(0, 4) | st.just("max")),
    st.builds(RemoveLine, st.none() | st.integers(1, 3)),
    st.builds(Counted, st.integers(1, 4).map(Decimal)),
    st.builds(MemberIdentified, st.sampled_from([ANN, BOB]), st.booleans()),
    st.builds(Tendered, st.sampled_from(["card", "cash", "value"]), st.sampled_from([None, 700])),
    st.just(Cancel()),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(GIVEN, st.integers(0, 3), st.integers(0, 2)), max_size=14))
def test_whatever_is_done_uses_pay_whole_units_that_somebody_has(
    given_: list[tuple[Given, int, int]],
) -> None:
    """Cards lose uses in between, as if other tills used them."""
    till = Till()
    for one, cuts, salon in given_:
        held = holding(card("K1", "cuts", cuts, 30), card("K2", "salon", salon, 20))
        till, outcomes = step(till, one, now(held))
        for outcome in outcomes:
            _is_right(outcome, {"K1": cuts, "K2": salon}, till)
        places = {one.line for one in till.uses}
        assert places <= set(range(len(till.basket.lines)))


def _is_right(outcome: Outcome, left: dict[str, int], till: Till) -> None:
    match outcome:
        case Shown():
            uses, total = outcome.uses, outcome.quote.total
            assert till.covered == sum(one.amount for one in uses) <= total
        case Sold(quote, paid):
            uses, total = tuple(t for t in paid.tenders if t.uses), quote.total
            assert sum(tender.amount for tender in paid.tenders) == total
        case Declined():
            return
    taken = _taken(uses)
    assert all(taken[name] <= left[name] for name in taken)


def _taken(uses: tuple[Tender, ...]) -> dict[str, int]:
    units: list[Any] = [
        (used.count_card, used.line, unit)
        for one in uses if (used := one.uses) for unit in used.units
    ]  # fmt: skip
    assert len({unit[1:] for unit in units}) == len(units), "a unit is paid for once"
    return {name: [unit[0] for unit in units].count(name) for name, *_ in units}
