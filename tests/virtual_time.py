"""An event loop in which waiting takes no time: when all sleep, the clock jumps.

Two weeks pass in a second, in the same order every time. For code that talks in memory only:
a thread or a socket would be waited for in no time at all, which is a `Deadlock`.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from contextlib import ExitStack, closing
from typing import Any, Protocol, TypeVar

from tests.leaks import tasks_left

T = TypeVar("T")


class Closable(Protocol):
    """Something that has to be closed."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class Deadlock(RuntimeError):
    """Everybody waits, and nobody will come."""


class _Jump(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            raise Deadlock(
                f"everybody waits at {self.loop.seconds} s and nobody will come: "
                + ", ".join(sorted(task.get_name() for task in asyncio.all_tasks(self.loop)))
            )
        self.loop.seconds += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock starts at 0 and stands still while anybody has something to do."""

    seconds = 0.0

    def __init__(self) -> None:
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)
        self.over = ExitStack()

    def time(self) -> float:
        return self.seconds


def lasting(thing: C) -> C:
    """Let something last until `run` is over, and be closed then."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.over.enter_context(closing(thing))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return what `main` returns; a task it leaves behind is an AssertionError."""
    loop = VirtualLoop()
    with loop.over, asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_tidily(main))


async def _tidily(main: Coroutine[Any, Any, T]) -> T:
    result = await main
    left = await tasks_left()
    assert not left, f"tasks left behind: {left}"
    return result
