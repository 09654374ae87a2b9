"""What happens on a lane, for whoever watches it. Bounded: a slow reader is dropped and told."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

DROPPED = ("dropped", b"{}")
"""The last event of a reader that fell behind: it missed some and should come again."""


class Feed:
    """One reader's view of one lane: iterate over its `(kind, JSON bytes)` events.

    Use it as a context manager; it ends when it is closed or has fallen behind.
    """

    def __init__(self, waiting_max: int, leave: Callable[["Feed"], object]) -> None:
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_max = waiting_max
        self._leave = leave
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, kind: str, data: bytes) -> None:
        """Add an event; never waits."""
        if len(self._waiting) >= self._waiting_max:
            self._waiting.append(DROPPED)
            self.close()
        else:
            self._waiting.append((kind, data))
            self._changed.set()

    def close(self) -> None:
        """Let the reader have what is waiting, and nothing more."""
        self._closed = True
        self._changed.set()
        self._leave(self)

    def __enter__(self) -> "Feed":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> "Feed":
        return self

    async def __anext__(self) -> tuple[str, bytes]:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()


class Besides(Protocol):
    """Another way to those who watch a lane."""

    def give(self, lane: str, kind: str, data: bytes, dropped: Callable[[], None]) -> bool:
        """Tell one of them, and nobody else; False if there is none.

        If it turns out later that nobody listened, `dropped` is called.
        """

    def publish(self, lane: str, kind: str, data: bytes) -> None:
        """Tell all of them."""


class Feeds:
    """All readers of all lanes, and whoever is told `besides` them."""

    def __init__(self, waiting_max: int = 64) -> None:
        self.besides: list[Besides] = []
        self._waiting_max = waiting_max
        self._readers: defaultdict[str, dict[Feed, None]] = defaultdict(dict)  # in order of arrival

    def subscribe(self, lane: str) -> Feed:
        """Return a feed of what is published on `lane` from now on."""
        readers = self._readers[lane]
        feed = Feed(self._waiting_max, lambda left: readers.pop(left, None))
        readers[feed] = None
        return feed

    def readers(self, lane: str) -> int:
        """Return how many watch `lane`."""
        return len(self._readers.get(lane, ()))

    def give(self, lane: str, kind: str, data: bytes, dropped: Callable[[], None]) -> None:
        """Tell the reader who came first, or else one besides.

        `dropped` is called if there is nobody, at once or as soon as it is known.
        """
        first = next(iter(self._readers.get(lane, ())), None)
        if first is not None:
            first.put(kind, data)
        elif not any(way.give(lane, kind, data, dropped) for way in self.besides):
            dropped()

    def publish(self, lane: str, kind: str, data: bytes) -> None:
        """Tell all readers of `lane`; never waits. `data` is one JSON text without line feeds."""
        for feed in tuple(self._readers.get(lane, ())):
            feed.put(kind, data)
        for way in self.besides:
            way.publish(lane, kind, data)
