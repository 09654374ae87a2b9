"""The ladder of healing: what is tried when a device does not come back.

Reopen the link, which is always a new connection with a new context of whatever service is behind
it; rebind it, that is find the same device under another name; raise the alarm. None of them is
the last: the device is tried for as long as the box runs.
"""

from typing import Final, Protocol, runtime_checkable

REOPENINGS: Final = 3
"""So often a lost device is simply opened again; from then on it is rebound before."""
ALARM_SECONDS: Final = 60.0
"""After this long without success it is an error, and said so."""


@runtime_checkable
class Rebinds(Protocol):
    """A link that can find its device under another name."""

    def rebind(self) -> None:
        """Look for the device at the next opening. Does not wait, and does not fail."""
