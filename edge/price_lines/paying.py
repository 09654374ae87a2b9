"""How the bill is settled with the tenders that were offered."""

from collections.abc import Sequence

from edge.price_lines.asked import AskedMember, AskedTender, PriceAsked
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Lot, Move
from edge.shop.bundle.bundle import Bundle
from edge.shop.calendar import Moment
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS
from edge.shop.tender import Paid, Tender, Voucher, in_cash, settle


def paid(asked: PriceAsked, due: int, terms: Bundle, at: Moment) -> Paid | Declined | None:
    """Return how the tenders settle what is due, None if none are offered."""
    if not asked.tenders:
        return None
    offered = _offered(asked.tenders, due, terms)
    holdings = _holdings(asked.member, at.date)
    return settle(due, offered, holdings, terms, today=at.date, online=asked.online)


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


def _holdings(member: AskedMember | None, today: str) -> Holdings:
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
