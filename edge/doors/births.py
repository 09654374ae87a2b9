"""What terminals behind a broker say of themselves: that they are there, and what they listen to.

A broker does not tell who has subscribed. So a terminal says it on its state topic, retained:
`{"state":"online","hears":["scan","card"]}` is its birth, its will says `{"state":"offline"}`.
The broker keeps the last word for a box that comes later.
"""

import contextlib
from typing import Final

import msgspec

STATE_BYTES_MAX: Final = 4096
"""How much a terminal may say of itself."""
ONLINE: Final = "online"


class Birth(msgspec.Struct, frozen=True):
    """The last word of a terminal; what else it says of itself is its own affair."""

    state: str = ""
    hears: frozenset[str] = frozenset()
    """The kinds of events that it has subscribed to."""


_BIRTHS: Final = msgspec.json.Decoder(Birth)


class Births:
    """The last word of each terminal that is there."""

    def __init__(self) -> None:
        self._here: dict[str, Birth] = {}

    def note(self, terminal: str, payload: bytes) -> None:
        """Take what a terminal says; whatever is not a birth is a farewell."""
        self.forget(terminal)
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            birth = _BIRTHS.decode(payload[: STATE_BYTES_MAX + 1])
            if birth.state == ONLINE and len(payload) <= STATE_BYTES_MAX:
                self._here[terminal] = birth

    def hears(self, terminal: str, kind: str) -> bool:
        """Tell whether a terminal is there and listens to events of this kind."""
        birth = self._here.get(terminal)
        return birth is not None and kind in birth.hears

    def forget(self, terminal: str) -> None:
        """Take it that a terminal is not there."""
        self._here.pop(terminal, None)

    def clear(self) -> None:
        """Take it that nobody is there."""
        self._here.clear()
