"""Trade: how the shop does, with and without members, over days and hours.

A return counts on the day it was made and in its hour, against sales but not against tickets; a
void takes its ticket back too. What count cards pay for is sold when it is used: a use is a ticket
like any other, worth what was paid for it in advance; so it is where a use pays in a sale.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from edge.shop.facts import CountReturned, CountUsed, SaleMade, SaleVoided, TakenBack
from edge.shop.money import BASIS, divide
from edge.shop.reports.entry import Entry, real


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of some time. Money is minor units, shares are basis points, all rounded half up.

    `sales` are net of returns and contain the tax; `items` are units sold, net of returns, where
    a weighed line is one. `uses` of count cards, net of those returned, are among the items.
    """

    tickets: int = 0
    member_tickets: int = 0
    sales: int = 0
    member_sales: int = 0
    items: int = 0
    uses: int = 0

    @property
    def member_share(self) -> int:
        """Which part of the sales members made."""
        return divide(self.member_sales * BASIS, self.sales) if self.sales > 0 else 0

    @property
    def average_ticket(self) -> int:
        """What one ticket came to."""
        return divide(self.sales, self.tickets) if self.tickets else 0

    @property
    def items_per_ticket(self) -> Decimal:
        """How many units were on a ticket, to two decimals."""
        hundredths = divide(self.items * 100, self.tickets) if self.tickets else 0
        return Decimal(hundredths).scaleb(-2)

    def plus(self, other: "Trade") -> "Trade":
        """Return both together."""
        return Trade(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


TRADED = (SaleMade, TakenBack, CountUsed, CountReturned)
"""The facts that are trade."""


class TradeReport(msgspec.Struct, frozen=True, kw_only=True):
    """Trade in all, by business date, and by hour of the day (0 to 23) where times are known."""

    total: Trade
    days: dict[str, Trade]
    hours: dict[int, Trade]
    members: int
    """How many members bought."""
    repeated: int
    """How many of them bought more than once."""

    @property
    def repeat_rate(self) -> int:
        """Which part of the members who bought did so more than once, in basis points."""
        return divide(self.repeated * BASIS, self.members) if self.members else 0


def trade(entries: Iterable[Entry]) -> TradeReport:
    """Return how the shop did. What was voided never happened for members either."""
    total, days, hours = Trade(), dict[str, Trade](), dict[int, Trade]()
    bought: dict[str, str] = {}
    for _, fact, at in real(entries):
        if not isinstance(fact, TRADED):
            continue
        part = of(fact)
        total = total.plus(part)
        days[fact.business_date] = days.get(fact.business_date, Trade()).plus(part)
        if at is not None:
            hour = at.minute // 60
            hours[hour] = hours.get(hour, Trade()).plus(part)
        if isinstance(fact, SaleMade) and fact.member:
            bought[fact.sale] = fact.member
        elif isinstance(fact, CountUsed) and fact.member:
            bought[fact.use] = fact.member
        elif isinstance(fact, SaleVoided):
            bought.pop(fact.sale, None)
    times = Counter(bought.values()).values()
    return TradeReport(
        total=total,
        days=dict(sorted(days.items())),
        hours=dict(sorted(hours.items())),
        members=len(times),
        repeated=sum(count > 1 for count in times),
    )


def sold(fact: object) -> int:
    """Return what a fact sold, in minor units, tax included; below zero what it took back."""
    match fact:
        case SaleMade():
            return fact.total - _beyond(fact) if used(fact) else fact.total
        case TakenBack():
            return -fact.total - _beyond(fact) if used(fact) else -fact.total
        case CountUsed(values=values):
            return sum(values)
        case CountReturned(values=values):
            return -sum(values)
        case _:
            return 0


def used(fact: SaleMade | TakenBack) -> int:
    """Return how many uses of count cards paid in a sale; below zero, how many came back."""
    if isinstance(fact, SaleMade):
        return sum([len(tender.uses.units) for tender in fact.tenders if tender.uses])
    return -sum([refund.uses for refund in fact.refunds])


def _beyond(fact: SaleMade | TakenBack) -> int:
    """Return by how much uses paid for more than they are worth."""
    return sum([leg.amount for leg in fact.postings if leg.account == "uses"])


def of(fact: SaleMade | TakenBack | CountUsed | CountReturned) -> Trade:
    """Return what a sale or a use adds, or what a return or void takes off."""
    match fact:
        case SaleMade():
            units = [len(line.unit_nets) for line in fact.lines if line.kind == "goods"]
            done = Trade(tickets=1, sales=sold(fact), items=sum(units), uses=used(fact))
        case TakenBack():
            units = [len(line.units) for line in fact.lines if line.kind == "goods"]
            voided = isinstance(fact, SaleVoided)
            done = Trade(
                tickets=-voided, sales=sold(fact), items=-sum(units), uses=used(fact)
            )  # fmt: skip
        case CountUsed(values=values):
            done = Trade(tickets=1, sales=sold(fact), items=len(values), uses=len(values))
        case CountReturned(values=values):
            done = Trade(sales=sold(fact), items=-len(values), uses=-len(values))
    if fact.member is None:
        return done
    return msgspec.structs.replace(done, member_tickets=done.tickets, member_sales=done.sales)
