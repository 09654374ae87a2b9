"""The smallest case on which two pricers still disagree."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from tests.pricer.goods import Data

Case = tuple[Data, Data, Data]
Disagrees = Callable[[Case], bool]


def smallest(case: Case, disagrees: Disagrees) -> Case:
    """Leave out whatever can be left out, one thing after the other, until nothing can."""
    while True:
        for less in _less(case):
            if disagrees(less):
                case = less
                break
        else:
            return case


def _less(case: Case) -> Iterator[Case]:
    """Yield every case that lacks one item of a list, or one field, of this one."""
    for path in _paths(case, ()):
        less = deepcopy(case)
        within: Any = less
        for step in path[:-1]:
            within = within[step]
        del within[path[-1]]
        yield less


def _paths(within: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything inside that can be deleted, the largest parts first."""
    inside: list[Any] = []
    if isinstance(within, dict):
        inside = list(within)
    elif isinstance(within, (list, tuple)):
        inside = list(range(len(within)))
    if not isinstance(within, tuple):
        yield from ((*above, step) for step in inside)
    for step in inside:
        yield from _paths(within[step], (*above, step))
