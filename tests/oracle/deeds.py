"""What is no sale: goods that come back, value paid in and undone, baskets that wait."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.lots import Lots
from tests.oracle.pages import Page
from tests.oracle.programme import Data
from tests.oracle.recorder import Asked, must

Legs = Counter[tuple[str, str]]


@dataclass(slots=True)
class Deeds:
    """What was sold, paid in and put aside so far, and what became of it."""

    sales: dict[str, Page] = field(default_factory=dict)
    back: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    """The units (line, place) that came back of each sale."""
    sums: dict[str, Legs] = field(default_factory=dict)
    """What a sale and its returns have posted in all; drawers are one."""
    top_ups: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    parked: dict[str, tuple[str, Asked]] = field(default_factory=dict)
    """The day and the request of each basket that waits, by its ticket."""

    def sold(self, page: Page) -> None:
        """Keep a sale."""
        name = page.body["sale"]
        self.sales[name], self.back[name], self.sums[name] = page, set(), Counter()
        self._add(name, page)

    def _add(self, sale: str, page: Page) -> None:
        for leg in page.postings:
            account = "cash" if leg["account"].startswith("cash:") else leg["account"]
            self.sums[sale][account, leg["unit"]] += leg["amount"]

    def came_back(self, page: Page) -> None:
        """Check a return: each unit once, and nothing remains of what came back wholly."""
        body, name = page.body, page.body["sale"]
        must(name in self.sales, "only what was sold comes back", page.sequence, name)
        sold = self.sales[name].body
        for line in body["lines"]:
            count = len(sold["lines"][line["line"]]["unit_nets"])
            for unit in line["units"]:
                place = line["line"], unit
                must(place not in self.back[name], "a unit comes back once", page.sequence, place)
                must(0 <= unit < count, "only what was sold comes back", page.sequence, place)
                self.back[name].add(place)
        units = sum(len(line["unit_nets"]) for line in sold["lines"])
        whole = len(self.back[name]) == units
        must(body["complete"] == whole, "a sale is back when all of it is", page.sequence)
        must(whole or page.kind != "void.v1", "a void takes all back", page.sequence)
        self._add(name, page)
        rest = {account: n for account, n in self.sums[name].items() if n}
        must(not (whole and rest), "what comes back wholly leaves nothing", page.sequence, rest)

    # --- stored value ----------------------------------------------------------------------------

    def paid_in(self, page: Page, asked: Asked, rules: Data) -> None:
        """Check a top-up: what was paid is principal, and its bonus is the highest step's."""
        body, amount = page.body, asked.request["amount"]
        offer = rules["programme"]["top_up"]["offers"][0]
        bonus = max([s["bonus"] for s in offer["steps"] if s["at_least"] <= amount], default=0)
        wanted: Legs = Counter({
            (f"cash:{asked.terminal}", "CNY"): amount,
            (f"principal:{body['member']}", "CNY"): -amount,
            (f"member:{body['member']}", "BON"): bonus,
            ("programme", "BON"): -bonus,
        })  # fmt: skip
        legs = legs_of(page)
        apart = {name for name in legs | wanted if legs[name] != wanted[name]}
        must(not apart, "what is paid in is held", page.sequence, dict(legs), dict(wanted))
        self.top_ups[body["top_up"]] = body

    def undone(self, page: Page, lots: Lots) -> None:
        """Check a top-up that is cancelled, once: what is left goes, less bonus that was spent."""
        body, name = page.body, page.body["top_up"]
        must(name in self.top_ups, "a top-up is cancelled once", page.sequence, name)
        given = self.top_ups.pop(name)
        principal, bonus = lots.of(name, "PRN"), lots.of(name, "BON")
        refund = max(0, principal - (given["bonus"] - bonus))
        told = body["principal"], body["bonus"], body["refund"]
        must(told == (principal, bonus, refund), "what is left is paid out", page.sequence, told)
        cash = legs_of(page)[f"cash:{body['terminal']}", "CNY"]
        must(cash == -refund, "what is paid out leaves the drawer", page.sequence, cash)

    # --- baskets ---------------------------------------------------------------------------------

    def put_aside(self, page: Page, asked: Asked) -> None:
        """Keep a basket that waits."""
        self.parked[page.body["ticket"]] = page.body["business_date"], asked

    def taken_up(self, page: Page, told: Mapping[str, Any]) -> None:
        """Check a basket that was recalled: once, on its day, and as it was put aside."""
        ticket = page.body["ticket"]
        must(ticket in self.parked, "a basket is taken up once", page.sequence, ticket)
        day, asked = self.parked.pop(ticket)
        must(day == page.body["business_date"], "a basket ends with its day", ticket, day)
        lines = [{"code": line["code"], "quantity": line["quantity"]} for line in told["lines"]]
        must(lines == asked.request["lines"], "a basket is what was put aside", ticket, lines)


def legs_of(page: Page) -> Legs:
    """Return what a page posts, by account and unit."""
    legs: Legs = Counter()
    for leg in page.postings:
        legs[leg["account"], leg["unit"]] += leg["amount"]
    return legs
