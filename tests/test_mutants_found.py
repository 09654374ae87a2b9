"""Small cases in which a small mistake in exact arithmetic shows, each found by making it."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from edge.shop.accounts.lots import COUPON, Holdings
from edge.shop.declined import Declined
from edge.shop.facts import ReturnMade, SaleMade
from edge.shop.ledger import POINTS
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.pricing import compile_rules
from edge.shop.rules.running import Cut, Running
from edge.shop.sale import CouponJudged
from tests.rule_draws import at_list, goods, priced
from tests.shop_draws import rule
from tests.sold import declined, holding, line, lot, made, off, quote, returned, sold, summed, terms

# --- prices that keep their exact base ------------------------------------------------------------


def exactly(*prices: int, exact: tuple[Fraction, ...] = ()) -> Running:
    running = priced(*prices)
    whole = exact or tuple([Fraction(price) for price in prices])
    return msgspec.structs.replace(running, exact=list(whole))


def test_an_exact_price_never_falls_below_nothing() -> None:
    running = exactly(1, exact=(Fraction(1, 2),))
    running.take(running.fitting([Cut(0, (1,))]))
    assert running.exact == [Fraction(0)]


def test_only_a_cut_that_was_taken_whole_says_what_is_left_exactly() -> None:
    whole, running = Cut(0, (4,), Fraction(61, 10)), exactly(10)
    assert running.take(running.fitting([whole])) == (whole,)
    assert running.exact == [Fraction(61, 10)]
    more, running = Cut(0, (14,), Fraction(1, 10)), exactly(10)
    assert running.take(running.fitting([more])) == (Cut(0, (10,)),)
    assert running.exact == [Fraction(0)]


def test_each_unit_is_cut_no_further_than_its_own_price() -> None:
    """Two units at 2 and 3: what would take 1 and 5 takes 1 and 3, though 1 is below 2."""
    running = at_list(goods("g", 3, "2"))
    first = Cut(0, (1, 0))
    assert running.fitting([first]) == (first,)
    running.take((first,))
    assert running.fitting([Cut(0, (1, 5))]) == (Cut(0, (1, 3)),)


# --- what comes back ------------------------------------------------------------------------------


def test_what_is_missing_of_a_set_is_named_by_the_first_line_of_the_receipt() -> None:
    names = ("a", "b", "c", "d")
    sale = sold(quote(*[line(name, 100, 1, off("set", 10)) for name in names]))
    whole = terms(returns={"policy": "bundle_only"})
    no = declined(sale, Back(line=2, count=1), bundle=whole)
    assert no == Declined("E-RETURN-SET", {"product_zh": "a", "product_en": "a"})


def test_a_gift_that_came_back_does_not_hide_the_next_one() -> None:
    """Two gifts of one rule: the first is back already, the second is charged: 300."""
    gifts = [line(name, 300, 1, off("gift", 300, stage=4), kind="gift") for name in ("g1", "g2")]
    sale = sold(quote(line("tv", 9_000), *gifts))
    first = returned(sale, Back(line=1, count=1))
    last = returned(sale, Back(line=0, count=1), earlier=[first], at=made("T2", 1))
    assert [(gift.line, gift.amount) for gift in last.gifts] == [(2, 300)]
    assert last.total == 8_700


def test_gifts_charged_before_leave_less_room_for_what_is_charged_now() -> None:
    """The shop holds 500 after 1,000 - 500; a gift kept then was charged 400: 100 are left."""
    first = line("a", 500, 1, off("ga", 0, stage=4)), line("b", 500)
    gifts = [
        line("g1", 400, 1, off("ga", 400, stage=4), kind="gift"),
        line("g2", 400, 1, off("gb", 400, stage=4), kind="gift"),
    ]
    sale = sold(quote(*first, *gifts))
    back = returned(sale, Back(line=0, count=1), Back(line=1, count=1))
    assert sum(gift.amount for gift in back.gifts) == 800
    assert back.total == 200
    rest = returned(
        sale, Back(line=2, count=1), Back(line=3, count=1), earlier=[back], at=made("T2", 1)
    )
    assert (rest.total, summed(sale, back, rest)) == (800, {})


def test_a_gift_of_another_tax_class_that_is_kept_has_no_part_in_what_is_retained() -> None:
    bundle = terms(returns={"policy": "reprice_kept", "gift_kept": "keep"})
    gift = line("bag", 500, 1, off("spend", 500, stage=4), kind="gift", tax="food")
    sale = sold(quote(line("cake", 1_000, 2), gift))
    again = Terms(bundle=bundle, rules=compile_rules(bundle, "b" * 64))
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    back = give_back(asked, sale, (), again, holding(), made("T1", 1))
    assert isinstance(back, ReturnMade)
    assert (back.total, back.retained) == (1_000, ())


# --- points of partners that come back ------------------------------------------------------------

ALLIANCE = {"points": {"partners": {"X": {"points": 100, "amount": 90}, "free": {"points": 100,
            "amount": 0}}}}  # fmt: skip


def paid_with_points(*lots: tuple[str, str, int], units: int = 4, coupon: bool = False) -> SaleMade:
    """Return a sale of pieces at 10.00 of which points of partners pay 1.00 each."""
    partner = lots[0][1].removeprefix(f"{POINTS}.")
    points = sum(held for _, _, held in lots)
    cuts = [off(f"points-{partner}", *[points // units] * units, stage=6)]
    judged = []
    if coupon:
        cuts.insert(0, off("ten", *[10] * units, stage=5, coupon="C#1"))
        judged = [CouponJudged(coupon="C#1", rule="ten", reason="R-APPLIED", amount=-10 * units)]
    what = quote(
        line("bread", 1_000, units, *cuts), member="m-1",
        redeemed={f"points-{partner}": points}, coupons=judged,
    )  # fmt: skip
    return sold(what, holdings=held_before(*lots), bundle=terms(**ALLIANCE))


def held_before(*lots: tuple[str, str, int]) -> Holdings:
    held = [
        lot(name, unit, left, issuer=unit.removeprefix(f"{POINTS}.")) for name, unit, left in lots
    ]
    return holding(*held, lot("C#1", COUPON, 1))


@pytest.mark.parametrize("coupon", [False, True])
def test_a_partner_gets_back_what_its_points_bore_as_they_come_back(coupon: bool) -> None:
    """400 points of X bear 3.60 of 4.00; each of four pieces gives back 0.90, in two lots."""
    lots = ("x1", "PTS.X", 250), ("x2", "PTS.X", 150)
    sale = paid_with_points(*lots, coupon=coupon)
    held = held_before(*lots).after(sale.moves)
    back: list[ReturnMade] = []
    for number in range(4):
        one = returned(
            sale, Back(line=0, count=1), earlier=back, bundle=terms(**ALLIANCE), holdings=held,
            at=made(f"T{number}", 1),
        )  # fmt: skip
        held = held.after(one.moves)
        back.append(one)
        assert [leg.amount for leg in one.postings if leg.party == "X" and leg.unit == "CNY"] == [
            -90
        ]
    assert summed(sale, *back) == {}


def in_two(
    partner: str, theirs: int, ours: int, *, ours_first: bool = False
) -> list[dict[str, int]]:
    """Return what each of two equal pieces gives back to whom, when partner's points paid first.

    Our own points were spent last, unless `ours_first`, so they come back first; a coupon was
    used as well.
    """
    names = f"points-{partner}", "points"
    cuts = [off("ten", 10, 10, stage=5, coupon="C#1")]
    for name, points in zip(names, (theirs, ours), strict=True):
        cuts.append(off(name, points - points // 2, points // 2, stage=6))
    judged = CouponJudged(coupon="C#1", rule="ten", reason="R-APPLIED", amount=-20)
    what = quote(
        line("bread", 1_000, 2, *cuts), member="m-1",
        redeemed=dict(sorted(zip(names, (theirs, ours), strict=True), reverse=not ours_first)),
        coupons=[judged],
    )  # fmt: skip
    before = held_before(("x", f"PTS.{partner}", theirs), ("own", POINTS, ours))
    sale = sold(what, holdings=before, bundle=terms(**ALLIANCE))
    held, back = before.after(sale.moves), list[ReturnMade]()
    for number in range(2):
        one = returned(
            sale, Back(line=0, units=(number,)), earlier=back, bundle=terms(**ALLIANCE),
            holdings=held, at=made(f"T{number}", 1),
        )  # fmt: skip
        held = held.after(one.moves)
        back.append(one)
    assert summed(sale, *back) == {}
    return [
        {leg.party: leg.amount for leg in one.postings if leg.account == "points"} for one in back
    ]


def test_a_partner_gets_nothing_back_before_its_points_do() -> None:
    """100 of X bear 0.90 and the store 0.10, 100 of ours 1.00: ours come back with the first."""
    first, last = in_two("X", 100, 100)
    assert "X" not in first
    assert last["X"] == -90
    assert first == {"hq": -91, "": -9}


def test_a_partner_that_bears_nothing_gets_nothing_back() -> None:
    first, last = in_two("free", 100, 100, ours_first=True)
    assert "free" not in {**first, **last}


def test_whoever_bore_the_least_gets_that_back_too() -> None:
    """101 points: 1 of ours, 100 of X. The first piece: 51; X gets 0.45, the rest 1 and 5."""
    first, _ = in_two("X", 100, 1)
    assert first == {"X": -45, "hq": -1, "": -5}


# --- what is kept is priced again, beside gifts that were charged ---------------------------------

REPRICED = {"policy": "reprice_kept"}
ONLY_TOGETHER = {"is": "at_least", "amount": 1_000, "base": "list"}


def repriced(rules: list[dict[str, Any]]) -> Terms:
    bundle = terms(returns=REPRICED, rules=rules)
    return Terms(bundle=bundle, rules=compile_rules(bundle, "b" * 64))


def comes_back(number: int, sale: SaleMade, again: Terms, *earlier: ReturnMade) -> ReturnMade:
    asked = ReturnAsked(sale="S1", units=(Back(line=number, count=1),))
    back = give_back(asked, sale, earlier, again, holding(), made(f"T{number}", 1))
    assert isinstance(back, ReturnMade)
    return back


def test_a_charged_gift_leaves_less_for_what_is_kept_to_cost() -> None:
    """Half off 2,000, and a gift of 300; one piece stays, at its full 1,000: the shop holds 1,000.

    500 for the piece less 300 for the gift are 200, and those are retained: nothing is paid out.
    """
    half = rule("percent_off", "half", stage=4, when=[ONLY_TOGETHER | {"amount": 2_000}])
    pieces = line("a", 1_000, 1, off("give", 500)), line("b", 1_000, 1, off("half", 500))
    gift = line("cup", 300, 1, off("give", 300, stage=4), kind="gift")
    sale = sold(quote(*pieces, gift))
    back = comes_back(0, sale, repriced([half | {"basis_points": 5_000}]))
    assert [kept.amount for kept in back.gifts] == [300]
    assert (sum(one.net + one.tax for one in back.retained), back.total) == (200, 0)


def test_a_gift_charged_before_leaves_less_room_for_the_next_one() -> None:
    """What is kept became cheaper alone: 100 instead of 500. So 850 go back, and 150 are held.

    Of those 50 are for the gift that was charged: the second gift of 1,000 costs the other 100.
    """
    alone = {"is": "not", "of": ONLY_TOGETHER}
    cheap = rule("amount_off", "cheap", stage=4, amount=500, when=[alone])
    pieces = line("a", 600, 1, off("ga", 100)), line("b", 600, 1, off("gb", 100))
    gifts = [
        line("g1", 50, 1, off("ga", 50, stage=4), kind="gift"),
        line("g2", 1_000, 1, off("gb", 1_000, stage=4), kind="gift"),
    ]
    sale = sold(quote(*pieces, *gifts))
    again = repriced([cheap])
    first = comes_back(0, sale, again)
    assert (first.total, [kept.amount for kept in first.gifts]) == (850, [50])
    second = comes_back(1, sale, again, first)
    assert (second.total, [kept.amount for kept in second.gifts]) == (0, [100])
