"""When a rule holds: a list of conditions, all of which must be met.

Each condition is one type of a tagged union and answers with a `Miss`: what stands in the way,
under a stable reason code, so that a cashier can act on it.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.member import Member
from edge.shop.rules.moment import Moment
from edge.shop.rules.running import Running
from edge.shop.rules.target import Name

Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Miss(msgspec.Struct, frozen=True):
    """What stands in a rule's way."""

    reason: str
    params: dict[str, str | int] = {}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All a condition may look at, except the prices."""

    member: Member | None
    terminal_kind: str
    moment: Moment
    after_lines: tuple[int, ...] | None = None
    """What each line costs after the stages of level `lines`; None before they are over."""


class Condition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="is"
):
    """Base of all conditions."""

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return what stands in the way; `lines` are those the rule is about."""
        raise NotImplementedError


class IsMember(Condition, frozen=True, kw_only=True, tag="member"):
    """A member buys."""

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return R-NEEDS-MEMBER for a guest."""
        return None if scene.member else Miss("R-NEEDS-MEMBER")


class HasTier(Condition, frozen=True, kw_only=True, tag="tier"):
    """A member of one of these tiers buys."""

    any_of: Annotated[tuple[Name, ...], Meta(min_length=1)]

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return R-NEEDS-MEMBER for a guest, R-NEEDS-TIER for a member of another tier."""
        if scene.member is None:
            return Miss("R-NEEDS-MEMBER")
        if scene.member.tier in self.any_of:
            return None
        return Miss("R-NEEDS-TIER", {"tiers": ", ".join(self.any_of)})


class AtLeast(Condition, frozen=True, kw_only=True, tag="at_least"):
    """The order, or the rule's own goods, reach an amount.

    `base` says of which price: at list, after the stages of level `lines`, or what is payable
    when this rule's turn comes.
    """

    amount: Annotated[int, Meta(gt=0)]
    base: Literal["list", "after_lines", "payable"] = "after_lines"
    over: Literal["order", "target"] = "order"

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return R-NEEDS-AMOUNT with how much `more` it takes."""
        amounts = self._amounts(scene, running)
        counted = sum(amounts) if self.over == "order" else sum(amounts[i] for i in lines)
        if counted >= self.amount:
            return None
        return Miss("R-NEEDS-AMOUNT", {"amount": self.amount, "more": self.amount - counted})

    def _amounts(self, scene: Scene, running: Running) -> tuple[int, ...]:
        if self.base == "list":
            return running.lists
        if self.base == "payable":
            return running.left
        assert scene.after_lines is not None, "the check of the bundle refuses this earlier"
        return scene.after_lines


class Dates(Condition, frozen=True, kw_only=True, tag="dates", rename={"start": "from"}):
    """Today is one of these days in the store's zone; the last day counts as a whole."""

    start: Date
    until: Date

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return R-NOT-ON-THIS-DATE with the days on which it holds."""
        if self.start <= scene.moment.date <= self.until:
            return None
        return Miss("R-NOT-ON-THIS-DATE", {"from": self.start, "until": self.until})


class OnTerminal(Condition, frozen=True, kw_only=True, tag="terminal"):
    """The sale is made on one of these kinds of terminal."""

    kinds: Annotated[tuple[Name, ...], Meta(min_length=1)]

    def missing(self, scene: Scene, running: Running, lines: Sequence[int]) -> Miss | None:
        """Return R-NOT-ON-THIS-TERMINAL."""
        if scene.terminal_kind in self.kinds:
            return None
        return Miss("R-NOT-ON-THIS-TERMINAL", {"kinds": ", ".join(self.kinds)})


AnyCondition = IsMember | HasTier | AtLeast | Dates | OnTerminal

NEAREST_FIRST: tuple[str, ...] = (
    "R-NEEDS-AMOUNT",
    "R-NEEDS-MEMBER",
    "R-NEEDS-TIER",
    "R-EXCLUDED-BY-GROUP",
    "R-NOTHING-LEFT",
    "R-NOT-DISCOUNTABLE",
    "R-NOT-ON-THIS-TERMINAL",
    "R-NOT-ON-THIS-DATE",
)
"""The reasons a rule may name for not taking effect, the easiest to mend first."""
