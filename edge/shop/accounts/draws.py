"""Prize draws: declared odds, a declared budget, and a seed that anybody can check afterwards.

A draw has `tickets` equally likely outcomes. The seed is one of them, a whole number from 0 to
tickets - 1, taken from chance by the home of the member's points and kept in the fact. Each prize
owns as many outcomes as it declares, in the order in which the prizes are declared, from 0 on; the
rest wins nothing. So the odds are exact, and the outcome is a function of the seed. A prize whose
budget is used up is replaced by nothing: it never changes the odds of another.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from edge.shop.accounts.declared import Amount, Count, Declared, Name
from edge.shop.accounts.rewards import Reward

Outcomes = Annotated[int, Meta(ge=1, le=10**12)]


class Prize(Declared, frozen=True, kw_only=True):
    """One prize: how many of the draw's outcomes win it, and how many there are in all."""

    id: Name
    name_zh: Name
    name_en: Name
    outcomes: Outcomes
    budget: Count
    product: str = ""
    """Goods that are handed over, "" for none."""
    reward: Reward = Reward()


class Draw(Declared, frozen=True, kw_only=True):
    """A prize draw: what a ticket costs in points, and what can be won."""

    id: Name
    name_zh: Name
    name_en: Name
    points: Amount = 0
    tickets: Outcomes
    prizes: Annotated[tuple[Prize, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse prizes that own more outcomes than there are."""
        outcomes = sum(prize.outcomes for prize in self.prizes)
        if outcomes > self.tickets:
            raise ValueError(f"prizes own {outcomes} outcomes of {self.tickets}")


def prize_at(draw: Draw, seed: int) -> Prize | None:
    """Return the prize an outcome is declared to win, None for one that wins nothing."""
    assert 0 <= seed < draw.tickets, "a seed is one of the draw's outcomes"
    for prize in draw.prizes:
        if seed < prize.outcomes:
            return prize
        seed -= prize.outcomes
    return None


def won(draw: Draw, seed: int, given: Mapping[str, int]) -> Prize | None:
    """Return the prize that is won, or None. `given` says how many of each are given already."""
    prize = prize_at(draw, seed)
    return prize if prize and given.get(prize.id, 0) < prize.budget else None
