"""A till without patience: it tries each request once, and notes what it was told.

Whoever runs it asks later what became of the sales it heard nothing of.
"""

import asyncio
import random
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import aiohttp

from simulators import demo_data
from simulators.premises import Premises
from simulators.request_keys import new_key
from tests.faults.cashiers import BASKETS, Intent, Record, stored
from tests.faults.judging import must

ATTEMPT_SECONDS_MAX = 15.0
POLL_SECONDS = 0.02
OK, CONFLICT = 200, 409
COMING = {"E-HISTORY-GAP", "E-IN-PROGRESS"}
"""Said by a box that was put back, until the cloud has told it what it did meanwhile."""


class Till:
    """The PC till `name` of some premises. Use it as an async context manager."""

    def __init__(self, premises: Premises, name: str, record: Record, luck: random.Random) -> None:
        self._premises, self._name, self._record, self._luck = premises, name, record, luck
        self._quotes: dict[int, dict[str, Any]] = {}
        self.refused: dict[str, Any] | None = None
        """The last answer that bound no key: the box could not sell just then."""

    async def __aenter__(self) -> "Till":
        self._session = aiohttp.ClientSession(
            self._premises.http_url,
            headers={"Authorization": f"Bearer {self._name}:{self._premises.tokens[self._name]}"},
            timeout=aiohttp.ClientTimeout(ATTEMPT_SECONDS_MAX),
            connector=aiohttp.TCPConnector(force_close=True),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def attempt(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the box's answer with its status, None if there was none."""
        return await self._exchange("POST", f"/v1/{operation}", body)

    async def health(self) -> dict[str, Any] | None:
        """Return how the box says it is, None if it does not answer."""
        return await self._exchange("GET", "/v1/health", None)

    async def quote(self) -> None:
        """Get prices for all baskets, so that selling is one request."""
        for number, (lines, member) in enumerate(BASKETS):
            basket: dict[str, Any] = {"lines": lines}
            if member is not None:
                basket["member"] = {"kind": "card", "text": demo_data.card_number(member)}
            quoted = await self.attempt("quote", basket)
            if quoted is not None and "quote" in quoted:
                self._quotes[number] = {
                    **basket, "cashier": "anna", "quote": quoted["quote"],
                    "expected_total": quoted["total"],
                    "tenders": [{"kind": "cash", "amount": quoted["total"] + 500}],
                }  # fmt: skip

    async def sell(self, number: int | None = None) -> bool:
        """Sell one basket, by its index or any; return whether it was answered with a sale."""
        number = self._luck.randrange(len(BASKETS)) if number is None else number
        return await self.do("sell", self._quotes[number]) is not None

    async def sell_for_value(self, number: int) -> bool:
        """Sell a member's basket for their stored value; return whether it was sold."""
        quoted = self._quotes[number]
        tenders = [{"kind": "value", "amount": quoted["expected_total"]}]
        return await self.do("sell", {**quoted, "tenders": tenders}) is not None

    async def do(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Have something done under a new key; return the answer, None if it was not done."""
        body = {"cashier": "anna", **body, "key": new_key()}
        intent = Intent(self._name, body["key"], body, price_is_right=True, operation=operation)
        self._record.intents[intent.key] = intent
        answer = await self.attempt(operation, body)
        if answer is None:
            return None
        if answer["status"] == OK:
            intent.answer = _as_stored(answer)
            return answer
        must(answer["status"] != CONFLICT, operation, "is declined:", answer)
        must(str(answer.get("code", "")).startswith("E-"), "a refusal without a code:", answer)
        self.refused = answer
        return None

    async def asked(self, key: str) -> dict[str, Any]:
        """Return what a box says of a key, once it is sure to have all that was ever done."""
        async with asyncio.timeout(ATTEMPT_SECONDS_MAX):
            while (told := await self.attempt("ask", {"key": key})) and told.get("code") in COMING:
                await asyncio.sleep(POLL_SECONDS)
        must(told is not None and told["status"] == OK, key, "is asked for:", told)
        assert told is not None
        return told

    async def settle(self) -> int:
        """Ask what became of every request without an answer; return how many there were.

        Each is done or never, and what never was cannot be done any more.
        """
        left = [intent for intent in self._record.intents.values() if intent.open]
        for intent in left:
            told = await self.asked(intent.key)
            must(told["fate"] in ("done", "never"), intent.key, "is neither:", told)
            intent.fate = told["fate"]
            if intent.fate == "done":
                intent.answer = stored(told["answer"])
            else:
                intent.late = await self.attempt(intent.operation, intent.body)
        return len(left)

    async def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> dict[str, Any] | None:
        try:
            async with self._session.request(method, path, json=body) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        return {"status": response.status, **answer} if isinstance(answer, dict) else None


def _as_stored(answer: Mapping[str, Any]) -> bytes:
    """Return a sale's answer as the box must have kept it."""
    return stored({name: value for name, value in answer.items() if name != "status"})
