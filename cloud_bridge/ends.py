"""The box's ends of the loop: where facts come from, and where the cloud's news goes."""

from collections.abc import Sequence
from typing import Protocol

from cloud_bridge.contract import Changes, CloudHead, Envelope, Outcome
from cloud_bridge.meeting import Past


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

    def pending(self, limit: int, after: Envelope | None = None) -> Sequence[Envelope]:
        """Return the next durable facts, without a gap, oldest first.

        They follow the bookmark, or `after`, which this has returned since the bookmark moved.
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

    def bundle_etag(self) -> str | None:
        """Return the hash of the last good bundle (`bundle.Checked.hash`), or None."""
        ...

    async def offer_bundle(self, raw: bytes) -> str | None:
        """Take a signed bundle, or return why not."""
        ...

    async def online(self, up: bool) -> None:
        """Hear that the cloud has come (or gone), after hysteresis."""
        ...
