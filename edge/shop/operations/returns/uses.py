"""Uses of count cards that come back: each with the very unit that it paid for."""

from collections.abc import Iterator
from typing import NamedTuple

from edge.shop.accounts import counts
from edge.shop.accounts.lots import Move
from edge.shop.facts.returns import Refund
from edge.shop.operations.returns.taking import Taking
from edge.shop.tender import CardUses


class UsesBack(NamedTuple):
    """Uses that go back to their card: what they had paid, and the move into it."""

    refund: Refund
    move: Move


def uses_back(taking: Taking) -> tuple[UsesBack, ...]:
    """Return the uses that paid for what comes back now, card by card as they were taken.

    They go back to the card that paid, with what they took along, even if it was given back
    meanwhile; if it has expired, its plan says what becomes of them.
    """
    return tuple(
        [
            back
            for number, tender in enumerate(taking.sale.tenders)
            if tender.uses
            for back in _back(taking, number, tender.uses)
        ]
    )


def _back(taking: Taking, number: int, uses: CardUses) -> Iterator[UsesBack]:
    units = [unit for unit in uses.units if (uses.line, unit) in taking.picked]
    if units:
        shares = [taking.shares[uses.line, unit] for unit in units]
        paid, worth = sum([share.net for share in shares]), sum([share.taxed for share in shares])
        plans, made = taking.terms.bundle.programme.plans, taking.made
        held, name = taking.holdings.lots[uses.count_card], f"{made.deed}#u{number}"
        yield UsesBack(
            Refund(tender=number, kind="uses", amount=paid, uses=len(units)),
            counts.back(plans, held, len(units), worth, made.at.date, name),
        )
