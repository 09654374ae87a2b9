"""The terms of returns: policies, gifts, which units are meant, and every no."""

import msgspec
import pytest

from edge.shop.accounts.growth import Grown
from edge.shop.accounts.lots import COUPON, Lot, Move
from edge.shop.declined import Declined
from edge.shop.facts import ReturnMade, SaleMade
from edge.shop.ledger import POINTS, Posting
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.returns.taking import taking
from edge.shop.pricing import compile_rules
from edge.shop.sale import Channel, CouponJudged
from edge.shop.tender import Kind, Tender, Voucher
from tests.sold import (
    NOTHING,
    declined,
    holding,
    line,
    lot,
    made,
    off,
    paid,
    quote,
    returned,
    sold,
    summed,
    terms,
)

# --- the other policies ---------------------------------------------------------------------------


def test_only_whole_sets_come_back() -> None:
    bundle = terms(returns={"policy": "bundle_only"})
    sale = sold(
        quote(
            line("shirt", 3000, 2, off("set", 300, 0)), line("tie", 1000, 1, off("set", 100)),
            line("sock", 200),
        )
    )  # fmt: skip
    no = declined(sale, Back(line=0, units=(0,)), bundle=bundle)
    assert no == Declined("E-RETURN-SET", {"product_zh": "tie", "product_en": "tie"})
    whole = returned(sale, Back(line=0, units=(0,)), Back(line=1, count=1), bundle=bundle)
    assert whole.total == 2700 + 900
    assert returned(sale, Back(line=0, units=(1,)), bundle=bundle).total == 3000
    assert returned(sale, Back(line=2, count=1), bundle=bundle).total == 200


BIRTHDAY = {
    "kind": "coupon", "id": "birthday", "name_zh": "b", "name_en": "b", "stage": 5,
    "get": {"is": "amount", "amount": 1000}, "when": [{"is": "at_least", "amount": 5000}],
}  # fmt: skip


def birthday() -> tuple[SaleMade, Terms]:
    cuts = off("birthday", 817, stage=5, coupon="C#1"), off("birthday", 61, 61, 61, stage=5)
    shown = CouponJudged(coupon="C#1", rule="birthday", reason="R-APPLIED", amount=-1000)
    what = quote(line("cake", 8880, 1, cuts[0]), line("bread", 665, 3, cuts[1]))
    sale = msgspec.structs.replace(sold(what), coupons=(shown,))
    bundle = terms(rules=[BIRTHDAY], returns={"policy": "reprice_kept"})
    return sale, Terms(bundle=bundle, rules=compile_rules(bundle, "b" * 64))


def give(sale: SaleMade, terms_: Terms, earlier: list[ReturnMade], line_: int) -> ReturnMade:
    asked = ReturnAsked(sale="S1", units=(Back(line=line_, count=3 if line_ else 1),))
    fact = give_back(asked, sale, earlier, terms_, NOTHING, made(f"T{len(earlier)}", 1))
    assert isinstance(fact, ReturnMade), fact
    return fact


@pytest.mark.parametrize(("channel", "refund"), [("delivery", 665), ("till", 665 + 500)])
def test_what_is_kept_is_priced_where_it_was_sold(channel: Channel, refund: int) -> None:
    """A delivery is charged; the bread that stays was delivered too."""
    van = {
        "kind": "charge", "id": "van", "name_zh": "v", "name_en": "v", "amount": 500,
        "tax_class": "none", "when": [{"is": "channel", "any_of": ["delivery"]}],
    }  # fmt: skip
    bundle = terms(rules=[van], returns={"policy": "reprice_kept"})
    delivered = quote(line("bread", 665, 2), line("van", 500, kind="charge"))
    sale = sold(msgspec.structs.replace(delivered, channel=channel))
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    again = Terms(bundle=bundle, rules=compile_rules(bundle, "b" * 64))
    fact = give_back(asked, sale, (), again, NOTHING, made("T1", 1))
    assert isinstance(fact, ReturnMade)
    assert fact.total == refund


def test_what_is_kept_is_priced_again_without_the_coupon_it_no_longer_reaches() -> None:
    sale, terms_ = birthday()
    cake = give(sale, terms_, [], 0)
    assert (cake.total, 9875 - cake.total) == (7880, 3 * 665)
    assert [(part.net, part.tax) for part in cake.retained] == [(183, 0)]
    assert Posting("retained", "CNY", -183) in cake.postings
    breads = give(sale, terms_, [cake], 1)
    assert breads.total == 3 * 665
    assert summed(sale, cake, breads) == {}


