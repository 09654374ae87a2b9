"""What a shop remembers for ever: facts. They are made, never changed."""

from decimal import Decimal

import msgspec

from edge.shop.ledger import POINTS, Posting, entry
from edge.shop.sale import Adjustment, PricedLine, Quote, TaxLine
from edge.shop.tender import Paid, Tender


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sale, with all that a receipt shows and a return needs."""

    product: str
    code: str
    name_zh: str
    name_en: str
    unit: str
    quantity: Decimal
    unit_price: int
    price_source: str
    list_amount: int
    discounts: tuple[Adjustment, ...]
    net: int
    unit_nets: tuple[int, ...]
    tax_class: str
    tax_rate: int
    points: int


class SaleMade(msgspec.Struct, frozen=True, kw_only=True):
    """Goods were sold and paid for. `quote` is the fingerprint of the quote that was accepted.

    Amounts are minor units; `postings` sum to zero in every unit.
    """

    sale: str
    receipt: str
    business_date: str
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None
    member: str | None
    currency: str
    exponent: int
    lines: tuple[SoldLine, ...]
    tenders: tuple[Tender, ...]
    handed: int
    change: int
    list_total: int
    total: int
    tax: tuple[TaxLine, ...]
    points_earned: int
    quote: str
    bundle: str
    price_book: int
    postings: tuple[Posting, ...]


class RequestRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A request was understood and refused; it binds its key."""

    terminal: str
    operation: str
    code: str


class KeyFenced(msgspec.Struct, frozen=True, kw_only=True):
    """A key was asked for and not known: from now on it can never happen."""

    terminal: str


class DayOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A business day begins; facts after this one belong to it."""

    business_date: str


class DayClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A business day is over."""

    business_date: str


class EpochOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The journal begins, or begins again after a restore or a clone."""

    ordinal: int
    nonce: str
    parent_ordinal: int | None
    parent_sequence: int
    parent_head: str
    software: str


class CloudReached(msgspec.Struct, frozen=True, kw_only=True):
    """The cloud answers again (`online` true), or stopped answering (false)."""

    online: bool


Fact = SaleMade | RequestRefused | KeyFenced | DayOpened | DayClosed | EpochOpened | CloudReached


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Where, when and by whom a sale is made; `receipt` numbers are free of gaps."""

    sale: str
    receipt: str
    business_date: str
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None = None


def sale_made(quote: Quote, paid: Paid, made: Circumstances) -> SaleMade:
    """Return the fact of a sale: a quote, how it was settled, and its circumstances."""
    assert paid.due == quote.total, "what was settled is what was quoted"
    member = quote.member.id if quote.member else None
    return SaleMade(
        sale=made.sale,
        receipt=made.receipt,
        business_date=made.business_date,
        terminal=made.terminal,
        lane=made.lane,
        cashier=made.cashier,
        seller=made.seller,
        member=member,
        currency=quote.currency,
        exponent=quote.exponent,
        lines=tuple([_sold(line) for line in quote.lines]),
        tenders=paid.tenders,
        handed=paid.handed,
        change=paid.change,
        list_total=quote.list_total,
        total=quote.total,
        tax=quote.tax,
        points_earned=quote.points_earned,
        quote=quote.fingerprint,
        bundle=quote.bundle,
        price_book=quote.price_book,
        postings=postings(quote, made.terminal),
    )


def postings(quote: Quote, terminal: str) -> tuple[Posting, ...]:
    """Return the balanced entry of a sale paid in cash at this terminal."""
    money = quote.currency
    legs = [Posting(f"cash:{terminal}", money, quote.total)]
    for line in quote.tax:
        legs.append(Posting(f"sales:{line.tax_class}", money, -line.net))
        legs.append(Posting(f"tax:{line.tax_class}", money, -line.tax))
    if quote.member:
        legs.append(Posting(f"member:{quote.member.id}", POINTS, quote.points_earned))
        legs.append(Posting("programme", POINTS, -quote.points_earned))
    return entry(*legs)


def _sold(priced: PricedLine) -> SoldLine:
    line = priced.line
    return SoldLine(
        product=line.product.id,
        code=line.code,
        name_zh=line.product.name_zh,
        name_en=line.product.name_en,
        unit=line.product.unit,
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_source=line.price_source,
        list_amount=line.list_amount,
        discounts=priced.adjustments,
        net=priced.net,
        unit_nets=priced.unit_nets,
        tax_class=line.product.tax_class,
        tax_rate=priced.tax_rate,
        points=priced.points,
    )
