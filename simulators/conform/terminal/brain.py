"""A box as it should be, small enough to be read at once: one product, cash, one key one effect."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from drivers import terminal as words
from simulators.conform.terminal.catalogue import Code, codes
from simulators.conform.terminal.moves import Arrival

UNIT_PRICE = 500
CURRENCY = "CNY"
AHEAD_MS = 900_000


class Brain:
    """Answers requests as the vocabulary says. `now_ms` is the box's clock, right or wrong.

    `dearer` is added to each unit's price: a price that changed since it was quoted.
    """

    def __init__(self) -> None:
        self.now_ms = 1_795_000_000_000
        self.dearer = 0
        self.sold: dict[str, dict[str, Any]] = {}
        """Each sale that happened, by its key."""
        self._bound: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self._sequence = 0
        self._codes = codes()

    def answer(self, arrival: Arrival) -> tuple[int, dict[str, Any]]:
        """Return status and body of the one right answer."""
        try:
            request = words.decode(arrival.operation, arrival.body)
        except words.Malformed as malformed:
            return self.refusal(malformed.code)
        match request:
            case words.Quote():
                return 200, self._quoted(request.lines)
            case words.Sell():
                return self._once(request)
            case words.Ask():
                return 200, self._fate(request.key)
            case words.Health():
                return 200, {"state": "selling", "store": "s1"}
        return self.refusal("E-NOT-READY")

    def refusal(
        self, code: str, key: str | None = None, retry_after: int | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return a problem (RFC 9457) as a box says it."""
        entry = self._codes.get(code, Code(code, 400, "never"))
        problem: dict[str, Any] = {
            "type": f"urn:edge:error:{code[2:].lower()}", "code": code, "status": entry.status,
            "title": code, "detail": "As the kit wishes.", "fix": "Do what `retry` says.",
            "retry": entry.retry, "lang": "en",
        }  # fmt: skip
        if retry_after is not None:
            problem["retry_after"] = retry_after
        if key is not None:
            problem["key"] = key
        return entry.status, problem

    def bind(self, key: str, body: bytes, answered: tuple[int, dict[str, Any]]) -> None:
        """Let an answer be the key's for good, as a stored refusal is."""
        self._bound[key] = (_content(body), *answered)

    # --- one key, one effect

    def _once(self, sell: words.Sell) -> tuple[int, dict[str, Any]]:
        content = _content(words.encode(sell))
        bound = self._bound.get(sell.key)
        if bound is not None:
            return bound[1:] if bound[0] == content else self.refusal("E-KEY-REUSED", sell.key)
        answered = self._sell(sell)
        self._bound[sell.key] = (content, *answered)
        return answered

    def _sell(self, sell: words.Sell) -> tuple[int, dict[str, Any]]:
        quoted = self._quoted(sell.lines)
        if quoted["quote"] != sell.quote or quoted["total"] != sell.expected_total:
            status, problem = self.refusal("E-PRICE-CHANGED", sell.key)
            return status, {**problem, "quote": quoted}
        paid = sum(tender.amount for tender in sell.tenders)
        if paid < sell.expected_total:
            return self.refusal("E-TENDER-SHORT", sell.key)
        self._sequence += 1
        sold = {
            "key": sell.key, "sale": f"b1:1:{self._sequence}", "receipt": f"{self._sequence:06d}",
            "business_date": "2026-11-22", "epoch": 1, "sequence": self._sequence,
            "previous": "0" * 64, "currency": CURRENCY, "total": sell.expected_total,
            "paid": paid, "change": paid - sell.expected_total, "points_earned": 0,
            "points_balance": None, "text": f"谢谢惠顾\nRECEIPT {self._sequence:06d}\n",
        }  # fmt: skip
        self.sold[sell.key] = sold
        return 200, sold

    def _fate(self, key: str) -> dict[str, Any]:
        bound = self._bound.get(key)
        if bound is None:
            self._bound[key] = ("", *self.refusal("E-FENCED", key))
            return {"key": key, "fate": "never"}
        content, status, answer = bound
        if not content:
            return {"key": key, "fate": "never"}
        return {"key": key, "fate": "done", "status": status, "answer": answer}

    # --- prices

    def _quoted(self, lines: tuple[words.RequestLine, ...]) -> dict[str, Any]:
        unit = UNIT_PRICE + self.dearer
        priced = [self._line(line, unit) for line in lines]
        total = sum(line["net"] for line in priced)
        return {
            "quote": _hash(priced), "bundle": "0" * 64, "price_book": 1, "currency": CURRENCY,
            "lines": priced, "list_total": total, "discount_total": 0, "total": total,
            "tax": [], "points_earned": 0, "member": None, "applied": [], "not_applied": [],
            "quoted_at": self.now_ms, "valid_until": self.now_ms + AHEAD_MS,
            "as_of": {"epoch": 1, "sequence": self._sequence},
        }  # fmt: skip

    def _line(self, line: words.RequestLine, unit: int) -> dict[str, Any]:
        amount = int(line.quantity * unit)
        return {
            "code": line.code, "product": "tea", "name": "Tea", "quantity": str(line.quantity),
            "unit_price": unit, "price_source": "price_book", "list_amount": amount,
            "adjustments": [], "net": amount, "tax_rate": 0,
        }  # fmt: skip


def encode(body: Mapping[str, Any]) -> bytes:
    """Return an answer's bytes."""
    return json.dumps(body, ensure_ascii=False).encode()


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _content(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
