"""The jobs of one printer, as a pure machine: each is printed once, or again and marked as a copy.

One job is on its way at a time. What a printer could not print waits until it is well again; if
some of it may be on paper, it is printed anew as a whole and marked, so that nobody holds two
receipts of one sale that look alike. A sale never waits for any of this.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from drivers.events import Event, NotPrinted, Printed, State

TRIES_MAX: Final = 3
"""A job that a printer loses this often is set aside: it can be asked for by hand."""
WAITING_MAX: Final = 20
"""Older jobs are set aside when more wait."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be printed: `name` is the key of its sale; `copy` marks it."""

    name: str
    copy: bool = False
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Go:
    """Have the printer print this now; say `lost` if it does not take it."""

    job: Job


@dataclass(frozen=True, slots=True)
class Out:
    """This job is on paper."""

    job: Job


@dataclass(frozen=True, slots=True)
class Aside:
    """This job is not printed any more by itself; `reason` is for people."""

    job: Job
    reason: str


Do = Go | Out | Aside


class Spool:
    """What waits for one printer. `is_ready` when the printer is known to work."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._going: Job | None = None
        self._is_ready = False

    @property
    def waiting(self) -> int:
        """How many jobs are not on paper yet."""
        return len(self._waiting) + (self._going is not None)

    def add(self, job: Job) -> Iterator[Do]:
        """Take a job; it goes at once if nothing is before it."""
        self._waiting.append(job)
        if len(self._waiting) > WAITING_MAX:
            yield Aside(self._waiting.popleft(), "too many wait for the printer")
        yield from self._next()

    def hear(self, event: Event) -> Iterator[Do]:
        """Take what the printer says."""
        match event:
            case Printed() if self._going is not None:
                done, self._going = self._going, None
                yield Out(done)
            case NotPrinted(reason, in_doubt):
                self._is_ready = False  # it says so when it can print again
                yield from self._failed(reason, in_doubt=in_doubt)
            case State(state="ready"):
                self._is_ready = True
            case State(state=state, reason=reason):
                self._is_ready = state == "busy" and self._is_ready
                if state in {"lost", "closed"}:
                    yield from self._failed(reason or state, in_doubt=True)
        yield from self._next()

    def drop(self) -> Iterator[Do]:
        """Forget the job that was to go: nobody knows what to print."""
        self._going = None
        yield from self._next()

    def lost(self) -> Iterator[Do]:
        """Take back a job that the printer was not there to take."""
        self._is_ready = False
        yield from self._failed("no printer", in_doubt=False)

    def _next(self) -> Iterator[Do]:
        if self._is_ready and self._going is None and self._waiting:
            self._going = self._waiting.popleft()
            yield Go(self._going)

    def _failed(self, reason: str, *, in_doubt: bool) -> Iterator[Do]:
        job, self._going = self._going, None
        if job is None:
            return
        again = replace(job, copy=job.copy or in_doubt, tries=job.tries + in_doubt)
        if again.tries >= TRIES_MAX:
            yield Aside(again, reason)
        else:
            self._waiting.appendleft(again)
