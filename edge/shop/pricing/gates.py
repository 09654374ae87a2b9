"""Gates: conditions that many rules share are asked once a basket, not once a rule.

A rule stands behind a gate if its conditions have the same answer whatever its own goods are and
however far prices fall (members only, on Fridays, from 100 on at list), and if nothing else depends
on its turn. While the gate is shut such a rule gets no turn. So it costs next to nothing; it is
counted among those kept back all the same, so that a quote can explain it.
"""

from collections import defaultdict
from collections.abc import Sequence

from edge.shop.rules.conditions import AnyCondition, Miss, Scene
from edge.shop.rules.running import Running, Selection

NO_GATE = 0
"""The number of the gate that is no gate."""

Gate = tuple[AnyCondition, ...]


class Gates(dict[int, list[Miss]]):
    """What stands in the way at each gate, by its number; nothing is asked before it is needed."""

    def __init__(self, gates: Sequence[Gate], scene: Scene, running: Running) -> None:
        super().__init__()
        self._gates, self._scene, self._running = gates, scene, running
        self.kept_back: defaultdict[int, set[int]] = defaultdict(set)
        """The ranks of the rules behind each gate that is shut."""

    def __missing__(self, number: int) -> list[Miss]:
        """Ask at a gate for the first time."""
        everything = self._running.everything
        misses = self[number] = unmet(self._gates[number], self._scene, self._running, everything)
        return misses


def unmet(
    when: Sequence[AnyCondition], scene: Scene, running: Running, about: Selection
) -> list[Miss]:
    """Return all that stands in the way of these conditions, in their order."""
    misses = []
    for condition in when:
        miss = condition.missing(scene, running, about)
        if miss is not None:
            misses.append(miss)
    return misses
