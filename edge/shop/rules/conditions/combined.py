"""Conditions made of conditions: all, any, not; and the union of all there are."""

from typing import Annotated, Union

from msgspec import Meta

from edge.shop.rules.conditions.condition import Condition, Miss, Scene, nearest
from edge.shop.rules.conditions.dates import (
    Birthday,
    Dates,
    Daypart,
    DaysOfMonth,
    Holiday,
    MemberDay,
    Weekdays,
)
from edge.shop.rules.conditions.what import AtLeast, CountAtLeast, HasGoods
from edge.shop.rules.conditions.where import InRegion, InStore, OnChannel, OnTerminal
from edge.shop.rules.conditions.who import (
    FirstPurchase,
    HasTag,
    HasTier,
    IsAdult,
    IsMember,
    NthPurchase,
    OfPartner,
)
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.target import Name

NESTING_MAX = 8
"""How deep conditions may stand inside conditions."""


class _Several(Condition, frozen=True, kw_only=True):
    """Some parts, and what is true of them together."""

    of: Annotated[tuple["AnyCondition", ...], Meta(min_length=1)]

    @property
    def static(self) -> bool:
        """True if all parts are."""
        return all(part.static for part in self.of)

    @property
    def common(self) -> bool:
        """True if all parts are."""
        return all(part.common for part in self.of)


class All(_Several, frozen=True, kw_only=True, tag="all"):
    """All of these hold."""

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return the nearest of what stands in the way."""
        misses = [part.missing(scene, running, selection) for part in self.of]
        found = [miss for miss in misses if miss is not None]
        return nearest(found) if found else None


class AnyOf(_Several, frozen=True, kw_only=True, tag="any"):
    """One of these holds."""

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return the nearest of what stands in the way of any part, None if one of them holds."""
        found = []
        for part in self.of:
            miss = part.missing(scene, running, selection)
            if miss is None:
                return None
            found.append(miss)
        return nearest(found)


class Not(Condition, frozen=True, kw_only=True, tag="not"):
    """This does not hold; `because_zh` and `because_en` are what a guest is told when it does."""

    of: "AnyCondition"
    because_zh: Name = "当前情形不适用"
    because_en: Name = "not in this case"

    @property
    def static(self) -> bool:
        """True if the part is."""
        return self.of.static

    @property
    def common(self) -> bool:
        """True if the part is."""
        return self.of.common

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-NOW, with the reason in words, while the part holds.

        R-NEEDS-CLOUD if nobody here can tell.
        """
        if _unsure(self.of, scene, running, selection):
            return UNSURE
        if self.of.missing(scene, running, selection) is not None:
            return None
        return Miss("R-NOT-NOW", {"zh": self.because_zh, "en": self.because_en})


UNSURE = Miss("R-NEEDS-CLOUD")


def _unsure(condition: Condition, scene: Scene, running: Running, selection: Selection) -> bool:
    """Tell whether it depends on what only the cloud knows, whether a condition holds."""
    if isinstance(condition, Not):
        return _unsure(condition.of, scene, running, selection)
    miss = condition.missing(scene, running, selection)
    if not isinstance(condition, _Several):
        return miss == UNSURE
    unsure = [_unsure(part, scene, running, selection) for part in condition.of]
    if isinstance(condition, AnyOf):
        return miss is not None and any(unsure)
    parts = zip(condition.of, unsure, strict=True)
    sure = [part for part, unknown in parts if not unknown]
    return any(unsure) and all(not part.missing(scene, running, selection) for part in sure)


AnyCondition = Union[  # noqa: UP007 (a name inside quotes cannot stand in a union with |)
    All, AnyOf, Not,
    IsMember, HasTier, HasTag, OfPartner, IsAdult, FirstPurchase, NthPurchase, Birthday,
    AtLeast, CountAtLeast, HasGoods,
    Dates, Weekdays, Daypart, DaysOfMonth, MemberDay, Holiday,
    OnTerminal, InStore, InRegion, OnChannel,
]  # fmt: skip
"""Every condition a rule may have."""
