"""Watches for one reader, and for the cards that come and go on it, in a thread of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Event
from typing import Final

from drivers.cards.wire import Failed, Inserted, Removed
from drivers.codec import LinkLost
from drivers.links.pcsc.reader import Change, Job, Reader
from drivers.links.pcsc.service import PLUG, Context, Refused, Seen, ServiceLost

PLUG_SECONDS_MAX: Final = 1.0
"""How long we wait for a reader to be plugged in before we say that it is not there."""
WATCH_SECONDS_MAX: Final = 1.0
"""So often we look whether we are still wanted, should nobody cancel the wait."""

_MUTE: Final = "the card does not answer to reset: damaged, upside down, or more than one"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reader: a number in the service's list, or its name, in which * stands for anything."""

    pattern: str

    def among(self, names: list[str]) -> str:
        """Return the one that is meant; raises LinkLost, for people."""
        if self.pattern.isdecimal():
            found = names[int(self.pattern) :][:1]
        else:
            found = [n for n in names if n == self.pattern] or [n for n in names if self._fits(n)]
        if len(found) == 1:
            return found[0]
        there = ", ".join(names) or "none"
        many = "more than one reader is" if found else "there is no reader"
        raise LinkLost(f"{many} {self.pattern!r}; there are: {there}")

    def _fits(self, name: str) -> bool:
        head, *parts = self.pattern.split("*")
        if not parts:
            return False
        *middle, tail = parts
        if not name.startswith(head):
            return False
        at = len(head)
        for part in middle:
            found = name.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return len(name) - len(tail) >= at and name.endswith(tail)


def readers() -> list[str]:
    """Return the names of all readers just now; [] when no service runs. Blocks for a moment."""
    try:
        context = Context()
    except ServiceLost:
        return []
    try:
        return context.readers()
    finally:
        context.close()


class Monitor:
    """Finds the reader, says `found` with its name, and puts what cards do into `jobs`."""

    def __init__(
        self,
        wanted: Wanted,
        found: Callable[[str], None],
        jobs: "SimpleQueue[Job | None]",
        closing: Event,
    ) -> None:
        self._wanted, self._found = wanted, found
        self._jobs, self._closing = jobs, closing
        self._context: Context | None = None

    def run(self) -> None:
        """Watch until closed; raises LinkLost, and ServiceLost."""
        self._context = Context()
        try:
            name = self._find(self._context)
            self._found(name)
            self._watch(self._context, name)
        except Refused as refused:
            # A service that is going, or has only just come, refuses for reasons of its own.
            raise LinkLost(str(refused)) from None
        finally:
            self._context.close()

    def cancel(self) -> None:
        """Have `run` look at `closing` now; called from another thread."""
        if self._context is not None:
            self._context.cancel()

    def _find(self, context: Context) -> str:
        try:
            return self._wanted.among(context.readers())
        except LinkLost:
            context.wait([(PLUG, 0)], PLUG_SECONDS_MAX)
        return self._wanted.among(context.readers())

    def _watch(self, context: Context, name: str) -> None:
        before = Seen(name, 0, b"")
        while not self._closing.is_set():
            for seen in context.wait([(name, before.flags), (PLUG, 0)], WATCH_SECONDS_MAX):
                if seen.reader == name:
                    for change in changes(before, seen):
                        self._jobs.put(partial(Reader.saw, change=change))
                    before = seen


def changes(before: Seen, now: Seen) -> Iterator[Change]:
    """Return what has changed; a card that was swapped between two looks has gone and come.

    Raises LinkLost when the reader itself has gone.
    """
    if now.gone:
        raise LinkLost(f"the reader {now.reader} was unplugged")
    if now.present == before.present and (now.changes == before.changes or not now.present):
        return
    if before.present:
        yield Removed()
    if now.mute:
        yield Failed(_MUTE)
    elif now.present:
        yield Inserted(now.atr)
