"""How a programme's points live, as the merchant declares it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.accounts.declared import Amount, Declared, Name
from edge.shop.accounts.expiry import DaysAhead, Expiry, Never
from edge.shop.accounts.lots import Unit
from edge.shop.earning import Combining, Flooring
from edge.shop.ledger import POINTS


class Forfeit(Declared, frozen=True, kw_only=True, tag_field="is", tag="forfeit"):
    """What comes back to an expired lot has expired with it."""


class Reinstate(Declared, frozen=True, kw_only=True, tag_field="is", tag="reinstate"):
    """What comes back to an expired lot is good again for so many days after today."""

    days: DaysAhead


class EarnOn(Declared, frozen=True, kw_only=True):
    """Which ways of paying earn points; money always does, a count card as its plan says."""

    principal: bool = True
    bonus: bool = False
    points: bool = False
    """Whether what points took off is earned on again."""

    def paid_share(self, *, money: int, principal: int, bonus: int) -> tuple[int, int]:
        """Return the part of a bill that earns, as numerator and denominator.

        The three amounts are what paid for it. A bill of nothing earns nothing.
        """
        earns = money + principal * self.principal + bonus * self.bonus
        return earns, max(1, money + principal + bonus)


class SettlementRate(Declared, frozen=True, kw_only=True):
    """What an issuer pays whoever redeems its points: `amount` minor units per `points`."""

    points: Annotated[int, Meta(ge=1, le=10**9)]
    amount: Amount


class PointsPolicy(Declared, frozen=True, kw_only=True):
    """The terms of points. All amounts of points are in units of ten to the minus `exponent`."""

    exponent: Annotated[int, Meta(ge=0, le=4)] = 0
    """Digits behind the point: 2 means that 150 is shown as 1.50."""
    pending_days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    """How many days after they were earned points can first be spent."""
    expiry: Expiry = Never()
    """When points expire, counted from the day on which they become active."""
    debt: Literal["next_earnings", "net_lots"] = "next_earnings"
    """What repays points that were taken back after they had been spent: what is earned next, or
    first whatever else can be spent today."""
    on_expired_return: Forfeit | Reinstate = Forfeit()
    """What becomes of spent points that come back after their lot has expired."""
    earn_on: EarnOn = EarnOn()
    multipliers: Combining = "multiply"
    """How the factors of tier and campaigns work together."""
    flooring: Flooring = "last"
    partners: Mapping[Name, SettlementRate] = {}
    """Whose points can be redeemed here beside our own, and what each of them pays for it."""

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units of points that can be redeemed here."""
        return (POINTS, *[partner_unit(partner) for partner in self.partners])


def partner_unit(partner: str) -> Unit:
    """Return the unit of an alliance partner's points."""
    return f"{POINTS}.{partner}"


def is_points(unit: Unit) -> bool:
    """Tell whether a unit is points, our own or a partner's."""
    return unit == POINTS or unit.startswith(f"{POINTS}.")
