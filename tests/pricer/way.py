"""How far a price has come, and one rule at its turn."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction

from tests.pricer import kinds, limits
from tests.pricer.arithmetic import BASIS, rounded
from tests.pricer.benefits import Prices
from tests.pricer.conditions import Sight, misses, nearest
from tests.pricer.effect import Effect
from tests.pricer.goods import Data, Goods, Unit, by_line
from tests.pricer.targets import ALL, about, ordered, picked
from tests.pricer.turns import Tree, Turn


@dataclass(frozen=True)
class Sale:
    """What is the same at every turn."""

    goods: Goods
    document: Data
    context: Data
    member: Data | None
    tree: Tree

    @property
    def charges(self) -> list[Data]:
        rules = [rule for rule in self.document.get("rules", ()) if rule["kind"] == "charge"]
        return sorted(rules, key=lambda rule: str(rule["id"]))

    def knows(self, product: str) -> bool:
        """Tell whether a product can be given away: it is known, and so is its tax."""
        catalogue = self.context.get("catalogue", {})
        return product in catalogue and catalogue[product]["tax_class"] in self.document["tax"]


@dataclass
class Act:
    """A rule that took effect."""

    turn: Turn
    effect: Effect


@dataclass
class Way:
    """What earlier turns have brought about; a fork goes its own way from there."""

    sale: Sale
    now: dict[Unit, int]
    exact: list[Fraction]
    stage: int = 0
    after_lines: dict[Unit, int] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    winners: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    claimed: dict[tuple[str, Unit], str] = field(default_factory=dict)
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    shown: dict[int, str] = field(default_factory=dict)
    one_by_one: bool = False
    """Whether the best-of groups have too many combinations to try them all."""

    def fork(self) -> "Way":
        other = copy(self)
        for name in ("now", "exact", "after_lines", "acts", "winners", "chosen", "claimed",
                     "used", "shown"):  # fmt: skip
            setattr(other, name, copy(getattr(self, name)))
        return other

    def sight(self, rule: Data) -> Sight:
        sale = self.sale
        units = about(rule.get("target", ALL), sale.goods)
        after = self.after_lines or self.now
        return Sight(
            sale.goods, sale.document, sale.context, sale.member, self.now, after, units
        )  # fmt: skip

    def final_total(self) -> int:
        """Return what is payable with all charges, before points."""
        return sum(self.now.values()) + sum(amount for _, amount in self.charges())

    def charges(self) -> list[tuple[Data, int]]:
        """Return the charges above zero, each measured on what the goods cost now."""
        return [(rule, due) for rule in self.sale.charges if (due := self._due(rule)) > 0]

    def _due(self, rule: Data) -> int:
        sight = self.sight(rule)
        if not sight.about or misses(rule.get("when", ()), sight):
            return 0
        payable = sum(self.now.values())
        due = rule["amount"]
        for step in rule.get("steps", ()):
            if payable >= step["at_least"]:
                due = step["amount"]
        if not isinstance(due, int):
            return self._share(due, payable)
        count = len(picked(rule.get("target", ALL), sight.about, self.now))
        return int(due * count if rule.get("per", "order") == "unit" else due)

    def _share(self, share: Data, payable: int) -> int:
        exact = Fraction(payable * share["basis_points"], BASIS)
        least, most = share.get("minimum", 0), share.get("maximum", exact + 1)
        mode = self.sale.document.get("rounding", "half_up")
        return int(min(max(rounded(exact, mode), least), max(most, least)))

    # --- a turn -----------------------------------------------------------------------------------

    def judge(self, turn: Turn) -> None:
        """Let a rule act, if nothing stands in its way."""
        done = self._judged(turn)
        if turn.coupon is not None:
            self.shown[turn.coupon] = done if isinstance(done, str) else "R-APPLIED"
        if isinstance(done, Effect):
            self.act(turn, done)

    def _judged(self, turn: Turn) -> Effect | str:
        rule, sale = turn.rule, self.sale
        sight = self.sight(rule)
        found, units = misses(rule.get("when", ()), sight), offered(rule, sale.goods)
        if not units:
            found.append(("R-NOT-DISCOUNTABLE", 0) if sight.about else ("R-NEEDS-GOODS", 1))
        if found:
            return nearest(found)[0]
        barred = self.barred(turn)
        if barred:
            return barred
        if limits.needs_cloud(rule, sale.context["online"]):
            return "R-NEEDS-CLOUD"
        if self.one_too_many(turn):
            return "R-COUPON-MAX"
        units = [unit for unit in units if self._unclaimed(turn, unit)]
        if not units:
            return "R-EXCLUDED-BY-GROUP"
        return self._effect(turn, units)

    def barred(self, turn: Turn) -> str:
        """Return why a group or another rule keeps a rule out, or ""."""
        for group, child in turn.path:
            terms = self.sale.tree.groups[group]
            if terms.get("scope", "order") == "unit" or terms["mode"] == "all":
                continue
            # A best-of group of which no child could act has chosen "": the first one that can.
            allowed = self.chosen.get(group) or self.winners.get(group, child)
            if allowed != child:
                return "R-EXCLUDED-BY-GROUP"
        for act in self.acts:
            if stands_alone(turn, act.turn) or stands_alone(act.turn, turn):
                return "R-EXCLUDED-BY-RULE"
            if act.turn.rule.get("exclusive") == "after" and act.turn.rule is not turn.rule:
                return "R-EXCLUDED-BY-RULE"
        return ""

    def one_too_many(self, turn: Turn) -> str:
        """Return R-COUPON-MAX if as many coupons are redeemed as one sale may have, else ""."""
        most = self.sale.document.get("coupons", {}).get("max")
        redeemed = [act for act in self.acts if act.turn.coupon is not None]
        full = turn.coupon is not None and most is not None and len(redeemed) >= most
        return "R-COUPON-MAX" if full else ""

    def _unclaimed(self, turn: Turn, unit: Unit) -> bool:
        return all(
            self.claimed.get((group, unit), child) == child
            for group, child in turn.path
            if self.sale.tree.groups[group]["mode"] == "first"
            and self.sale.tree.groups[group].get("scope", "order") == "unit"
        )

    def _effect(self, turn: Turn, units: Sequence[Unit]) -> Effect | str:
        rule, goods = turn.rule, self.sale.goods
        counters: Mapping[str, int] = self.sale.context.get("counters", {})
        times, most, budget = (
            limits.room(rule, of, self.used, counters) for of in ("uses", "units", "amount")
        )
        if not times or not most:
            return "R-LIMIT-REACHED"
        if not budget:
            return "R-BUDGET-SPENT"
        units = picked(rule.get("target", ALL), units, self.now)
        units = sorted(ordered(units, self.now, "dearest_first")[:most])
        wanted = kinds.effect(rule, Prices(goods, self.now), units, times, self.exact)
        effect = limits.fitted(rule, wanted, goods, self.now, units, budget)
        if effect is None:
            return "R-NO-ROOM"
        if self.sale.member is None:
            effect.gives = []
        known = [gift for gift in effect.gifts if self.sale.knows(gift[0])]
        unknown, effect.gifts = len(effect.gifts) - len(known), known
        if turn.coupon is not None and self._worse(turn, effect):
            return "R-COUPON-WORSE"
        if not effect.off and not effect.gifts and not effect.gives:
            return "R-GIFT-UNKNOWN" if unknown else "R-NOTHING-LEFT"
        return effect

    def _worse(self, turn: Turn, effect: Effect) -> bool:
        """Tell whether a coupon is refused because another one of its group took more."""
        if self.sale.document.get("coupons", {}).get("worse", "stacked") == "stacked":
            return False
        group = turn.rule.get("group", "")
        others = [
            act.effect.off for act in self.acts
            if act.turn.coupon is not None and act.turn.rule.get("group", "") == group
        ]  # fmt: skip
        return any(off > effect.off for off in others)

    def act(self, turn: Turn, effect: Effect) -> None:
        """Let an effect come true."""
        rule, lowered = turn.rule["id"], effect.lowered
        for unit in lowered:
            self.now[unit] -= effect.offs[unit]
        if self.exact:
            for line, units in by_line(lowered).items():
                off = sum(effect.offs[unit] for unit in units)
                self.exact[line] = max(Fraction(0), self.exact[line] - off)
            for line, left in effect.exact.items():
                self.exact[line] = left
        self.acts.append(Act(turn, effect))
        for group, child in turn.path:
            self.winners.setdefault(group, child)
            for unit in lowered:
                self.claimed.setdefault((group, unit), child)
        for of, count in (("uses", effect.times), ("units", len(lowered)), ("amount", effect.off)):
            self.used[rule, of] = self.used.get((rule, of), 0) + count


def offered(rule: Data, goods: Goods) -> list[Unit]:
    """Return the units a rule may lower at all."""
    return [
        unit
        for unit in about(rule.get("target", ALL), goods)
        if goods.product(unit).get("discountable", True)
        and not (rule.get("spare_reduced", False) and goods.product(unit).get("reduced", False))
    ]


def stands_alone(exclusive: Turn, other: Turn) -> bool:
    """Tell whether a rule that stands alone, before or after, keeps another one out."""
    rule = exclusive.rule
    if rule is other.rule:
        return False
    match rule.get("exclusive", "no"):
        case "everything":
            return True
        case "level":
            return bool(exclusive.stage["level"] == other.stage["level"])
        case "group":
            return rule["group"] in [group for group, _ in other.path]
        case _:
            return False