def test_what_is_kept_is_priced_again_with_the_coupon_it_still_reaches() -> None:
    sale, terms_ = birthday()
    breads = give(sale, terms_, [], 1)
    assert breads.total == 3 * 665
    assert [(part.net, part.tax) for part in breads.retained] == [(-183, 0)]
    cake = give(sale, terms_, [breads], 0)
    assert cake.total == 7880
    assert summed(sale, breads, cake) == {}


def test_points_still_pay_for_what_is_kept_when_it_is_priced_again() -> None:
    redeem = {
        "kind": "points_redeem", "id": "points", "name_zh": "p", "name_en": "p", "points": 1,
        "amount": 1,
    }  # fmt: skip
    bundle = terms(rules=[redeem], returns={"policy": "reprice_kept"})
    again = Terms(bundle=bundle, rules=compile_rules(bundle, "b" * 64))
    bread = line("bread", 665, 2, off("points", 50, 50, stage=6))
    what = quote(line("cake", 8880), bread, member="m-1", redeemed={"points": 100})
    before = holding(lot("old", POINTS, 100))
    sale = sold(what, bundle=bundle, holdings=before)
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    cake = give_back(asked, sale, (), again, before.after(sale.moves), made("T1", 1))
    assert isinstance(cake, ReturnMade)
    assert (cake.total, cake.retained, cake.points_back) == (8880, (), 0)


def test_a_gift_that_was_charged_stays_paid_when_what_is_kept_is_priced_again() -> None:
    _, terms_ = birthday()
    goods = line("cake", 8890, 1, off("spend", 10, stage=4)), line("bread", 665, 2)
    sale = sold(quote(*goods, line("bag", 500, 1, off("spend", 500, stage=4), kind="gift")))
    cake = give(sale, terms_, [], 0)
    assert (cake.total, [gift.amount for gift in cake.gifts]) == (8380, [500])
    asked = ReturnAsked(sale="S1", units=(Back(line=1, count=1),))
    bread = give_back(asked, sale, [cake], terms_, NOTHING, made("T1", 1))
    assert isinstance(bread, ReturnMade)
    assert (bread.total, bread.retained) == (665, ())


def test_a_charge_that_is_kept_alone_costs_what_it_did() -> None:
    _, terms_ = birthday()
    sale = sold(quote(line("cake", 8880), line("delivery", 500, kind="charge", tax="food")))
    cake = give(sale, terms_, [], 0)
    assert (cake.total, cake.retained) == (8880, ())


def test_what_cannot_be_priced_again_is_refused() -> None:
    sale, terms_ = birthday()
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    bare = Terms(bundle=terms_.bundle)
    no = give_back(asked, sale, (), bare, NOTHING, made("T1"))
    assert no == Declined("E-NOT-READY", {"what": "the rules of the sale"})
    other = Terms(bundle=terms_.bundle, rules=compile_rules(terms_.bundle, "c" * 64))
    assert give_back(asked, sale, (), other, NOTHING, made("T1")) == no


def gift_sale() -> SaleMade:
    gift = line("bag", 500, 1, off("spend", 500, stage=4), kind="gift", tax="food")
    return sold(quote(line("A", 6000, 2, tax="standard"), gift))


def test_a_gift_that_stays_is_charged_with_the_last_unit_that_earned_it() -> None:
    sale = gift_sale()
    first = returned(sale, Back(line=0, count=1))
    assert (first.total, first.gifts) == (6000, ())
    second = returned(sale, Back(line=0, count=1), earlier=[first], at=made("T2", 2))
    assert second.total == 5500
    assert [(gift.line, gift.unit, gift.amount, gift.tax) for gift in second.gifts] == [
        (1, 0, 500, 41)
    ]
    assert summed(sale, first, second) == {
        ("cash:till-1", "", "CNY"): 500,
        ("sales:food", "", "CNY"): -459,
        ("tax:food", "", "CNY"): -41,
    }
    bag = returned(sale, Back(line=1, count=1), earlier=[first, second], at=made("T3", 3))
    assert (bag.total, bag.complete) == (500, True)
    assert summed(sale, first, second, bag) == {}


def test_a_gift_never_costs_more_than_what_comes_back() -> None:
    goods = [line("A", 310, 1, off("spend", 10, stage=4)), line("B", 1000)]
    gift = line("bag", 500, 1, off("spend", 500, stage=4), kind="gift")
    back = returned(sold(quote(*goods, gift)), Back(line=0, count=1))
    assert (back.total, [gift.amount for gift in back.gifts]) == (0, [300])
    assert back.refunds == ()


def test_a_gift_comes_back_with_what_earned_it_or_may_be_kept() -> None:
    sale = gift_sale()
    both = returned(sale, Back(line=0, count=2), Back(line=1, count=1))
    assert (both.total, both.gifts) == (12_000, ())
    keep = terms(returns={"gift_kept": "keep"})
    kept = returned(sale, Back(line=0, count=2), bundle=keep)
    assert (kept.total, kept.gifts) == (12_000, ())


