"""What a day must come to, from what was asked and what headquarters published. Dicts and integers.

Business days begin at midnight in the shop's zone, and a day that is over is never reopened.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.deeds import Deeds, legs_of
from tests.oracle.lots import Lots
from tests.oracle.pages import Page
from tests.oracle.programme import Data, Programme
from tests.oracle.recorder import Asked, must
from tests.pricer import price

ZONE = ZoneInfo("Asia/Shanghai")
MONEY, POINTS = "CNY", "PTS"
GIVEN = {
    "PRN": ("principal:{}", "CNY", "opening", -1),
    "BON": ("member:{}", "BON", "programme", 1),
}
"""Where a gift of headquarters stands in their books: account, unit, the other side, sign."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a basket must cost, what it must earn, and the tax contained in it by class."""

    total: int
    points: int
    tax: Mapping[str, int]
    coupons: Sequence[str]
    gives: int
    """How many coupons it gives for next time."""


DAY_STARTS_MS = 4 * 3_600_000
"""A business day lasts until four in the morning; the zone knows no summer time."""


@dataclass(slots=True)
class Model:
    """The books as they must be, page by page."""

    programme: Programme
    day: str = ""
    receipts: Counter[int] = field(default_factory=Counter)
    """How many numbers each epoch has given."""
    books: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What every account holds, by account and unit."""

    lots: Lots = field(default_factory=Lots)
    deeds: Deeds = field(default_factory=Deeds)

    def __post_init__(self) -> None:
        """Count what headquarters had given before."""
        for member, unit, amount in self.programme.gifts:
            self.lots.give((member, unit, amount))
            legs = GIVEN[unit]
            self.books[legs[0].format(member), legs[1]] += amount * legs[3]
            self.books[legs[2], legs[1]] -= amount * legs[3]

    def follow(self, page: Page, asked: Asked | None) -> None:
        """Take one page; raise Violation where it is not what it must be."""
        self._judge(page, asked)
        if page.body.get("receipt"):
            self._stamps(page)
        self.lots.follow(page)
        sums: Counter[str] = Counter()
        for leg in page.postings:
            sums[leg["unit"]] += leg["amount"]
            self.books[leg["account"], leg["unit"]] += leg["amount"]
        must(not any(sums.values()), "entries sum to zero", page.sequence, dict(sums))

    def _judge(self, page: Page, asked: Asked | None) -> None:
        match page.kind:
            case "sale.v1":
                self._sale(page, asked)
                self.deeds.sold(page)
            case "return.v1" | "void.v1":
                self.deeds.came_back(page)
            case "top_up.v1":
                assert asked is not None, "a stranger would have been found"
                self.deeds.paid_in(page, asked, self.programme.rules[page.body["bundle"]])
            case "top_up_cancelled.v1":
                self.deeds.undone(page, self.lots)
            case "basket_parked.v1":
                assert asked is not None, "a stranger would have been found"
                self.deeds.put_aside(page, asked)
            case "basket_recalled.v1":
                self.deeds.taken_up(page, page.told)

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
            "coupons": [judged["coupon"] for judged in body["coupons"]],
            "gives": sum(_opens(move, "CPN") for move in body["moves"]),
        }
        wanted = {
            "total": bill.total, "points": bill.points, "tax": dict(bill.tax),
            "coupons": list(bill.coupons), "gives": bill.gives,
        }  # fmt: skip
        must(told == wanted, "a price is the second pricer's", page.sequence, told, wanted)
        self._legs(page, bill)

    def _legs(self, page: Page, bill: Bill) -> None:
        """Check the legs that money and points must have; the rest only has to balance."""
        legs, body, member = legs_of(page), page.body, page.body["member"]
        principal, bonus = _paid(body, "principal"), _paid(body, "bonus")
        cash = legs[f"cash:{body['terminal']}", MONEY] + principal + bonus
        must(cash == bill.total, "what was paid is in the drawer", page.sequence, cash)
        if member is None:
            must(principal + bonus == 0, "only members have value", page.sequence)
            return
        earned = legs[f"member:{member}", POINTS]
        gained = bill.points - body["points_spent"]
        must(earned == gained, "what was earned is credited", page.sequence, earned, gained)
        spent = legs[f"principal:{member}", MONEY], legs[f"member:{member}", "BON"]
        must(spent == (principal, -bonus), "what value paid is spent", page.sequence, spent)
        held, given = self.lots.balance(member, "PRN"), self.lots.balance(member, "BON")
        odd = bonus * (held + given) - (principal + bonus) * given
        must(abs(odd) <= held + given, "value is spent in proportion", page.sequence, odd)

    def _stamps(self, page: Page) -> None:
        self.day = max(self.day, local_date(page.at - DAY_STARTS_MS))
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
        value = sum(t["amount"] for t in request["tenders"] if t["kind"] == "value")
        paid = _paid(body, "principal") + _paid(body, "bonus")
        must(paid == value, "value pays what was offered of it", paid, value)
        redeemed = body["points_spent"] <= request.get("redeem", 0)
        must(redeemed, "points pay what was offered of them", body["points_spent"])
        lines = []
        for line in request["lines"]:
            product = self.programme.product(line["code"])
            must(product is not None, "only what is known is sold", line["code"])
            assert product is not None
            lines.append((product, line["quantity"], int(product["price"])))
        return self._price(lines, member, asked.rules, body, request.get("coupons", ()))

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
        coupons: Sequence[str] = (),
    ) -> Bill:
        basket = self.programme.basket(lines, member)
        context = _context(body)
        context["coupons"] = [
            self.lots.shown(name, member, body["business_date"]) for name in coupons
        ]
        found = price(self.programme.rules[rules], basket, context)
        tax = {tax_class: amount for tax_class, _, _, amount in found["tax"]}
        applied = [name for name, reason in found["coupons"] if reason == "R-APPLIED"]
        gives = sum(count for _, _, count in found["gives"]) if member else 0
        return Bill(found["total"], found["points"], tax, applied, gives)


def _context(body: Mapping[str, Any]) -> Data:
    """Return the circumstances of a sale; the programme of the day has no rules about dates.

    How many points could be redeemed only the cloud knows: no more than were.
    """
    date = datetime.fromisoformat(body["business_date"])
    money = body["total"] - _paid(body, "bonus")
    return {
        "date": body["business_date"], "minute": 0, "weekday": date.isoweekday(),
        "terminal_kind": "pc_pos", "store": body["store"], "region": "", "channel": "till",
        "online": True, "coupons": [], "redeem": body["points_spent"],
        "redeemable": body["points_spent"], "partners": {},
        "counters": {}, "catalogue": {}, "paid_share": (money, body["total"] or 1),
    }  # fmt: skip


def _paid(body: Mapping[str, Any], kind: str) -> int:
    return sum(tender["amount"] for tender in body["tenders"] if tender["kind"] == kind)


def _opens(move: Mapping[str, Any], unit: str) -> bool:
    return move.get("opens") is not None and move["opens"]["unit"] == unit


def local_date(at: int) -> str:
    """Return the date in the shop's zone at a moment in ms since 1970 UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZONE).date().isoformat()
