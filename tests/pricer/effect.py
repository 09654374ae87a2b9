"""What a rule does, or would do."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.pricer.goods import Offs, Unit


@dataclass
class Effect:
    """What is taken off units, how often the rule did it, gifts, coupons to give.

    `exact` is what whole lines cost before they are rounded, where the bundle keeps that.
    """

    offs: Offs
    times: int = 1
    gifts: list[tuple[str, int]] = field(default_factory=list)
    gives: list[tuple[str, int]] = field(default_factory=list)
    exact: dict[int, Fraction] = field(default_factory=dict)

    @property
    def off(self) -> int:
        return sum(self.offs.values())

    @property
    def lowered(self) -> list[Unit]:
        return [unit for unit, amount in self.offs.items() if amount]
