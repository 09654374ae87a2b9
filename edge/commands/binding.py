"""Finds the device that somebody just used, and what its section should say."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import drivers
from drivers.codec import BadSettings, LinkLost
from drivers.links import from_url
from drivers.profiles import Sample, propose
from edge import config as settings
from edge.commands.hid_binding import Found, reporting, typed
from edge.commands.shared import EXIT_USAGE, stop

QUIET_SECONDS: Final = 0.15
"""A scan is over when nothing more has come for so long."""
TRIED: Final[Mapping[str, Callable[[bytes, str], Found | None]]] = {
    "input": typed, "hidraw": lambda descriptor, _: reporting(descriptor),
}  # fmt: skip
"""By kind of wire: how to find out what speaks there; anything else sends lines."""
LINES: Final = "lines_scanner"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A driver and its settings; not to be trusted with anything in `unclear` (profiles.DOUBTS)."""

    driver: str
    settings: Mapping[str, object]
    unclear: Sequence[str] = ()


async def first_to_speak(urls: Sequence[str], seconds: float) -> tuple[str, bytes] | None:
    """Return where the first bytes came from, and all of that scan; None if nothing came.

    What cannot be opened, such as a port that a running box has, is left out.
    """
    spoke: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()
    opened = []
    for url in urls:
        with suppress(LinkLost, BadSettings):
            ear = _Ear(url, spoke)
            opened.append((await from_url(url).open(ear), ear))
    try:
        async with asyncio.timeout(seconds):
            return await spoke
    except TimeoutError:
        return None
    finally:
        for transport, ear in opened:
            transport.abort()
            await ear.gone.wait()


class _Ear(asyncio.Protocol):
    """Hears one wire until it is quiet again."""

    def __init__(self, url: str, spoke: "asyncio.Future[tuple[str, bytes]]") -> None:
        self._url, self._spoke, self._data = url, spoke, b""
        self._reports = url.startswith("hidraw:")
        self.gone = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        if self._reports and not self._data:
            self._data = data  # what it is; that it spoke, only a report says
            return
        if not self._reports:
            self._data += data
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self._quiet, len(self._data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def _quiet(self, size: int) -> None:
        if size == len(self._data) and not self._spoke.done():
            self._spoke.set_result((self._url, self._data))


def proposed(url: str, data: bytes, text: str) -> Proposed:
    """Return what a section for this device should say, after a scan of `text` sent `data`."""
    try_out = TRIED.get(url.partition(":")[0])
    if try_out is not None:
        explained = try_out(data, text)
        return Proposed(*explained) if explained else Proposed("", {}, ("other",))
    found = propose([(Sample(text, "E0"), data)])
    default = drivers.load(LINES).settings()
    changed = {
        key: value for key, value in found.settings.items() if getattr(default, key) != value
    }
    return Proposed(LINES, changed, found.unclear)


def add_section(path: Path, section: str) -> None:
    """Add a section to the configuration, or stop with what would be wrong with it then."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(f"{path.read_text('utf-8').rstrip()}\n\n{section}\n", "utf-8")
        settings.load(new)
        new.replace(path)
    except OSError as error:
        stop(EXIT_USAGE, f"{path} cannot be written: {error.strerror}", "add the section by hand")
    except settings.ConfigError as error:
        new.unlink()
        stop(EXIT_USAGE, str(error))
