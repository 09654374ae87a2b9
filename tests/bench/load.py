"""Closed-loop load: each caller asks, waits for the answer, and asks again."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from tests.bench.wires import Caller

UNTIMED_ASKS = 3
"""The first answers of each caller are not counted: caches are cold after another cell."""

Request = Callable[[], bytes]
"""Makes the next request's body."""
Judge = Callable[[bytes], bool]
"""Tells whether an answer is the one that was hoped for."""


class WrongAnswer(Exception):
    """The far end said something else; figures about it would mean nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one cell of one round came to: microseconds, and answers a second."""

    p50_us: float
    p99_us: float
    per_second: float
    asked: int
    """All answers, the untimed ones too."""
    cpu_us: float = 0.0
    """What the far end's processes spent on one of them, where that was looked at."""


async def drive(
    callers: Sequence[tuple[Caller, Request]], operation: str, judge: Judge, seconds: float
) -> Sample:
    """Let all callers ask at once for so long, and at least once."""
    gc.collect()
    gc.disable()
    began = perf_counter()
    try:
        taken = await asyncio.gather(
            *(_ask(caller, request, operation, judge, began + seconds)
              for caller, request in callers)
        )  # fmt: skip
    finally:
        gc.enable()
    elapsed = perf_counter() - began
    timed = [each for one in taken for each in one[UNTIMED_ASKS:] or one]
    return sample(timed, elapsed, sum(map(len, taken)))


async def _ask(
    caller: Caller, request: Request, operation: str, judge: Judge, until: float
) -> list[float]:
    taken: list[float] = []
    while (asked := perf_counter()) < until or not taken:
        answer = await caller.ask(operation, request())
        taken.append(perf_counter() - asked)
        if not judge(answer):
            raise WrongAnswer(answer[:500].decode(errors="replace"))
    return taken


def sample(taken_seconds: Sequence[float], elapsed_seconds: float, asked: int) -> Sample:
    """Sum up what single requests took; `asked` is how many there were in all."""
    ordered = sorted(taken_seconds)
    return Sample(
        p50_us=quantile(ordered, 0.50) * 1e6,
        p99_us=quantile(ordered, 0.99) * 1e6,
        per_second=asked / elapsed_seconds,
        asked=asked,
    )


def quantile(ordered: Sequence[float], part: float) -> float:
    """Return the smallest value that at least this part of all values does not exceed."""
    return ordered[max(0, -int(-part * len(ordered) // 1) - 1)]
