"""Where a case is played: a box, a terminal, and what came over the wire since it began."""

import json
from collections.abc import Sequence
from typing import Any

from drivers import terminal as words
from simulators.conform.terminal.far_box import STORE, TERMINAL, FarBox
from simulators.conform.terminal.moves import Answered, Arrival, Door, Move
from simulators.conform.terminal.under_test import Outcome, UnderTest


class Broken(Exception):
    """The terminal broke a promise; `str()` says which and how."""


class Stage:
    """One case at a time. `moves` happen to its sales in order, then everything is answered."""

    def __init__(self, door: Door, box: FarBox, terminal: UnderTest) -> None:
        self.door, self.box, self.terminal = door, box, terminal
        self._moves: list[Move] = []
        self._others: dict[str, list[Move]] = {}
        self._since = self._sold_before = self._wishes = 0
        box.choose = self._choose

    def begin(self) -> None:
        """Forget the case before."""
        self._moves, self._others, self._wishes = [], {}, 0
        self.box.brain.dearer = 0
        self._since, self._sold_before = len(self.box.arrivals), len(self.box.brain.sold)

    def will(self, *moves: Move) -> None:
        """Let these happen to the coming sales."""
        self._moves = list(moves)

    def will_to(self, operation: str, *moves: Move) -> None:
        """Let these happen to coming requests of another operation."""
        self._others[operation] = list(moves)

    def _choose(self, arrival: Arrival) -> Move:
        moves = (
            self._moves if arrival.operation == "sell" else self._others.get(arrival.operation, [])
        )
        return moves.pop(0) if moves else Answered()

    # --- what the terminal does

    def wish(self, quantity: str = "1", cash: int = 2000) -> str:
        """Let the cashier wish for a sale."""
        self._wishes += 1
        return self.terminal.sell(quantity, cash)

    async def sell(self, quantity: str = "1", cash: int = 2000) -> Outcome:
        """Wish for a sale, and return its outcome."""
        return await self.terminal.outcome(self.wish(quantity, cash))

    async def sold(self, quantity: str = "1") -> Outcome:
        """Sell, which must succeed."""
        outcome = await self.sell(quantity)
        self.check(
            outcome.outcome == "sold", f"the sale was answered, and it told {_said(outcome)}"
        )
        return outcome

    def arrivals(self, operation: str = "sell") -> list[Arrival]:
        """Return what has come since the case began, of one operation."""
        return [a for a in self.box.arrivals[self._since :] if a.operation == operation]

    def keys(self) -> list[str]:
        """Return the keys of all sales that came, in order, each once."""
        return list(dict.fromkeys(_body(arrival).get("key", "") for arrival in self.arrivals()))

    def check(self, good: bool, otherwise: str) -> None:
        """Raise Broken unless a promise is kept."""
        if not good:
            raise Broken(otherwise)

    # --- what is true of every case

    def judge(self, outcomes: Sequence[Outcome] = ()) -> None:
        """Check what must hold whatever was played. Raises Broken."""
        for arrival in self.arrivals():
            self._well_formed(arrival)
        self._one_key_one_content()
        sold = len(self.box.brain.sold) - self._sold_before
        self.check(sold <= self._wishes, f"{self._wishes} wishes became {sold} sales")

    def _well_formed(self, arrival: Arrival) -> None:
        try:
            words.decode(arrival.operation, arrival.body)
        except words.Malformed as malformed:
            raise Broken(
                f"sent what nobody can read: {malformed.code} {malformed.params}"
            ) from None
        if arrival.door == "mqtt":
            own = f"edge/v1/{STORE}/{TERMINAL}/rsp/"
            topic = arrival.response_topic or ""
            self.check(topic.startswith(own), "wants its answer where nobody may answer")
            self.check(not arrival.retained, "sent a request retained")
            self.check(bool(arrival.correlation), "sent a request without correlation data")
        elif arrival.key_header is not None:
            same = arrival.key_header == _body(arrival).get("key")
            self.check(same, "says one key in the header and another in the body")

    def _one_key_one_content(self) -> None:
        contents: dict[str, Any] = {}
        for arrival in self.arrivals():
            body = _body(arrival)
            before = contents.setdefault(body["key"], body)
            self.check(before == body, "sent the same key with another content")


def _body(arrival: Arrival) -> dict[str, Any]:
    body = json.loads(arrival.body)
    return body if isinstance(body, dict) else {}


def _said(outcome: Outcome) -> str:
    return f"{outcome.outcome} {outcome.code}".strip()
