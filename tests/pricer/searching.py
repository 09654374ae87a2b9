"""A search over many cases for the first on which the engine and the second pricer disagree."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.pricer.against import Case, disagreement
from tests.pricer.shrinking import smallest
from tests.pricer_draws import basket_and_bundle

HEAD = ("format", "version", "store", "currency", "exponent", "zone", "valid_from", "valid_until")
"""What every bundle says and no price depends on."""


class Disagreement(Exception):
    """The two pricers disagree; the text says on which seed, on what, and about what."""


@dataclass(frozen=True)
class Searched:
    """How far a search has come."""

    seeds: int
    next_seed: int


def search(first: int, count: int, enough: Callable[[], bool] = lambda: False) -> Searched:
    """Compare cases from a first seed on until there were so many, or it is `enough`.

    Raises Disagreement at the first one.
    """
    seed = first
    while seed < first + count and not enough():
        compare(seed)
        seed += 1
    return Searched(seed - first, seed)


def compare(seed: int) -> None:
    """Compare one case; raises Disagreement with the smallest case that still disagrees."""
    case = basket_and_bundle(seed)
    try:
        found = disagreement(case)
    except Exception as error:
        error.add_note(f"the case with seed {seed}")
        raise
    if found:
        least = smallest(case, _disagrees)
        lines = [f"the pricers disagree on seed {seed}:", *told(least), *disagreement(least)]
        raise Disagreement("\n  ".join(lines))


def told(case: Case) -> list[str]:
    """Return a case in a few lines that a reader can take in."""
    document, basket, context = case
    lines = [f"line {_json(line)}" for line in basket["lines"]]
    lines.append(f"member {_json(basket['member'])}")
    for name, value in document.items():
        if name in {"rules", "groups", "stages"}:
            lines += [f"{name[:-1]} {_json(item)}" for item in value]
        elif name not in HEAD:
            lines.append(f"{name} {_json(value)}")
    used = {name: value for name, value in context.items() if value not in ("", [], {}, 0)}
    return [*lines, f"context {_json(used)}"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _disagrees(case: Case) -> bool:
    """Tell whether a smaller case still disagrees; one that is no bundle any more does not."""
    try:
        return bool(disagreement(case))
    except Exception:
        return False