# --- cash rounding, vouchers ----------------------------------------------------------------------


def test_cash_rounding_goes_back_as_it_was_given() -> None:
    step = terms(cash_rounding={"step": 5})
    sale = sold(quote(line("A", 333, 3)), bundle=step)
    assert (sale.total, sale.rounding) == (999, 1)
    facts: list[ReturnMade] = []
    for number in range(3):
        at = made(f"T{number}", 1)
        facts.append(returned(sale, Back(line=0, count=1), earlier=facts, bundle=step, at=at))
    assert [paid(fact) for fact in facts] == [[("cash", 335)], [("cash", 330)], [("cash", 335)]]
    assert [fact.rounding for fact in facts] == [2, -3, 2]
    assert summed(sale, *facts) == {}


@pytest.mark.parametrize("kind", ["card", "wallet", "transfer"])
def test_what_a_bank_paid_goes_back_to_it(kind: Kind) -> None:
    """To the cent, whatever coins there are."""
    sale = sold(quote(line("A", 333, 3)), Tender(kind, 999))
    back = returned(sale, Back(line=0, count=1), bundle=terms(cash_rounding={"step": 10}))
    assert Posting(f"bank:{kind}", "CNY", -333) in back.postings
    assert paid(back) == [(kind, 333)]


def test_a_voucher_gives_back_its_settlement_in_proportion() -> None:
    voucher = Voucher(id="v-1", issuer="platform", face=10_000, paid=8000, settlement=7777)
    sale = sold(quote(line("A", 3333, 3)), Tender("voucher", 9999, voucher))
    facts: list[ReturnMade] = []
    for number in range(3):
        facts.append(returned(sale, Back(line=0, count=1), earlier=facts, at=made(f"T{number}")))
    assert [leg.amount for leg in facts[0].postings if leg.account == "bank:voucher"] == [-2592]
    assert summed(sale, *facts) == {}


# --- which units, and no --------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "total"), [("cheapest", 900), ("dearest", 1000)])
def test_a_count_means_the_declared_units(order: str, total: int) -> None:
    sale = sold(quote(line("A", 1000, 3, off("r", 0, 100, 50))))
    bundle = terms(returns={"units": order})
    one = returned(sale, Back(line=0, count=1), bundle=bundle)
    assert one.total == total
    named = returned(sale, Back(line=0, units=(2,)), bundle=bundle)
    assert (named.total, named.lines[0].units, str(named.lines[0].quantity)) == (950, (2,), "1")


def test_the_shop_holds_what_has_not_gone_back() -> None:
    sale = sold(quote(line("A", 1000, 3)))
    first = returned(sale, Back(line=0, count=1))
    last = taking(sale, [first], ((0, 1),), Terms(bundle=terms()), NOTHING, made("T2", 1))
    assert last.held == 2000


def test_what_comes_back_is_in_the_order_of_the_receipt() -> None:
    sale = sold(quote(line("A", 1000), line("B", 10, 2)))
    back = returned(sale, Back(line=1, units=(1, 0)), Back(line=0, count=1))
    assert [(one.line, one.units) for one in back.lines] == [(0, (0,)), (1, (0, 1))]


def test_a_line_says_which_discounts_went_back() -> None:
    halves = {"hq": 5000, "brand": 5000}
    sale = sold(quote(line("A", 1000, 3, off("r", 100, 50, 7), off("s", 0, 20, 4, funding=halves))))
    back = returned(sale, Back(line=0, units=(0, 1)))
    undone = [(one.rule, one.party, one.amount) for one in back.lines[0].discounts]
    assert undone == [("r", "", 150), ("s", "hq", 10), ("s", "brand", 10)]
    assert {one.account for one in back.lines[0].discounts} == {"discount:3"}


def test_never_more_than_was_sold() -> None:
    sale = sold(quote(line("A", 1000, 3)))
    first = returned(sale, Back(line=0, units=(1,)))
    too_many: dict[str, str | int] = {"product_zh": "A", "product_en": "A", "left": 2}
    for asked, number in [
        ((Back(line=0, count=3),), 3),
        ((Back(line=0, units=(1,)),), 1),
        ((Back(line=0, units=(0, 0)),), 2),
        ((Back(line=0, units=(0,), count=2),), 3),
        ((Back(line=0, count=1), Back(line=0, count=2)), 3),
        ((Back(line=0, count=-1),), -1),
    ]:
        no = declined(sale, *asked, earlier=[first])
        assert no == Declined("E-RETURN-TOO-MANY", too_many | {"asked": number})
    for line_ in (1, -1):
        unknown = declined(sale, Back(line=line_, count=1))
        name = str(line_)
        params: dict[str, str | int] = {
            "product_zh": name, "product_en": name, "asked": 1, "left": 0
        }  # fmt: skip
        assert unknown == Declined("E-RETURN-TOO-MANY", params)
    assert declined(sale) == Declined("E-RETURN-NOTHING")


