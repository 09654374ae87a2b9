"""Charges: what is added to a bill when everything has been taken off it, except points."""

from collections.abc import Iterator

from edge.shop.pricing.gates import unmet
from edge.shop.pricing.state import Fee, State


def total(state: State) -> int:
    """Return the final total as things stand: what is payable with all charges, before points."""
    return state.running.payable + sum([amount for _, amount in due(state)])


def due(state: State) -> Iterator[tuple[Fee, int]]:
    """Yield the charges above zero and what they come to, by the id of their rules.

    Each is measured on what the goods cost in the end; one charge never counts for another.
    """
    payable = state.running.payable
    for fee in state.occasion.fees:
        if not unmet(fee.rule.when, state.scene, state.running, fee.about):
            amount = fee.rule.due(payable, fee.units, state.running.rounding)
            if amount:
                yield fee, amount
