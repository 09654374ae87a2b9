"""How what was placed becomes durable: in a thread, or stepped on the loop in virtual time.

Both take what has gathered, hand it to `commit` in order as one batch, and complete the waiters
on the loop afterwards. A batch is bounded; what is beyond it is the next one. After the first
error nothing is written any more.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

BATCH_MAX = 512
"""The most jobs that share a commit, beside those that are joined to the last of them."""

Commit = Callable[[Sequence[object]], None]
Done = Callable[[Sequence[object]], None]
Fail = Callable[[BaseException], BaseException]
Job = tuple[object, "asyncio.Future[None]"]


class Joined(tuple[Any, ...]):
    """A job that shares a commit with the one put before it, in the same step of the loop."""

    __slots__ = ()


class Idle(Protocol):
    """Housekeeping after a commit; `hurried` while others already wait."""

    def __call__(self, *, hurried: bool) -> None:
        """Do it."""


class Writer(Protocol):
    """A strategy. `commit` and `idle` run where it likes, `done` and `fail` on the loop."""

    def start(self, commit: Commit, done: Done, fail: Fail, idle: Idle) -> None:
        """Begin."""

    def put(self, job: object) -> "asyncio.Future[None]":
        """Queue a job; the future completes when it is durable."""

    async def stop(self) -> None:
        """Write what was put, then end."""


class ThreadWriter:
    """One thread that owns the disk. What is put in one turn of the loop shares a commit.

    So does what arrives during a commit: it shares the next one.
    """

    def __init__(self) -> None:
        self._turn: list[Job] = []
        self._turns: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._left: deque[Job] = deque()  # the thread's own: gathered, and not written yet
        self._ending = False
        self._loop = asyncio.get_running_loop()

    def start(self, commit: Commit, done: Done, fail: Fail, idle: Idle) -> None:
        """Begin."""
        self._commit, self._done, self._fail, self._idle = commit, done, fail, idle
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def put(self, job: object) -> "asyncio.Future[None]":
        """Queue a job; the future completes when it is durable."""
        waiter = self._loop.create_future()
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        self._turn.append((job, waiter))
        return waiter

    async def stop(self) -> None:
        """Write what was put, then end."""
        self._hand_over()
        self._turns.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._turn:
            self._turns.put(self._turn)
            self._turn = []

    def _run(self) -> None:
        broken: BaseException | None = None
        while batch := self._gather():
            if broken is None:
                try:
                    self._commit([job for job, _ in batch])
                except BaseException as error:
                    broken = error
            self._loop.call_soon_threadsafe(self._settle, batch, broken)
            if broken is None:
                try:
                    self._idle(hurried=bool(self._left) or not self._turns.empty())
                except BaseException as error:
                    broken = error
                    self._loop.call_soon_threadsafe(self._settle, [], broken)

    def _gather(self) -> list[Job]:
        """Return the next batch, waiting for it; an empty one is the end."""
        while not self._ending and len(self._left) < BATCH_MAX:
            try:
                turn = self._turns.get(block=not self._left)
            except queue.Empty:
                break
            if turn is None:
                self._ending = True
            else:
                self._left.extend(turn)
        return _batch(self._left)

    def _settle(self, batch: Sequence[Job], broken: BaseException | None) -> None:
        settle(batch, broken, self._done, self._fail)


class SteppedWriter:
    """The same on the loop itself: a commit takes `flush_seconds` of the loop's time."""

    def __init__(self, flush_seconds: float) -> None:
        self._flush_seconds = flush_seconds
        self._jobs: deque[Job] = deque()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._broken: BaseException | None = None

    def start(self, commit: Commit, done: Done, fail: Fail, idle: Idle) -> None:
        """Begin."""
        self._commit, self._done, self._fail, self._idle = commit, done, fail, idle

    def put(self, job: object) -> "asyncio.Future[None]":
        """Queue a job; the future completes when it is durable."""
        waiter = self._loop.create_future()
        self._jobs.append((job, waiter))
        if self._timer is None:
            self._timer = self._loop.call_later(self._flush_seconds, self._step)
        return waiter

    async def stop(self) -> None:
        """Write what was put, then end."""
        while self._timer is not None:
            self._timer.cancel()
            self._step()

    def abandon(self) -> None:
        """Lose what was not written yet, as a power cut does."""
        if self._timer is not None:
            self._timer.cancel()
        for _, waiter in self._jobs:
            waiter.cancel()
        self._jobs.clear()

    def _step(self) -> None:
        self._timer = None
        batch = _batch(self._jobs)
        if self._jobs:
            self._timer = self._loop.call_later(self._flush_seconds, self._step)
        if self._broken is None:
            try:
                self._commit([job for job, _ in batch])
                self._idle(hurried=bool(self._jobs))
            except Exception as error:
                self._broken = error
        settle(batch, self._broken, self._done, self._fail)


def _batch(jobs: deque[Job]) -> list[Job]:
    """Take the first jobs away, as many as may share a commit; what is joined is never parted."""
    batch = [jobs.popleft() for _ in range(min(len(jobs), BATCH_MAX))]
    while jobs and isinstance(jobs[0][0], Joined):
        batch.append(jobs.popleft())
    return batch


def settle(batch: Sequence[Job], broken: BaseException | None, done: Done, fail: Fail) -> None:
    """Complete the waiters of a batch: it is durable, or the journal is broken."""
    if broken is None:
        done([job for job, _ in batch])
    error = None if broken is None else fail(broken)
    for _, waiter in batch:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
            waiter.exception()  # asked for: a waiter nobody awaits is no leak
