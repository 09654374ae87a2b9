"""What the counter can answer at once: who this is, what they hold, what a basket costs.

Everything here reads what is in memory or in the local caches; nothing waits, nothing is placed.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from drivers import terminal as words
from edge import replies
from edge.book import Book
from edge.bundles import Bundles
from edge.config import Store, Terminal
from edge.desk.members import Holding, Members
from edge.desk.pins import Pin, Pins, Wish
from edge.desk.reach import Cloud, Place
from edge.desk.watching import Watching
from edge.directory import Directory
from edge.intake import Intake, ProductCode, Sold, shown, sold_as
from edge.journal import Journal
from edge.refusals import Language, Refusal
from edge.replies import Stamp
from edge.shop.accounts import coupons
from edge.shop.accounts.lots import Held, Holdings
from edge.shop.basket import Basket, Line, Product, line
from edge.shop.declined import AMOUNTS, Declined
from edge.shop.ledger import POINTS
from edge.shop.member import Member
from edge.shop.money import format_minor
from edge.shop.operations.in_force import coupon_kinds
from edge.shop.operations.redeeming import partners, redeemed
from edge.shop.pricing import Asked, Moment, Names, RuleSet, check, moment, names, price
from edge.shop.sale import CouponShown, Quote
from edge.steady import Steady
from edge.world import World

OWN_PRICE = "own_price"


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
        self.members = Members(intake, journal, book, directory, bundles, store.zone.key)
        self.cloud: Cloud | None = None
        """What is known of the cloud, where there is anything to know."""
        self.watching = Watching(journal)
        self._steady = Steady(self._hold, self._release)
        self.pins: defaultdict[str, Pins] = defaultdict(Pins)
        """The quotes that terminals were given, by terminal."""

    # --- people ------------------------------------------------------------------------------

    def identify(self, credential: words.Credential, *, decided: bool) -> Holding | Refusal:
        """Return whose credential this is; `decided` also counts what is not durable yet."""
        return self.members.identify(credential, decided=decided)

    def card(self, number: str, *, decided: bool) -> Holding | Refusal:
        """Return whose card this is, unless the card or the member is blocked."""
        return self.members.card(number, decided=decided)

    def holding(self, member_id: str, *, decided: bool) -> Holding | Refusal:
        """Return what a member holds, unless they are blocked."""
        return self.members.holding(member_id, decided=decided)

    def unfit_to_carry(self, member: str, card: str) -> Literal["member", "card_taken", ""]:
        """Return why an old balance cannot be given to a member, or an old card; "" if it can."""
        return self.members.unfit_to_carry(member, card)

    def shown(self, coupon: str) -> str:
        """Return the id of a coupon from what was scanned or typed of it.

        A coupon that a box gave is printed with the store's prefix before its id.
        """
        for prefix in self._store.coupon_prefixes:
            if not prefix.isalnum() and coupon.startswith(prefix):
                bare = coupon.removeprefix(prefix)
                return bare if self.members.coupon(coupon) is None else coupon
        return coupon

    # --- prices ------------------------------------------------------------------------------

    def steady(self) -> Steady:
        """Let everything asked inside rest on one state of the cloud's records, at one time."""
        return self._steady

    def _hold(self) -> None:
        self._directory.steady().hold()
        self._world.clock.steady().hold()

    def _release(self) -> None:
        self._world.clock.steady().release()
        self._directory.steady().release()

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

    def online(self) -> bool:
        """Tell whether all can be known that there is to know: here, or by asking."""
        return self.cloud is None or self.cloud.is_home or self.cloud.reachable

    @property
    def business_date(self) -> str:
        """The business day that a deed done now would belong to."""
        now = max(self._world.now(), self._journal.head.at)
        return self._book.standing.day_on(self._store.business_date(now))

    def line(self, terminal: Terminal, asked: words.RequestLine) -> Line | Refusal:
        """Return the line a terminal asks for."""
        if asked.unit_price is not None and OWN_PRICE not in terminal.rights:
            return Refusal("E-OWN-PRICE", {"code": shown(asked.code)})
        found = self.intake.product(asked.code, self.today())
        goods = found if isinstance(found, Refusal) else self.goods(found, asked.code)
        if isinstance(goods, Refusal):
            return goods
        product, label = goods
        wished = Sold(asked.quantity, asked.unit_price)
        if label is not None and wished != Sold(Decimal(1), None):
            return Refusal("E-QUANTITY", {"code": shown(asked.code), "quantity": str(wished[0])})
        quantity, unit_price = label or wished
        made = line(
            product, asked.code, quantity, unit_price, self.rules.bundle.rounding,
            "barcode" if label else "terminal",
        )  # fmt: skip
        return refused(made, self.exponent) if isinstance(made, Declined) else made

    def product(self, code: str) -> Product | Refusal:
        """Return the product a code names."""
        found = self.intake.product(code, self.today())
        goods = found if isinstance(found, Refusal) else self.goods(found, code)
        return goods if isinstance(goods, Refusal) else goods[0]

    def goods(self, found: ProductCode, code: str) -> tuple[Product, Sold | None] | Refusal:
        """Return the product that `code` was found to name, and what its label says, if it does.

        E-QUANTITY where a label does not go with the goods, such as a weight with pieces.
        """
        product = self._directory.product(found.code)
        if product is None:
            return Refusal("E-UNKNOWN-PRODUCT", {"code": shown(code)})
        if found.measure is None:
            return product, None
        sold = sold_as(found.measure, product.unit, self.exponent)
        if sold is None:
            amount = str(found.measure.amount)
            return Refusal("E-QUANTITY", {"code": shown(code), "quantity": amount})
        return product, sold

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

    def price(self, basket: Basket, terminal_kind: str, more: Asked | None = None) -> Quote:
        """Return what a basket costs now; `more` is what `asked` says of it."""
        more = more or self.asked(basket.member, self.rules)
        return price(basket, self.rules, self.moment(), terminal_kind, self.price_book, more=more)

    def asked(self, member: Member | None, rules: RuleSet, wish: Wish | None = None) -> Asked:
        """Return all that a price depends on besides the basket: limits, coupons, points, place.

        Everything is as it is now, decided facts included, whatever the rules are of.
        """
        counters = self._counters(member, rules)
        if wish is None or not (wish.coupons or wish.redeem):
            where = wish or Wish(())
            return Asked(
                counters=counters, catalogue=self._directory, region=where.region,
                channel=where.channel, online=self.online(),
            )  # fmt: skip
        today, policy = self.moment().date, rules.bundle.programme.points
        held = self.members.holdings(member.id if member else None)
        points = redeemed(policy, held, wish.redeem, today)
        own = points[POINTS]
        return Asked(
            coupons=tuple([self._coupon(each, held, rules, member) for each in wish.coupons]),
            redeem=own.points,
            redeemable=max(own.held, self._points_elsewhere(member)),
            partners=partners(points),
            counters=counters,
            catalogue=self._directory,
            region=wish.region,
            channel=wish.channel,
            online=self.online(),
        )

    def _points_elsewhere(self, member: Member | None) -> int:
        """Return how many points a member has in all, where the cloud can be asked for them."""
        if member is None or self.cloud is None or self.cloud.is_home or not self.cloud.reachable:
            return 0
        found = self.holding(member.id, decided=True)
        return found.points if isinstance(found, Holding) else 0

    def _coupon(
        self, said: str, held: Holdings, rules: RuleSet, member: Member | None
    ) -> CouponShown:
        coupon, held, elsewhere = self.coupon(said, held, member)
        terms = coupon_kinds(rules.bundle).get(elsewhere.lot.terms) if elsewhere else None
        return coupons.shown(held, coupon, self.place(), elsewhere=elsewhere, terms=terms)

    def coupon(
        self, said: str, held: Holdings, member: Member | None
    ) -> tuple[str, Holdings, Held | None]:
        """Return the id of a coupon, the holdings of who shows it, and the coupon itself.

        One that is theirs is among them, even if it is used up or its home is elsewhere.
        """
        coupon = self.shown(said)
        known = self.members.coupon(coupon)
        if known is not None and member is not None and known.lot.member == member.id:
            held = Holdings({coupon: known, **held.lots}, held.last_activity)
        return coupon, held, known

    @property
    def must_prove(self) -> bool:
        """Whether members spend only if they are here for certain."""
        return self._store.spending == "proven"

    def place(self) -> Place:
        """Return where and when something is shown: here and now."""
        return Place(self._store.id, self.moment(), self.online())

    def _counters(self, member: Member | None, rules: RuleSet) -> dict[str, int]:
        """Return how much of the limits of these rules is used up, decided sales included."""
        who = member.id if member else None
        return self._book.counters(rules.bundle, who, self._store.id, self.business_date)

    def _judged_anew(self, pin: Pin, terminal_kind: str) -> Quote:
        """Return what a pinned quote comes to now: its time and prices hold, nothing else does."""
        quote, rules = pin.quote, pin.rules
        more = self.asked(quote.member, rules, pin.wish)
        if more == pin.asked:
            return quote
        lines = tuple([line.line for line in quote.lines if line.kind == "goods"])
        at = moment(quote.basis.at_ms, rules.bundle.zone)
        return price(
            Basket(lines, quote.member), rules, at, terminal_kind, quote.price_book, more=more
        )

    def quote(self, terminal: Terminal, asked: words.Quote | words.Sell) -> words.Quoted | Refusal:
        """Return a price for what a terminal asks, and pin it."""
        with self.steady():
            return self._quote(terminal, wished(asked))

    def _quote(self, terminal: Terminal, wish: Wish) -> words.Quoted | Refusal:
        holding = self._holding(wish)
        if isinstance(holding, Refusal):
            return holding
        basket = self.basket(terminal, wish.lines, holding.member if holding else None)
        if isinstance(basket, Refusal):
            return basket
        more = self.asked(basket.member, self.rules, wish)
        quote = self.price(basket, terminal.kind, more)
        pin = Pin(quote, self.rules, wish, self._world.now(), more)
        self.pins[terminal.id].put(pin)
        told = replies.quoted(quote, pin.quoted_at, pin.valid_until,
                              self.as_of(), self.names(quote, terminal.lang))  # fmt: skip
        two = self.members.masked(holding)
        return msgspec.structs.replace(told, two_members=two) if two else told

    def names(self, quote: Quote | None, lang: Language) -> Names:
        """Return what the things are called that a quote by the rules in force, or a no, names."""
        return names(quote, self.rules, lang, self._directory)

    def quoted(self, terminal: Terminal, sell: words.Sell, by: str = "") -> Agreed | Refusal:
        """Return the quote a sale stands on; `by` names the request that wants to be a sale.

        It is the pinned one if that holds, else today's; E-PRICE-CHANGED if it is not
        what the guest was told.
        """
        with self.steady():
            return self._quoted(terminal, sell, by)

    def _quoted(self, terminal: Terminal, sell: words.Sell, by: str) -> Agreed | Refusal:
        wish = wished(sell)
        holding = self._holding(wish, by)
        if isinstance(holding, Refusal):
            return holding
        member = holding.member if holding else None
        pin = self._pinned(terminal, sell.quote, wish, member)
        if pin is not None:
            quote, rules = self._judged_anew(pin, terminal.kind), pin.rules
        else:
            basket = self.basket(terminal, sell.lines, member)
            if isinstance(basket, Refusal):
                return basket
            rules = self.rules
            quote = self.price(basket, terminal.kind, self.asked(member, rules, wish))
        if quote.fingerprint != sell.quote or quote.total != sell.expected_total:
            return Refusal("E-PRICE-CHANGED")
        return Agreed(quote, rules, holding)

    def _pinned(
        self, terminal: Terminal, fingerprint: str, wish: Wish, member: Member | None
    ) -> Pin | None:
        pin = self.pins[terminal.id].get(fingerprint, self._world.now())
        if pin is None or pin.wish != wish:
            return None
        same = (member and member.id) == (pin.quote.member and pin.quote.member.id)
        return pin if same else None

    def _holding(self, wish: Wish, by: str = "") -> Holding | Refusal | None:
        return self.members.shown(wish.member, wish.also, by)

    def stamp(self, sequence: int, lang: Language) -> Stamp | None:
        """Return where a fact stands, None for one that is not durable yet."""
        pages = self._journal.after(max(0, sequence - 2), 2)
        if len(pages) < 2:
            return None
        before, page = pages
        return Stamp(page.key, lang, page.epoch, page.sequence, before.digest, page.at)

    def as_of(self) -> words.AsOf:
        """Return up to which fact answers are true that read durable facts alone."""
        return words.AsOf(epoch=self._journal.head.epoch, sequence=self._journal.committed)


def wished(asked: words.Quote | words.Sell) -> Wish:
    """Return what a request says of its basket."""
    where = asked.channel, asked.region
    return Wish(asked.lines, asked.member, asked.coupons, asked.redeem, *where, asked.also)


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
