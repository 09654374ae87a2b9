"""A bar for work that takes a while: on a terminal, and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def bar(what: str, *, wanted: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Show how far some work has come, on standard error if that is a terminal.

    Yields a function that is told how much is done, and how much there is in all.
    """
    if not wanted or not sys.stderr.isatty():
        yield _nothing
        return
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, everything: progress.update(task, completed=done, total=everything)


def _nothing(done: int, everything: int) -> None:
    """Nobody watches."""
