"""What a wire is, whatever it is made of, and how the URLs that name one are declared."""

import asyncio
import errno
import os
import termios
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.codec import BadSettings, Kind, LinkLost


class Link(Protocol):
    """Something that can be opened, lost, and opened again."""

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """Connect `protocol` to a new transport.

        `connection_made` has been called when this returns. Raises LinkLost when opening
        again may help, BadSettings when it will not. If it raises, or is cancelled, whatever
        it had opened is closed by itself, and `connection_lost` may never be called.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a URL may begin with; a file of this package declares one in its constant `SCHEME`.

    `link` takes the whole URL and the options that were given; it raises BadSettings, in words
    for people, for what makes no sense. `example` is such a URL.
    """

    example: str
    carries: tuple[Kind, ...]
    options: tuple[str, ...]
    """The options its links have a meaning for, such as "baud"."""
    link: Callable[[str, Mapping[str, object]], Link]


STREAM_OPTIONS: Final = ("baud", "data_bits", "parity", "stop_bits", "exclusive")
"""What every driver of a stream may ask of its wire; only a serial port has to obey."""


def check(good: bool, otherwise: str) -> None:
    """Raise BadSettings with the text `otherwise` unless all is `good`."""
    if not good:
        raise BadSettings(otherwise)


def one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise BadSettings unless `value` is one of those allowed, of the same type."""
    # 1 and True are equal in Python, but not in a configuration file.
    good = any(type(value) is type(one) and value == one for one in allowed)
    check(good, f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")


def text(name: str, value: object) -> str:
    """Return an option that is a text, or raise BadSettings."""
    if not isinstance(value, str) or not value:
        raise BadSettings(f"{name} must be a text, not {value!r}")
    return value


def reason(error: OSError | termios.error) -> str:
    """Return what the system says of an error, in words and without its number."""
    number = error.args[0] if error.args else None
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error)


def port_failure(path: str, error: OSError | termios.error) -> LinkLost | BadSettings:
    """Return what a failure to open or to set up the port at `path` means for us."""
    # Rights are not settings: udev hands a new port to its group a moment after it appears.
    number = error.args[0] if error.args else None
    if number in {errno.ENOTTY, errno.EISDIR, errno.ENOTDIR}:
        return BadSettings(f"{path} is not a serial port")
    if number == errno.EINVAL:
        return BadSettings(f"{path} cannot do these settings")
    if number == errno.EBUSY:
        return LinkLost(f"{path} is in use by another program")
    return LinkLost(f"{path}: {reason(error)}")
