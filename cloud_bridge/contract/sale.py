"""The body of a sale."""

from collections.abc import Mapping
from decimal import Decimal

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.words import Words


class Funding(Words, frozen=True, kw_only=True):
    """Who bears a part of a discount: a party and its share in basis points."""

    party: str
    share: int


class SaleDiscount(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule took off a line: a negative amount, and per unit, which sums to it."""

    rule: str
    name_zh: str
    name_en: str
    amount: int
    units: tuple[int, ...]
    stage: int = 0
    coupon: str = ""
    funding: tuple[Funding, ...] = ()


class SaleLine(Words, frozen=True, kw_only=True):
    """One line of a sale, with all that a receipt shows and a return needs."""

    product: str
    code: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    quantity: Decimal
    unit_price: int
    price_source: str
    list_amount: int
    discounts: tuple[SaleDiscount, ...]
    net: int
    unit_nets: tuple[int, ...]
    """What each unit of the line cost in the end; sums to `net`."""
    tax_class: str
    tax_rate: int
    points: int
    unit_points: tuple[int, ...]
    """What each unit of the line earned; sums to `points`."""
    kind: str
    """goods, gift (a rule gave it away) or charge (a rule asked for it)."""
    rounding: str = "half_up"
    """How the amount of the line was rounded: half_up, half_even or down."""
    discountable: bool = True
    reduced: bool = False
    """Whether the goods were already reduced."""
    floor: int | None = None
    """What no rule brings a unit below."""


class SaleBuyer(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What was known of the member of all that the rules of the bundle look at; nothing else."""

    tags: tuple[str, ...] = ()
    birthday: str = ""
    """MM-DD, by the lunar calendar LMM-DD; never a year."""
    adult: bool = False
    partner: str = ""
    purchases: int | None = None


class CouponShown(Words, frozen=True, kw_only=True, omit_defaults=True):
    """A coupon as it was shown; one that could not be used says why in `reason`."""

    id: str
    type: str
    usable: bool = True
    reason: str = ""


class SaleBasis(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What the price went by beside the goods, the rules and the member, as it was then."""

    at_ms: int
    """The moment of the price, in milliseconds since 1970-01-01 UTC."""
    store: str
    """The store as the conditions of rules know it."""
    online: bool
    """Whether what only the cloud can count was up to date."""
    counters: Mapping[str, int] = {}
    """How much of limits was used before, by "{rule}|{of}|{per}"."""
    shown: tuple[CouponShown, ...] = ()
    unknown: tuple[str, ...] = ()
    """Gifts that rules named and that were in no catalogue."""


class PointsRedeemed(Words, frozen=True, kw_only=True):
    """Points that paid: by which rule, of which programme ("" is the store's own)."""

    rule: str
    programme: str
    points: int


class SaleVoucher(Words, frozen=True, kw_only=True):
    """A third party's voucher: its worth here, what the guest paid for it, what we get for it."""

    id: str
    issuer: str
    face: int
    paid: int
    settlement: int


class SaleCardUses(Words, frozen=True, kw_only=True, omit_defaults=True):
    """Uses of one count card, each of which paid for one unit of a line, whatever that cost.

    `values` say, unit by unit, what each use is worth: it leaves what is deferred for the card,
    and is what the goods were sold for. The account `uses` has what they cost beyond that.
    """

    count_card: str
    """The card: the id of its lot."""
    plan: str
    name_zh: str
    name_en: str
    line: int
    """The place of the line in the sale, from 0."""
    units: tuple[int, ...]
    """The places of the units in the line, from 0."""
    values: tuple[int, ...]
    left: int
    """The uses left on the card."""
    earns: bool = False
    """Whether what the uses are worth earned points."""


class SaleTender(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What paid: `amount` is what counted towards the total, change already taken off.

    A kind is bonus, principal, uses (of count cards), cash, card, wallet, transfer or voucher.
    """

    kind: str
    amount: int
    voucher: SaleVoucher | None = None
    """With the kind voucher."""
    uses: SaleCardUses | None = None
    """With the kind uses."""


class SaleTax(Words, frozen=True, kw_only=True):
    """Tax contained at one rate."""

    tax_class: str
    rate: int
    net: int
    tax: int


class CouponRedeemed(Words, frozen=True, kw_only=True, omit_defaults=True):
    """A coupon that was redeemed, and what it changed."""

    coupon: str
    rule: str
    reason: str
    amount: int = 0
    params: Mapping[str, str | int] = {}


class CouponGiven(Words, frozen=True, kw_only=True):
    """So many coupons of a type that a rule gave to the member; their lots are in the moves."""

    rule: str
    coupon: str
    count: int
    name_zh: str
    name_en: str


class RuleUse(Words, frozen=True, kw_only=True):
    """How much of a rule the sale used up."""

    rule: str
    times: int
    units: int
    amount: int


class SaleFact(DeedFact, frozen=True, kw_only=True, tag="sale.v1"):
    """A sale, complete: a receipt can be printed and a return be judged from it alone.

    With the rules of its `bundle` it can be priced again to the same `quote`.
    """

    sale: str
    terminal_kind: str
    channel: str
    """till, counter, delivery or pickup."""
    region: str
    """The region the store was in, as its prices knew it; "" for none."""
    online: bool
    """Whether the cloud could be asked."""
    tier: str
    """The member's tier when it was priced, "" for none."""
    buyer: SaleBuyer | None
    """None for a guest."""
    basis: SaleBasis
    currency: str
    exponent: int
    """Decimal digits of the currency's minor unit (ISO 4217)."""
    lines: tuple[SaleLine, ...]
    tenders: tuple[SaleTender, ...]
    handed: int
    change: int
    rounding: int = 0
    """Cash rounding; the tenders sum to the total and this."""
    list_total: int
    total: int
    tax: tuple[SaleTax, ...]
    points_earned: int
    points_spent: int = 0
    redeemed: tuple[PointsRedeemed, ...] = ()
    """All points that paid, partners' too, in the order in which they were taken."""
    coupons: tuple[CouponRedeemed, ...] = ()
    gives: tuple[CouponGiven, ...] = ()
    uses: tuple[RuleUse, ...] = ()
    quote: str
    price_book: int
