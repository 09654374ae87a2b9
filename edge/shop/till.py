"""A lane's sale in progress as a pure state machine: step(till, given, now) -> till, outcomes.

What a lane is given has been resolved before: a code is already a product, a member, a coupon, or
unknown. What a price and a payment depend on beyond the till itself, the caller looks up: `Now`.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

import msgspec

from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.value import spend
from edge.shop.basket import PIECE, Basket, Line, Product, line
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.operations.covering import as_many, standing, without_line
from edge.shop.pricing import Asked, Moment, RuleSet, check, price
from edge.shop.sale import Quote
from edge.shop.tender import Paid, Tender, UsesAsked, in_cash, settle

# --- what a lane is given -----------------------------------------------------------------------


class ProductScanned(msgspec.Struct, frozen=True):
    """A product's code was read; scanned again, it is one more of it.

    `unit_price` is what the code itself says, in minor units; None for the price book's.
    """

    product: Product
    code: str
    quantity: Decimal = Decimal(1)
    unit_price: int | None = None


class Counted(msgspec.Struct, frozen=True):
    """There is so much of the last line, whatever was scanned."""

    quantity: Decimal


class MemberIdentified(msgspec.Struct, frozen=True):
    """A member showed who they are; the last one counts.

    Only who `may_spend` pays with stored value or points: a printed code is not enough.
    """

    member: Member
    may_spend: bool = True


class CouponScanned(msgspec.Struct, frozen=True):
    """A coupon was shown, by its id."""

    coupon: str


class Redeem(msgspec.Struct, frozen=True):
    """So many points are to pay a part of the bill; 0 for none after all."""

    points: int | Literal["max"] = "max"


class PayByUses(msgspec.Struct, frozen=True):
    """So many uses of count cards are to pay for goods, the dearest first; 0 for none after all."""

    uses: int | Literal["max"] = "max"


class UnknownCode(msgspec.Struct, frozen=True):
    """A code was read that stands for nothing this shop knows."""

    code: str


class Tendered(msgspec.Struct, frozen=True):
    """Something was handed over: so many minor units, or None for exactly what is left to pay.

    Cash comes last and has to reach what is left; anything else may pay a part. Of stored value,
    None is as much as there is.
    """

    kind: Literal["cash", "card", "wallet", "transfer", "value"]
    amount: int | None = None


class RemoveLine(msgspec.Struct, frozen=True):
    """A line was a mistake: the one of this number, from 1; None for the last."""

    number: int | None = None


class Cancel(msgspec.Struct, frozen=True):
    """What was handed over goes back; if there is nothing, the guest walks away without goods."""


Given = (
    ProductScanned
    | Counted
    | MemberIdentified
    | CouponScanned
    | Redeem
    | PayByUses
    | UnknownCode
    | Tendered
    | RemoveLine
    | Cancel
)

# --- what comes of it ---------------------------------------------------------------------------


class Shown(msgspec.Struct, frozen=True):
    """The running quote, for whoever looks at the lane's display.

    `line` is the place of the line that this is about, None if it is about the whole; `tendered`
    is what was handed over so far, beside the `uses` that pay.
    """

    quote: Quote
    line: int | None = None
    tendered: int = 0
    uses: tuple[Tender, ...] = ()

    @property
    def due(self) -> int:
        """What is left to pay, in minor units."""
        return self.quote.total - _sum(self.uses) - self.tendered


class Sold(msgspec.Struct, frozen=True):
    """The guest has paid. It is a sale once its fact is durable."""

    quote: Quote
    paid: Paid


Outcome = Shown | Sold | Declined


class Till(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane knows between two inputs."""

    terminal_kind: str = "lane"
    basket: Basket = Basket()
    may_spend: bool = False
    """Whether the basket's member showed enough to pay with what they hold."""
    coupons: tuple[str, ...] = ()
    redeem: int | Literal["max"] = 0
    uses: tuple[UsesAsked, ...] = ()
    """The uses of count cards that pay for a part of the basket."""
    covered: int = 0
    """How much they paid of the quote that was shown last, in minor units."""
    tenders: tuple[Tender, ...] = ()
    """What was handed over so far; it counts only when the whole bill is paid."""
    shown: str = ""
    """Fingerprint of the quote that was shown last: what the guest agrees to when paying."""

    @property
    def is_open(self) -> bool:
        """Tell whether anything stands in it that has not become a sale."""
        return bool(self.basket.lines or self.basket.member or self.coupons)


class Now(msgspec.Struct, frozen=True):
    """All that a step goes by besides the till: the shop at this moment.

    `asked` answers what else the price of a till's basket depends on, `held` what its member
    holds; both only look things up.
    """

    rules: RuleSet
    at: Moment
    price_book: int
    asked: Callable[[Till], Asked] = lambda till: Asked()
    held: Callable[[Till], Holdings] = lambda till: Holdings()
    online: bool = False


