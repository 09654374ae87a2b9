"""Turns what a lane's guest has paid into a sale: what must be awaited first, then one step.

A member's code is used up, and what is spent of their accounts is authorised, before anything is
placed; the till then takes its step again on the book as it is by then.
"""

from typing import NamedTuple

import msgspec

from edge.config import Lane
from edge.desk.answer import Answer, read_stored
from edge.desk.counter import Counter, refused
from edge.desk.homes.away import Away, Granted, Where
from edge.desk.keys import Placed
from edge.desk.lane.baskets import Fate
from edge.desk.lane.faces import Receipt
from edge.desk.members import Holding
from edge.desk.placing import Deal, Placing, Request, Seller
from edge.journal import Journal
from edge.refusals import Refusal
from edge.shop import till as tills
from edge.shop.accounts.limits import Kind
from edge.shop.declined import Declined
from edge.world import World


class Shop(NamedTuple):
    """What a lane sells with. `away` judges what is spent of accounts whose home is elsewhere."""

    counter: Counter
    world: World
    placing: Placing
    journal: Journal
    away: Away | None = None


class Selling:
    """Sells for one lane."""

    def __init__(self, lane: Lane, shop: Shop) -> None:
        self._lane, self._shop = lane, shop

    def now(self) -> int:
        """Return the time, ms since 1970 UTC."""
        return self._shop.world.now()

    def blocked(self) -> Refusal | None:
        """Return why nothing can be placed just now, or None."""
        return self._shop.placing.blocked()

    def told(self, key: str) -> Answer | None:
        """Return the answer of a sale of this lane that the journal has, None for no such sale."""
        page = self._shop.journal.find(self._lane.terminal, key)
        return None if page is None or page.answer is None else read_stored(page.answer)

    def fate(self, key: str) -> Fate:
        """Tell what the journal has of a key of this lane."""
        answer = self.told(key)
        if answer is None:
            return "unknown"
        said = msgspec.json.decode(answer.body, type=_Said)
        if said.receipt:
            return "sold"
        return "parked" if said.number else "recalled"

    def new_key(self) -> str:
        """Return a key for a request of this lane."""
        return self._shop.world.new_key()

    def receipt(self, key: str) -> Receipt | None:
        """Return what is to be printed of a sale."""
        answer = self.told(key)
        if answer is None:
            return None
        sold = msgspec.json.decode(answer.body, type=_Printed)
        return Receipt(sold.receipt, sold.text)

    # --- before: what is awaited -------------------------------------------------------------

    def waits(self, sold: tills.Sold, shown: Holding | None) -> bool:
        """Tell whether something has to be awaited before this sale can be placed."""
        if shown is not None and shown.shown is not None and shown.shown.code is not None:
            return True
        return self._shop.away is not None and bool(_spends(sold) or _coupons(sold))

    async def prepare(
        self, sold: tills.Sold, key: str, shown: Holding | None
    ) -> Granted | Refusal | None:
        """Use up the code that was shown, and have what is spent authorised."""
        codes = self._shop.counter.members.codes
        if shown is not None and shown.shown is not None and codes is not None:
            used = await codes.use(shown.shown, f"{self._lane.terminal}/{key}")
            if used is not None:
                return used
        member, away = sold.quote.member, self._shop.away
        if away is None or member is None or not (_spends(sold) or _coupons(sold)):
            return None
        where = Where(terminal=self._lane.terminal, card=shown.card if shown else "")
        return await away.authorise(member.id, _spends(sold), where, _coupons(sold))

    # --- the sale: one step ------------------------------------------------------------------

    def place(
        self, sold: tills.Sold, key: str, granted: Granted | None, flags: tuple[str, ...] = ()
    ) -> Placed | Refusal:
        """Place the sale; from here on nobody waits. `flags` say why to look at it afterwards."""
        away = self._shop.away
        if granted is not None and away is not None:
            begun = away.begin(granted)
            if isinstance(begun, Refusal):
                return begun
            placed = self._place(sold, key, (*begun.flags, *flags))
            away.end(begun, done=not isinstance(placed, Declined))
        else:
            placed = self._place(sold, key, flags)
        exponent = sold.quote.exponent
        return refused(placed, exponent) if isinstance(placed, Declined) else placed

    def let_go(self, granted: Granted | None) -> None:
        """Say that what was authorised does not happen."""
        if granted is not None and self._shop.away is not None:
            self._shop.away.end(granted, done=False)

    def _place(self, sold: tills.Sold, key: str, flags: tuple[str, ...]) -> Placed | Declined:
        lane, quote, counter = self._lane, sold.quote, self._shop.counter
        request = Request(lane.terminal, key, quote.fingerprint, "sell", lane.lang)
        points: int | None = None
        if quote.member is not None:
            holding = counter.holding(quote.member.id, decided=True)
            points = None if isinstance(holding, Refusal) else holding.points
        deal = Deal(quote, counter.rules, sold.paid, points)
        by = Seller(lane.terminal, "lane", lane.cashier, lane=lane.id, flags=flags)
        return self._shop.placing.sale(request, deal, by)


class _Said(msgspec.Struct):
    """What tells the answers to a lane's requests apart."""

    receipt: str = ""
    number: int = 0


class _Printed(msgspec.Struct):
    """The part of `Sold` that is printed."""

    receipt: str
    text: str


def _spends(sold: tills.Sold) -> dict[Kind, int]:
    """Return what a sale takes out of its member's accounts."""
    spends: dict[Kind, int] = {
        "value": sold.paid.by("bonus", "principal"),
        "points": sum([used.points for used in sold.quote.redeemed]),
        "uses": sum([len(used.units) for used in sold.paid.uses]),
    }
    return {kind: amount for kind, amount in spends.items() if amount}


def _coupons(sold: tills.Sold) -> tuple[str, ...]:
    judged = sold.quote.coupons
    return tuple([one.coupon for one in judged if one.reason == "R-APPLIED"])
