"""What the home of all accounts does by itself: gives, lets grow, lets expire, and merges members.

Every lot that changes here changes at the cloud, where no box has it. What a box has of a lot
past its last day is gone when the box gives it back.
"""

from collections.abc import Callable

import msgspec

from cloud_bridge.contract import Coupon, Lot, Member, Merge, Posting
from simulators.cloud.lots import Free
from simulators.cloud.tables import Tables

BASIS = 10_000


class Keeping:
    """The home of all accounts; `today` is the date in the programme's zone."""

    def __init__(self, tables: Tables, today: Callable[[], str]) -> None:
        self._tables, self._today = tables, today

    def give(self, lot: Lot, amount: int, *, currency: str = "CNY", money: int = 0) -> None:
        """Give a member a lot: of points, stored value, uses or a coupon."""
        with self._tables.together():
            self._tables.lots.open(lot, amount, money)
            self._post(lot, amount, currency, money)
            if lot.unit == "CPN":
                self._tables.tell_inside([told(lot, amount)])
            self._tables.tell_again(lot.member)

    def brought(self, member: Member) -> None:
        """Open the lot of the points that a member brings from before."""
        lot = Lot(
            id=f"cloud:brought:{member.id}", member=member.id, unit="PTS", opened="2000-01-01",
            active_from="2000-01-01",
        )  # fmt: skip
        if member.points > 0:
            self._tables.lots.open(lot, member.points)

    def merge(self, member: str, into: str) -> None:
        """Let one member be another from now on, with the points, lots and cards of both."""
        with self._tables.together():
            self._tables.merge(Merge(member=member, into=into))
            self._tables.lots.rehome(member, into)
            self._tables.move_accounts(member, into)

    def expire(self) -> int:
        """Take out what is free in lots past their last day; return how many lots that were."""
        over = self._tables.lots.over(self._today())
        with self._tables.together():
            for one, member in over:
                self._change(one, member, -one.amount, -one.money)
        return len(over)

    def grow(self, period: str, rate: int, first: str, last: str) -> int:
        """Give members what their free points earned: `rate` basis points, floored per member.

        Only lots count that were active for the whole period, from its first day to its last.
        Each member gets one lot a period; asked again, nothing more. Returns the points given.
        """
        given = 0
        with self._tables.together():
            for member in self._tables.lots.holders("PTS"):
                base = sum(
                    one.amount
                    for one in self._tables.lots.free(member, "points")
                    if one.lot.unit == "PTS" and one.lot.active_from <= first
                    and (not one.lot.expires or last <= one.lot.expires)
                )  # fmt: skip
                id, points = f"cloud:grown:{period}:{member}", base * rate // BASIS
                lot = Lot(
                    id=id, member=member, unit="PTS", opened=self._today(),
                    active_from=self._today(), kind="growth",
                )  # fmt: skip
                if points and self._tables.lots.is_new(id):
                    self._tables.lots.open(lot, points)
                    self._post(lot, points, "", 0)
                    self._tables.tell_again(member)
                    given += points
        return given

    def _change(self, one: Free, member: str, amount: int, money: int) -> None:
        self._tables.lots.add(one.lot.id, amount, money)
        self._post(msgspec.structs.replace(one.lot, member=member), amount, "CNY", money)
        self._tables.tell_again(member)

    def _post(self, lot: Lot, amount: int, currency: str, money: int) -> None:
        """Post what a lot gains on its member's accounts, and the other side on the programme."""
        if lot.unit == "PRN":
            legs = [(f"principal:{lot.member}", currency, -amount), ("opening", currency, amount)]
        elif lot.unit == "CPN":
            legs = []
        else:
            legs = [(f"member:{lot.member}", lot.unit, amount), ("programme", lot.unit, -amount)]
        if money:
            legs += [(f"deferred:{lot.member}", currency, -money), ("opening", currency, money)]
        for account, unit, moved in legs:
            self._tables.post(Posting(account=account, unit=unit, amount=moved))


def told(lot: Lot, uses: int) -> Coupon:
    """Return how boxes are told of a coupon."""
    return Coupon(
        id=lot.id, terms=lot.terms, member=lot.member, opened=lot.opened,
        active_from=lot.active_from, expires=lot.expires, home=lot.home, uses=uses,
    )  # fmt: skip
