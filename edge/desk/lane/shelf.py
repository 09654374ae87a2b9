"""A lane's way to the store's shelf of parked baskets, which all terminals and lanes share."""

import asyncio
import hashlib
from typing import NamedTuple

import msgspec

from edge.config import Lane
from edge.desk.counter import refused
from edge.desk.keys import Placed
from edge.desk.lane.baskets import AS_IT_IS
from edge.desk.lane.memory import KeptLine, KeptTill
from edge.desk.lane.selling import Shop
from edge.desk.parking import Shelf
from edge.desk.placing import Request, Seller
from edge.intake import Sold
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.facts import BasketParked
from edge.shop.facts.counter import ParkedLine
from edge.shop.operations.parking import ParkAsked


class Taken(NamedTuple):
    """A basket that was taken back, as a lane remembers one, and when it may be shown."""

    till: KeptTill
    durable: "asyncio.Future[None]"


class LaneShelf:
    """Puts one lane's baskets aside, and takes anybody's."""

    def __init__(self, lane: Lane, shop: Shop) -> None:
        self._lane, self._shop = lane, shop
        self._shelf = Shelf(shop.counter, shop.placing)

    def put(self, key: str, till: KeptTill) -> Placed | Refusal:
        """Put a basket aside under its own key, so that it is either sold or parked.

        Goods, member, coupons and what count cards were to pay for wait. What was handed over is
        not among them, and whoever wants to spend anything later shows again who they are.
        """
        asked = ParkAsked(
            lines=tuple([self._line(line) for line in till.lines]),
            member=till.member or None,
            coupons=till.coupons,
            uses=till.uses,
        )
        return self._said(self._shelf.put(self._request("park", key, asked), self._by, asked))

    def take(self, key: str, number: int) -> Taken | Refusal:
        """Take the basket of this number, as the request `key`. Refused E-NOT-PARKED."""
        parked = self._shelf.numbered(number)
        if parked is None:
            return Refusal("E-NOT-PARKED", {"number": number})
        request = self._request("recall", key, parked.ticket)
        placed = self._said(self._shelf.take(request, self._by, parked.ticket))
        return placed if isinstance(placed, Refusal) else Taken(_kept(parked), placed[1])

    @property
    def _by(self) -> Seller:
        return Seller(self._lane.terminal, "lane", self._lane.cashier, lane=self._lane.id)

    def _request(self, operation: str, key: str, asked: object) -> Request:
        content = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()
        return Request(self._lane.terminal, key, content, operation, self._lane.lang)

    def _said(self, placed: Placed | Declined) -> Placed | Refusal:
        exponent = self._shop.counter.exponent
        return refused(placed, exponent) if isinstance(placed, Declined) else placed

    def _line(self, line: KeptLine) -> ParkedLine:
        """Return a line as a terminal would ask for it: a label speaks for itself."""
        counter = self._shop.counter
        found = counter.intake.product(line.code, counter.today())
        goods = found if isinstance(found, Refusal) else counter.goods(found, line.code)
        said = Sold(line.quantity, line.unit_price)
        if not isinstance(goods, Refusal) and goods[1] == said:
            said = AS_IT_IS
        return ParkedLine(code=line.code, quantity=said.quantity, unit_price=said.unit_price)


def _kept(parked: BasketParked) -> KeptTill:
    lines = [KeptLine(line.code, "", line.quantity, line.unit_price) for line in parked.lines]
    return KeptTill(
        lines=tuple(lines), member=parked.member or "", coupons=parked.coupons, uses=parked.uses
    )
