"""A lane's shell: the box itself is the till, and a scanner is all the guest's side has.

A scan is resolved, the till takes one step, a sale is placed in that same step, and only when it
is durable does the lane show the receipt and beep for yes.
"""

import asyncio
from collections.abc import Callable

from drivers import terminal as words
from drivers.events import Beep, Event, Scan
from edge import replies
from edge.config import Lane
from edge.desk.answer import refuse
from edge.desk.counter import Counter, Holding, refused
from edge.desk.placing import Deal, Placing, Request, Seller
from edge.intake import CardNumber, CouponCode, TillCommand, as_product
from edge.refusals import Refusal
from edge.shop import till as tills
from edge.shop.declined import Declined
from edge.shop.sale import Quote
from edge.world import World

Publish = Callable[[str, bytes], None]
"""Show something on the lane: a kind (shown, sold, declined) and its JSON."""


class LaneDesk:
    """One lane. `publish` shows, `tell` makes the scanner beep; both never wait."""

    def __init__(
        self,
        lane: Lane,
        world: World,
        counter: Counter,
        placing: Placing,
        publish: Publish,
        tell: Callable[[Beep], object],
    ) -> None:
        self._lane, self._world = lane, world
        self._counter, self._placing = counter, placing
        self._publish, self._tell = publish, tell
        self._till = tills.Till()

    @property
    def is_busy(self) -> bool:
        """Tell whether there are goods in the basket that nobody paid for yet."""
        return bool(self._till.basket.lines)

    def hear(self, event: Event) -> None:
        """Take what the lane's scanner says; its faults and states are the device list's."""
        if isinstance(event, Scan):
            self.take(event)

    def take(self, scan: Scan) -> None:
        """Take one code."""
        with self._counter.steady():
            self._take(scan)

    def _take(self, scan: Scan) -> None:
        unable = self._counter.closed() or self._placing.blocked()
        given = unable or self._resolve(scan)
        if isinstance(given, tills.PayCash):
            given = self._blocked_since() or given
        if isinstance(given, Refusal):
            self._no(given)
            return
        before = self._till
        self._till, outcomes = tills.step(
            before, given, self._counter.rules, self._counter.moment(),
            self._counter.price_book,
        )  # fmt: skip
        for outcome in outcomes:
            self._do(outcome, before)

    def _resolve(self, scan: Scan) -> tills.Given | Refusal:
        counter = self._counter
        known = counter.intake.resolve(scan.text, scan.symbology, "code", counter.today())
        match known:
            case TillCommand(action="pay_cash"):
                return tills.PayCash(known.handed)
            case TillCommand(action="remove_last"):
                return tills.RemoveLast()
            case TillCommand(action="cancel"):
                return tills.Cancel()
            case CardNumber():
                found = counter.card(known.number, decided=True)
                return found if isinstance(found, Refusal) else tills.MemberIdentified(found.member)
            case CouponCode():
                return Refusal("E-NOT-A-PRODUCT")
        code = as_product(known, scan.text)
        product = code if isinstance(code, Refusal) else counter.product(scan.text)
        if isinstance(product, Refusal):
            return product
        return tills.ProductScanned(product, scan.text)

    def _blocked_since(self) -> Refusal | None:
        """Return why the basket's member may no longer buy as one, or None."""
        member = self._till.basket.member
        holding = self._counter.holding(member.id, decided=True) if member else None
        return holding if isinstance(holding, Refusal) else None

    def _do(self, outcome: tills.Outcome, before: tills.Till) -> None:
        match outcome:
            case tills.Shown(quote):
                self._show(quote)
                self._tell(Beep(good=True))
            case Declined():
                self._no(refused(outcome, self._counter.exponent))
            case tills.Sold():
                self._sold(outcome, before)

    def _show(self, quote: Quote) -> None:
        now = self._world.now()
        names = self._counter.names(quote, self._lane.lang)
        shown = replies.quoted(quote, now, now, self._counter.as_of(), names)
        self._publish("shown", words.encode(shown))

    def _sold(self, sold: tills.Sold, before: tills.Till) -> None:
        lane, quote = self._lane, sold.quote
        request = Request(
            lane.terminal, self._world.new_key(), quote.fingerprint, "sell", lane.lang
        )
        points: int | None = None
        if quote.member is not None:
            holding = self._counter.holding(quote.member.id, decided=True)
            points = holding.points if isinstance(holding, Holding) else None
        by = Seller(lane.terminal, self._till.terminal_kind, lane.cashier, lane=lane.id)
        deal = Deal(quote, self._counter.rules, sold.paid, points)
        placed = self._placing.sale(request, deal, by)
        if isinstance(placed, Declined):
            self._till = before
            self._no(refused(placed, quote.exponent))
            return
        answer, durable = placed

        def told(done: "asyncio.Future[None]") -> None:
            if not done.cancelled() and done.exception() is None:
                self._publish("sold", answer.body)
                self._tell(Beep(good=True))

        durable.add_done_callback(told)

    def failed(self) -> None:
        """Say that the box itself made a mistake with the last scan."""
        self._no(Refusal("E-INTERNAL"))

    def _no(self, refusal: Refusal) -> None:
        self._publish("declined", refuse(refusal, self._lane.lang).body)
        self._tell(Beep(good=False))