def test_a_return_of_a_return_is_refused() -> None:
    sale = sold(quote(line("A", 1000)))
    first = returned(sale, Back(line=0, count=1))
    no = declined(first, Back(line=0, count=1))
    assert no == Declined("E-RETURN-OF-RETURN", {"receipt": first.receipt})


def test_another_boxes_receipt_needs_the_cloud() -> None:
    sale = sold(quote(line("A", 1000)))
    offline = made("T1", 1, online=False)
    assert declined(sale, Back(line=0, count=1), home=False, at=offline).code == "E-NEEDS-CLOUD"
    assert returned(sale, Back(line=0, count=1), at=offline).total == 1000


def test_the_window_counts_business_days_dates() -> None:
    """After midnight the open day's date is still yesterday's."""
    sale = sold(quote(line("A", 1000)))
    same_day = terms(returns={"window_days": 0})
    night = msgspec.structs.replace(made("T1", 1), business_date=sale.business_date)
    assert returned(sale, Back(line=0, count=1), bundle=same_day, at=night).total == 1000
    assert declined(sale, Back(line=0, count=1), bundle=same_day).code == "E-RETURN-WINDOW"


@pytest.mark.parametrize(("member", "undone", "back"), [
    ("", (), ["c"]), ("m-1", (), ["c"]), ("m-1", ("old",), []), ("", ("old", "new"), []),
])  # fmt: skip
def test_a_coupon_comes_back_to_whom_it_belongs_unless_its_reason_is_gone(
    member: str, undone: tuple[str, ...], back: list[str]
) -> None:
    """It is m-1's, from the deed `old`; a guest may have been the one who bought with it."""
    judged = CouponJudged(coupon="c", rule="ten", reason="R-APPLIED")
    held = holding(lot("c", COUPON, 1, terms="ten"))
    bought = quote(line("A", 1000, 1, off("ten", 100, coupon="c")), member=member, coupons=[judged])
    sale = sold(bought, holdings=held)
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    said = Terms(bundle=terms(), undone=frozenset(undone))
    fact = give_back(asked, sale, (), said, held.after(sale.moves), made("T1", 1))
    assert isinstance(fact, ReturnMade)
    assert list(fact.coupons_restored) == [move.lot for move in fact.moves] == back


def test_the_window_closes_after_its_last_day() -> None:
    sale = sold(quote(line("A", 1000)))
    strict = terms(returns={"window_days": 7})
    loose = terms(returns={"window_days": 7, "after_window": "approval"})
    unit = Back(line=0, count=1)
    assert returned(sale, unit, bundle=strict, at=made("T1", 7)).total == 1000
    late = made("T1", 8)
    approved = msgspec.structs.replace(late, approved_by="boss")
    no = Declined("E-RETURN-WINDOW", {"days": 7})
    assert declined(sale, unit, bundle=strict, at=approved) == no
    assert declined(sale, unit, bundle=loose, at=late) == no
    assert returned(sale, unit, bundle=loose, at=approved).approved_by == "boss"


def test_a_return_takes_back_what_its_points_grew_by() -> None:
    """1,000 points of two pieces grew by 10; one piece comes back, then the other."""
    bundle = terms(growth={"rate": 100, "on_return": "take_back"})
    sale = sold(quote(line("vase", 50_000, 2), member="ann", earns=(1, 100)), bundle=bundle)
    held = NOTHING.after(sale.moves)
    (earned,) = held.lots
    into = Lot(
        id="g1", member="ann", unit=POINTS, opened="2026-11-01", active_from="2026-11-01",
        kind="growth", origin="grow",
    )  # fmt: skip
    held = held.after([Move(lot="g1", amount=10, opens=into)])
    grown = ((into, Grown(earned, 1_000, 10)),)
    whole = Terms(bundle=bundle, grown=grown)
    asked = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    first = give_back(asked, sale, (), whole, held, made("R1"))
    assert isinstance(first, ReturnMade)
    held = held.after(first.moves)
    assert (held.balance(POINTS), held.lots["g1"].left) == (505, 5)
    second = give_back(asked, sale, (first,), whole, held, made("R2"))
    assert isinstance(second, ReturnMade)
    assert held.after(second.moves).balance(POINTS) == 0
    assert (first.points_taken, second.points_taken) == (500, 500)
