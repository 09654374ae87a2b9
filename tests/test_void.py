"""Void: the whole receipt, on its own day, before it was settled; later it is a return."""

import msgspec

from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts import ReturnMade, SaleMade, SaleVoided
from edge.shop.ledger import BONUS, POINTS
from edge.shop.operations.made import flagged
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back
from edge.shop.operations.void import VoidAsked, void
from edge.shop.tender import Tender
from tests.sold import holding, line, lot, made, off, quote, sold, summed, terms

GIFT = line("bag", 500, 1, off("spend", 500, stage=4), kind="gift", tax="food")
TERMS = Terms(bundle=terms(returns={"window_days": 30}))


def sale() -> tuple[SaleMade, Holdings]:
    before = holding(lot("L#b", BONUS, 1000), lot("L#p", "PRN", 5000))
    what = quote(
        line("A", 6000), line("B", 4000, 2, tax="food"), GIFT, member="m-1", earns=(1, 100)
    )
    tenders = Tender("value", 6000), Tender("card", 5000), Tender("cash", 3000)
    made_sale = sold(what, *tenders, holdings=before)
    return made_sale, before.after(made_sale.moves)


def test_a_void_turns_every_leg_round() -> None:
    sold_, held = sale()
    asked = VoidAsked(sale="S1", reason="wrong guest")
    fact = void(asked, sold_, (), TERMS, held, made("V1"))
    assert isinstance(fact, SaleVoided)
    turned = {msgspec.structs.replace(leg, amount=-leg.amount) for leg in sold_.postings}
    assert set(fact.postings) == turned
    after = held.after(fact.moves)
    assert (after.balance(BONUS), after.balance("PRN"), after.balance(POINTS)) == (1000, 5000, 0)
    assert (fact.total, fact.complete, fact.gifts) == (sold_.total, True, ())
    assert [(r.kind, r.amount) for r in fact.refunds] == [
        ("cash", 3000), ("card", 5000), ("principal", 5000), ("bonus", 1000),
    ]  # fmt: skip


def test_what_comes_back_says_why_it_is_flagged() -> None:
    sold_, held = sale()
    watched = flagged(made("V1"), "voids")
    voided = void(VoidAsked(sale="S1"), sold_, (), TERMS, held, watched)
    unit = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    returned = give_back(unit, sold_, (), TERMS, held, watched)
    assert isinstance(voided, SaleVoided)
    assert isinstance(returned, ReturnMade)
    assert (sold_.flags, voided.flags, returned.flags) == ((), ("voids",), ("voids",))


def test_a_late_void_becomes_a_return_and_says_so() -> None:
    sold_, held = sale()
    for asked, at in [
        (VoidAsked(sale="S1"), made("V1", 1)),
        (VoidAsked(sale="S1", settled=True), made("V1")),
    ]:
        fact = void(asked, sold_, (), TERMS, held, at)
        assert isinstance(fact, ReturnMade)
        assert (fact.late_void, fact.complete) == (True, True)
        assert summed(sold_, fact) == {}
    late = void(VoidAsked(sale="S1"), sold_, (), TERMS, held, made("V1", 31))
    assert late == Declined("E-RETURN-WINDOW", {"days": 30})


def test_nothing_is_taken_back_twice() -> None:
    sold_, held = sale()
    asked = VoidAsked(sale="S1")
    fact = void(asked, sold_, (), TERMS, held, made("V1"))
    assert isinstance(fact, SaleVoided)
    again = Declined("E-ALREADY-VOID", {"receipt": "R-S1"})
    held = held.after(fact.moves)
    assert void(asked, sold_, [fact], TERMS, held, made("V2")) == again
    unit = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    assert give_back(unit, sold_, [fact], TERMS, held, made("T1")) == again
    of_void = void(VoidAsked(sale="V1"), fact, (), TERMS, held, made("V2"))
    assert of_void == Declined("E-RETURN-OF-RETURN", {"receipt": "R-V1"})


def test_what_came_back_in_part_cannot_be_voided() -> None:
    sold_, held = sale()
    unit = ReturnAsked(sale="S1", units=(Back(line=0, count=1),))
    part = give_back(unit, sold_, (), TERMS, held, made("T1"))
    assert isinstance(part, ReturnMade)
    no = void(VoidAsked(sale="S1"), sold_, [part], TERMS, held.after(part.moves), made("V1"))
    assert no == Declined("E-VOID-PARTLY", {"receipt": "R-S1"})


def test_another_boxes_receipt_needs_the_cloud_and_is_returned() -> None:
    sold_, held = sale()
    asked = VoidAsked(sale="S1", home=False)
    no = void(asked, sold_, (), TERMS, held, made("V1", online=False))
    assert no == Declined("E-NEEDS-CLOUD")
    fact = void(asked, sold_, (), TERMS, held, made("V1"))
    assert isinstance(fact, ReturnMade)
    assert (fact.late_void, fact.complete) == (True, True)
