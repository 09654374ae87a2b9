"""What was asked for and under which terms: the small things a return is made from."""

import msgspec

from edge.shop.accounts.growth import Grown
from edge.shop.accounts.lots import Lot
from edge.shop.bundle import Bundle
from edge.shop.operations.returns.units import Back
from edge.shop.pricing import RuleSet


class ReturnAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which units of which sale are to come back, and why.

    `home` says whether this box made the sale; every other one needs the cloud to know what
    came back of it elsewhere.
    """

    sale: str
    units: tuple[Back, ...]
    reason: str = ""
    home: bool = True


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a return: today's `bundle`, and the `rules` of the sale if they are known.

    `grown` are the lots of growth, each with what the points of this sale brought to it; only the
    home of the points knows them. `undone` are the deeds that were undone since: sales of which
    goods came back, rewards that were taken back. A coupon that they gave stays void.
    """

    bundle: Bundle
    rules: RuleSet | None = None
    grown: tuple[tuple[Lot, Grown], ...] = ()
    undone: frozenset[str] = frozenset()
