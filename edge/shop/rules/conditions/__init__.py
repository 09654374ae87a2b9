"""When a rule holds: a list of conditions, all of which must be met.

Each condition is one type of a tagged union (field `is`) and answers with a `Miss`: what stands
in the way, under a stable reason code, so that a cashier can act on it.
"""

from edge.shop.rules.conditions.combined import NESTING_MAX, All, AnyCondition, AnyOf, Not
from edge.shop.rules.conditions.condition import (
    NEAREST_FIRST,
    Condition,
    Date,
    Miss,
    Names,
    Scene,
    distance,
    nearest,
)
from edge.shop.rules.conditions.dates import (
    Birthday,
    Dates,
    Daypart,
    DaysOfMonth,
    Holiday,
    MemberDay,
    NthWeekday,
    Weekdays,
)
from edge.shop.rules.conditions.what import AtLeast, CountAtLeast, HasGoods
from edge.shop.rules.conditions.where import InRegion, InStore, OnChannel, OnTerminal
from edge.shop.rules.conditions.who import (
    FirstPurchase,
    HasTag,
    HasTier,
    IsAdult,
    IsMember,
    NthPurchase,
    OfMember,
    OfPartner,
)
from edge.shop.sale import Channel

__all__ = [
    "NEAREST_FIRST",
    "NESTING_MAX",
    "All",
    "AnyCondition",
    "AnyOf",
    "AtLeast",
    "Birthday",
    "Channel",
    "Condition",
    "CountAtLeast",
    "Date",
    "Dates",
    "Daypart",
    "DaysOfMonth",
    "FirstPurchase",
    "HasGoods",
    "HasTag",
    "HasTier",
    "Holiday",
    "InRegion",
    "InStore",
    "IsAdult",
    "IsMember",
    "MemberDay",
    "Miss",
    "Names",
    "Not",
    "NthPurchase",
    "NthWeekday",
    "OfMember",
    "OfPartner",
    "OnChannel",
    "OnTerminal",
    "Scene",
    "Weekdays",
    "distance",
    "nearest",
]
