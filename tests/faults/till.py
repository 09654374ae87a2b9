"""A till without patience: it tries each request once, and notes what it was told.

Whoever runs it asks later what became of the sales it heard nothing of.
"""

import random
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import aiohttp

from simulators import demo_data
from simulators.handheld import new_key
from simulators.premises import Premises
from tests.faults.cashiers import BASKETS, Intent, Record, stored
from tests.faults.judging import must

ATTEMPT_SECONDS_MAX = 15.0
OK, CONFLICT = 200, 409


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
        body = {**self._quotes[number], "key": new_key()}
        intent = Intent(self._name, body["key"], body, price_is_right=True)
        self._record.intents[intent.key] = intent
        answer = await self.attempt("sell", body)
        if answer is None:
            return False
        if answer["status"] == OK:
            intent.answer = _as_stored(answer)
            return True
        must(answer["status"] != CONFLICT, "a sale as quoted is declined:", answer)
        must(str(answer.get("code", "")).startswith("E-"), "a refusal without a code:", answer)
        self.refused = answer
        return False

    async def settle(self) -> int:
        """Ask what became of every sale without an answer; return how many there were.

        Each is done or never, and one that never was cannot be sold any more.
        """
        left = [intent for intent in self._record.intents.values() if intent.open]
        for intent in left:
            told = await self.attempt("ask", {"key": intent.key})
            must(told is not None and told["status"] == OK, intent.key, "is asked for:", told)
            assert told is not None
            must(told["fate"] in ("done", "never"), intent.key, "is neither:", told)
            intent.fate = told["fate"]
            if intent.fate == "done":
                intent.answer = stored(told["answer"])
            else:
                intent.late = await self.attempt("sell", intent.body)
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
