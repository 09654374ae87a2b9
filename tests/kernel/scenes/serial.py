"""A scanner on a USB serial adapter (FTDI), pulled in the middle of things and renamed."""

import os
from pathlib import Path
from typing import Any

from drivers.events import Scan
from drivers.links import from_url
from tests.kernel.scenes.listening import listening, outside, until

CODE = "6901234567892"


async def serial(root: Path) -> dict[str, Any]:
    """Scan, pull the adapter, push it in again while its old name is taken, scan again."""
    port = await until(_port)
    async with listening("lines_scanner", from_url(str(port), baud=9600)) as scanner:
        await scanner.state("ready")
        outside("scan", code=CODE)
        assert await scanner.next() == Scan(CODE)
        outside("pull serial")
        lost = await scanner.state("lost")
        outside("push serial")
        back = await scanner.state("ready")
        outside("scan", code=CODE)
        assert await scanner.next() == Scan(CODE)
    return {"port": str(port), "lost_seconds": lost, "back_seconds": back}


def _port() -> Path | None:
    found = sorted(name for name in os.listdir("/dev") if name.startswith("ttyUSB"))
    return Path("/dev", found[0]) if found else None
