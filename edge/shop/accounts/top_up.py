"""Top-up offers: what is given on top of what a guest pays in.

An offer is a ladder of thresholds: the highest one an amount reaches decides what it gives, be it
bonus, points, coupons or uses of count cards. Paying in is no sale: it is not taxed, and it earns
points only where an offer says so.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.accounts.counts import GiveBack
from edge.shop.accounts.declared import Amount, Day, Declared, Name
from edge.shop.accounts.rewards import Reward
from edge.shop.money import BASIS, percent


class Step(Declared, frozen=True):
    """What amounts from `at_least` on give: bonus and a reward.

    Bonus is a sum, and a `share` of the amount in basis points, rounded down.
    """

    at_least: Annotated[int, Meta(ge=1, le=10**12)]
    bonus: Amount = 0
    share: Annotated[int, Meta(ge=0, le=BASIS)] = 0
    reward: Reward = Reward()


class TopUpOffer(Declared, frozen=True, rename={"start": "from"}):
    """A ladder: of all steps that an amount reaches, the highest counts.

    `every`: bonus and reward are given as often as the amount holds the step's. `tiers` and
    `cards` (card products) name for whom the offer holds; () is everybody.
    """

    id: Name
    name_zh: Name
    name_en: Name
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    every: bool = False
    tiers: tuple[Name, ...] = ()
    cards: tuple[Name, ...] = ()
    start: Day = ""
    until: Day = ""

    def holds(self, tier: str, card: str, today: str) -> bool:
        """Tell whether the offer is for this tier and card product, and for today."""
        meant = (not self.tiers or tier in self.tiers) and (not self.cards or card in self.cards)
        return meant and self.start <= today and (not self.until or today <= self.until)


class TopUpTerms(Declared, frozen=True):
    """All offers, and how a top-up is undone."""

    offers: tuple[TopUpOffer, ...] = ()
    combine: Literal["first", "all"] = "first"
    """Whether only the first offer that gives something does, in the order declared, or all."""
    cancel: GiveBack = GiveBack()
    spent_points: Literal["priced", "debt"] = "priced"
    """What becomes of points that a cancelled top-up gave and that are spent: their price comes
    off the refund, or they are owed as a debt. Coupons and counts cannot be owed: they always
    have their price."""
    point_price: Amount = 0
    """What 100 spent points come to."""
    coupon_prices: Mapping[Name, Amount] = {}
    """What one use of a coupon comes to, by its type; of a count, its plan's list price."""


class Granted(msgspec.Struct, frozen=True):
    """What one offer gives for one top-up."""

    offer: str
    bonus: int
    reward: Reward


def granted(
    terms: TopUpTerms, amount: int, *, tier: str, card: str, today: str
) -> tuple[Granted, ...]:
    """Return what a top-up of `amount` is given, offer by offer in the order declared."""
    given: list[Granted] = []
    for offer in terms.offers:
        reached = [step for step in offer.steps if step.at_least <= amount]
        if not reached or not offer.holds(tier, card, today):
            continue
        step = max(reached, key=lambda step: step.at_least)
        times = amount // step.at_least if offer.every else 1
        bonus = step.bonus * times + percent(amount, step.share, "down")
        if bonus or step.reward:
            given.append(Granted(offer.id, bonus, _times(step.reward, times)))
    return tuple(given if terms.combine == "all" else given[:1])


def _times(reward: Reward, times: int) -> Reward:
    return msgspec.structs.replace(
        reward,
        points=reward.points * times,
        coupons={kind: count * times for kind, count in reward.coupons.items()},
        counts=tuple(
            msgspec.structs.replace(counts, uses=counts.uses * times) for counts in reward.counts
        ),
    )
