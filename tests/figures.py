"""Figures of searches: nested counts that rounds add up, kept with how to make them again."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ABOUT = ("made_with", "python", "machine")
Figures = dict[str, Any]
"""Counts by name, some of them by a second name. Text and lists say what the last round was."""


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> Figures:
    """Return the counts of both; of what cannot be added, that of the second."""
    total = dict(one)
    for name, value in other.items():
        before = total.get(name)
        if isinstance(value, Mapping):
            total[name] = added(before or {}, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            total[name] = round((before or 0) + value, 1)
        else:
            total[name] = value
    return total


def loaded(path: Path) -> Figures:
    """Return what is kept in a file; nothing if there is none."""
    kept: Figures = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return kept


def keep(path: Path, made_with: str, figures: Mapping[str, Any]) -> None:
    """Write figures down, with the command that makes them and the machine that made them."""
    kept = {
        "made_with": made_with,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        **{name: value for name, value in figures.items() if name not in ABOUT},
    }
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    draft.replace(path)
