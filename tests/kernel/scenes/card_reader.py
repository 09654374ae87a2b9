"""A USB card reader (CCID) behind the real pcscd and libccid: a card, no card, no reader."""

import asyncio
from pathlib import Path
from typing import Any

from drivers.events import CardPresented, CardRemoved
from drivers.links import from_url
from tests.kernel.scenes.listening import listening, outside, until

RUN = Path("/run")
READER = "pcsc:Gemalto*"
"""What QEMU calls its reader; the one that vpcd adds on this machine is not it."""


async def card_reader(root: Path) -> dict[str, Any]:
    """Lay a card on the reader, take it away, lay it there again, and pull the reader."""
    # udevd is udevadm under another name.
    udevd = await _started("systemd-udevd", executable=root / "bin" / "udevadm")
    pcscd = await _started("/usr/sbin/pcscd", "-f")
    try:
        await until(lambda: _there(RUN / "pcscd" / "pcscd.comm"))
        return await _shown()
    finally:
        for process in (pcscd, udevd):
            process.kill()
            await process.wait()


async def _shown() -> dict[str, Any]:
    async with listening("pcsc_reader", from_url(READER)) as reader:
        while (await reader.next()).state != "ready":
            pass  # the reader is not known at once: udev has to find it first
        texts = []
        for _ in range(2):
            outside("insert card")
            presented = await reader.next()
            assert isinstance(presented, CardPresented), presented
            texts.append(presented.text)
            outside("take card")
            assert await reader.next() == CardRemoved()
        outside("pull reader")
        lost = await reader.state("lost")
        outside("push reader")
        back = await reader.state("ready")
        outside("insert card")
        assert await reader.next() == presented
    assert texts[0] == texts[1]
    return {"cards": texts, "lost_seconds": lost, "back_seconds": back}


async def _started(
    name: str, *options: str, executable: Path | None = None
) -> asyncio.subprocess.Process:
    (RUN / "udev").mkdir(exist_ok=True)
    (RUN / "pcscd").mkdir(exist_ok=True)
    nowhere = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        name, *options, executable=executable, stdout=nowhere, stderr=nowhere
    )


def _there(path: Path) -> Path | None:
    return path if path.exists() else None
