"""Kill -9 in the middle of work that is done in one thread: before its n-th line."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parent.parent


def lines_of(work: Callable[[], object], files: tuple[str, ...]) -> int:
    """Return how many lines of `files` (or of those in such folders) `work` goes through."""
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1

    _traced(work, files, counted)
    return count


def killed_at(line: int, work: Callable[[], object], files: tuple[str, ...]) -> None:
    """Do `work` in a process of its own, which is killed before its n-th line of `files`."""
    child = os.fork()
    if child == 0:
        left = line

        def count_down() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        _traced(work, files, count_down)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was killed, and had not ended before"


def _traced(
    work: Callable[[], object], files: tuple[str, ...], at_line: Callable[[], None]
) -> None:
    watched = tuple(str(ROOT / name) for name in files)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(watched):
            return None
        if event == "line":
            at_line()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
