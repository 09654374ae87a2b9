"""Runs one of our terminals as a program for the kit."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.conform.tills.cashier import Cashier, listen
from simulators.conform.tills.open_sales import OpenSales
from simulators.handheld import Handheld
from simulators.pc_pos import PcPos
from simulators.request_keys import new_key

FOREVER = 1e9
ASK_AGAIN_SECONDS = 0.3
"""Short, so that a hundred silences are soon over."""


class _OnMqtt:
    """A handheld that never gives up by itself."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld

    async def request(
        self, operation: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Return the box's answer."""
        return await self._handheld.request(operation, body, key=key, timeout=FOREVER)


async def main(kind: str) -> None:
    """Sell until standard input ends."""
    told = json.loads(os.environ["EDGEBOX_CONFORM"])
    sales = OpenSales(Path(told["folder"]))
    if kind == "handheld":
        async with Handheld(
            told["host"],
            told["mqtt_port"],
            told["store"],
            told["terminal"],
            told["token"],
            ask_again_seconds=ASK_AGAIN_SECONDS,
        ) as handheld:
            await listen(Cashier(_OnMqtt(handheld), sales, new_key))
    else:
        url = f"http://{told['host']}:{told['http_port']}"
        async with PcPos(url, told["terminal"], told["token"]) as pc_pos:
            await listen(Cashier(pc_pos, sales, new_key))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
