"""Goods were sold: the fact that everything else refers back to."""

from decimal import Decimal
from typing import Literal

import msgspec

from edge.shop.accounts.lots import Move
from edge.shop.basket import PriceSource
from edge.shop.calendar import EXACT, Certainty
from edge.shop.facts.after import NOTHING_KNOWN, After
from edge.shop.ledger import Posting
from edge.shop.money import Rounding
from edge.shop.sale import (
    Adjustment,
    Basis,
    Buyer,
    Channel,
    CouponJudged,
    Given,
    Redeemed,
    RuleUse,
    TaxLine,
)
from edge.shop.tender import Tender


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What every fact says that moves money, goods or anything a member holds.

    `receipt` numbers are free of gaps. `postings` sum to zero in every unit, and those on
    member:{id} say for each unit what `moves` say of its lots. Amounts are minor units.
    """

    receipt: str
    business_date: str
    store: str
    """The party that did it: the seller, in a settlement between parties."""
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None
    member: str | None
    bundle: str
    """Hash of the rule bundle whose terms it was done under."""
    postings: tuple[Posting, ...]
    moves: tuple[Move, ...] = ()
    flags: tuple[str, ...] = ()
    """Why somebody should look at it afterwards: the ids of the watches that barked, and
    `off_home_coupon` or `overdraft` where the store took a risk that the cloud could not judge."""
    approved_by: str | None = None
    """The manager who let through what the cashier alone may not do."""
    clock: Certainty = EXACT
    """How far the box trusted its clock then."""
    afterwards: After = NOTHING_KNOWN
    """What its receipt says that the member has left."""
    training: bool = False
    """Whether it was done for practice: it is in no report, and the cloud never hears of it."""


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sale, with all that a receipt shows and a return needs."""

    product: str
    code: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    quantity: Decimal
    unit_price: int
    price_source: PriceSource
    list_amount: int
    discounts: tuple[Adjustment, ...]
    net: int
    unit_nets: tuple[int, ...]
    tax_class: str
    tax_rate: int
    points: int
    unit_points: tuple[int, ...]
    kind: Literal["goods", "gift", "charge"]
    rounding: Rounding = "half_up"
    """How the amount of the line was rounded."""
    discountable: bool = True
    reduced: bool = False
    """Whether the goods were already reduced."""
    floor: int | None = None
    """What no rule brings a unit below."""


class SaleMade(Deed, frozen=True, kw_only=True):
    """Goods were sold and paid for. `quote` is the fingerprint of the quote that was accepted.

    With the rules of its `bundle`, the fact alone is enough to come to the same quote again.
    """

    sale: str
    terminal_kind: str
    channel: Channel
    region: str
    """The region the store was in, as its prices knew it; "" for none."""
    online: bool
    """Whether the cloud could be asked."""
    tier: str
    """The member's tier when it was priced, "" for none."""
    buyer: Buyer | None
    """What the rules could see of the member beside the tier; None for a guest."""
    basis: Basis
    currency: str
    exponent: int
    lines: tuple[SoldLine, ...]
    tenders: tuple[Tender, ...]
    """What counted towards the total, in the order of stage 7; change is already taken off."""
    handed: int
    change: int
    rounding: int = 0
    """Cash rounding: what was asked for beyond the total (+) or let go of it (-)."""
    list_total: int
    total: int
    tax: tuple[TaxLine, ...]
    points_earned: int
    points_spent: int = 0
    redeemed: tuple[Redeemed, ...] = ()
    """All points that paid, partners' too, in the order in which they were taken."""
    coupons: tuple[CouponJudged, ...] = ()
    """The coupons that were redeemed."""
    gives: tuple[Given, ...] = ()
    uses: tuple[RuleUse, ...] = ()
    quote: str
    price_book: int
