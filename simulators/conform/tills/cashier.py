"""How a till sells, whatever it talks through: the key is made and kept before it is sent."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from simulators.conform.tills.open_sales import OpenSales


class Wire(Protocol):
    """A way to the box that answers in the end, however often it has to try."""

    async def request(
        self, operation: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Return the box's answer, a reply or a problem."""
        ...


class Cashier:
    """Sells by wish, one task each, and says each outcome once."""

    def __init__(self, wire: Wire, sales: OpenSales, new_key: Any) -> None:
        self._wire, self._sales, self._new_key = wire, sales, new_key
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def go_on(self) -> None:
        """Bring to an end what another life of this program left open."""
        for wish, request in self._sales.items():
            self._start(wish, self._send(wish, request))

    def hear(self, line: str) -> None:
        """Take one wish."""
        said = json.loads(line)
        wish = said["id"]
        if said["do"] == "sell":
            self._start(wish, self._sell(said))
            return
        self._start(wish, self._find_out(wish, self._tasks[wish]))

    def _start(self, wish: str, work: Any) -> None:
        self._tasks[wish] = asyncio.create_task(work)

    async def _sell(self, wish: dict[str, Any]) -> None:
        lines = [{"code": wish["code"], "quantity": wish["quantity"]}]
        quoted = await self._wire.request("quote", {"lines": lines})
        if "code" in quoted:
            _tell(id=wish["id"], outcome="refused", code=quoted["code"])
            return
        request = {
            "key": self._new_key(), "cashier": "amy", "lines": lines, "quote": quoted["quote"],
            "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": wish["cash"]}],
        }  # fmt: skip
        self._sales.keep(wish["id"], request)
        await self._send(wish["id"], request)

    async def _send(self, wish: str, request: dict[str, Any]) -> None:
        answer = await self._wire.request("sell", request, key=request["key"])
        self._ends(wish, answer)

    async def _find_out(self, wish: str, trying: "asyncio.Task[None]") -> None:
        while not trying.done():
            # Once may not be enough: before Python 3.12 `asyncio.wait_for` can swallow it.
            trying.cancel()
            await asyncio.wait((trying,), timeout=0.05)
        request = self._sales.get(wish)
        if request is None:  # never sent: nobody can have sold it
            _tell(id=wish, outcome="not sold")
            return
        fate = await self._wire.request("ask", {"key": request["key"]}, key=request["key"])
        if fate.get("fate") == "never":
            self._sales.close(wish)
            _tell(id=wish, outcome="not sold")
            return
        self._ends(wish, fate.get("answer", fate))

    def _ends(self, wish: str, answer: dict[str, Any]) -> None:
        self._sales.close(wish)
        if "code" in answer:
            _tell(id=wish, outcome="refused", code=answer["code"])
            return
        told = {name: answer[name] for name in ("receipt", "text", "total", "change")}
        _tell(id=wish, outcome="sold", **told)


async def listen(cashier: Cashier) -> None:
    """Say that all is ready, and take wishes from standard input until it ends."""
    cashier.go_on()
    _tell(ready=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        cashier.hear(line)


def _tell(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
