"""How much of each rule was used up, by whom, where and when: what limits and budgets count."""

from collections.abc import Iterable, Iterator, Mapping

from edge.shop.bundle import Bundle
from edge.shop.facts import SaleMade
from edge.shop.rules.rule import Discount

Counts = Mapping[str, int]
"""Counted amounts by key: rule|of|per|subject."""


def counted(sale: SaleMade) -> Iterator[tuple[str, int]]:
    """Yield what a sale adds to each counter.

    What a return takes back is not given back: a limit that a return could reset would be none.
    A sale that was voided was a mistake at the till, and is not counted any more.
    """
    subjects = _subjects(sale.store, sale.member, sale.business_date)
    for use in sale.uses:
        for of, amount in (("uses", use.times), ("units", use.units), ("amount", use.amount)):
            for per, subject in subjects:
                yield f"{use.rule}|{of}|{per}|{subject}", amount


def added(counts: Counts, sales: Iterable[SaleMade]) -> dict[str, int]:
    """Return the counts after some more sales."""
    after = dict(counts)
    for sale in sales:
        for key, amount in counted(sale):
            after[key] = after.get(key, 0) + amount
    return after


def without(counts: Counts, sale: SaleMade) -> dict[str, int]:
    """Return the counts after a sale that is in them was voided."""
    after = dict(counts)
    for key, amount in counted(sale):
        after[key] -= amount
    return after


def seen_by(
    bundle: Bundle, counts: Counts, store: str, member: str | None, business_date: str
) -> dict[str, int]:
    """Return the counters as a price asks for them: rule|of|per, for this guest, here and now."""
    subjects = dict(_subjects(store, member, business_date))
    seen: dict[str, int] = {}
    for rule in bundle.rules:
        for limit in rule.limits if isinstance(rule, Discount) else ():
            if limit.per in subjects:
                key = f"{rule.id}|{limit.of}|{limit.per}"
                seen[key] = counts.get(f"{key}|{subjects[limit.per]}", 0)
    return seen


def _subjects(store: str, member: str | None, business_date: str) -> list[tuple[str, str]]:
    """Return who or what each kind of counter is kept for; a guest is nobody's member."""
    found = [("day", f"{store} {business_date}"), ("store", store), ("total", "")]
    if member is not None:
        found += [("member", member), ("member_day", f"{member} {business_date}")]
    return found
