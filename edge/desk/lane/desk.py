"""A lane's shell: the box itself is the till, with whatever devices the lane has.

What a device says is resolved, the till takes one step, a sale is placed in that same step, and
only when it is durable does the lane show the change, open the drawer, print and beep for yes.
"""

import asyncio
from collections.abc import Callable, Container
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Final

import msgspec

from drivers.events import (
    CardPresented,
    Event,
    Fault,
    Keyed,
    Print,
    Scan,
    State,
    Swiped,
    Weigh,
    Weighed,
)
from edge.config import Lane
from edge.desk.answer import Answer
from edge.desk.counter import Counter, refused
from edge.desk.homes.away import Granted
from edge.desk.lane import keypad
from edge.desk.lane.baskets import Baskets
from edge.desk.lane.memory import KeptTill
from edge.desk.lane.outputs import Outputs
from edge.desk.lane.resolving import Meant, Resolver, commanded
from edge.desk.lane.selling import Selling
from edge.desk.lane.shelf import LaneShelf
from edge.desk.lane.telling import Publish, Telling, once
from edge.desk.members import Holding, again, surer
from edge.desk.pins import Wish
from edge.intake import TillCommand
from edge.refusals import Refusal
from edge.shop import till as tills
from edge.shop.basket import PIECE
from edge.shop.declined import Declined
from edge.shop.pricing.explain import TEXTS

Input = Scan | Keyed | CardPresented | Swiped
"""What somebody does at a lane, unlike what a device says of itself."""
Safely = Callable[[], AbstractContextManager[None]]
"""Within this, what goes wrong is dealt with as at every door."""

GRAMS: Final = 1000


