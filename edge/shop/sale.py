"""What a basket costs and why: the quote, its lines, its adjustments and its explanations.

All amounts are minor units of the quote's currency; what a rule takes off is negative.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from edge.shop.basket import Line
from edge.shop.earning import Rate
from edge.shop.member import Member
from edge.shop.once import once

Channel = Literal["till", "counter", "delivery", "pickup"]
"""How the goods reach the guest."""


class Funding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who bears a part of what a rule gives: a party and its share in basis points."""

    party: str
    share: int


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule took off one line. `units` says it per unit and sums to `amount`."""

    rule: str
    name_zh: str
    name_en: str
    amount: int
    units: tuple[int, ...]
    stage: int = 0
    coupon: str = ""
    """The coupon that was redeemed for it, "" for none."""
    funding: tuple[Funding, ...] = ()
    """Who bears it; nobody named is the store itself."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that took effect (R-APPLIED), or one that nearly did, and why not.

    `amount` is what it changed on the whole receipt; `params` are what its sentence names.
    """

    rule: str
    name_zh: str
    name_en: str
    reason: str
    amount: int = 0
    params: dict[str, str | int] = {}


class CouponShown(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon the guest presents, as its account stands: `type` is the id of its rule.

    A coupon that is not `usable` says why in `reason`: R-COUPON-USED, R-COUPON-EXPIRED,
    R-COUPON-NOT-YET, R-COUPON-NOT-YOURS, R-COUPON-NOT-HERE or R-COUPON-UNKNOWN.
    """

    id: str
    type: str
    usable: bool = True
    reason: str = ""


class CouponJudged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a coupon the guest presented: redeemed (R-APPLIED), or why not.

    `rule` is "" for a type nobody knows; `amount` is what it changed on the whole receipt.
    """

    coupon: str
    rule: str
    reason: str
    amount: int = 0
    params: dict[str, str | int] = {}


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that a sale gives to its member: `coupon` is the type (the id of its rule)."""

    rule: str
    coupon: str
    count: int = 1
    name_zh: str = ""
    name_en: str = ""


class Redeemed(msgspec.Struct, frozen=True):
    """Points that pay a part of a bill: by which rule, of which programme ("" is our own)."""

    rule: str
    programme: str
    points: int


class RuleUse(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a rule a sale used up: what limits and budgets count."""

    rule: str
    times: int
    units: int
    amount: int
    """Minor units taken off, zero or more."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a price went by beside the goods, the rules and the member, as it was then."""

    at_ms: int
    """The moment of the price, in milliseconds since 1970-01-01 UTC."""
    store: str
    """The store as the conditions of rules know it."""
    online: bool
    """Whether what only the cloud can count was up to date."""
    counters: Mapping[str, int] = {}
    """How much of limits was used before, by "{rule}|{of}|{per}", where a limit could matter."""
    shown: tuple[CouponShown, ...] = ()
    """All coupons in the order in which they were shown, refused ones too."""
    unknown: tuple[str, ...] = ()
    """Gifts that rules named and that were in no catalogue."""


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a member of all that the rules look at, and nothing else of them."""

    tags: tuple[str, ...] = ()
    birthday: str = ""
    """Month and day only: MM-DD, by the lunar calendar LMM-DD."""
    adult: bool = False
    partner: str = ""
    purchases: int | None = None


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with everything that changed its price.

    `unit_nets` is what each unit costs in the end and sums to `net`; `unit_points` are the
    points each unit earns and sum to `points`. `kind` says why the line is there: the guest
    took it, a rule gave it away, or a rule charges it.
    """

    line: Line
    adjustments: tuple[Adjustment, ...]
    net: int
    unit_nets: tuple[int, ...]
    tax_rate: int
    points: int
    unit_points: tuple[int, ...] = ()
    kind: Literal["goods", "gift", "charge"] = "goods"


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """The tax (and the net without it) which the total contains for one class of goods."""

    tax_class: str
    rate: int
    net: int
    tax: int


class Quote(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A basket with every adjustment explained. `discount_total` is list less total, above zero."""

    currency: str
    exponent: int
    lines: tuple[PricedLine, ...]
    member: Member | None
    list_total: int
    discount_total: int
    total: int
    tax: tuple[TaxLine, ...]
    points_earned: int
    """What the sale earns if it is paid with money; bonus value earns less."""
    rates: tuple[Rate, ...] = ()
    """What the earning rules that hold give, so that points can be counted for what really paid;
    their lines are counted without gifts."""
    points_spent: int = 0
    """Points of the own programme that were redeemed as a discount."""
    redeemed: tuple[Redeemed, ...] = ()
    """All points that were, partners' too, in the order in which they were taken."""
    coupons: tuple[CouponJudged, ...] = ()
    gives: tuple[Given, ...] = ()
    uses: tuple[RuleUse, ...] = ()
    region: str = ""
    channel: Channel = "till"
    best: Literal["final_total", "own_saving"] = "final_total"
    """How best-of groups were judged: by the final total, or beyond the bundle's bound of
    combinations one group after the other."""
    applied: tuple[Note, ...]
    not_applied: tuple[Note, ...]
    bundle: str
    """Hash of the rule bundle that made this price."""
    basis: Basis
    price_book: int
    """Version of the price book the list prices came from."""

    @once
    def fingerprint(self) -> str:
        """64 hex digits over all a guest would pay or earn, and why.

        It depends on content only, so the same basket gives the same after a restart. Neither
        time nor place, nor the price book's version (its prices are in), nor hints about other
        rules count.
        """
        content = (
            self.bundle,
            self.currency,
            self.exponent,
            self.member.id if self.member else None,
            [_content(line) for line in self.lines],
            self.tax,
            self.points_earned,
            self.points_spent,
            [(judged.coupon, judged.reason) for judged in self.coupons],
            [(given.coupon, given.count) for given in self.gives],
            self.total,
        )
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def _content(priced: PricedLine) -> tuple[object, ...]:
    line, made = priced.line, priced.adjustments
    return (
        priced.kind,
        line.product.id,
        line.code,
        line.quantity,
        line.unit_price,
        line.price_source,
        line.rounding,
        [(a.rule, a.coupon, a.amount, a.units) for a in made] if made else (),
        priced.net,
        priced.points,
    )
