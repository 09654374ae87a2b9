"""A terminal's shell: its request in, the shop asked, the outcome made durable, then told."""

from collections.abc import Callable

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.counter import Counter, refused
from edge.desk.keys import Keys, Placed
from edge.desk.placing import Deal, Placing, Request, Seller
from edge.directory import DirectoryDamaged
from edge.journal import JournalBroken
from edge.rates import TokenBucket
from edge.refusals import Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.tender import Tender, settle
from edge.world import World

FENCES_PER_SECOND = 1.0
FENCES_BURST = 60.0
REFUSALS_PER_SECOND = 5.0
REFUSALS_BURST = 300.0
"""What a terminal may have written down for ever without selling anything."""


class Desk:
    """Answers terminals, whatever door they come through. Never raises for what they send.

    Terminals in training are answered by the `training` desk, if there is one.
    """

    def __init__(
        self,
        world: World,
        counter: Counter,
        placing: Placing,
        keys: Keys,
        health: Callable[[], words.HealthReport],
        damaged: Callable[[DirectoryDamaged], None],
        training: "Desk | None" = None,
    ) -> None:
        self._world, self._counter, self._placing = world, counter, placing
        self._keys, self._health, self._damaged = keys, health, damaged
        self._training = training
        self._fences: dict[str, TokenBucket] = {}
        self._refusals: dict[str, TokenBucket] = {}

    async def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Answer:
        """Answer one request. `key` is the one outside the payload, where a door has one."""
        if terminal.training and self._training is not None:
            return await self._training.handle(terminal, operation, payload, key)
        try:
            request = words.decode(operation, payload)
        except words.Malformed as malformed:
            return refuse(Refusal(malformed.code, malformed.params), terminal.lang, key)
        own = getattr(request, "key", None)
        if key is not None and own is not None and own != key:
            return refuse(Refusal("E-KEY-MISMATCH"), terminal.lang, key)
        try:
            with self._keys.guard():
                return await self._answer(terminal, request)
        except DirectoryDamaged as error:
            self._damaged(error)
        except JournalBroken:
            pass
        return refuse(Refusal("E-STOPPING"), terminal.lang, own)

    async def _answer(self, terminal: Terminal, request: words.Request) -> Answer:
        match request:
            case words.Sell():
                return await self._sell(terminal, request)
            case words.Ask():
                return await self._ask(terminal, request)
            case words.Identify():
                return self._identify(terminal, request)
            case words.Quote():
                return self._quote(terminal, request)
            case words.Balance():
                return self._balance(terminal, request)
            case words.Health():
                return self.health()

    def known(self, terminal: Terminal, key: str) -> Answer:
        """Return what is known of a terminal's own key, changing nothing."""
        if terminal.training and self._training is not None:
            return self._training.known(terminal, key)
        return self._keys.known(terminal.id, key, terminal.lang)

    def health(self) -> Answer:
        """Return how the box is."""
        return reply(self._health())

    # --- questions: they read what is durable ------------------------------------------------

    def _identify(self, terminal: Terminal, request: words.Identify) -> Answer:
        found = self._counter.identify(request.credential, decided=False)
        if isinstance(found, Refusal):
            return refuse(found, terminal.lang)
        return reply(
            words.Identified(
                member=found.member.id,
                display=found.member.display,
                tier=found.member.tier,
                points=found.points,
                as_of=self._counter.as_of(),
            )
        )

    def _balance(self, terminal: Terminal, request: words.Balance) -> Answer:
        found = self._counter.identify(request.credential, decided=False)
        if isinstance(found, Refusal):
            return refuse(found, terminal.lang)
        return reply(
            words.Balances(
                member=found.member.id,
                display=found.member.display,
                points=found.points,
                as_of=self._counter.as_of(),
            )
        )

    def _quote(self, terminal: Terminal, request: words.Quote) -> Answer:
        quoted = self._counter.closed() or self._counter.quote(terminal, request)
        if isinstance(quoted, Refusal):
            return refuse(quoted, terminal.lang)
        return reply(quoted)

    # --- changes: one key, one effect --------------------------------------------------------

    async def _sell(self, terminal: Terminal, sell: words.Sell) -> Answer:
        request = Request(
            terminal.id, sell.key, words.content_hash("sell", sell), "sell", terminal.lang
        )

        def decide() -> Placed | Answer:
            unable = self._placing.blocked() or self._counter.closed()
            if unable is not None:
                return refuse(unable, terminal.lang, sell.key)
            return self._decide_sale(terminal, request, sell)

        return await self._keys.once(
            request.origin, request.key, request.content, terminal.lang, decide
        )

    def _decide_sale(
        self, terminal: Terminal, request: Request, sell: words.Sell
    ) -> Placed | Answer:
        agreed = self._counter.quoted(terminal, sell)
        if isinstance(agreed, Refusal):
            return self._refused(terminal, request, sell, agreed)
        quote, rules = agreed.quote, agreed.rules
        paid = settle(
            quote.total,
            [Tender(tender.kind, tender.amount) for tender in sell.tenders],
            Holdings(),
            rules.bundle,
            today=self._counter.moment().date,
        )
        if isinstance(paid, Declined):
            return self._refused(terminal, request, sell, refused(paid, quote.exponent))
        by = Seller(terminal.id, terminal.kind, sell.cashier, sell.seller)
        points = agreed.holding.points if agreed.holding else None
        placed = self._placing.sale(request, Deal(quote, rules, paid, points), by)
        if isinstance(placed, Declined):
            return self._refused(terminal, request, sell, refused(placed, quote.exponent))
        return placed

    def _refused(
        self, terminal: Terminal, request: Request, sell: words.Sell, refusal: Refusal
    ) -> Placed | Answer:
        if refusal.entry.binds == "nothing":
            return refuse(refusal, terminal.lang, sell.key)
        if not self._may(self._refusals, terminal, REFUSALS_PER_SECOND, REFUSALS_BURST):
            return refuse(Refusal("E-RATE-LIMITED", retry_after=1), terminal.lang, sell.key)
        again = self._counter.quote(terminal, sell) if refusal.code == "E-PRICE-CHANGED" else None
        return self._placing.refusal(
            request, refusal, None if isinstance(again, Refusal) else again
        )

    async def _ask(self, terminal: Terminal, asked: words.Ask) -> Answer:
        request = Request(terminal.id, asked.key, "", "ask", terminal.lang)

        def fence() -> Placed | Answer:
            unable = self._placing.blocked()
            if unable is None and not self._may(
                self._fences, terminal, FENCES_PER_SECOND, FENCES_BURST
            ):
                unable = Refusal("E-RATE-LIMITED", retry_after=1)
            if unable is not None:
                return refuse(unable, terminal.lang, asked.key)
            return self._placing.fence(request)

        return await self._keys.ask(terminal.id, asked.key, terminal.lang, fence)

    def _may(
        self, buckets: dict[str, TokenBucket], terminal: Terminal, per_second: float, burst: float
    ) -> bool:
        bucket = buckets.get(terminal.id)
        if bucket is None:
            bucket = buckets[terminal.id] = TokenBucket(per_second, burst)
        return bucket.take(self._world.monotonic())
