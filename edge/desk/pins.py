"""Quotes that were given out: a pinned price holds for a declared quarter of an hour."""

from collections import OrderedDict
from typing import Literal, NamedTuple

import msgspec

from drivers import terminal as words
from edge.shop.pricing import Asked, RuleSet
from edge.shop.sale import Channel, Quote

PINNED_MS = 15 * 60 * 1000
UNITS_MAX = 10_000
"""How many units, counted once more for each rule on them, one terminal's quotes may hold."""


class Wish(NamedTuple):
    """All that a terminal says of a basket: what a price is made for, and is pinned to."""

    lines: tuple[words.RequestLine, ...]
    member: words.Credential | None = None
    coupons: tuple[str, ...] = ()
    redeem: int | Literal["max"] = 0
    channel: Channel = "till"
    region: str = ""
    also: words.Credential | None = None


class Pin(msgspec.Struct, frozen=True):
    """A quote, the rules it was made by, what was asked, and until when (ms UTC) it holds."""

    quote: Quote
    rules: RuleSet
    wish: Wish
    quoted_at: int
    asked: Asked
    """What else the price went by then: limits used up, coupons and points there were."""

    @property
    def valid_until(self) -> int:
        """When the price no longer holds, ms since 1970 UTC."""
        return self.quoted_at + PINNED_MS

    @property
    def weight(self) -> int:
        """How much of a terminal's share of the memory this takes."""
        return sum(priced.line.units * (1 + len(priced.adjustments)) for priced in self.quote.lines)


class Pins:
    """One terminal's quotes of the last quarter of an hour; the oldest go when it has too many.

    They are kept in memory only: a quote depends on its content alone, so that after a restart
    the same basket at unchanged prices has the same fingerprint.
    """

    def __init__(self) -> None:
        self._pins: OrderedDict[str, Pin] = OrderedDict()
        self._weight = 0

    def put(self, pin: Pin) -> None:
        """Keep a quote that is being given out."""
        self._drop(pin.quote.fingerprint)
        self._pins[pin.quote.fingerprint] = pin
        self._weight += pin.weight
        while len(self._pins) > 1 and (self._weight > UNITS_MAX or self._stale(pin.quoted_at)):
            self._drop(next(iter(self._pins)))

    def get(self, fingerprint: str, now: int) -> Pin | None:
        """Return the quote with this fingerprint if its price still holds."""
        pin = self._pins.get(fingerprint)
        return pin if pin is not None and pin.quoted_at <= now < pin.valid_until else None

    def _stale(self, now: int) -> bool:
        return next(iter(self._pins.values())).valid_until <= now

    def _drop(self, fingerprint: str) -> None:
        if (pin := self._pins.pop(fingerprint, None)) is not None:
            self._weight -= pin.weight
