"""What the counter can answer at once: who this is, what they hold, what a basket costs.

Everything here reads what is in memory or in the local caches; nothing waits, nothing is placed.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Literal

import msgspec

from cloud_bridge import contract
from drivers import terminal as words
from edge import replies
from edge.book import MEMBER, Book
from edge.bundles import Bundles
from edge.config import Store, Terminal
from edge.desk.pins import Pin, Pins
from edge.directory import Directory
from edge.intake import CardNumber, Intake, shown
from edge.journal import Journal
from edge.refusals import Language, Refusal
from edge.shop.basket import Basket, Line, Product, line
from edge.shop.declined import AMOUNTS, Declined
from edge.shop.member import Member
from edge.shop.money import format_minor
from edge.shop.pricing import Asked, Moment, Names, RuleSet, check, moment, names, price
from edge.shop.sale import Quote
from edge.world import World

POINTS = "PTS"
OWN_PRICE = "own_price"


class Holding(msgspec.Struct, frozen=True):
    """A member and the points they hold, counting the cloud's word and our own facts once each."""

    member: Member
    points: int


class Agreed(msgspec.Struct, frozen=True):
    """The quote a sale stands on, the rules it was made by, and what its member holds before."""

    quote: Quote
    rules: RuleSet
    holding: Holding | None


