"""The rule bundle: everything the cloud decides about prices, as one document with a version.

JSON (RFC 8259), format `edgebox.bundle.v1`. A field nobody knows is an error. Money is minor
units, rates and shares are basis points, times are milliseconds since 1970-01-01 UTC.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.money import Rounding
from edge.shop.rules.amount_off import AmountOff
from edge.shop.rules.member_price import MemberPrice
from edge.shop.rules.percent_off import PercentOff
from edge.shop.rules.points_earn import PointsEarn
from edge.shop.rules.target import Name

AnyDiscount = MemberPrice | PercentOff | AmountOff
AnyRule = AnyDiscount | PointsEarn


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rank of members; the higher `rank` is the better one."""

    id: Name
    name_zh: Name
    name_en: Name
    rank: int = 0


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of the computation. Stages run by number.

    A threshold on `after_lines` counts what is left when the last stage of level `lines` ends.
    """

    number: Annotated[int, Meta(ge=2, le=99)]
    name: Name
    level: Literal["lines", "order"]


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules, and groups of rules, that are weighed against each other inside one stage.

    all: everything counts · first: the first that takes effect · best_for_guest: what saves
    most · best_for_shop: what saves least. Members are weighed by the price at which their
    group begins; ties go to the higher priority, then to the id. `within` names the group
    this one is part of, "" for none.
    """

    id: Name
    mode: Literal["all", "first", "best_for_guest", "best_for_shop"]
    scope: Literal["order"] = "order"
    within: str = ""
    priority: int = 0


STAGES = (
    Stage(number=2, name="member price", level="lines"),
    Stage(number=3, name="line promotions", level="lines"),
    Stage(number=4, name="order promotions", level="order"),
)
"""The stages of a bundle that declares none."""


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
    tax: dict[Name, Annotated[int, Meta(ge=0, le=10_000)]]
    tiers: tuple[Tier, ...] = ()
    stages: tuple[Stage, ...] = STAGES
    groups: tuple[Group, ...] = ()
    rules: tuple[AnyRule, ...] = ()
