"""What runs inside the machine: each scene in turn, on devices that only a kernel can make."""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.kernel.scenes import SCENES


async def play(names: list[str], root: Path) -> None:
    """Play scenes, and print for each what it found or how it failed."""
    for name in names:
        try:
            async with asyncio.timeout(150):
                found = await SCENES[name](root)
        except Exception as error:
            found = {"failed": f"{type(error).__name__}: {error}"}
        print("KERNEL " + json.dumps({"scene": name, **found}), flush=True)


if __name__ == "__main__":
    asyncio.run(play(sys.argv[2:], Path(sys.argv[1])))
