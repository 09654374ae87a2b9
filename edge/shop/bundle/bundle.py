"""The rule bundle: everything the cloud decides about prices, as one document with a version.

JSON (RFC 8259), format `edgebox.bundle.v1`. A field nobody knows is an error. Money is minor
units, rates and shares are basis points, times are milliseconds since 1970-01-01 UTC.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.bundle.programme import Programme
from edge.shop.money import OddCent, Rounding
from edge.shop.rules.amount_off import AmountOff
from edge.shop.rules.buy_n_get_m import BuyNGetM
from edge.shop.rules.charge import Charge
from edge.shop.rules.conditions import Date
from edge.shop.rules.coupon import Coupon
from edge.shop.rules.every_nth import EveryNth
from edge.shop.rules.fixed_price import FixedPrice
from edge.shop.rules.ladder import Ladder
from edge.shop.rules.member_price import MemberPrice
from edge.shop.rules.percent_off import PercentOff
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.points_redeem import PointsRedeem
from edge.shop.rules.set_price import SetPrice
from edge.shop.rules.spend_threshold import SpendThreshold
from edge.shop.rules.target import Name

AnyDiscount = (
    MemberPrice | PercentOff | AmountOff | FixedPrice | BuyNGetM | EveryNth | SetPrice | Ladder
    | SpendThreshold | Coupon
)  # fmt: skip
AnyRule = AnyDiscount | Charge | PointsEarn | PointsMultiplier | PointsRedeem


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rank of members; the higher `rank` is the better one."""

    id: Name
    name_zh: Name
    name_en: Name
    rank: int = 0


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of the computation. Stages run by number; points as discount come after all.

    A threshold on `after_lines` counts what is left when the last stage of level `lines` ends.
    `order` says in which order the rules and groups of the stage have their turns, at every depth
    of the tree of groups; ties go by id:

    priority_high: the highest `priority` first · priority_low: the lowest first · kind: as `kinds`
    lists the kinds, those it does not name last, inside a kind the highest priority first; a group
    is of no kind and stands with the last · largest_saving: each rule or group at the top of the
    tree is measured alone by the prices at which the stage begins, and what takes most off goes
    first; inside groups the highest priority first.
    """

    number: Annotated[int, Meta(ge=2, le=99)]
    name: Name
    name_zh: Annotated[str, Meta(max_length=64)] = ""
    """Its Chinese name; "" where `name` is said in both languages."""
    level: Literal["lines", "order"]
    order: Literal["priority_high", "priority_low", "kind", "largest_saving"] = "priority_high"
    kinds: tuple[Name, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules, and groups of rules, that are weighed against each other.

    `within` names the group this one is part of, "" for none; its children are the rules and the
    groups right inside it. A child takes effect when a rule in it does. Scope `order`:

    all: every child may act · first: the first child that takes effect excludes the others ·
    best_for_guest, best_for_shop: exactly one child may act, the one with which the final total is
    the lowest, or the highest. The final total is what is payable with all charges and before
    points. That no child acts is no choice as long as one can; ties go to the child whose turn
    is first.

    Scope `unit`: the same for each unit on its own; all rules of the group are in one stage.
    first: a unit that a child lowered is not seen by later children · best_*: at the group's turn
    each child is measured alone, and each unit goes to the child that takes most off it, or the
    least but not nothing; ties go to the child whose turn is first. Of a child that won units the
    cuts on them come true, and its gifts and coupons.

    Its names are what a cashier reads where it kept a rule out; "" where the id is said.
    """

    id: Name
    name_zh: Annotated[str, Meta(max_length=64)] = ""
    name_en: Annotated[str, Meta(max_length=64)] = ""
    mode: Literal["all", "first", "best_for_guest", "best_for_shop"]
    scope: Literal["order", "unit"] = "order"
    within: str = ""
    priority: int = 0


STAGES = (
    Stage(number=2, name="member price", name_zh="会员价", level="lines"),
    Stage(number=3, name="line promotions", name_zh="单品优惠", level="lines"),
    Stage(number=4, name="order promotions", name_zh="整单优惠", level="order"),
    Stage(number=5, name="coupons", name_zh="优惠券", level="order"),
    Stage(number=6, name="points", name_zh="积分抵扣", level="order"),
)
"""The stages of a bundle that declares none."""


class CouponChoices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How coupons that are shown at the till are taken.

    codes: whether upper and lower case are the same · repeat: the same coupon shown again is
    ignored, or refused with a word · worse: a coupon of a group of which another one took more
    off in this sale is redeemed as well, or refused (coupons without a group are one) · max: how
    many may be redeemed in one sale, null for any number.
    """

    codes: Literal["ignore_case", "exact"] = "ignore_case"
    repeat: Literal["ignored", "refused"] = "ignored"
    worse: Literal["stacked", "refused"] = "stacked"
    max: Annotated[int, Meta(ge=0, le=9_999)] | None = None


class CashRounding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is paid in cash is rounded to whole steps of so many minor units."""

    step: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    mode: Rounding = "half_up"


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of one store. Prices include tax; `tax` gives each tax class its rate."""

    format: Literal["edgebox.bundle.v1"]
    version: Annotated[int, Meta(ge=1)]
    store: Name
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    exponent: Annotated[int, Meta(ge=0, le=4)]
    zone: Name
    valid_from: int
    valid_until: int
    rounding: Rounding = "half_up"
    odd_cent: OddCent = "largest_remainder"
    running_base: Literal["rounded", "exact"] = "rounded"
    """Whether percentages of one line that follow each other are measured on its rounded price,
    or on its exact one, so that only the line's result is rounded."""
    combinations_max: Annotated[int, Meta(ge=1, le=4_096)] = 64
    """How many combinations of children the best-of groups of scope `order` may have together in
    one sale. Beyond it, and where a basket has so many lines that trying them all would keep a
    till waiting, they are decided one after the other, each by what its children save by
    themselves when its turn comes, and the quote says so (`best`)."""
    coupons: CouponChoices = CouponChoices()
    cash_rounding: CashRounding = CashRounding()
    change_max: Annotated[int, Meta(ge=0, le=1_000_000_000_000)] = 10_000_000
    """The most change that is given on cash, in minor units. Who is owed more has not handed that
    over: a barcode was scanned or typed as an amount."""
    tax: dict[Name, Annotated[int, Meta(ge=0, le=10_000)]]
    holidays: dict[Name, tuple[Date, ...]] = {}
    """The days on which each holiday falls, for as many years as the bundle lives."""
    tiers: tuple[Tier, ...] = ()
    stages: tuple[Stage, ...] = STAGES
    groups: tuple[Group, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    programme: Programme = Programme()
    """The terms of points, stored value, cards and everything else a member holds."""
