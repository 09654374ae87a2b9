"""Before anything is sent: do the cloud and this box remember the same past?

The cloud has a box's pages as a tree of epochs, the box has one line of them. Both agree up to
some last common page. What the box wants to add after it has to continue the cloud's latest
epoch, or to open one above it; otherwise the box's past went on somewhere else: from an old backup
that was put back, or in a clone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from cloud_bridge.contract import CloudHead, RecordedFacts
from cloud_bridge.courier import Failure, Garbage, Later, WireAnswer, read

Ask = Callable[[str], Awaitable[WireAnswer | Later]]
"""GET a target: a path with its query."""


class Past(Protocol):
    """The durable pages of the box."""

    def last(self) -> int:
        """Return the sequence of the last durable fact, 0 for none."""
        ...

    def epoch_at(self, sequence: int) -> int | None:
        """Return the epoch of a durable fact, None where there is none."""
        ...

    def digest_at(self, sequence: int) -> str | None:
        """Return the digest of a durable fact, None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Agreed:
    """The cloud has our pages up to `common`, and takes what follows there."""

    common: int


@dataclass(frozen=True, slots=True)
class Parted:
    """After `common` the cloud's history of this box, which ends at `cloud`, is not ours."""

    common: int
    cloud: CloudHead


async def meet(ask: Ask, past: Past) -> Agreed | Parted | Failure:
    """Return where our past and the cloud's part ways, if they do."""
    answer = await ask("/v1/head")
    if isinstance(answer, Later):
        return answer
    head = read(answer, CloudHead)
    if not isinstance(head, CloudHead):
        return head
    if head.sequence == 0:
        return Agreed(0)
    if _is_ours(past, head.epoch, head.sequence, head.head):
        return Agreed(head.sequence)
    common = await _common(ask, past)
    if not isinstance(common, int):
        return common
    following = past.epoch_at(common + 1)
    if following is not None and following > head.epoch:
        return Agreed(common)
    return Parted(common, head)


async def _common(ask: Ask, past: Past) -> int | Failure:
    """Return the last of our pages that the cloud has: all before it are there too."""
    low, high = 0, past.last()
    while low < high:
        middle = (low + high + 1) // 2
        epoch = past.epoch_at(middle)
        answer = await ask(f"/v1/facts?epoch={epoch}&after={middle - 1}&limit=1")
        if isinstance(answer, Later):
            return answer
        found = read(answer, RecordedFacts)
        if not isinstance(found, RecordedFacts):
            return found
        if len(found.envelopes) > 1:
            return Garbage("more facts than were asked for")
        there = found.envelopes[0] if found.envelopes else None
        if there is not None and (there.sequence, there.hash) == (middle, past.digest_at(middle)):
            low = middle
        else:
            high = middle - 1
    return low


def _is_ours(past: Past, epoch: int, sequence: int, digest: str) -> bool:
    return past.epoch_at(sequence) == epoch and past.digest_at(sequence) == digest
