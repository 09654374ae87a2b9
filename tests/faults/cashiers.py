"""Terminals under load, and the record of what each key was told. Knows nothing of the box.

A cashier sells without pause. When the box dies under a sale, they either send it again with
the same key until it is answered, or (once `cut`) ask what became of it.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from simulators import demo_data
from simulators.request_keys import new_key

Lines = Sequence[Mapping[str, str]]
BASKETS: Sequence[tuple[Lines, int | None]] = (
    ([{"code": demo_data.ean(5), "quantity": "2"}], None),
    ([{"code": demo_data.ean(1)}, {"code": "apples", "quantity": "0.435"}], 2),
    ([{"code": demo_data.ean(index)} for index in range(1, 9)], 4),
    ([{"code": demo_data.ean(20)}, {"code": demo_data.ean(31), "quantity": "3"}], 3),
)
"""What is bought, and the index of the member who buys it."""
OVERCHARGED_ONE_IN = 12
OK = 200


class Wire(Protocol):
    """A terminal's way to the box: asks with the same key until the box itself answers."""

    async def request(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the box's answer."""


@dataclass(slots=True)
class Intent:
    """One request key, and everything its terminal was told about it."""

    terminal: str
    key: str
    body: Mapping[str, Any]
    price_is_right: bool
    """Whether it must be done; else it must be refused, for good, for its price."""
    operation: str = "sell"
    answer: bytes | None = None
    """Three digits of status and the JSON, as far as the terminal knows an answer."""
    fate: Literal["done", "never"] | None = None
    """What `ask` said, if it came to that."""
    late: dict[str, Any] | None = None
    """What a sale sent after "never" was told."""

    @property
    def open(self) -> bool:
        """Whether its terminal still does not know how it ended."""
        return self.answer is None and self.fate is None


@dataclass(slots=True)
class Record:
    """All intents by key, in the order in which they were made."""

    intents: dict[str, Intent] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    """How often each terminal learned how a sale ended."""
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, terminal: str) -> None:
        """Note that a terminal learned how its sale ended."""
        self.answers[terminal] += 1
        self._heard.set()
        self._heard = asyncio.Event()

    async def answered(self, count: int) -> None:
        """Wait until so many more answers were heard."""
        goal = self.answers.total() + count
        while self.answers.total() < goal:
            await self._heard.wait()

    async def all_answered(self, terminals: Collection[str]) -> None:
        """Wait until each terminal has heard one more answer."""
        before = self.answers.copy()
        while any(self.answers[name] == before[name] for name in terminals):
            await self._heard.wait()

    def sold(self) -> Sequence[Intent]:
        """Return the intents that are known to be sales."""
        sales = (intent for intent in self.intents.values() if intent.operation == "sell")
        return [intent for intent in sales if (intent.answer or b"").startswith(b"200")]


class Cashier:
    """Somebody at a terminal who sells as fast as the box answers."""

    def __init__(self, terminal: str, wire: Wire, record: Record, luck: random.Random) -> None:
        self._terminal, self._wire, self._record, self._luck = terminal, wire, record, luck
        self._quotes: dict[int, dict[str, Any]] = {}
        self._selling: asyncio.Task[dict[str, Any]] | None = None
        self._intent: Intent | None = None

    @property
    def struck(self) -> Intent | None:
        """The intent that waits for its answer just now."""
        return self._intent if self._intent is not None and self._intent.open else None

    async def trade(self, closing: asyncio.Event) -> None:
        """Sell until closing time; see the last sale through."""
        while not closing.is_set():
            self._intent = await self._intend()
            self._record.intents[self._intent.key] = self._intent
            await self._sell(self._intent)
            self._intent = None

    def cut(self) -> None:
        """Make them ask what became of their sale, in the place of sending it again."""
        if self._selling is not None:
            self._selling.cancel()

    async def _intend(self) -> Intent:
        number = self._luck.randrange(len(BASKETS))
        lines, member = BASKETS[number]
        basket: dict[str, Any] = {"lines": lines}
        if member is not None:
            basket["member"] = {"kind": "card", "text": demo_data.card_number(member)}
        if number not in self._quotes:  # quoted once: prices survive a restart
            self._quotes[number] = await self._wire.request("quote", basket)
        quote = self._quotes[number]
        right = self._luck.randrange(OVERCHARGED_ONE_IN) > 0
        body = {
            **basket, "key": new_key(), "cashier": "anna", "quote": quote["quote"],
            "expected_total": quote["total"] + (0 if right else 1),
            "tenders": [{"kind": "cash", "amount": quote["total"] + 500}],
        }  # fmt: skip
        return Intent(self._terminal, body["key"], body, right)

    async def _sell(self, intent: Intent) -> None:
        selling = self._selling = asyncio.create_task(self._wire.request("sell", intent.body))
        try:
            await asyncio.wait([selling])
        finally:
            selling.cancel()
        self._selling = None
        if selling.cancelled():
            await self._ask(intent)
        else:
            intent.answer = stored(selling.result())
        self._record.hear(self._terminal)

    async def _ask(self, intent: Intent) -> None:
        told = await self._wire.request("ask", {"key": intent.key})
        intent.fate = told["fate"]
        if intent.fate == "done":
            intent.answer = stored(told["answer"])
        else:
            intent.late = await self._wire.request("sell", intent.body)


def stored(answer: Mapping[str, Any]) -> bytes:
    """Return an answer as the box must have kept it: its status, and its JSON without a blank."""
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return b"%03d" % answer.get("status", OK) + body.encode()
