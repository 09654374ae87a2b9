"""What all rule kinds have in common; each kind is one file beside this one."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.shop.rules.conditions import AnyCondition
from edge.shop.rules.running import Cut, Running
from edge.shop.rules.target import AllLines, Name, Target

Share = Annotated[int, Meta(ge=0, le=10_000)]
"""Basis points of a whole: 10 % is 1000."""

Amount = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the bundle's currency."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all rules: a name, the goods it is about, and when it holds."""

    id: Name
    name_zh: Name
    name_en: Name
    target: Target = AllLines()
    when: tuple[AnyCondition, ...] = ()


class Discount(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the rules that lower a price.

    Rules are judged by stage, inside a stage the higher `priority` first, then by id. A
    `group` declares which rules exclude each other; without one a rule always counts.
    """

    stage: int
    group: str = ""
    priority: int = 0
    spare_reduced: bool = False
    """Leave goods alone that are already reduced."""

    def cuts(self, running: Running, lines: Sequence[int]) -> list[Cut]:
        """Return what this rule takes off these lines, each of which may be discounted."""
        raise NotImplementedError
