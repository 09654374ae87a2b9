"""Uses of count cards inside a sale, by themselves: they book what a use outside of one does."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shop.accounts.lots import Holdings
from edge.shop.basket import Basket, Line, Product
from edge.shop.calendar import moment
from edge.shop.declined import Declined
from edge.shop.facts import Deed, ReturnMade, SaleMade
from edge.shop.ledger import POINTS
from edge.shop.member import Member
from edge.shop.operations.covering import cover
from edge.shop.operations.return_count import CountBackAsked, return_count
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.sell import points_beside, sell
from edge.shop.operations.tier_review import of_return, of_sale
from edge.shop.operations.use_count import UseAsked, use_count
from edge.shop.pricing import Asked, RuleSet, compile_rules, price
from edge.shop.reports.staff import Done, work
from edge.shop.sale import Quote
from edge.shop.tender import Tender, UsesAsked, settle
from tests.prepaid_kit import CUT, CUTS, EARN, MEMBER, NAMES, TAXED_CUT, Account, made, rules
from tests.sold import MONDAY, card, holding, line, lot, off, quote, returned
from tests.sold import terms as bundle_of

DYE = msgspec.structs.replace(TAXED_CUT, id="dye", price=9_000)
NOTHING_ASKED = Asked()
AT = moment(MONDAY, "Asia/Shanghai")


def in_force(*earning: dict[str, Any], **plan: Any) -> RuleSet:
    return compile_rules(rules(*earning, plans=[CUTS | plan]).bundle, "b" * 64)


def quoted(
    terms: RuleSet, *goods: tuple[Product, int], member: Member | None = MEMBER,
    asked: Asked = NOTHING_ASKED,
) -> Quote:  # fmt: skip
    lines = [
        Line(product=one, code=one.id, quantity=Decimal(count), unit_price=one.price)
        for one, count in goods
    ]
    return price(Basket(tuple(lines), member), terms, AT, "pc_pos", 1, more=asked)


def covered(
    quote: Quote, terms: RuleSet, held: Holdings, *asked: UsesAsked
) -> tuple[Tender, ...] | Declined:
    return cover(asked, quote, terms.bundle, held, AT.date)


def sold(quote: Quote, terms: RuleSet, held: Holdings, *asked: UsesAsked) -> SaleMade:
    uses = covered(quote, terms, held, *asked)
    assert not isinstance(uses, Declined), uses
    cash = [Tender("cash", quote.total)]
    paid = settle(quote.total, cash, held, terms.bundle, today=AT.date, uses=uses)
    assert not isinstance(paid, Declined), paid
    fact = sell(quote, paid, terms, held, made("d1"))
    assert isinstance(fact, SaleMade)
    assert fact.points_earned == points_beside(quote, uses, terms.bundle.programme.points)
    return fact


def books(fact: Deed) -> dict[tuple[str, str, str], int]:
    """Return what a fact posts, what uses paid beyond their worth taken off the sales."""
    sums: dict[tuple[str, str, str], int] = {}
    for leg in fact.postings:
        account = "sales:service" if leg.account == "uses" else leg.account
        name = account, leg.unit, leg.party
        sums[name] = sums.get(name, 0) + leg.amount
    return {name: amount for name, amount in sums.items() if amount}


@st.composite
def earning(draw: st.DrawFn) -> dict[str, Any]:
    return EARN | {
        "of": draw(st.sampled_from(["money", "unit", "visit"])), "per": draw(st.integers(1, 300)),
        "base": draw(st.sampled_from(["net", "after_lines"])), "points": draw(st.integers(0, 9)),
        "cap": draw(st.sampled_from([None, 3, 50])),
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    list_price=st.integers(1, 5_000), uses=st.integers(1, 4), money=st.integers(0, 30_000),
    earns=st.booleans(), earn=earning(),
)  # fmt: skip
def test_a_use_in_a_sale_books_what_a_use_by_itself_does(
    list_price: int, uses: int, money: int, *, earns: bool, earn: dict[str, Any]
) -> None:
    terms, held = in_force(earn, earns=earns), holding(card("K1", "cuts", 7, money))
    cut = msgspec.structs.replace(TAXED_CUT, price=list_price)
    fact = sold(quoted(terms, (cut, uses)), terms, held, UsesAsked(line=0, uses=uses))
    alone = use_count(UseAsked(member=MEMBER, product=cut, uses=uses), terms, held, made("d1"))
    assert not isinstance(alone, Declined)
    assert books(fact) == books(alone)
    assert fact.points_earned == alone.points
    assert [move for move in fact.moves if move.lot == "K1"] == [alone.moves[0]]


@settings(max_examples=100, deadline=None)
@given(
    uses=st.integers(1, 3), value=st.integers(0, 9_000), earns=st.booleans(),
    count=st.integers(3, 5), earn=earning(),
)  # fmt: skip
def test_money_earns_as_if_what_uses_paid_for_were_not_there(
    uses: int, value: int, count: int, *, earns: bool, earn: dict[str, Any]
) -> None:
    """Without a cap, which both together may reach, and but for what a visit earns once."""
    terms = in_force(earn | {"of": "money", "cap": None}, earns=earns)
    held = holding(card("K1", "cuts", 7, value))
    fact = sold(quoted(terms, (DYE, 1), (CUT, count)), terms, held, UsesAsked(line=1, uses=uses))
    rest = quoted(terms, (DYE, 1), (CUT, count - uses)) if count > uses else quoted(terms, (DYE, 1))
    worth = -sum(move.money for move in fact.moves) if earns else 0
    alone = (rest.total + worth) * earn["points"] // earn["per"]
    assert fact.points_earned == alone


def test_a_use_by_itself_that_comes_back_late_is_good_again_as_its_plan_says() -> None:
    late = {"valid_days": 30, "on_expired_return": {"is": "reinstate", "days": 10}}
    one = Account(rules(plans=[CUTS | late]))
    one.buy_card()
    use, early = one.use(3), one.use()
    in_time = CountBackAsked(use=early, uses=1)
    same = one.book(return_count(in_time, one.rules, one.holdings, one.made()))
    assert (same.count_card, same.left) == (use.count_card, 12)
    one.day = "2026-12-23"
    asked = CountBackAsked(use=use, uses=2)
    back = one.book(return_count(asked, one.rules, one.holdings, one.made()))
    again = one.holdings.lots[back.count_card]
    assert back.count_card != use.count_card
    assert (again.left, again.money, again.lot.expires) == (2, sum(use.values[1:]), "2027-01-02")
    assert back.left == 2
    one.check()
    rest = CountBackAsked(use=use, uses=1, returned=2)
    one.book(return_count(rest, one.rules, one.holdings, one.made()))
    one.check()
    assert one.use(1).left == 1


@pytest.mark.parametrize(
    ("asked", "no"),
    [
        ([UsesAsked(line=2)], Declined("E-NO-LINE", {"number": 3})),
        ([UsesAsked(line=-1)], Declined("E-NO-LINE", {"number": 0})),
        ([UsesAsked(line=0, uses=0)], Declined("E-QUANTITY", {"code": "cut", "quantity": "0"})),
        ([UsesAsked(line=0, uses=3)], Declined("E-USES-OVER", {"product": "cut", "uses": 2})),
        ([UsesAsked(line=0, uses=2)] * 2, Declined("E-USES-OVER", {"product": "cut", "uses": 0})),
        ([UsesAsked(line=1)], Declined("E-COUNTS-SHORT", {"product": "dye", "uses": 0})),
        (
            [UsesAsked(line=0, count_card="K9")],
            Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 0}),
        ),
        (
            [UsesAsked(line=0, uses=2, count_card="K1")],
            Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 1}),
        ),
    ],
)
def test_what_cannot_be_covered(asked: Sequence[UsesAsked], no: Declined) -> None:
    terms = in_force()
    held = holding(card("K1", "cuts", 1, 10), card("K2", "cuts", 9, 10))
    assert covered(quoted(terms, (CUT, 2), (DYE, 1)), terms, held, *asked) == no


def test_nobody_and_the_unconfirmed_cover_nothing() -> None:
    terms, held = in_force(), holding(card("K1", "cuts", 9, 10))
    nobody = quoted(terms, (CUT, 1), member=None)
    assert covered(nobody, terms, held, UsesAsked(line=0)) == Declined("E-NO-MEMBER")
    new = quoted(terms, (CUT, 1), member=Member("m-1", unconfirmed=True))
    assert covered(new, terms, held, UsesAsked(line=0)) == Declined("E-UNCONFIRMED")


def test_what_costs_nothing_any_more_needs_no_use() -> None:
    free = {
        "kind": "percent_off", "id": "free", **NAMES, "stage": 3, "basis_points": 10_000,
        "per": "line",
    }  # fmt: skip
    terms, held = in_force(free), holding(card("K1", "cuts", 9, 10))
    no = covered(quoted(terms, (CUT, 2)), terms, held, UsesAsked(line=0))
    assert no == Declined("E-USES-OVER", {"product": "cut", "uses": 0})


def test_what_uses_paid_for_counts_for_no_tier_and_no_commission() -> None:
    """It is as where a use is all there is."""
    terms, held = in_force(), holding(card("K1", "cuts", 2, 25))
    fact = sold(quoted(terms, (CUT, 2), (DYE, 1)), terms, held, UsesAsked(line=0))
    assert (fact.total, of_sale(fact).paid) == (13_000, 11_000)
    assert work(fact) == ("sales", Done(11_000, 1))
    asked = ReturnAsked(sale=fact.sale, units=(Back(line=0, count=2),))
    after, terms_ = held.after(fact.moves), Terms(bundle=terms.bundle)
    back = give_back(asked, fact, (), terms_, after, made("d2"))
    assert isinstance(back, ReturnMade)
    assert (back.total, of_return(back).paid) == (4_000, -2_000)
    assert work(back) == ("sales", Done(-2_000, 0))


# --- what is priced again when a part comes back --------------------------------------------------


def priced_again(*more: dict[str, Any]) -> RuleSet:
    programme = {"returns": {"policy": "reprice_kept", "gift_kept": "charge"}, "plans": [CUTS]}
    return compile_rules(rules(*more, **programme).bundle, "b" * 64)


def brought_back(fact: SaleMade, terms: RuleSet, held: Holdings, line: int) -> ReturnMade:
    asked = ReturnAsked(sale=fact.sale, units=(Back(line=line, units=(0,)),))
    after = held.after(fact.moves)
    done = give_back(asked, fact, (), Terms(bundle=terms.bundle, rules=terms), after, made("d2"))
    assert isinstance(done, ReturnMade), done
    return done


def refunds(back: ReturnMade) -> list[tuple[str, int]]:
    return [(refund.kind, refund.amount) for refund in back.refunds]


def test_a_use_is_given_back_whatever_the_rest_costs_then() -> None:
    """Two at half price: one is back, the other costs 20.00 now, of which money paid 10.00."""
    half = {
        "kind": "percent_off", "id": "half", **NAMES, "stage": 3, "basis_points": 5_000,
        "per": "line", "when": [{"is": "at_least", "amount": 3_000, "base": "list"}],
    }  # fmt: skip
    terms, held = priced_again(half), holding(card("K1", "cuts", 2, 25))
    back = brought_back(
        sold(quoted(terms, (CUT, 2)), terms, held, UsesAsked(line=0)), terms, held, 0
    )
    assert (back.total, refunds(back), back.rounding) == (1_000, [("uses", 1_000)], 0)


def test_a_gift_that_stays_is_charged_to_money_and_never_to_a_use() -> None:
    gift = off("gift", 500, stage=4)
    lines = line("cut", 1_000), line("bag", 500, 1, gift, kind="gift")
    bundle = bundle_of(plans=[CUTS], returns={"gift_kept": "charge"})
    terms, held = compile_rules(bundle, "b" * 64), holding(card("K1", "cuts", 2, 25))
    fact = sold(quote(*lines, member="m-1"), terms, held, UsesAsked(line=0))
    back = returned(fact, Back(line=0, count=1), bundle=bundle, holdings=held)
    assert (back.gifts, refunds(back)) == ((), [("uses", 1_000)])


def test_points_that_paid_for_what_a_use_pays_for_lower_nothing_else() -> None:
    """20.00 of points over 200.00: 2.00 on the cut, 9.00 on each dye; a dye is 81.00 in money."""
    redeem = {
        "kind": "points_redeem", "id": "redeem", **NAMES, "points": 100, "amount": 100,
    }  # fmt: skip
    terms = priced_again(redeem)
    held = holding(card("K1", "cuts", 2, 25), lot("p", POINTS, 2_000))
    asked = Asked(redeem=2_000, redeemable=2_000)
    what = quoted(terms, (CUT, 1), (DYE, 1), (DYE, 1), asked=asked)
    back = brought_back(sold(what, terms, held, UsesAsked(line=0)), terms, held, 1)
    assert refunds(back) == [("cash", 8_100)]


def test_one_card_after_the_other_and_each_use_its_own_share() -> None:
    terms, held = in_force(), holding(card("K1", "cuts", 2, 25), card("K2", "cuts", 3, 9))
    fact = sold(
        quoted(terms, (CUT, 4)), terms, held, UsesAsked(line=0), UsesAsked(line=0, uses=2),
        UsesAsked(line=0),
    )  # fmt: skip
    used = [tender.uses for tender in fact.tenders if tender.uses]
    assert [(one.count_card, one.units, one.values, one.left) for one in used] == [
        ("K1", (0,), (13,), 1),
        ("K2", (1, 2), (3, 3), 1),
        ("K1", (3,), (12,), 0),
    ]
