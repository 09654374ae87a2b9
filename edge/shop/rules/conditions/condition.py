"""What all conditions have in common: what they may look at, and what they answer."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.calendar import Moment
from edge.shop.member import Member
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.target import Name
from edge.shop.sale import Channel

Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A day of the calendar, ISO 8601: 2026-11-22."""

Names = Annotated[tuple[Name, ...], Meta(min_length=1)]
"""One or more names."""


class Miss(msgspec.Struct, frozen=True):
    """What stands in a rule's way: a stable code, and what its sentence names."""

    reason: str
    params: dict[str, str | int] = {}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All a condition may look at, except the goods and their prices."""

    member: Member | None
    terminal_kind: str
    moment: Moment
    store: str = ""
    region: str = ""
    channel: Channel = "till"
    online: bool = True
    """Whether the cloud answered lately, so that what it counts is up to date."""
    holidays: tuple[str, ...] = ()
    """The names of the bundle's holidays that are today."""
    after_lines: tuple[int, ...] | None = None
    """What each line costs after the stages of level `lines`; None before they are over."""


class Condition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="is"
):
    """Base of all conditions."""

    @property
    def static(self) -> bool:
        """Whether the answer is the same however far prices have fallen."""
        return True

    @property
    def common(self) -> bool:
        """Whether the answer is the same for every rule that asks, and however far prices fall."""
        return True

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return what stands in the way, None if nothing does.

        `selection` are the lines the rule is about.
        """
        raise NotImplementedError


NEAREST_FIRST: tuple[str, ...] = (
    "R-NEEDS-AMOUNT",
    "R-NEEDS-COUNT",
    "R-NEEDS-GOODS",
    "R-NEEDS-MEMBER",
    "R-NEEDS-CLOUD",
    "R-NEEDS-BIRTHDAY",
    "R-NEEDS-TIER",
    "R-NEEDS-TAG",
    "R-NEEDS-PARTNER",
    "R-NEEDS-ADULT",
    "R-POINTS-REDUCED",
    "R-EXCLUDED-BY-GROUP",
    "R-EXCLUDED-BY-RULE",
    "R-LIMIT-REACHED",
    "R-BUDGET-SPENT",
    "R-NO-ROOM",
    "R-NOTHING-LEFT",
    "R-NOT-DISCOUNTABLE",
    "R-GIFT-UNKNOWN",
    "R-NOT-ON-THIS-CHANNEL",
    "R-NOT-ON-THIS-TERMINAL",
    "R-NOT-AT-THIS-TIME",
    "R-NOT-ON-THIS-WEEKDAY",
    "R-NOT-MEMBER-DAY",
    "R-NOT-ON-THIS-DAY",
    "R-NOT-BIRTHDAY",
    "R-NOT-HOLIDAY",
    "R-NOT-NTH-PURCHASE",
    "R-NOT-FIRST-PURCHASE",
    "R-NOT-IN-THIS-STORE",
    "R-NOT-IN-THIS-REGION",
    "R-NOT-NOW",
    "R-NOT-ON-THIS-DATE",
)
"""The reasons a rule may name for not taking effect, the easiest to mend first."""

_RANK = {reason: rank for rank, reason in enumerate(NEAREST_FIRST)}


def distance(reason: str, params: dict[str, str | int]) -> tuple[int, int]:
    """Return how hard a reason is to mend: its rank, then how much `more` or how many `units`."""
    more = params.get("more", params.get("units", 0))
    assert isinstance(more, int), "an amount is a number"
    return _RANK[reason], more


def nearest(misses: Sequence[Miss]) -> Miss:
    """Return the miss that is mended most easily; the first of equals."""
    if len(misses) == 1:
        return misses[0]
    return min(misses, key=lambda miss: distance(miss.reason, miss.params))