def step(till: Till, given: Given, now: Now) -> tuple[Till, tuple[Outcome, ...]]:
    """Take one input; return the next till and what came of it. A refusal changes nothing.

    A price that has changed since it was shown is shown anew, and declined until paid again.
    """
    if isinstance(given, Tendered):
        return _tender(till, given, now)
    changed = _changed(till, given, now)
    if isinstance(changed, Declined):
        return till, (changed,)
    after, place = changed
    # Judge what was scanned anew each time: the rules may have changed since the last input.
    if after.basket.lines and (declined := check(after.basket, now.rules)):
        return till, (declined,)
    return _show(after, now, place)


def resumed(till: Till, now: Now) -> tuple[Till, tuple[Outcome, ...]]:
    """Price a till anew that was put aside, whatever has changed meanwhile."""
    if not till.basket.lines:
        return _show(till, now)
    declined = check(till.basket, now.rules)
    return (till, (declined,)) if declined else _show(till, now)


# --- the basket -----------------------------------------------------------------------------------


def _changed(till: Till, given: Given, now: Now) -> tuple[Till, int | None] | Declined:
    """Return the till after an input that pays nothing, and the line it was about."""
    match given:
        case ProductScanned():
            return _scanned(till, given, now.rules)
        case Counted(quantity):
            return _counted(till, quantity, now.rules)
        case RemoveLine(number):
            return _removed(till, number)
        case MemberIdentified():
            return _identified(till, given), None
        case CouponScanned(coupon):
            coupons = till.coupons if coupon in till.coupons else (*till.coupons, coupon)
            return _replace(till, coupons=coupons), None
        case Redeem(points):
            spending = till.may_spend or not points
            return (_replace(till, redeem=points), None) if spending else _unproven(till)
        case PayByUses(uses):
            return _by_uses(till, None if uses == "max" else uses, now)
        case UnknownCode(code):
            return Declined("E-UNKNOWN-PRODUCT", {"code": code})
        case Cancel() if till.tenders or till.uses:
            return _replace(till, tenders=(), uses=()), None
        case Cancel():
            return Till(terminal_kind=till.terminal_kind), None
        case Tendered():
            raise AssertionError("what is handed over changes no basket")


def _identified(till: Till, given: MemberIdentified) -> Till:
    """Let a basket be a member's; what another one wished to spend is not theirs to spend."""
    before = till.basket.member
    basket = Basket(till.basket.lines, given.member)
    if before is None or before.id == given.member.id:
        return _replace(till, basket=basket, may_spend=given.may_spend)
    return _replace(till, basket=basket, may_spend=given.may_spend, redeem=0, uses=())


def _scanned(
    till: Till, given: ProductScanned, rules: RuleSet
) -> tuple[Till, int | None] | Declined:
    """Add to the line of the same product at the same price, else begin a new line."""
    lines = till.basket.lines
    place = next((i for i, held in enumerate(lines) if _same(held, given)), len(lines))
    before = lines[place].quantity if place < len(lines) else Decimal(0)
    made = line(
        given.product, given.code, before + given.quantity, given.unit_price,
        rules.bundle.rounding, "barcode",
    )  # fmt: skip
    return made if isinstance(made, Declined) else _placed(till, place, made)


def _counted(till: Till, quantity: Decimal, rules: RuleSet) -> tuple[Till, int | None] | Declined:
    if not till.basket.lines:
        return Declined("E-EMPTY-BASKET")
    last = till.basket.lines[-1]
    own = last.unit_price if last.price_source != "price_book" else None
    made = line(last.product, last.code, quantity, own, rules.bundle.rounding, last.price_source)
    if isinstance(made, Declined):
        return made
    return _placed(till, len(till.basket.lines) - 1, made)


def _placed(till: Till, place: int, made: Line) -> tuple[Till, int | None]:
    lines = (*till.basket.lines[:place], made, *till.basket.lines[place + 1 :])
    return _replace(till, basket=Basket(lines, till.basket.member)), place


def _removed(till: Till, number: int | None) -> tuple[Till, int | None] | Declined:
    lines = till.basket.lines
    if not lines:
        return Declined("E-EMPTY-BASKET")
    number = len(lines) if number is None else number
    if not 1 <= number <= len(lines):
        return Declined("E-NO-LINE", {"number": number})
    kept = lines[: number - 1] + lines[number:]
    uses = without_line(till.uses, number - 1)
    return _replace(till, basket=Basket(kept, till.basket.member), uses=uses), None


