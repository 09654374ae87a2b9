"""How much of each rule was used up, by whom, where and when: what limits and budgets count."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from edge.shop.bundle import Bundle
from edge.shop.facts import SaleMade
from edge.shop.rules.rule import Discount


class Subject(NamedTuple):
    """Whom or what a counter is kept for. `day` is "" for one that is kept for ever."""

    per: str
    name: str
    day: str = ""


class Counter(NamedTuple):
    """One rule's use by one subject. A rule called "" counts the sales themselves."""

    per: str
    subject: str
    rule: str


class Used(NamedTuple):
    """How much of a rule was used: how often, on how many units, and what it took off."""

    uses: int = 0
    units: int = 0
    amount: int = 0

    def plus(self, other: "Used") -> "Used":
        """Return both together."""
        return Used(
            self.uses + other.uses, self.units + other.units, self.amount + other.amount
        )  # fmt: skip

    def minus(self) -> "Used":
        """Return the same with the other sign."""
        return Used(-self.uses, -self.units, -self.amount)


Counts = Mapping[Counter, Used]

NOTHING = Used()
UNCOUNTED = ("unit", "line", "order")
"""What a sale alone decides: nobody keeps a counter for it."""


class Limited(NamedTuple):
    """A limit of a rule: what of, and for whom it is counted."""

    rule: str
    of: str
    per: str

    @property
    def key(self) -> str:
        """By which a price asks for it."""
        return f"{self.rule}|{self.of}|{self.per}"


def counted(sale: SaleMade) -> Iterator[tuple[Counter, Used, str]]:
    """Yield what a sale adds to each counter, and the day after which nobody asks for that.

    What a return takes back is not given back: a limit that a return could reset would be none.
    A sale that was voided was a mistake at the till, and is not counted any more.
    """
    subjects = subjects_of(sale.store, sale.member, sale.business_date) if sale.uses else ()
    for use in sale.uses:
        used = Used(use.times, use.units, use.amount)
        for per, name, day in subjects:
            yield Counter(per, name, use.rule), used, day
    if sale.member is not None:
        yield purchases_of(sale.member), Used(1, 0, sale.total), ""


def purchases_of(member: str) -> Counter:
    """Return the counter of a member's purchases, voided ones left out."""
    return Counter("member", member, "")


def added(counts: Counts, sales: Iterable[SaleMade]) -> dict[Counter, Used]:
    """Return the counts after some more sales."""
    after = dict(counts)
    for sale in sales:
        for key, used, _ in counted(sale):
            after[key] = after.get(key, NOTHING).plus(used)
    return after


def without(counts: Counts, sale: SaleMade) -> dict[Counter, Used]:
    """Return the counts after a sale that is in them was voided."""
    after = dict(counts)
    for key, used, _ in counted(sale):
        after[key] = after[key].plus(used.minus())
    return after


def limits_of(bundle: Bundle) -> tuple[Limited, ...]:
    """Return all limits of a bundle for which somebody counts."""
    return tuple(
        [
            Limited(rule.id, limit.of, limit.per)
            for rule in bundle.rules
            if isinstance(rule, Discount)
            for limit in rule.limits
            if limit.per not in UNCOUNTED
        ]
    )


def seen_by(
    limits: Iterable[Limited], counts: Counts, store: str, member: str | None, business_date: str
) -> dict[str, int]:
    """Return the counters as a price asks for them: rule|of|per, for this guest, here and now."""
    return {
        limited.key: getattr(counts.get(counter, NOTHING), limited.of)
        for limited, counter in asked_for(limits, store, member, business_date)
    }


def asked_for(
    limits: Iterable[Limited], store: str, member: str | None, business_date: str
) -> Iterator[tuple[Limited, Counter]]:
    """Yield each limit that can hold for this guest, with the counter it looks at."""
    subjects = {subject.per: subject.name for subject in subjects_of(store, member, business_date)}
    for limited in limits:
        if limited.per in subjects:
            yield limited, Counter(limited.per, subjects[limited.per], limited.rule)


def subjects_of(store: str, member: str | None, business_date: str) -> list[Subject]:
    """Return who or what each kind of counter is kept for; a guest is nobody's member."""
    found = [
        Subject("day", f"{store} {business_date}", business_date),
        Subject("store", store),
        Subject("total", ""),
    ]
    if member is not None:
        found += [
            Subject("member", member),
            Subject("member_day", f"{member} {business_date}", business_date),
        ]
    return found
