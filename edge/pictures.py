"""What a box's cameras see: pictures go in, each code that comes into sight comes out once.

Reading a picture takes milliseconds of a core, so a thread does it. One picture is read at a time;
of each camera only the latest waits, so a slow box sees less often, never later.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from drivers.camera import read_codes
from drivers.events import Event, Fault, Scan

AGAIN_SECONDS: Final = 1.5
"""A code is a new scan once it was out of sight for this long."""
SEEN_MAX: Final = 64
"""How many codes in sight are remembered."""

Read = Callable[[bytes], tuple[Scan, ...] | Fault]
Say = Callable[[str, Event], None]


class Pictures:
    """The pictures that wait. `say` is told what was read, by the name of the camera."""

    def __init__(self, say: Say, read: Read = read_codes) -> None:
        self._say, self._read = say, read
        self._waiting: dict[str, bytes] = {}
        self._some = asyncio.Event()
        self._seen: dict[tuple[str, Scan], float] = {}

    def take(self, camera: str, picture: bytes) -> None:
        """Take the latest picture of a camera; one that was not read yet is forgotten."""
        self._waiting[camera] = picture
        self._some.set()

    async def run(self) -> None:
        """Read pictures until cancelled."""
        while True:
            await self._some.wait()
            camera = next(iter(self._waiting))
            picture = self._waiting.pop(camera)
            if not self._waiting:
                self._some.clear()
            found = await asyncio.to_thread(self._look, picture)
            now = asyncio.get_running_loop().time()
            if isinstance(found, Fault):
                self._say(camera, found)
                continue
            for scan in found:
                self._see(camera, scan, now)

    def _look(self, picture: bytes) -> tuple[Scan, ...] | Fault:
        try:
            return self._read(picture)
        except Exception as error:  # a stranger's picture stops no till, whatever a decoder does
            return Fault(f"a picture that cannot be read: {type(error).__name__}")

    def _see(self, camera: str, scan: Scan, now: float) -> None:
        seen = {key: at for key, at in self._seen.items() if now - at < AGAIN_SECONDS}
        is_new = (camera, scan) not in seen
        if is_new and len(seen) >= SEEN_MAX:
            return
        self._seen = {**seen, (camera, scan): now}
        if is_new:
            self._say(camera, scan)
