"""Promotions: what each rule cost, what it sold, and who bears it. Returns are taken off."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from edge.shop.facts import SaleMade, SaleVoided, SoldLine, TakenBack
from edge.shop.facts.returns import ReturnedLine
from edge.shop.operations.funding import borne, contra
from edge.shop.reports.entry import Entry, real


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, in minor units.

    `receipts` are those it took effect on and that were not voided. `cost` is what it took off,
    shared in `funding` by who bears it. `sales` is what the lines it lowered sold for after all
    discounts. `coupons` counts the coupons redeemed with it, those given back later too. What
    points pay for is no promotion.
    """

    rule: str
    receipts: int
    cost: int
    sales: int
    coupons: int
    funding: dict[str, int]


class _Counted:
    """Counters of one fold, by rule."""

    def __init__(self) -> None:
        self.receipts = Counter[str]()
        self.sales = Counter[str]()
        self.coupons = Counter[str]()
        self.cost = Counter[tuple[str, str]]()
        self._took_effect: dict[str, set[str]] = {}

    def sold(self, store: str, sale: SaleMade) -> None:
        rules = {judged.rule for judged in sale.coupons} | {given.rule for given in sale.gives}
        for line in sale.lines:
            rules |= self._line(store, line)
        self._took_effect[sale.sale] = rules
        self.receipts.update(rules)
        self.coupons.update([judged.rule for judged in sale.coupons])

    def _line(self, store: str, line: SoldLine) -> set[str]:
        cuts = [cut for cut in line.discounts if contra(cut) != "points"]
        rules = {cut.rule for cut in cuts}
        for rule in rules:
            self.sales[rule] += line.net
        for cut in cuts:
            for party, amount in borne(cut):
                self.cost[cut.rule, party or store] += amount
        return rules

    def taken_back(self, store: str, fact: TakenBack) -> None:
        for line in fact.lines:
            self._came_back(store, line)
        if isinstance(fact, SaleVoided):
            self.receipts.subtract(self._took_effect.get(fact.sale, set()))

    def _came_back(self, store: str, line: ReturnedLine) -> None:
        for rule in {undone.rule for undone in line.discounts}:
            self.sales[rule] -= line.net
        for undone in line.discounts:
            self.cost[undone.rule, undone.party or store] -= undone.amount


def promotions(entries: Iterable[Entry]) -> tuple[Promotion, ...]:
    """Return what rules did, by rule id."""
    counted = _Counted()
    for store, fact, _ in real(entries):
        if isinstance(fact, SaleMade):
            counted.sold(store, fact)
        elif isinstance(fact, TakenBack):
            counted.taken_back(store, fact)
    rules = {rule for rule, _ in counted.cost} | set(counted.receipts) | set(counted.sales)
    return tuple([_promotion(rule, counted) for rule in sorted(rules)])


def _promotion(rule: str, counted: _Counted) -> Promotion:
    parts = sorted((party, n) for (name, party), n in counted.cost.items() if name == rule and n)
    return Promotion(
        rule=rule,
        receipts=counted.receipts[rule],
        cost=sum(amount for _, amount in parts),
        sales=counted.sales[rule],
        coupons=counted.coupons[rule],
        funding=dict(parts),
    )
