"""What members hold at the box and in all, lot by lot, from the moves of every page."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.pages import LEASE_RETURNED, LEASE_TAKEN, Page
from tests.oracle.programme import Gift
from tests.oracle.recorder import must

Lot = Mapping[str, Any]


@dataclass(slots=True)
class Lots:
    """Every lot that ever was at the box, and what is in it."""

    opened: dict[str, Lot] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    owned: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What each member holds of a unit in all, wherever it is."""
    grants: dict[str, dict[str, int]] = field(default_factory=dict)
    """What each grant brought here, lot by lot."""

    def give(self, gift: Gift) -> None:
        """Let a member have something that is not at the box."""
        member, unit, amount = gift
        self.owned[member, unit] += amount

    def follow(self, page: Page) -> None:
        """Take the moves of one page; raise Violation where they cannot be."""
        body = page.body
        for move in body.get("moves", ()):
            self._move(page, move)
        if page.kind == LEASE_TAKEN:
            must(body["lease"] not in self.grants, "a grant is taken once", body["lease"])
            moves = body["moves"]
            self.grants[body["lease"]] = {move["lot"]: move["amount"] for move in moves}
        self._legs_fit(page)

    def _move(self, page: Page, move: Mapping[str, Any]) -> None:
        name, lot = move["lot"], move.get("opens")
        must((lot is not None) == (name not in self.opened), "a lot is opened once", name)
        if lot is not None:
            self.opened[name] = lot
        self.left[name] += move["amount"]
        owner = self.opened[name]
        is_debt = owner.get("kind") == "debt"
        must(self.left[name] >= 0 or is_debt, "nothing is spent twice", page.sequence, name)
        if page.kind not in {LEASE_TAKEN, LEASE_RETURNED}:
            self.owned[owner["member"], owner["unit"]] += move["amount"]

    def _legs_fit(self, page: Page) -> None:
        """A member's legs are what a page moves between their lots; coupons have none."""
        if page.kind in {LEASE_TAKEN, LEASE_RETURNED}:
            return
        moved: Counter[tuple[str, str]] = Counter()
        for move in page.body.get("moves", ()):
            lot = self.opened[move["lot"]]
            if lot["unit"] == "PRN":
                moved[f"principal:{lot['member']}", "CNY"] -= move["amount"]
            elif lot["unit"] != "CPN":
                moved[f"member:{lot['member']}", lot["unit"]] += move["amount"]
        legs: Counter[tuple[str, str]] = Counter()
        for leg in page.postings:
            if leg["account"].startswith(("member:", "principal:")):
                legs[leg["account"], leg["unit"]] += leg["amount"]
        apart = {name for name in legs | moved if legs[name] != moved[name]}
        must(not apart, "legs are what lots move", page.sequence, apart)

    def balance(self, member: str, unit: str) -> int:
        """Return what a member holds of a unit at the box."""
        return sum(
            self.left[name]
            for name, lot in self.opened.items()
            if (lot["member"], lot["unit"]) == (member, unit)
        )

    def of(self, origin: str, unit: str) -> int:
        """Return what is left of what one deed gave."""
        return sum(
            self.left[name]
            for name, lot in self.opened.items()
            if (lot.get("origin"), lot["unit"]) == (origin, unit)
        )

    def shown(self, coupon: str, member: str | None, date: str) -> dict[str, Any]:
        """Return a coupon as the second pricer takes it."""
        lot = self.opened.get(coupon)
        if lot is None or lot["unit"] != "CPN" or lot["member"] != member:
            return {"id": coupon, "type": "", "usable": False, "reason": "R-COUPON-UNKNOWN"}
        usable = self.left[coupon] > 0 and (not lot.get("expires") or date <= lot["expires"])
        return {
            "id": coupon,
            "type": lot.get("terms", ""),
            "usable": usable,
            "reason": "R-COUPON-USED",
        }