class LaneDesk:
    """One lane. It is told by `hear`, on the event loop, and never waits."""

    def __init__(
        self,
        lane: Lane,
        counter: Counter,
        selling: Selling,
        shelf: LaneShelf,
        baskets: Baskets,
        outputs: Outputs,
        publish: Publish,
        safely: Safely = nullcontext,
    ) -> None:
        self._lane, self._counter, self._selling = lane, counter, selling
        self._shelf, self._baskets, self._outputs = shelf, baskets, outputs
        self._safely = safely
        self._telling = Telling(lane, counter, outputs, publish)
        self._resolver = Resolver(counter)
        self._times: Decimal | None = None
        self._weighing: tills.ProductScanned | None = None
        self._deciding: asyncio.Task[None] | None = None
        self._is_recalling = False
        self._is_resumed = False
        outputs.out = baskets.printed
        outputs.aside = self._telling.not_printed

    @property
    def is_busy(self) -> bool:
        """Tell whether there are goods in the basket that nobody paid for yet."""
        return bool(self._baskets.till.basket.lines)

    # --- what is heard -----------------------------------------------------------------------

    def hear(self, event: Event, source: str | None = None, obeys: Container[type] = ()) -> None:
        """Take what a device of the lane says; `obeys` are the commands that it takes."""
        self._outputs.hear(event, printer=Print in obeys)
        match event:
            case Weighed(grams):
                self._weighed(grams)
            case Fault(reason) | State("lost" | "error", reason) if Weigh in obeys:
                self._not_weighed(reason)
            case Scan() | Keyed() | CardPresented() | Swiped():
                self._telling.source = source
                self.take(event)

    def take(self, event: Input) -> None:
        """Take one input."""
        with self._counter.steady():
            unable = self._unable()
            if unable is None:
                self.resume()
                self._do(self._meant(event))
            else:
                self._no(unable)

    def resume(self) -> None:
        """Come back with the basket that was open when the box stopped, once, and say so."""
        if self._is_resumed or self._counter.closed():
            return
        self._is_resumed = True
        back = self._baskets.restore(self._counter, self._selling.fate)
        for key in back.happened:
            if (answer := self._selling.told(key)) is not None:
                self._telling.found(answer)
        for key in dict.fromkeys([*back.printing, *back.happened]):
            self._outputs.print(key, copy=True)
        for basket in back.aside:
            if (no := self._put(basket.key, basket.till)) is not None:
                self._no(no)
        if back.lines or back.lost:
            self._telling.recovered(back.lines, back.lost)
        if self._baskets.till.is_open:
            self._take_step(*tills.resumed(self._baskets.till, self._now()))
        else:
            self._outputs.show(self._outputs.faces.idle())

    async def close(self) -> None:
        """Let go of a sale that still waits for somebody's word: it is not made."""
        if self._deciding is not None:
            self._deciding.cancel()
            await asyncio.wait((self._deciding,))

    def failed(self) -> None:
        """Say that the box itself made a mistake with the last input."""
        self._no(Refusal("E-INTERNAL"))

    def _unable(self) -> Refusal | None:
        if self._deciding is not None or self._is_recalling:
            return Refusal("E-IN-PROGRESS", retry_after=1)
        return self._counter.closed() or self._selling.blocked()

    # --- what it means -----------------------------------------------------------------------

    def _meant(self, event: Input) -> Meant | None:
        """Return what an input means; None for one that only prepares the next."""
        match event:
            case Scan():
                times, self._times = self._times, None
                return self._resolver.scan(event, times)
            case CardPresented():
                return self._resolver.card(event)
            case Swiped():
                return self._resolver.swiped(event)
            case Keyed(text):
                return self._keyed(text)

    def _keyed(self, text: str) -> Meant | None:
        line = keypad.read(text, self._counter.exponent)
        match line:
            case keypad.Typed(code, count):
                times, self._times = self._times, None
                return self._resolver.scan(Scan(code), count if times is None else times)
            case keypad.Phone(number):
                return self._resolver.phone(number)
            case keypad.Times(count):
                self._times = count
                return None
            case TillCommand():
                return commanded(line)
        return Refusal("E-KEYPAD", {"text": text[:16]})

    # --- what is done ------------------------------------------------------------------------

    def _do(self, meant: Meant | None) -> None:
        if self._weighing is not None and not isinstance(meant, tills.Cancel):
            self._no(Refusal("E-SCALE", {"reason": "still weighing"}))
            return
        self._weighing = None
        match meant:
            case None:
                self._telling.yes()
            case Refusal():
                self._no(meant)
            case Holding():
                self._identify(meant)
            case TillCommand():
                self._command(meant)
            case tills.ProductScanned() if self._weigh(meant):
                self._weighing = meant
            case _:
                self._step(meant)

    def _identify(self, found: Holding) -> None:
        """Take a member. Two for one basket are both shown, masked, and the sale is flagged."""
        held = self._baskets.shown
        if held is not None and held.member.id != found.member.id:
            both = [held.member.display, found.member.display]
            found = surer(held, found)
            self._telling.two_members(both, found.member.display)
        elif held is not None:
            found = again(held, found)
        self._baskets.shown = found
        proven = found.proven or not self._counter.must_prove
        self._step(tills.MemberIdentified(found.member, proven))

    def _command(self, command: TillCommand) -> None:
        """Do what is not the till's: park and recall a basket, print again."""
        match command.action:
            case "reprint":
                no = self._reprint()
            case "park":
                no = self._park()
            case _:
                no = self._recall(int(command.count or 0))
        if no is not None:
            self._no(no)

    def _park(self) -> Refusal | None:
        aside = self._baskets.aside()
        if isinstance(aside, Refusal):
            return aside
        no = self._put(self._baskets.key, aside)
        if no is None:
            self._baskets.placed()
        return no

    def _put(self, key: str, aside: KeptTill) -> Refusal | None:
        """Put a basket on the shelf; it may be shown once that is durable."""
        placed = self._shelf.put(key, aside)
        if isinstance(placed, Refusal):
            return placed
        answer, durable = placed

        def told() -> None:
            self._baskets.parked(key)
            self._telling.parked(answer, is_last=not self._baskets.till.is_open)

        once(durable, told)
        return None

    def _recall(self, number: int) -> Refusal | None:
        """Take a basket off the shelf; nothing else is done until that is durable."""
        if self._baskets.till.is_open:
            return Refusal("E-BASKET-OPEN")
        key = self._selling.new_key()
        taken = self._shelf.take(key, number)
        if isinstance(taken, Refusal):
            return taken
        lost = self._baskets.recalled(taken.till, key, self._counter)
        self._is_recalling = True

        def told() -> None:
            self._is_recalling = False
            with self._safely(), self._counter.steady():
                self._telling.recovered(len(self._baskets.till.basket.lines), lost)
                self._take_step(*tills.resumed(self._baskets.till, self._now()))

        once(taken.durable, told)
        return None

    def _reprint(self) -> Refusal | None:
        if not self._baskets.last:
            return Refusal("E-NO-RECEIPT")
        if not self._outputs.prints:
            return Refusal("E-NO-PRINTER")
        self._outputs.print(self._baskets.last, copy=True)
        self._telling.yes()
        return None

    def _step(self, given: tills.Given) -> None:
        before = self._baskets.till
        if isinstance(given, tills.Tendered) and (no := self._blocked_since()) is not None:
            self._no(no)
            return
        after, outcomes = tills.step(before, given, self._now())
        if isinstance(given, tills.CouponScanned) and (why := _unusable(given.coupon, outcomes)):
            zh, en = TEXTS[why]
            self._no(Refusal("E-COUPON-REFUSED", {"why_zh": zh, "why_en": en}))
            return
        match outcomes:
            case (tills.Sold() as sold,) if isinstance(given, tills.Tendered):
                self._sell(sold, given)
            case _:
                self._take_step(after, outcomes)

    def _take_step(self, after: tills.Till, outcomes: tuple[tills.Outcome, ...]) -> None:
        self._baskets.keep(after)
        for outcome in outcomes:
            match outcome:
                case tills.Shown():
                    self._telling.shown(outcome, self._selling.now())
                case Declined():
                    self._no(refused(outcome, self._counter.exponent))

    def _now(self) -> tills.Now:
        counter = self._counter
        return tills.Now(
            counter.rules, counter.moment(), counter.price_book,
            asked=lambda till: counter.asked(till.basket.member, counter.rules, wish(till)),
            held=lambda till: counter.members.holdings(
                till.basket.member.id if till.basket.member else None
            ),
            online=counter.online(),
        )  # fmt: skip

    def _blocked_since(self) -> Refusal | None:
        """Return why the basket's member may no longer buy as one, or None."""
        member = self._baskets.till.basket.member
        holding = self._counter.holding(member.id, decided=True) if member else None
        return holding if isinstance(holding, Refusal) else None

    # --- goods that are weighed --------------------------------------------------------------

    def _weigh(self, scanned: tills.ProductScanned) -> bool:
        """Ask the scale about goods sold by weight of which nobody said how much there is."""
        product = scanned.product
        is_open = scanned.quantity == 1 and scanned.unit_price is None
        if product.unit == PIECE or not is_open:
            return False
        zh_en = (product.name_zh, product.name_en)
        return self._outputs.weigh(zh_en[0] if self._lane.lang == "zh" else zh_en[1])

    def _weighed(self, grams: int) -> None:
        scanned, self._weighing = self._weighing, None
        if scanned is not None:
            with self._counter.steady():
                quantity = Decimal(grams) / GRAMS
                self._step(msgspec.structs.replace(scanned, quantity=quantity))

    def _not_weighed(self, reason: str) -> None:
        scanned, self._weighing = self._weighing, None
        if scanned is not None:
            self._no(Refusal("E-SCALE", {"reason": reason}))

    # --- a sale ------------------------------------------------------------------------------

    def _sell(self, sold: tills.Sold, given: tills.Tendered) -> None:
        if self._selling.waits(sold, self._baskets.shown):
            self._deciding = asyncio.create_task(self._decide(sold, given), name="lane sale")
        else:
            self._place(sold, None)

    async def _decide(self, sold: tills.Sold, given: tills.Tendered) -> None:
        """Await what must be awaited, then take the step again on the book as it is by then."""
        with self._safely():
            try:
                granted = await self._selling.prepare(sold, self._baskets.key, self._baskets.shown)
            finally:
                self._deciding = None
            if isinstance(granted, Refusal):
                self._no(granted)
                return
            with self._counter.steady():
                after, outcomes = tills.step(self._baskets.till, given, self._now())
                match outcomes:
                    case (tills.Sold() as again,):
                        self._place(again, granted)
                    case _:
                        self._selling.let_go(granted)
                        self._take_step(after, outcomes)

    def _place(self, sold: tills.Sold, granted: Granted | None) -> None:
        shown = self._baskets.shown
        flags = ("two_members",) if shown is not None and shown.besides else ()
        placed = self._selling.place(sold, self._baskets.key, granted, flags)
        if isinstance(placed, Refusal):
            self._no(placed)
            return
        key = self._baskets.placed()
        answer, durable = placed
        once(durable, lambda: self._tell(sold, key, answer))

    def _tell(self, sold: tills.Sold, key: str, answer: Answer) -> None:
        """Tell of a sale that is on disk."""
        self._baskets.sold(key, prints=self._outputs.prints)
        self._telling.sold(sold, key, answer, is_last=not self._baskets.till.is_open)

    def _no(self, refusal: Refusal) -> None:
        self._telling.no(refusal)


def wish(till: tills.Till) -> Wish:
    """Return what a till's guest wishes, as a price is asked for."""
    return Wish((), coupons=till.coupons, redeem=till.redeem)


def _unusable(coupon: str, outcomes: tuple[tills.Outcome, ...]) -> str:
    """Return why a coupon that was just shown can never be used here, "" if it may be."""
    judged = [one for outcome in outcomes if isinstance(outcome, tills.Shown)
              for one in outcome.quote.coupons if one.coupon == coupon]  # fmt: skip
    reasons = [one.reason for one in judged if one.reason.startswith("R-COUPON-")]
    return reasons[0] if reasons else ""
