"""Tills that each break one promise on purpose, to see that the kit notices.

python -m tests.broken_till BREAKAGE
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from simulators.conform.tills.cashier import Cashier, listen
from simulators.conform.tills.open_sales import OpenSales
from simulators.pc_pos import PcPos
from simulators.request_keys import new_key

WRONG_KEY = "00000000-0000-7000-8000-000000000000"


class NewKeyEachTry(PcPos):
    """Each try gets a key of its own: two effects wait to happen."""

    async def _attempt(self, method: str, path: str, headers: Any, body: Any) -> Any:
        if path == "/v1/sell":
            key = new_key()
            headers, body = {"Idempotency-Key": key}, {**body, "key": key}
        return await super()._attempt(method, path, headers, body)


class AnotherContent(PcPos):
    """Each try says something else under the same key."""

    tries = itertools.count()

    async def _attempt(self, method: str, path: str, headers: Any, body: Any) -> Any:
        if path == "/v1/sell":
            body = {**body, "cashier": f"amy{next(self.tries)}"}
        return await super()._attempt(method, path, headers, body)


class Optimist(PcPos):
    """What was sent is as good as sold."""

    async def _attempt(self, method: str, path: str, headers: Any, body: Any) -> Any:
        answer = await super()._attempt(method, path, headers, body)
        if answer is None and path == "/v1/sell":
            return {"receipt": "?", "text": "", "total": 500, "change": 1500}
        return answer


class Stubborn(PcPos):
    """A no is never enough."""

    async def request(
        self, operation: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        answer = await super().request(operation, body, key=key)
        if operation == "sell" and "code" in answer:
            answer = await super().request(operation, body, key=key)
        return answer


class GivesUpTooSoon(PcPos):
    """One failure, and it was refused."""

    async def _attempt(self, method: str, path: str, headers: Any, body: Any) -> Any:
        answer = await super()._attempt(method, path, headers, body)
        return answer or {"code": "E-OFFLINE"}


class Credulous(PcPos):
    """Whatever comes with a 200 is an answer."""

    async def _attempt(self, method: str, path: str, headers: Any, body: Any) -> Any:
        try:
            async with self._session.request(method, path, json=body, headers=headers) as response:
                raw = await response.read()
        except (aiohttp.ClientError, TimeoutError):
            return None
        if response.status >= 500:
            return None
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = {}
        return answer if isinstance(answer, dict) and "quote" in answer else {
            "receipt": "?", "text": "", "total": 500, "change": 1500, **(answer or {})
        }  # fmt: skip


class NeverAsks(Cashier):
    """Who gives up was not sold anything."""

    async def _find_out(self, wish: str, trying: "asyncio.Task[None]") -> None:
        trying.cancel()
        print(json.dumps({"id": wish, "outcome": "not sold"}), flush=True)


class Forgetful(OpenSales):
    """What is on paper only in memory."""

    def _write(self) -> None:
        pass


class TakesMore(Cashier):
    """A new price is as good as the old one."""

    async def _send(self, wish: str, request: dict[str, Any]) -> None:
        answer = await self._wire.request("sell", request, key=request["key"])
        if answer.get("code") == "E-PRICE-CHANGED":
            quoted = answer["quote"]
            request = {
                **request, "key": new_key(), "quote": quoted["quote"],
                "expected_total": quoted["total"],
            }  # fmt: skip
            answer = await self._wire.request("sell", request, key=request["key"])
        self._ends(wish, answer)


PARTS: dict[str, tuple[type[PcPos], type[Cashier], type[OpenSales]]] = {
    "new_key_each_try": (NewKeyEachTry, Cashier, OpenSales),
    "another_content": (AnotherContent, Cashier, OpenSales),
    "optimist": (Optimist, Cashier, OpenSales),
    "stubborn": (Stubborn, Cashier, OpenSales),
    "gives_up_too_soon": (GivesUpTooSoon, Cashier, OpenSales),
    "credulous": (Credulous, Cashier, OpenSales),
    "never_asks": (PcPos, NeverAsks, OpenSales),
    "forgetful": (PcPos, Cashier, Forgetful),
    "takes_more": (PcPos, TakesMore, OpenSales),
}


async def main(breakage: str) -> None:
    wire, cashier, sales = PARTS[breakage]
    told = json.loads(os.environ["EDGEBOX_CONFORM"])
    url = f"http://{told['host']}:{told['http_port']}"
    async with wire(url, told["terminal"], told["token"]) as pc_pos:
        await listen(cashier(pc_pos, sales(Path(told["folder"])), new_key))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
