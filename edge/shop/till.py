"""A lane's sale in progress as a pure state machine: step(till, given, ...) -> till, outcomes.

What a lane is given has been resolved before: a code is already a product, a member, or unknown.
"""

from decimal import Decimal

import msgspec

from edge.shop.accounts.lots import Holdings
from edge.shop.basket import PIECE, Basket, Line, Product, line
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.pricing import Moment, RuleSet, check, price
from edge.shop.sale import Quote
from edge.shop.tender import Paid, Tender, in_cash, settle

# --- what a lane is given -----------------------------------------------------------------------


class ProductScanned(msgspec.Struct, frozen=True):
    """A product's code was read; scanned again, it is one more of it."""

    product: Product
    code: str
    quantity: Decimal = Decimal(1)


class MemberIdentified(msgspec.Struct, frozen=True):
    """A member showed who they are; the last one counts."""

    member: Member


class UnknownCode(msgspec.Struct, frozen=True):
    """A code was read that stands for nothing this shop knows."""

    code: str


class PayCash(msgspec.Struct, frozen=True):
    """Cash was taken: so many minor units, or None for exactly what is due."""

    amount: int | None = None


class RemoveLast(msgspec.Struct, frozen=True):
    """The last line was a mistake."""


class Cancel(msgspec.Struct, frozen=True):
    """The guest walks away: nothing is sold."""


Given = ProductScanned | MemberIdentified | UnknownCode | PayCash | RemoveLast | Cancel

# --- what comes of it ---------------------------------------------------------------------------


class Shown(msgspec.Struct, frozen=True):
    """The running quote, for whoever looks at the lane's display."""

    quote: Quote


class Sold(msgspec.Struct, frozen=True):
    """The guest has paid. It is a sale once its fact is durable."""

    quote: Quote
    paid: Paid


Outcome = Shown | Sold | Declined


class Till(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane knows between two inputs."""

    terminal_kind: str = "lane"
    basket: Basket = Basket()
    shown: str = ""
    """Fingerprint of the quote that was shown last: what the guest agrees to when paying."""


def step(
    till: Till, given: Given, rules: RuleSet, at: Moment, price_book: int
) -> tuple[Till, tuple[Outcome, ...]]:
    """Take one input; return the next till and what came of it. A refusal changes nothing.

    A price that has changed since it was shown is shown anew, and declined until paid again.
    """
    match given:
        case PayCash(amount):
            return _pay(till, amount, rules, at, price_book)
        case UnknownCode(code):
            return till, (Declined("E-UNKNOWN-PRODUCT", {"code": code}),)
        case ProductScanned():
            basket = _scanned(till.basket, given, rules)
        case MemberIdentified(member):
            basket = Basket(till.basket.lines, member)
        case RemoveLast() if not till.basket.lines:
            basket = Declined("E-EMPTY-BASKET")
        case RemoveLast():
            basket = Basket(till.basket.lines[:-1], till.basket.member)
        case Cancel():
            basket = Basket()
    if isinstance(basket, Declined):
        return till, (basket,)
    if declined := _unsellable(basket, rules):
        return till, (declined,)
    quote = price(basket, rules, at, till.terminal_kind, price_book)
    shown = quote.fingerprint if basket.lines else ""
    after = msgspec.structs.replace(till, basket=basket, shown=shown)
    return after, (Shown(quote),)


def _scanned(basket: Basket, given: ProductScanned, rules: RuleSet) -> Basket | Declined:
    """Add to the line of the same product at the same price, else begin a new line."""
    lines = list(basket.lines)
    place = next((i for i, held in enumerate(lines) if _same(held, given.product)), len(lines))
    before = lines[place].quantity if place < len(lines) else Decimal(0)
    made = line(given.product, given.code, before + given.quantity, rounding=rules.bundle.rounding)
    if isinstance(made, Declined):
        return made
    lines[place : place + 1] = [made]
    return Basket(tuple(lines), basket.member)


def _unsellable(basket: Basket, rules: RuleSet) -> Declined | None:
    """Judge what was scanned anew each time: the rules may have changed since the last input."""
    return check(basket, rules) if basket.lines else None


def _same(held: Line, product: Product) -> bool:
    """Weighed goods are never the same: each weighing is its own line."""
    return held.product == product and product.unit == PIECE


def _pay(
    till: Till, amount: int | None, rules: RuleSet, at: Moment, price_book: int
) -> tuple[Till, tuple[Outcome, ...]]:
    declined = check(till.basket, rules)
    if declined:
        return till, (declined,)
    quote = price(till.basket, rules, at, till.terminal_kind, price_book)
    if quote.fingerprint != till.shown:
        told = msgspec.structs.replace(till, shown=quote.fingerprint)
        return told, (Shown(quote), Declined("E-PRICE-CHANGED"))
    cash = in_cash(quote.total, rules.bundle) if amount is None else amount
    paid = settle(quote.total, [Tender("cash", cash)], Holdings(), rules.bundle, today=at.date)
    if isinstance(paid, Declined):
        return till, (paid,)
    return msgspec.structs.replace(till, basket=Basket(), shown=""), (Sold(quote, paid),)
