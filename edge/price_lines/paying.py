"""How the bill is settled with the tenders that were offered."""

from collections.abc import Sequence
from typing import NamedTuple

from edge.price_lines.asked import AskedMember, AskedTender, PriceAsked
from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Lot, Move
from edge.shop.bundle.bundle import Bundle
from edge.shop.calendar import Moment
from edge.shop.declined import Declined
from edge.shop.earning import UnitPoints
from edge.shop.ledger import BONUS, COUNTS
from edge.shop.operations.covering import cover, taxed
from edge.shop.operations.sell import unit_points, unit_points_beside
from edge.shop.sale import Quote, TaxLine
from edge.shop.tender import Paid, Tender, UsesAsked, Voucher, in_cash, settle


class Paying(NamedTuple):
    """How a quote is paid, and what tax and points go by that."""

    uses: tuple[Tender, ...]
    """What count cards pay for."""
    paid: Paid | None
    """How all of it is settled, None if nothing was offered that could."""
    tax: tuple[TaxLine, ...]
    points: UnitPoints


def covered(
    asked: PriceAsked, quote: Quote, terms: Bundle, at: Moment
) -> tuple[Tender, ...] | Declined:
    """Return what the member's count cards pay for."""
    wanted = [
        UsesAsked(line=one.line, uses=one.uses, count_card=one.count_card, plan=one.plan)
        for one in asked.uses
    ]
    return cover(wanted, quote, terms, _cards(asked.member, terms, at.date), at.date)


def paying(
    asked: PriceAsked, uses: tuple[Tender, ...], quote: Quote, terms: Bundle, at: Moment
) -> Paying | Declined:
    """Return how the uses and the tenders pay for a quote."""
    paid = _paid(asked, uses, quote.total, terms, at)
    if isinstance(paid, Declined):
        return paid
    used = tuple([tender.uses for tender in uses if tender.uses])
    policy = terms.programme.points
    if paid is not None:
        points = unit_points(quote, paid, policy)
    else:
        points = unit_points_beside(quote, uses, policy)
    return Paying(uses, paid, taxed(quote, used, terms), points)


def _paid(
    asked: PriceAsked, uses: Sequence[Tender], total: int, terms: Bundle, at: Moment
) -> Paid | Declined | None:
    """Return how the tenders settle what is due, None if none are offered and are needed."""
    due = total - sum([tender.amount for tender in uses])
    if not asked.tenders and (due or not uses):
        return None
    offered = _offered(asked.tenders, due, terms)
    value = _value(asked.member, at.date)
    return settle(total, offered, value, terms, today=at.date, online=asked.online, uses=uses)


def _offered(tenders: Sequence[AskedTender], due: int, terms: Bundle) -> list[Tender]:
    """Return what is offered; the tender without an amount is whatever the others leave."""
    rest = max(0, due - sum(tender.amount or 0 for tender in tenders))
    return [_tender(tender, rest, terms) for tender in tenders]


def _tender(tender: AskedTender, rest: int, terms: Bundle) -> Tender:
    amount = tender.amount
    if amount is None:
        amount = in_cash(rest, terms) if tender.kind == "cash" else rest
    if tender.voucher is None:
        return Tender(tender.tender, amount)
    one = tender.voucher
    voucher = Voucher(
        id=one.id, issuer=one.issuer, face=one.face, paid=one.paid, settlement=one.settlement
    )
    return Tender(tender.tender, min(amount, one.face), voucher)


def _cards(member: AskedMember | None, terms: Bundle, today: str) -> Holdings:
    """Return the count cards that a member has; one of an unknown plan is worth nothing."""
    if member is None:
        return Holdings()
    plans = {plan.id: plan for plan in terms.programme.plans}
    lots: dict[str, Held] = {}
    for card in member.count_cards:
        plan, worth = plans.get(card.plan), card.worth
        if worth is None:
            worth = plan.price * card.uses // plan.uses if plan else 0
        lot = Lot(
            id=card.id, member=member.id, unit=COUNTS, opened=today, active_from=today,
            expires=card.expires, terms=card.plan,
        )  # fmt: skip
        lots[card.id] = Held(lot, card.uses, worth)
    return Holdings(lots)


def _value(member: AskedMember | None, today: str) -> Holdings:
    """Return a lot for each kind of stored value, of today and without an end."""
    if member is None:
        return Holdings()
    moves = [
        Move(
            lot=unit,
            amount=amount,
            opens=Lot(id=unit, member=member.id, unit=unit, opened=today, active_from=today),
        )
        for unit, amount in ((PRINCIPAL, member.principal), (BONUS, member.bonus))
        if amount
    ]
    return Holdings().after(moves)
