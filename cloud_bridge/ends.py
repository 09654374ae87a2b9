"""The box's ends of the loop: where facts come from, and where the cloud's news goes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from cloud_bridge.contract import Changes, CloudHead, Envelope, Outcome
from cloud_bridge.meeting import Past
from cloud_bridge.parcels import Written

T = TypeVar("T")


class Outbox(Past, Protocol):
    """The journal, as the cloud's bookmark divides it."""

    def agreed(self, common: int) -> None:
        """Hear that the cloud has our facts up to `common`, if that is less than it once had.

        `pending` begins no later than after it.
        """
        ...

    def parted(self, common: int, cloud: CloudHead) -> None:
        """Hear that after `common` the cloud's facts of this box are not ours.

        Raises what ends the run; returns if that has to wait.
        """
        ...

    async def pending(
        self, pack: Callable[[Iterable[Written]], T], after: Written | None = None
    ) -> T:
        """Return what `pack` makes of the next durable facts, without a gap, oldest first.

        They follow the bookmark, or `after`, which this has given since the bookmark moved. `pack`
        reads as many as it likes, each once, and may do so in another thread.
        """
        ...

    def acknowledged(self, sequence: int, outcomes: Sequence[Outcome]) -> None:
        """Move the bookmark to `sequence`; `pending` begins after it from now on.

        `outcomes` are one for each fact that this passes, in order.
        """
        ...

    def missing(self) -> tuple[int, int] | None:
        """Return the place (epoch, sequence) after which the cloud may have facts we lost."""
        ...

    async def take_back(self, facts: Sequence[Envelope], *, more: bool) -> str | None:
        """Take what the cloud has after that place, durably, or return why not now."""
        ...


class Inbox(Protocol):
    """Where the cloud's news goes."""

    def cursor(self) -> str:
        """Return the cursor of the last page applied, "" for none."""
        ...

    async def apply(self, changes: Changes) -> str | None:
        """Take one page of changes and its cursor, durably, or return why not, untouched."""
        ...

    async def forget(self) -> None:
        """Ask for all news again: the cloud, restored from a backup, does not know the cursor."""
        ...

    def bundle_etag(self) -> str | None:
        """Return the hash of the last good bundle (`bundle.Checked.hash`), or None."""
        ...

    async def offer_bundle(self, raw: bytes) -> str | None:
        """Take a signed bundle, or return why not."""
        ...

    async def online(self, up: bool) -> None:
        """Hear that the cloud has come (or gone), after hysteresis."""
        ...
