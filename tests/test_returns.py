"""Returns: what comes back takes back exactly its part of the sale, and nothing twice."""

import pytest

from edge.shop.accounts.lots import COUPON, Holdings
from edge.shop.bundle import Bundle
from edge.shop.facts import ReturnMade, SaleMade
from edge.shop.ledger import BONUS, POINTS, Posting
from edge.shop.operations.returns import Back, left
from edge.shop.sale import CouponJudged, Given
from edge.shop.tender import Tender
from tests.sold import (
    holding,
    legs,
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

PRN = "PRN"
EARNS = (1, 100)


# --- mixed tender: the way back is the way it was paid, in reverse --------------------------------


@pytest.fixture
def mixed() -> tuple[SaleMade, Holdings]:
    """A for 6,000 and B for 4,000: bonus 1,000, principal 5,000, cash 4,000; points on 9,000."""
    before = holding(lot("L#b", BONUS, 1000), lot("L#p", PRN, 5000))
    what = quote(line("A", 6000), line("B", 4000), member="m-1", earns=EARNS)
    sale = sold(what, Tender("value", 6000), Tender("cash", 4000), holdings=before)
    assert [(t.kind, t.amount) for t in sale.tenders] == [
        ("bonus", 1000), ("principal", 5000), ("cash", 4000),
    ]  # fmt: skip
    assert [sold_line.points for sold_line in sale.lines] == [54, 36]
    return sale, before.after(sale.moves)


def test_b_then_a(mixed: tuple[SaleMade, Holdings]) -> None:
    sale, held = mixed
    b = returned(sale, Back(line=1, count=1), holdings=held)
    assert (paid(b), b.points_taken) == ([("cash", 4000)], 36)
    held = held.after(b.moves)
    a = returned(sale, Back(line=0, count=1), earlier=[b], holdings=held, at=made("T2", 2))
    assert (paid(a), a.points_taken) == ([("principal", 5000), ("bonus", 1000)], 54)
    assert summed(sale, b, a) == {}
    after = held.after(a.moves)
    assert (after.balance(PRN), after.balance(BONUS), after.balance(POINTS)) == (5000, 1000, 0)
    assert a.complete
    assert not b.complete


def test_a_then_b(mixed: tuple[SaleMade, Holdings]) -> None:
    sale, held = mixed
    a = returned(sale, Back(line=0, count=1), holdings=held)
    assert paid(a) == [("cash", 4000), ("principal", 2000)]
    held = held.after(a.moves)
    b = returned(sale, Back(line=1, count=1), earlier=[a], holdings=held, at=made("T2", 2))
    assert paid(b) == [("principal", 3000), ("bonus", 1000)]
    assert legs(b) >= {
        Posting("principal:m-1", "CNY", -3000, "hq"), Posting("bonus", "CNY", -1000, "hq"),
        Posting("sales:none", "CNY", 4000), Posting("member:m-1", POINTS, -36, "hq"),
    }  # fmt: skip
    assert summed(sale, a, b) == {}


def test_a_whole_receipt_comes_back() -> None:
    sale = sold(quote(line("R2", 30_000), member="m-1", earns=EARNS))
    held = Holdings().after(sale.moves)
    back = returned(sale, *left(sale, ()), holdings=held, at=made("T1", 100))
    assert legs(back) == {
        Posting("sales:none", "CNY", 30_000), Posting("cash:till-1", "CNY", -30_000),
        Posting("member:m-1", POINTS, -300, "hq"), Posting("programme", POINTS, 300, "hq"),
    }  # fmt: skip
    assert (back.sale_date, back.business_date) == ("2026-11-22", "2027-03-02")


# --- a coupon that somebody else funds ------------------------------------------------------------


@pytest.fixture
def bakery() -> tuple[SaleMade, Holdings]:
    """A cake and three breads, 1,000 off by a coupon that headquarters funds, double points."""
    before = holding(lot("C#1", COUPON, 1, expires="2026-12-31", terms="birthday"))
    cuts = {"coupon": "C#1", "stage": 5, "funding": {"hq": 10_000}}
    cake = off("birthday", 817, **cuts)  # type: ignore[arg-type]
    bread = off("birthday", 61, 61, 61, **cuts)  # type: ignore[arg-type]
    shown = CouponJudged(coupon="C#1", rule="birthday", reason="R-APPLIED", amount=-1000)
    what = quote(
        line("cake", 8880, 1, cake), line("bread", 665, 3, bread),
        member="m-1", earns=(2, 100), coupons=[shown],
    )  # fmt: skip
    sale = sold(what, holdings=before)
    assert legs(sale) >= {
        Posting("cash:till-1", "CNY", 9875), Posting("coupon", "CNY", 1000, "hq"),
        Posting("sales:none", "CNY", -10875),
    }  # fmt: skip
    assert (sale.lines[0].points, sale.lines[1].unit_points) == (161, (12, 12, 12))
    return sale, before.after(sale.moves)


def test_one_bread_comes_back(bakery: tuple[SaleMade, Holdings]) -> None:
    sale, held = bakery
    assert held.balance(COUPON) == 0
    bread = returned(sale, Back(line=1, count=1), holdings=held)
    assert legs(bread) == {
        Posting("sales:none", "CNY", 665), Posting("coupon", "CNY", -61, "hq"),
        Posting("cash:till-1", "CNY", -604),
        Posting("member:m-1", POINTS, -12, "hq"), Posting("programme", POINTS, 12, "hq"),
    }  # fmt: skip
    assert (bread.points_taken, bread.coupons_restored) == (12, ())


def test_a_coupon_comes_back_with_the_last_unit_it_lowered(
    bakery: tuple[SaleMade, Holdings],
) -> None:
    sale, held = bakery
    first = returned(sale, Back(line=1, count=3), holdings=held)
    held = held.after(first.moves)
    rest = returned(sale, Back(line=0, count=1), earlier=[first], holdings=held, at=made("T2", 9))
    assert (first.coupons_restored, rest.coupons_restored) == ((), ("C#1",))
    assert held.after(rest.moves).balance(COUPON) == 1
    assert summed(sale, first, rest) == {}


def test_a_coupon_is_not_about_units_it_did_not_lower() -> None:
    before = holding(lot("C#1", COUPON, 1), lot("C#2", COUPON, 1))
    shown = [
        CouponJudged(coupon=name, rule="c", reason="R-APPLIED", amount=-100)
        for name in ("C#1", "C#2")
    ]
    cuts = [
        off("c", 100, 0, 0, coupon="C#1", stage=5), off("c", 0, 100, 0, coupon="C#2", stage=5),
    ]  # fmt: skip
    sale = sold(quote(line("A", 1000, 3, *cuts), member="m-1", coupons=shown), holdings=before)
    held = before.after(sale.moves)
    for unit, restored in enumerate((("C#1",), ("C#2",), ())):
        back = returned(sale, Back(line=0, units=(unit,)), holdings=held)
        assert back.coupons_restored == restored


def test_a_coupon_past_its_own_end_stays_used(bakery: tuple[SaleMade, Holdings]) -> None:
    sale, held = bakery
    late = returned(sale, *left(sale, ()), holdings=held, at=made("T1", 40))
    assert late.coupons_restored == ()
    assert held.after(late.moves).balance(COUPON) == 0
    assert summed(sale, late) == {}


@pytest.mark.parametrize(("when", "voided"), [("any", True), ("all", False)])
def test_a_coupon_the_sale_gave_is_voided(when: str, voided: bool) -> None:
    rules = [
        {
            "kind": "coupon", "id": "next", "name_zh": "n", "name_en": "n", "stage": 5,
            "get": {"is": "amount", "amount": 500},
        }
    ]  # fmt: skip
    bundle = terms(rules=rules, returns={"coupon_given": when})
    given = Given(rule="spend", coupon="next")
    what = quote(line("A", 6000), line("B", 4000), member="m-1", gives=[given])
    sale = sold(what, bundle=bundle)
    held = Holdings().after(sale.moves)
    assert held.balance(COUPON) == 1
    first = returned(sale, Back(line=0, count=1), bundle=bundle, holdings=held)
    assert bool(first.coupons_voided) == voided
    held = held.after(first.moves)
    last = returned(sale, Back(line=1, count=1), earlier=[first], bundle=bundle, holdings=held)
    assert bool(last.coupons_voided) != voided
    assert held.after(last.moves).balance(COUPON) == 0


# --- points that were spent, points that were earned ----------------------------------------------

REDEEM = {
    "kind": "points_redeem", "name_zh": "p", "name_en": "p", "points": 100, "amount": 100,
}  # fmt: skip


def test_earned_points_that_were_spent_leave_a_debt() -> None:
    """100 earned, 100 spent in the next sale, 19 earned there; the first sale comes back."""
    bundle = terms(rules=[REDEEM | {"id": "points"}])
    s1 = sold(quote(line("A", 10_000), member="m-1", earns=EARNS), bundle=bundle)
    held = Holdings().after(s1.moves)
    cut = off("points", 100, stage=6)
    second = quote(line("B", 2000, 1, cut), member="m-1", earns=EARNS, redeemed={"points": 100})
    s2 = sold(second, bundle=bundle, holdings=held, at=made("S2", 1))
    assert Posting("points", "CNY", 100, "hq") in s2.postings
    held = held.after(s2.moves)
    assert (s2.points_earned, held.balance(POINTS)) == (19, 19)
    back = returned(s1, Back(line=0, count=1), bundle=bundle, holdings=held, at=made("T1", 2))
    assert legs(back) == {
        Posting("sales:none", "CNY", 10_000), Posting("cash:till-1", "CNY", -10_000),
        Posting("member:m-1", POINTS, -100, "hq"), Posting("programme", POINTS, 100, "hq"),
    }  # fmt: skip
    held = held.after(back.moves)
    assert sum(x.left for x in held.spendable(POINTS, "2026-11-24")) == 19
    s3 = sold(
        quote(line("C", 5000), member="m-1", earns=EARNS), bundle=bundle, holdings=held,
        at=made("S3", 3),
    )  # fmt: skip
    held = held.after(s3.moves)
    assert sum(x.left for x in held.spendable(POINTS, "2026-11-25")) == 19
    s4 = sold(
        quote(line("D", 8000), member="m-1", earns=EARNS), bundle=bundle, holdings=held,
        at=made("S4", 4),
    )  # fmt: skip
    held = held.after(s4.moves)
    assert held.balance(POINTS) == 49
    assert sum(x.left for x in held.spendable(POINTS, "2026-11-26")) == 49


PARTNERS = {"X": {"points": 100, "amount": 90}, "Z": {"points": 100, "amount": 90}}


@pytest.fixture
def alliance() -> tuple[SaleMade, Holdings, Bundle]:
    """X 400 (expiring first) and Z 200 pay 600 of 5,000 at Y."""
    rules = [REDEEM | {"id": f"points-{name}", "programme": name} for name in PARTNERS]
    bundle = terms(rules=rules, points={"partners": PARTNERS}, issuer="Y")
    before = holding(
        lot("x", "PTS.X", 400, issuer="X", expires="2026-11-30"),
        lot("z", "PTS.Z", 500, issuer="Z"),
    )
    cuts = [off("points-X", 400, stage=6), off("points-Z", 200, stage=6)]
    what = quote(
        line("A", 5000, 1, *cuts),
        member="m-1",
        earns=EARNS,
        redeemed={"points-X": 400, "points-Z": 200},
    )
    sale = sold(what, bundle=bundle, holdings=before, at=made("S1", store="Y"))
    assert legs(sale) >= {
        Posting("cash:till-1", "CNY", 4400), Posting("points", "CNY", 360, "X"),
        Posting("points", "CNY", 180, "Z"), Posting("points", "CNY", 60),
        Posting("sales:none", "CNY", -5000), Posting("member:m-1", "PTS.X", -400, "X"),
        Posting("member:m-1", "PTS.Z", -200, "Z"), Posting("member:m-1", POINTS, 44, "Y"),
    }  # fmt: skip
    return sale, before.after(sale.moves), bundle


def test_partners_points_go_home(alliance: tuple[SaleMade, Holdings, Bundle]) -> None:
    sale, held, bundle = alliance
    back = returned(
        sale, Back(line=0, count=1), bundle=bundle, holdings=held, at=made("T1", 2, store="Y")
    )
    assert summed(sale, back) == {}
    after = held.after(back.moves)
    assert (after.balance("PTS.X"), after.balance("PTS.Z"), after.balance(POINTS)) == (400, 500, 0)


def test_points_of_an_expired_lot_are_forfeited(
    alliance: tuple[SaleMade, Holdings, Bundle],
) -> None:
    sale, held, bundle = alliance
    back = returned(
        sale, Back(line=0, count=1), bundle=bundle, holdings=held, at=made("T1", 20, store="Y")
    )
    money = {key: amount for key, amount in summed(sale, back).items() if key[2] == "CNY"}
    assert money == {}, "what X owed for its points it owes no more"
    assert back.points_back == 600
    after = held.after(back.moves)
    today = "2026-12-12"
    assert sum(x.left for x in after.spendable("PTS.X", today)) == 0
    assert sum(x.left for x in after.spendable("PTS.Z", today)) == 300 + 200


def test_a_partner_who_pays_more_than_its_points_are_worth_here() -> None:
    """The store gains on each point; in parts as in whole, what it gained goes back."""
    rate = {"X": {"points": 100, "amount": 133}}
    rules = [REDEEM | {"id": "points"}, REDEEM | {"id": "points-X", "programme": "X"}]
    bundle = terms(rules=rules, points={"partners": rate})
    before = holding(lot("own", POINTS, 50), lot("x", "PTS.X", 400, issuer="X"))
    cuts = off("points", 0, 50, 0, stage=6), off("points-X", 200, 0, 137, stage=6)
    used = {"points": 50, "points-X": 337}
    sale = sold(
        quote(line("A", 1000, 3, *cuts), member="m-1", redeemed=used),
        bundle=bundle, holdings=before,
    )  # fmt: skip
    assert legs(sale) >= {
        Posting("points", "CNY", 448, "X"), Posting("points", "CNY", -111),
        Posting("points", "CNY", 50, "hq"),
    }  # fmt: skip
    held, facts = before.after(sale.moves), list[ReturnMade]()
    for unit in range(3):
        back = Back(line=0, units=(unit,))
        at = made(f"T{unit}")
        facts.append(returned(sale, back, earlier=facts, bundle=bundle, holdings=held, at=at))
        held = held.after(facts[-1].moves)
    assert sum(fact.points_back for fact in facts) == 387
    assert [sum(leg.amount for leg in legs(fact) if leg.party == "X" and leg.account == "points")
            for fact in facts] == [-265, -66, -117]  # fmt: skip
    assert summed(sale, *facts) == {}


def test_the_points_that_were_spent_last_go_home_first() -> None:
    """Of X 400 and then Z 200, the 200 that come back first are Z's."""
    rules = [REDEEM | {"id": f"points-{name}", "programme": name} for name in PARTNERS]
    bundle = terms(rules=rules, points={"partners": PARTNERS})
    before = holding(
        lot("x", "PTS.X", 400, issuer="X", expires="2027-11-30"),
        lot("z", "PTS.Z", 200, issuer="Z"), lot("p", PRN, 1000),
    )  # fmt: skip
    a, b = off("points-Z", 200, stage=6), off("points-X", 400, stage=6)
    what = quote(
        line("A", 5000, 1, a), line("B", 5000, 1, b),
        member="m-1", earns=EARNS, redeemed={"points-X": 400, "points-Z": 200},
    )  # fmt: skip
    tenders = Tender("value", 1000), Tender("cash", 8400)
    sale = sold(what, *tenders, bundle=bundle, holdings=before)
    held = before.after(sale.moves)
    back = returned(sale, Back(line=0, count=1), bundle=bundle, holdings=held)
    assert {leg for leg in legs(back) if leg.account == "points"} == {
        Posting("points", "CNY", -180, "Z"), Posting("points", "CNY", -20),
    }  # fmt: skip


def test_what_a_partner_paid_above_the_price_the_store_gives_back() -> None:
    rules = [REDEEM | {"id": "points-X", "programme": "X"}]
    bundle = terms(rules=rules, points={"partners": {"X": {"points": 100, "amount": 133}}})
    before = holding(lot("x", "PTS.X", 200, issuer="X"))
    cut = off("points-X", 100, 100, stage=6)
    what = quote(line("A", 1000, 2, cut), member="m-1", redeemed={"points-X": 200})
    sale = sold(what, bundle=bundle, holdings=before)
    held = before.after(sale.moves)
    back = returned(sale, Back(line=0, count=1), bundle=bundle, holdings=held)
    assert {leg for leg in legs(back) if leg.account == "points"} == {
        Posting("points", "CNY", -133, "X"), Posting("points", "CNY", 33),
    }  # fmt: skip


def test_our_own_points_give_back_what_they_paid() -> None:
    bundle = terms(rules=[REDEEM | {"id": "points"}])
    before = holding(lot("old", POINTS, 100))
    cut = off("points", 50, 50, stage=6)
    what = quote(line("A", 1000, 2, cut), member="m-1", redeemed={"points": 100})
    sale = sold(what, bundle=bundle, holdings=before)
    held = before.after(sale.moves)
    back = returned(sale, Back(line=0, count=1), bundle=bundle, holdings=held)
    assert [leg for leg in legs(back) if leg.account == "points"] == [
        Posting("points", "CNY", -50, "hq")
    ]


def test_points_that_come_back_pay_what_is_owed_for_points_that_go() -> None:
    bundle = terms(rules=[REDEEM | {"id": "points"}], points={"debt": "net_lots"})
    before = holding(lot("old", POINTS, 50))
    cut = off("points", 50, stage=6)
    what = quote(line("A", 10_050, 1, cut), member="m-1", earns=EARNS, redeemed={"points": 50})
    s1 = sold(what, bundle=bundle, holdings=before)
    held = before.after(s1.moves)
    second = quote(
        line("B", 2000, 1, off("points", 100, stage=6)), member="m-1", redeemed={"points": 100}
    )
    s2 = sold(second, bundle=bundle, holdings=held, at=made("S2"))
    held = held.after(s2.moves)
    assert held.balance(POINTS) == 0
    back = returned(s1, Back(line=0, count=1), bundle=bundle, holdings=held)
    after = held.after(back.moves)
    assert (back.points_back, back.points_taken) == (50, 100)
    assert after.lots["old"].left == 0
    assert [x.left for x in after.of(POINTS) if x.lot.kind == "debt"] == [-50]