class Counter:
    """The shop's knowledge, asked by terminals and lanes alike."""

    def __init__(
        self,
        world: World,
        intake: Intake,
        journal: Journal,
        book: Book,
        directory: Directory,
        bundles: Bundles,
        store: Store,
    ) -> None:
        self._world, self.intake = world, intake
        self._journal, self._book = journal, book
        self._directory, self._bundles, self._store = directory, bundles, store
        self._pins: defaultdict[str, Pins] = defaultdict(Pins)
        self._ends: dict[int, int] = {}

    # --- people ------------------------------------------------------------------------------

    def identify(self, credential: words.Credential, *, decided: bool) -> Holding | Refusal:
        """Return whose credential this is; `decided` also counts what is not durable yet."""
        known = self.intake.credential(credential)
        if isinstance(known, Refusal):
            return known
        if isinstance(known, CardNumber):
            return self.card(known.number, decided=decided)
        members = self._directory.members_by_phone(known.hash)
        return self.holding(members[0], decided=decided) if len(members) == 1 else _nobody()

    def card(self, number: str, *, decided: bool) -> Holding | Refusal:
        """Return whose card this is, unless the card or the member is blocked."""
        card = self._directory.card(number)
        if card is None:
            return _nobody()
        if card.status != "active":
            return Refusal("E-MEMBER-BLOCKED")
        return self.holding(card.member, decided=decided)

    def holding(self, member_id: str, *, decided: bool) -> Holding | Refusal:
        """Return what a member holds, unless they are blocked."""
        held = self._directory.member(member_id)
        if held is None:
            return _nobody()
        if held.status != "active":
            return Refusal("E-MEMBER-BLOCKED")
        account = MEMBER + member_id
        counted = self._counted(held.as_of)
        if decided:
            return Holding(held.member, held.points + self._book.gained(account, POINTS, counted))
        ours = self._book.balance_at(account, POINTS, self._journal.committed)
        ours -= self._book.balance_at(account, POINTS, counted)
        return Holding(held.member, held.points + ours)

    def _counted(self, as_of: contract.AsOf | None) -> int:
        """Return up to which of our facts the cloud has counted.

        What it counted of an epoch that we went back on is not ours: only what we kept of it is.
        """
        if as_of is None:
            return 0
        if as_of.epoch >= self._journal.head.epoch:
            return as_of.sequence
        return min(as_of.sequence, self._end_of(as_of.epoch))

    def _end_of(self, epoch: int) -> int:
        """Return the last fact of an epoch, or of those before it; pages stand in that order."""
        if epoch not in self._ends:
            pages = range(1, self._journal.committed + 1)
            self._ends[epoch] = bisect_right(pages, epoch, key=self._epoch_of)
        return self._ends[epoch]

    def _epoch_of(self, sequence: int) -> int:
        return self._journal.after(sequence - 1, 1)[0].epoch

    def unfit_to_carry(self, member: str, card: str) -> Literal["member", "card_taken", ""]:
        """Return why an old balance cannot be given to a member, or an old card; "" if it can."""
        if self._directory.member(member) is None:
            return "member"
        held = self._directory.card(card) if card else None
        return "card_taken" if held is not None and held.member != member else ""

    # --- prices ------------------------------------------------------------------------------

    def steady(self) -> AbstractContextManager[None]:
        """Let everything asked inside rest on one state of the cloud's records."""
        return self._directory.steady()

    def closed(self) -> Refusal | None:
        """Return why nothing can be sold at all just now, or None."""
        if self._bundles.current is None or not self._directory.price_book:
            return Refusal("E-NOT-READY", retry_after=5)
        return None

    @property
    def rules(self) -> RuleSet:
        """The rules in force; ask `closed` first."""
        rules = self._bundles.current
        assert rules is not None, "closed() comes first"
        return rules

    @property
    def exponent(self) -> int:
        """How many digits of money stand behind the point."""
        return self.rules.bundle.exponent

    @property
    def price_book(self) -> int:
        """The version of the price book in force."""
        return self._directory.price_book

    def moment(self) -> Moment:
        """Return the present by the shop's calendar: for certain, not at a guess."""
        return moment(self._world.clock.read().floor_ms, self.rules.bundle.zone)

    def today(self) -> date:
        """Return the date by the shop's clock."""
        return date.fromisoformat(self.moment().date)

    def line(self, terminal: Terminal, asked: words.RequestLine) -> Line | Refusal:
        """Return the line a terminal asks for."""
        if asked.unit_price is not None and OWN_PRICE not in terminal.rights:
            return Refusal("E-OWN-PRICE", {"code": shown(asked.code)})
        product = self.product(asked.code)
        if isinstance(product, Refusal):
            return product
        made = line(
            product, asked.code, asked.quantity, asked.unit_price, self.rules.bundle.rounding
        )
        return refused(made, self.exponent) if isinstance(made, Declined) else made

    def product(self, code: str) -> Product | Refusal:
        """Return the product a code names."""
        found = self.intake.product(code, self.today())
        if isinstance(found, Refusal):
            return found
        product = self._directory.product(found.code)
        return product or Refusal("E-UNKNOWN-PRODUCT", {"code": shown(code)})

    def basket(
        self, terminal: Terminal, lines: Sequence[words.RequestLine], member: Member | None
    ) -> Basket | Refusal:
        """Return the basket a terminal's lines describe."""
        made: list[Line] = []
        for asked in lines:
            found = self.line(terminal, asked)
            if isinstance(found, Refusal):
                return found
            made.append(found)
        return self.checked(Basket(tuple(made), member))

    def checked(self, basket: Basket) -> Basket | Refusal:
        """Return the basket if it can be sold under the rules in force."""
        no = check(basket, self.rules)
        return basket if no is None else refused(no, self.exponent)

    def price(self, basket: Basket, terminal_kind: str) -> Quote:
        """Return what a basket costs now."""
        rules = self.rules
        more = Asked(counters=self._counters(basket.member, rules))
        return price(basket, rules, self.moment(), terminal_kind, self.price_book, more=more)

    def _counters(self, member: Member | None, rules: RuleSet) -> dict[str, int]:
        """Return how much of the limits of these rules is used up, decided sales included."""
        today = self._store.business_date(self._world.clock.read().floor_ms)
        day = max(self._book.standing.day or "", today)
        return self._book.counters(rules.bundle, member.id if member else None, self._store.id, day)

    def _judged_anew(self, pin: Pin, terminal_kind: str) -> Quote:
        """Return what a pinned quote comes to now: its time and prices hold, limits do not."""
        quote, rules = pin.quote, pin.rules
        counters = self._counters(quote.member, rules)
        if counters == pin.counters:
            return quote
        lines = tuple([line.line for line in quote.lines if line.kind == "goods"])
        at = moment(quote.basis.at_ms, rules.bundle.zone)
        more = Asked(counters=counters)
        return price(
            Basket(lines, quote.member), rules, at, terminal_kind, quote.price_book, more=more
        )

    def quote(self, terminal: Terminal, asked: words.Quote | words.Sell) -> words.Quoted | Refusal:
        """Return a price for what a terminal asks, and pin it."""
        with self._directory.steady():
            return self._quote(terminal, asked)

    def _quote(self, terminal: Terminal, asked: words.Quote | words.Sell) -> words.Quoted | Refusal:
        holding = self._holding(asked.member)
        if isinstance(holding, Refusal):
            return holding
        basket = self.basket(terminal, asked.lines, holding.member if holding else None)
        if isinstance(basket, Refusal):
            return basket
        quote = self.price(basket, terminal.kind)
        counters = self._counters(quote.member, self.rules)
        pin = Pin(quote, self.rules, asked.lines, asked.member, self._world.now(), counters)
        self._pins[terminal.id].put(pin)
        return replies.quoted(quote, pin.quoted_at, pin.valid_until,
                              self.as_of(), self.names(quote, terminal.lang))  # fmt: skip

    def names(self, quote: Quote, lang: Language) -> Names:
        """Return what the things are called that a quote by the rules in force names."""
        return names(quote, self.rules, lang, self._directory)

    def quoted(self, terminal: Terminal, sell: words.Sell) -> Agreed | Refusal:
        """Return the quote a sale stands on.

        It is the pinned one if that holds, else today's; E-PRICE-CHANGED if it is not
        what the guest was told.
        """
        with self._directory.steady():
            return self._quoted(terminal, sell)

    def _quoted(self, terminal: Terminal, sell: words.Sell) -> Agreed | Refusal:
        holding = self._holding(sell.member)
        if isinstance(holding, Refusal):
            return holding
        member = holding.member if holding else None
        pin = self._pinned(terminal, sell, member)
        if pin is not None:
            quote, rules = self._judged_anew(pin, terminal.kind), pin.rules
        else:
            basket = self.basket(terminal, sell.lines, member)
            if isinstance(basket, Refusal):
                return basket
            quote, rules = self.price(basket, terminal.kind), self.rules
        if quote.fingerprint != sell.quote or quote.total != sell.expected_total:
            return Refusal("E-PRICE-CHANGED")
        return Agreed(quote, rules, holding)

    def _pinned(self, terminal: Terminal, sell: words.Sell, member: Member | None) -> Pin | None:
        pin = self._pins[terminal.id].get(sell.quote, self._world.now())
        if pin is None or (pin.lines, pin.member) != (sell.lines, sell.member):
            return None
        same = (member and member.id) == (pin.quote.member and pin.quote.member.id)
        return pin if same else None

    def _holding(self, credential: words.Credential | None) -> Holding | Refusal | None:
        return None if credential is None else self.identify(credential, decided=True)

    def as_of(self) -> words.AsOf:
        """Return up to which fact answers are true that read durable facts alone."""
        return words.AsOf(epoch=self._journal.head.epoch, sequence=self._journal.committed)


def refused(declined: Declined, exponent: int) -> Refusal:
    """Return the shop's no as the box says it, amounts written with the currency's exponent."""
    return Refusal(
        declined.code,
        {
            name: format_minor(value, exponent)
            if name in AMOUNTS and isinstance(value, int)
            else value
            for name, value in declined.params.items()
        },
    )


def _nobody() -> Refusal:
    return Refusal("E-UNKNOWN-MEMBER")
