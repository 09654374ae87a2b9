"""Who could act on a basket, and in which order they have their turns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.pricer.goods import Data
from tests.pricer.kinds import DISCOUNTS

STAGES: Sequence[Data] = (
    {"number": 2, "level": "lines"},
    {"number": 3, "level": "lines"},
    {"number": 4, "level": "order"},
    {"number": 5, "level": "order"},
    {"number": 6, "level": "order"},
)


@dataclass(frozen=True)
class Turn:
    """One chance of a rule: one a sale, or one for each coupon shown (its place among them).

    `path` leads to the rule from the root of the tree: each group, and the child of it.
    """

    rule: Data
    stage: Data
    path: tuple[tuple[str, str], ...]
    coupon: int | None = None

    @property
    def top(self) -> str:
        """The rule or group at the top of the tree."""
        return str(self.path[0][0] if self.path else self.rule["id"])


class Tree:
    """The stages, groups and rules of a bundle."""

    def __init__(self, document: Data) -> None:
        self.groups: Mapping[str, Data] = {g["id"]: g for g in document.get("groups", ())}
        self.stages = sorted(document.get("stages", STAGES), key=lambda stage: stage["number"])
        self.rules = [rule for rule in document.get("rules", ()) if rule["kind"] in DISCOUNTS]

    @property
    def lines_end(self) -> int:
        """The last stage of level lines."""
        return max((s["number"] for s in self.stages if s["level"] == "lines"), default=0)

    def turns(self, shown: Mapping[str, Sequence[int | None]]) -> list[Turn]:
        """Return all turns there could be; `shown` are the places of usable coupons by type."""
        turns: list[Turn] = []
        for stage in self.stages:
            for rule in self._in_order(stage, ""):
                places = shown.get(rule["id"], ()) if rule["kind"] == "coupon" else (None,)
                turns += [Turn(rule, stage, self._path(rule), place) for place in places]
        return turns

    def _in_order(self, stage: Data, group: str) -> Iterable[Data]:
        """Yield the rules of a stage that are in a group at any depth, in the order of turns."""
        for item in sorted(self._children(stage, group), key=self._key(stage)):
            if item["id"] in self.groups:
                yield from self._in_order(stage, item["id"])
            else:
                yield item

    def _children(self, stage: Data, group: str) -> list[Data]:
        rules = [r for r in self._of(stage) if r.get("group", "") == group]
        groups = [
            g for g in self.groups.values()
            if g.get("within", "") == group and self._inside(stage, g["id"])
        ]  # fmt: skip
        return rules + groups

    def _of(self, stage: Data) -> list[Data]:
        return [rule for rule in self.rules if rule["stage"] == stage["number"]]

    def _inside(self, stage: Data, group: str) -> list[Data]:
        """Return the rules of a stage in a group, at any depth."""
        return [r for r in self._of(stage) if group in [name for name, _ in self._path(r)]]

    def _key(self, stage: Data) -> Callable[[Data], tuple[int, int, str]]:
        order = stage.get("order", "priority_high")

        def kind(item: Data) -> int:
            """A group is of no kind, and stands with the last."""
            kinds = list(stage.get("kinds", ()))
            return kinds.index(item["kind"]) if item.get("kind") in kinds else len(kinds)

        def key(item: Data) -> tuple[int, int, str]:
            priority = item.get("priority", 0)
            first = kind(item) if order == "kind" else 0
            return first, priority if order == "priority_low" else -priority, item["id"]

        return key

    def _path(self, rule: Data) -> tuple[tuple[str, str], ...]:
        path: list[tuple[str, str]] = []
        group, child = rule.get("group", ""), rule["id"]
        while group:
            path.insert(0, (group, child))
            group, child = self.groups[group].get("within", ""), group
        return tuple(path)
