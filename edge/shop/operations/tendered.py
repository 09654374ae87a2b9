"""What paid for a deed, in the books: the way in when it is settled, and the way back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from edge.shop.accounts import counts, rewards, value
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.bundle import Bundle
from edge.shop.facts.returns import Refund
from edge.shop.ledger import Posting
from edge.shop.tender import Paid, Tender, in_cash


def paid_legs(
    paid: Paid, holdings: Holdings, member: str, money: str, terminal: str
) -> Iterator[Posting]:
    """Yield the legs of all that paid a bill, stored value and cash rounding too."""
    yield from _external(paid.tenders, money, terminal)
    yield from value.spent_legs(holdings, paid.moves, member, money)
    if paid.uses:
        yield from uses_legs([uses.move for uses in paid.uses], holdings, member, money)
        yield uses_beyond(paid.by("uses"), [uses.move for uses in paid.uses], money)
    yield Posting("rounding", money, -paid.rounding)


def uses_legs(
    moves: Sequence[Move], holdings: Holdings, member: str, money: str
) -> Iterator[Posting]:
    """Yield the legs of moves of count cards: what is deferred, and the uses."""
    yield from counts.legs(moves, holdings, member, money)
    yield from rewards.legs(moves, holdings)


def uses_beyond(amount: int, moves: Iterable[Move], money: str) -> Posting:
    """Return by how much uses paid for more than they are worth; all below zero on the way back."""
    return Posting("uses", money, amount + sum([move.money for move in moves]))


def _external(tenders: Iterable[Tender], money: str, terminal: str) -> Iterator[Posting]:
    """Yield the legs of what is external; a voucher is worth what it is settled at."""
    for tender in tenders:
        match tender.kind:
            case "cash":
                yield Posting(f"cash:{terminal}", money, tender.amount)
            case "voucher":
                assert tender.voucher is not None, "a voucher says what it is worth to whom"
                yield Posting("bank:voucher", money, tender.voucher.settlement)
                yield Posting("voucher", money, tender.amount - tender.voucher.settlement)
            case "card" | "wallet" | "transfer":
                yield Posting(f"bank:{tender.kind}", money, tender.amount)


# --- the way back ---------------------------------------------------------------------------------


class PaidBack(Protocol):
    """A fact that paid back a part of what paid for a deed."""

    @property
    def refunds(self) -> tuple[Refund, ...]:
        """What went back, tender by tender."""

    @property
    def rounding(self) -> int:
        """By how much that was more than was due (+), or less (-)."""


class Payout(msgspec.Struct, frozen=True):
    """How a refund is paid: `refunds` sum to it plus the `rounding` of what is paid in cash."""

    refunds: tuple[Refund, ...]
    rounding: int

    def by(self, kind: str) -> int:
        """Return how much goes back to one kind of tender."""
        return sum(refund.amount for refund in self.refunds if refund.kind == kind)


def payout(
    tenders: Sequence[Tender],
    earlier: Sequence[PaidBack],
    total: int,
    terms: Bundle,
    *,
    complete: bool,
    uses: Sequence[Refund] = (),
) -> Payout:
    """Return how a refund is paid: the last tender first, each up to what is left of it.

    `uses` are what of it goes back to count cards: to those that paid for what comes back.

    Cash is rounded as at the till; what rounding left open is made up for by the next return,
    and the last one (`complete`) pays out all that is left. So cash rounding goes back as it was
    given.
    """
    left = _left(tenders, earlier)
    owed = total - sum(fact.rounding for fact in earlier)
    owed -= sum(refund.amount for refund in uses)
    wanted = sum(left.values()) if complete else max(0, min(owed, sum(left.values())))
    refunds = [*uses]
    for number, rest in reversed([*left.items()]):
        kind = tenders[number].kind
        part = min(wanted, rest)
        wanted -= part
        if kind == "cash" and part < rest:
            part = min(rest, in_cash(part, terms))
        if part:
            refunds.append(Refund(tender=number, kind=kind, amount=part))
    refunds.sort(key=lambda refund: -refund.tender)
    return Payout(tuple(refunds), sum(refund.amount for refund in refunds) - total)


def _left(tenders: Sequence[Tender], earlier: Iterable[PaidBack]) -> Mapping[int, int]:
    """Return what has not been refunded of each tender but uses, in the order of stage 7."""
    left = {number: tender.amount for number, tender in enumerate(tenders) if tender.kind != "uses"}
    for fact in earlier:
        for refund in fact.refunds:
            if refund.tender in left:
                left[refund.tender] -= refund.amount
    return left


def payout_legs(
    paid: Payout,
    tenders: Sequence[Tender],
    earlier: Sequence[PaidBack],
    money: str,
    terminal: str,
) -> Iterator[Posting]:
    """Yield the legs of external tenders; those of value and of uses come with their moves."""
    for refund in paid.refunds:
        match refund.kind:
            case "cash":
                yield Posting(f"cash:{terminal}", money, -refund.amount)
            case "voucher":
                settled = _settled(tenders, earlier, refund)
                yield Posting("bank:voucher", money, -settled)
                yield Posting("voucher", money, settled - refund.amount)
            case "card" | "wallet" | "transfer":
                yield Posting(f"bank:{refund.kind}", money, -refund.amount)
    yield Posting("rounding", money, paid.rounding)


def _settled(tenders: Sequence[Tender], earlier: Iterable[PaidBack], refund: Refund) -> int:
    """Return how much of a voucher's settlement comes back with a refund, in its proportion."""
    tender = tenders[refund.tender]
    assert tender.voucher is not None, "a voucher says what it is worth to whom"
    before = sum(
        [
            other.amount
            for fact in earlier
            for other in fact.refunds
            if other.tender == refund.tender
        ]
    )
    whole, after = tender.voucher.settlement, before + refund.amount
    return whole * after // tender.amount - whole * before // tender.amount
