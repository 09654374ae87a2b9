"""How far the pricing of one basket has come; where groups are weighed, it is copied and forked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.shop.basket import Product
from edge.shop.bundle import AnyDiscount, AnyRule
from edge.shop.pricing.asked import Asked
from edge.shop.pricing.compiled import Placed, RuleSet
from edge.shop.rules.charge import Charge
from edge.shop.rules.conditions import Miss, Scene
from edge.shop.rules.rule import Effect
from edge.shop.rules.running import Cut, Running, Selection
from edge.shop.sale import CouponJudged, CouponShown

NOT_APPLIED_MAX = 20
"""How many rules that nearly took effect are explained."""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One chance of a rule to act on this basket: one a sale, or one for each coupon shown."""

    placed: Placed
    about: Selection
    """All units of the lines the rule is about: what its conditions see."""
    offered: Selection
    """Those of them that may be discounted at all."""
    misses: Sequence[Miss] = ()
    """What stands in its way whatever the prices are."""
    coupon: int | None = None
    """The place of the coupon among those shown."""


class Applied(msgspec.Struct, frozen=True, gc=False):
    """A rule that took effect, and what it really did."""

    rule: AnyDiscount
    turn: Turn
    effect: Effect
    off: int
    """What its cuts come to."""
    coupon: str


class Missed(msgspec.Struct, frozen=True, gc=False):
    """A rule that did not take effect, the nearest reason, and how many there are."""

    rule: AnyRule
    miss: Miss
    unmet: int


class Fee(NamedTuple):
    """A charge that is due when a bill is done, and how many units it is for."""

    rule: Charge
    about: Selection
    units: int


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same at every turn of one basket."""

    rules: RuleSet
    asked: Asked
    member: bool
    fees: tuple[Fee, ...]
    """The charges whose goods are in the basket."""
    one_by_one: bool = False
    """Whether the best-of groups have too many combinations to try them all."""
    unknown: set[str] = set()
    """The gifts that were looked for and are not to be had, in whichever fork."""

    def known(self, product: str) -> Product | None:
        """Return a product that may be given away: it is known, and so is its tax."""
        catalogue = self.asked.catalogue
        found = catalogue.product(product) if catalogue else None
        if found and found.tax_class in self.rules.bundle.tax:
            return found
        self.unknown.add(product)
        return None


class State(msgspec.Struct, kw_only=True):
    """All that earlier turns have brought about. It changes in place; `fork` makes another."""

    occasion: Occasion
    turns: Sequence[Turn]
    scene: Scene
    running: Running
    after_lines: tuple[tuple[int, ...], ...] = ()
    """What each unit costs after the stages of level `lines`; empty before they are over."""
    stage: int = 0
    applied: list[Applied] = []
    missed: list[Missed] = []
    judged: dict[int, CouponJudged] = {}
    """What became of the coupons, by their place."""
    acted: list[Placed] = []
    alone: list[Placed] = []
    """Those that acted and are exclusive in some way."""
    winners: dict[str, str] = {}
    """The first child that took effect in each group."""
    chosen: dict[str, str] = {}
    """The child that may act in each best-of group; "" for the first that can."""
    claimed: dict[tuple[str, int, int], str] = {}
    """Which child has lowered a unit: by group, line and place in the line."""
    used: dict[str, tuple[int, int, int]] = {}
    """What this sale has used of each rule so far: times, units, amount."""

    def fork(self) -> "State":
        """Return a copy that goes its own way."""
        return msgspec.structs.replace(
            self,
            running=self.running.copy(),
            applied=[*self.applied],
            missed=[*self.missed],
            judged={**self.judged},
            acted=[*self.acted],
            alone=[*self.alone],
            winners={**self.winners},
            chosen={**self.chosen},
            claimed={**self.claimed},
            used={**self.used},
        )

    def end_lines(self) -> None:
        """Keep the prices after the stages of level `lines`, unless that is done already."""
        if self.scene.after_lines is None:
            left = tuple(self.running.left)
            self.scene = msgspec.structs.replace(self.scene, after_lines=left)
            self.after_lines = tuple(self.running.units)

    def saved(self) -> int:
        """Return what has been taken off so far, in minor units."""
        return sum(self.running.lists) - self.running.payable

    def shown(self, turn: Turn) -> CouponShown | None:
        """Return the coupon whose turn it is, None for any other rule."""
        return None if turn.coupon is None else self.occasion.asked.coupons[turn.coupon]

    def miss(self, turn: Turn, miss: Miss, unmet: int = 1) -> None:
        """Note why a rule, or a coupon, does nothing."""
        shown = self.shown(turn)
        if shown is None or turn.coupon is None:
            self.missed.append(Missed(turn.placed.rule, miss, unmet))
            return
        self.judged[turn.coupon] = CouponJudged(
            coupon=shown.id, rule=shown.type, reason=miss.reason, params=miss.params
        )

    def act(self, turn: Turn, effect: Effect) -> None:
        """Let an effect come true; its cuts fit."""
        placed, running = turn.placed, self.running
        rule, before = placed.rule, running.payable
        taken = running.take(effect.cuts)
        if taken is not effect.cuts:
            effect = Effect(taken, effect.times, effect.gifts, effect.coupons)
        off = before - running.payable
        shown = self.shown(turn)
        self.applied.append(Applied(rule, turn, effect, off, shown.id if shown else ""))
        self.acted.append(placed)
        if rule.exclusive != "no":
            self.alone.append(placed)
        for step in placed.steps:
            self.winners.setdefault(step.group.id, step.child)
        for step in placed.claims:
            self._claim(step.group.id, step.child, effect.cuts)
        if rule.limits:
            self._use(rule.id, effect, off)
        if shown and turn.coupon is not None:
            self.judged[turn.coupon] = CouponJudged(
                coupon=shown.id, rule=rule.id, reason="R-APPLIED", amount=-off, params={"off": off}
            )

    def _claim(self, group: str, child: str, cuts: Sequence[Cut]) -> None:
        for cut in cuts:
            for place, off in enumerate(cut.units):
                if off:
                    self.claimed[group, cut.line, place] = child

    def _use(self, rule: str, effect: Effect, off: int) -> None:
        times, units, before = self.used.get(rule, (0, 0, 0))
        lowered = sum([unit > 0 for cut in effect.cuts for unit in cut.units])
        self.used[rule] = (times + effect.times, units + lowered, before + off)


def amount(cuts: Sequence[Cut]) -> int:
    """Return what cuts take off together."""
    return sum([sum(cut.units) for cut in cuts])


USED: Mapping[str, int] = {"uses": 0, "units": 1, "amount": 2}
"""Where what a limit counts stands in `State.used`."""
