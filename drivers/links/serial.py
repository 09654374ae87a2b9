"""Serial ports: RS-232, USB-serial (CDC-ACM), ptys."""

import asyncio
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.codec import BadSettings
from drivers.links.link import check, one_of, port_failure

BAUD_MIN, BAUD_MAX = 50, 4_000_000


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A serial port, by its path: a tty, a pty, or a name below /dev/serial/by-id.

    `exclusive` takes a lock (flock) so that a second program with manners stays away.
    Raises BadSettings, in words for people, when the settings make no sense.
    """

    path: str
    baud: int = 9600
    data_bits: int = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: int = 1
    exclusive: bool = True

    def __post_init__(self) -> None:
        """Refuse what no port can do before any port is touched."""
        check(self.path.startswith("/"), f"path {self.path!r} must start with /")
        check(
            type(self.baud) is int and BAUD_MIN <= self.baud <= BAUD_MAX,
            f"baud must be a whole number from {BAUD_MIN} to {BAUD_MAX}, not {self.baud!r}",
        )
        one_of("data_bits", self.data_bits, (5, 6, 7, 8))
        one_of("parity", self.parity, ("none", "even", "odd"))
        one_of("stop_bits", self.stop_bits, (1, 2))
        one_of("exclusive", self.exclusive, (True, False))

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. What the port had buffered before is discarded."""
        import serialx  # noqa: PLC0415 - of a twentieth of a start's work, many shops need nothing

        try:
            transport, _ = await serialx.create_serial_connection(
                asyncio.get_running_loop(),
                lambda: protocol,
                self.path,
                self.baud,
                serialx.Parity[self.parity.upper()],
                serialx.StopBits(self.stop_bits),
                exclusive=self.exclusive,
                byte_size=self.data_bits,
            )
        except serialx.UnsupportedSetting as error:
            raise BadSettings(f"{self.path}: {error}") from error
        except (OSError, termios.error) as error:
            raise port_failure(self.path, error) from error
        return transport


def check_stream_options(wire: Mapping[str, object]) -> None:
    """Raise BadSettings for options that no serial port could obey."""
    SerialLink("/", **wire)  # type: ignore[arg-type] # checked in __post_init__
