"""Customer displays of two lines (VFD and LCD poles): RS-232, USB-serial, serial over TCP.

Two dialects, of which most displays can be set to one: `epson` (Epson DM-D series, ESC/POS
display commands: ESC @, US MD1, US C, US $) and `cd5220` (ESC @, ESC DC1, ESC _, ESC Q A and
ESC Q B). Both lines are always written whole, so that nothing of an earlier text is left over
and a lost byte is gone with the next one. A display never talks: what it sends means nothing.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import Codec, Driver, Send
from drivers.columns import Encoding, rows
from drivers.events import Show

INITIALISE: Final = b"\x1b@"
EPSON_SETUP: Final = INITIALISE + b"\x1f\x01" + b"\x1fC\x00"
"""Clear, overwrite mode (US MD1), no cursor (US C 0)."""
EPSON_PLACE: Final = b"\x1f$"
"""US $ x y: move the cursor to column x and line y, both from 1."""
CD5220_SETUP: Final = INITIALISE + b"\x1b\x11" + b"\x1b_\x00"
"""Clear, overwrite mode (ESC DC1), no cursor (ESC _ 0)."""
CD5220_LINES: Final = (b"\x1bQA", b"\x1bQB")
"""ESC Q A and ESC Q B: the upper and the lower line follow, up to a CR."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the display was set up."""

    dialect: Literal["epson", "cd5220"] = "epson"
    columns: Annotated[int, Meta(ge=8, le=40)] = 20
    """How many letters a line has; a Chinese character takes two."""
    encoding: Encoding = "gb18030"


class Host(Codec[bytes]):
    """The host's end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, now: float) -> Iterator[object]:
        """Clear it: whatever it shows is from another time."""
        yield Send(EPSON_SETUP if self._settings.dialect == "epson" else CD5220_SETUP)

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Take no notice."""
        return iter(())

    def command(self, command: Show, now: float) -> Iterator[object]:
        """Show both lines, each cut or filled to the width of the display."""
        upper, lower = self._line(command.upper), self._line(command.lower)
        if self._settings.dialect == "epson":
            yield Send(EPSON_PLACE + b"\x01\x01" + upper + EPSON_PLACE + b"\x01\x02" + lower)
        else:
            yield Send(b"".join([CD5220_LINES[0], upper, b"\r", CD5220_LINES[1], lower, b"\r"]))

    def _line(self, text: str) -> bytes:
        settings = self._settings
        return rows(text, settings.columns, settings.encoding)[0].ljust(settings.columns)


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    says=(),
    obeys=(Show,),
    wire={"baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
)
