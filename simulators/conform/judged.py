"""What a kit says of whoever it plays against: case by case, then the verdict and an exit code."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import click

from simulators.conform.badge import svg, verdict

EXIT_NO, EXIT_USAGE = 1, 2


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case: `reason` is "" if the promise was kept."""

    case: str
    promise: str
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the promise was kept."""
        return not self.reason


Hear = Callable[[Result], None]
"""Hears of each case as it ends."""


def told(result: Result) -> None:
    """Print what came of one case, for a person who watches."""
    if result.passed:
        click.echo(f"  ok    {result.case}")
    else:
        click.secho(f"  FAIL  {result.case}: {result.reason}", fg="red")
        click.echo(f"        {result.promise}")


def untold(result: Result) -> None:
    """Say nothing of it yet: a program reads the whole answer."""


def conclude(
    results: Sequence[Result], kind: str, spoken: tuple[str, str], badge: Path | None, as_json: bool
) -> NoReturn:
    """Print the verdict over a `kind` of far end, draw its badge, and exit with 0 or 1.

    `spoken` is what was spoken with it, as a field of the JSON and its value: ("door", "http").
    """
    field, value = spoken
    if badge is not None:
        badge.write_text(svg(results, kind, value), "utf-8")
    if as_json:
        cases = [{**asdict(result), "passed": result.passed} for result in results]
        click.echo(json.dumps({field: value, "cases": cases}, ensure_ascii=False))
    else:
        click.echo(verdict(results, kind, value))
    sys.exit(0 if all(result.passed for result in results) else EXIT_NO)


def stop(what: str, fix: str) -> NoReturn:
    """Say that the question was wrong, and how to ask it; exit with 2."""
    click.echo(f"{what}\n    fix: {fix}", err=True)
    sys.exit(EXIT_USAGE)