def _same(held: Line, given: ProductScanned) -> bool:
    """Weighed goods are never the same: each weighing is its own line."""
    if held.product != given.product or given.product.unit != PIECE:
        return False
    return given.unit_price is None and held.price_source == "price_book"


# --- the price and the payment --------------------------------------------------------------------


def _show(till: Till, now: Now, place: int | None = None) -> tuple[Till, tuple[Outcome, ...]]:
    return _shown(till, _price(till, now), now, place)


def _shown(
    till: Till, quote: Quote, now: Now, place: int | None = None
) -> tuple[Till, tuple[Outcome, ...]]:
    """Show a quote, and what uses pay of it; of those that cannot pay any more, say why."""
    held = now.held(till) if till.uses else Holdings()
    left = standing(till.uses, quote, now.rules.bundle, held, now.at.date)
    shown = quote.fingerprint if till.basket.lines else ""
    after = _replace(till, shown=shown, uses=left.asked, covered=_sum(left.uses))
    told = Shown(quote, place, _sum(till.tenders), left.uses)
    return after, (told, left.declined) if left.declined else (told,)


def _price(till: Till, now: Now) -> Quote:
    return price(
        till.basket, now.rules, now.at, till.terminal_kind, now.price_book, more=now.asked(till)
    )


def _tender(till: Till, given: Tendered, now: Now) -> tuple[Till, tuple[Outcome, ...]]:
    if declined := check(till.basket, now.rules):
        return till, (declined,)
    if (given.kind == "value" or till.uses) and not till.may_spend:
        return till, (_unproven(till),)
    quote = _price(till, now)
    again, (shown, *why) = _shown(till, quote, now)
    if again != till:
        return again, (shown, *(why or [Declined("E-PRICE-CHANGED")]))
    assert isinstance(shown, Shown), "a price is shown before anything is said of it"
    tender = Tender(given.kind, _amount(till, given, shown.due, now))
    if tender.kind == "value" and shown.due and not tender.amount:
        return till, (Declined("E-VALUE-SHORT", {"more": 0}),)
    return _pay(till, shown, (*till.tenders, tender), now)


def _pay(
    till: Till, shown: Shown, tenders: tuple[Tender, ...], now: Now
) -> tuple[Till, tuple[Outcome, ...]]:
    """Settle, or keep a part payment and show what is left."""
    quote, uses = shown.quote, shown.uses
    held, terms = now.held(till), now.rules.bundle
    value = sum([tender.amount for tender in tenders if tender.kind == "value"])
    if isinstance(short := spend(terms.programme.value, held, value, now.at.date), Declined):
        return till, (short,)
    last = tenders[-1]
    if last.kind != "cash" and last.amount > 0 and _sum((*uses, *tenders)) < quote.total:
        return _replace(till, tenders=tenders), (Shown(quote, None, _sum(tenders), uses),)
    paid = settle(
        quote.total, tenders, held, terms, today=now.at.date, online=now.online, uses=uses
    )
    if isinstance(paid, Declined):
        return till, (paid,)
    return Till(terminal_kind=till.terminal_kind), (Sold(quote, paid),)


def _amount(till: Till, given: Tendered, left: int, now: Now) -> int:
    """Return how much is handed over; what nobody says is all that is left."""
    if given.amount is not None:
        return given.amount
    if given.kind == "cash":
        return in_cash(left, now.rules.bundle)
    return _value_within(left, till, now) if given.kind == "value" else left


def _value_within(left: int, till: Till, now: Now) -> int:
    """Return how much of what is left stored value can pay."""
    offered = sum([tender.amount for tender in till.tenders if tender.kind == "value"])
    spent = spend(now.rules.bundle.programme.value, now.held(till), left + offered, now.at.date)
    if not isinstance(spent, Declined):
        return left
    return max(0, int(spent.params["more"]) - offered)


def _by_uses(till: Till, most: int | None, now: Now) -> tuple[Till, None] | Declined:
    """Let so many uses pay for the basket as it is; None for as many as can."""
    if most == 0:
        return _replace(till, uses=()), None
    if not till.may_spend:
        return _unproven(till)
    if till.tenders:
        return Declined("E-PARTLY-PAID")
    if declined := check(till.basket, now.rules):
        return declined
    uses = as_many(most, _price(till, now), now.rules.bundle, now.held(till), now.at.date)
    return uses if isinstance(uses, Declined) else (_replace(till, uses=uses), None)


def _unproven(till: Till) -> Declined:
    """Say why this member's points, value and uses stay where they are."""
    return Declined("E-NEEDS-PROOF" if till.basket.member else "E-NO-MEMBER")


def _sum(tenders: Iterable[Tender]) -> int:
    return sum([tender.amount for tender in tenders])


_replace = msgspec.structs.replace
