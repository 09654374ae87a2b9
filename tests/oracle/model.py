"""What a day must come to, from what was asked and what headquarters published. Dicts and integers.

Business days begin at midnight in the shop's zone, and a day that is over is never reopened.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.pages import Page
from tests.oracle.programme import Data, Programme
from tests.oracle.recorder import Asked, must
from tests.pricer import price

ZONE = ZoneInfo("Asia/Shanghai")
MONEY, POINTS = "CNY", "PTS"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a basket must cost, what it must earn, and the tax contained in it by class."""

    total: int
    points: int
    tax: Mapping[str, int]


@dataclass(slots=True)
class Model:
    """The books as they must be, page by page."""

    programme: Programme
    day: str = ""
    receipts: Counter[int] = field(default_factory=Counter)
    """How many numbers each epoch has given."""
    books: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What every account holds, by account and unit."""

    def follow(self, page: Page, asked: Asked | None) -> None:
        """Take one page; raise Violation where it is not what it must be."""
        if page.kind == "sale.v1":
            self._sale(page, asked)
        sums: Counter[str] = Counter()
        for leg in page.postings:
            sums[leg["unit"]] += leg["amount"]
            self.books[leg["account"], leg["unit"]] += leg["amount"]
        must(not any(sums.values()), "entries sum to zero", page.sequence, dict(sums))

    def holds(self, member: str, unit: str = POINTS) -> int:
        """Return what a member holds after the last page: from before the day, and since."""
        before = int(self.programme.members[member].get("points", 0))
        return before + self.books[f"member:{member}", unit]

    def _sale(self, page: Page, asked: Asked | None) -> None:
        body = page.body
        bill = self._bill(body) if asked is None else self._asked_for(asked, body)
        told = {
            "total": body["total"],
            "points": body["points_earned"],
            "tax": {tax["tax_class"]: tax["tax"] for tax in body["tax"]},
        }
        wanted = {"total": bill.total, "points": bill.points, "tax": dict(bill.tax)}
        must(told == wanted, "a price is the second pricer's", page.sequence, told, wanted)
        self._legs(page, bill)
        self._stamps(page)

    def _legs(self, page: Page, bill: Bill) -> None:
        """Check the legs that money and points must have; the rest only has to balance."""
        legs: Counter[tuple[str, str]] = Counter()
        for leg in page.postings:
            legs[leg["account"], leg["unit"]] += leg["amount"]
        body = page.body
        cash = legs[f"cash:{body['terminal']}", MONEY]
        must(cash == bill.total, "what was paid is in the drawer", page.sequence, cash)
        if body["member"] is not None:
            earned = legs[f"member:{body['member']}", POINTS]
            must(earned == bill.points, "what was earned is credited", page.sequence, earned)

    def _stamps(self, page: Page) -> None:
        self.day = max(self.day, local_date(page.at))
        body = page.body
        must(body["business_date"] == self.day, "the business day", page.sequence, self.day)
        self.receipts[page.epoch] += 1
        tail = f"-{page.epoch}S-{self.receipts[page.epoch]:06d}"
        must(str(body["receipt"]).endswith(tail), "receipts have no gap", page.sequence, tail)

    # --- prices ----------------------------------------------------------------------------------

    def _asked_for(self, asked: Asked, body: Mapping[str, Any]) -> Bill:
        """Return what a terminal's request must have cost, by the rules its quote named."""
        request = asked.request
        shown = request.get("member")
        member = None if shown is None else self.programme.cards[shown["text"]]
        must(body["member"] == member, "the sale is the member's", body["member"], member)
        must(body["bundle"] == asked.rules, "a quote pins its rules", body["bundle"])
        lines = []
        for line in request["lines"]:
            product = self.programme.product(line["code"])
            must(product is not None, "only what is known is sold", line["code"])
            assert product is not None
            lines.append((product, line["quantity"], int(product["price"])))
        return self._price(lines, member, asked.rules, body)

    def _bill(self, body: Mapping[str, Any]) -> Bill:
        """Return what the lane's sale must have cost: its lines are in the fact alone."""
        lines = []
        for line in body["lines"]:
            product = self.programme.products[line["product"]]
            must(line["unit_price"] == product["price"], "the price book's price", line)
            lines.append((product, str(line["quantity"]), int(product["price"])))
        return self._price(lines, body["member"], body["bundle"], body)

    def _price(
        self,
        lines: Sequence[tuple[Data, str, int]],
        member: str | None,
        rules: str,
        body: Mapping[str, Any],
    ) -> Bill:
        basket = self.programme.basket(lines, member)
        found = price(self.programme.rules[rules], basket, _context(body))
        tax = {tax_class: amount for tax_class, _, _, amount in found["tax"]}
        return Bill(found["total"], found["points"], tax)


def _context(body: Mapping[str, Any]) -> Data:
    """Return the circumstances of a sale; the programme of the day has no rules about dates."""
    date = datetime.fromisoformat(body["business_date"])
    return {
        "date": body["business_date"], "minute": 0, "weekday": date.isoweekday(),
        "terminal_kind": "pc_pos", "store": body["store"], "region": "", "channel": "till",
        "online": True, "coupons": [], "redeem": 0, "redeemable": 0, "partners": {},
        "counters": {}, "catalogue": {},
    }  # fmt: skip


def local_date(at: int) -> str:
    """Return the date in the shop's zone at a moment in ms since 1970 UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZONE).date().isoformat()
