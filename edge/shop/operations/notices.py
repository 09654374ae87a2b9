"""Notices: what a member is told at one place, and the fact that they were."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from edge.shop.accounts import notices
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.notices import Holding, Known, Place, Seen, Shown
from edge.shop.calendar import birthdays
from edge.shop.facts.counter import NoticesShown
from edge.shop.member import Member
from edge.shop.operations.in_force import InForce
from edge.shop.operations.made import Made
from edge.shop.sale import Quote


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown, the most urgent first, and its fact: None where nothing is."""

    shown: tuple[Shown, ...] = ()
    fact: NoticesShown | None = None


def tell(
    place: Place,
    member: Member,
    rules: InForce,
    holdings: Holdings,
    seen: Seen,
    made: Made,
    *,
    quote: Quote | None = None,
) -> Told:
    """Return what this member is told here and now.

    `seen` is what they were told before (`seen_by`), `quote` the basket in front of them: what
    its rules are short of is within reach.
    """
    bundle = rules.bundle
    known = Known(
        days_to_birthday=_days_to_birthday(member.birthday, made.at.date),
        holdings=tuple(_ending(holdings)),
        within_reach=_within_reach(quote) if quote else {},
        seen=seen,
        exponent=bundle.exponent,
    )
    shown = notices.due(bundle.programme.notices, place, member, made.at, known)
    if not shown:
        return Told()
    fact = NoticesShown(
        member=member.id,
        place=place,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        notices=tuple([notice.notice for notice in shown]),
    )
    return Told(shown=shown, fact=fact)


def seen_by(member: str, facts: Iterable[NoticesShown], business_date: str) -> Seen:
    """Return how often a member saw each notice, and how many they saw on a business day."""
    mine = [fact for fact in facts if fact.member == member]
    times = Counter([notice for fact in mine for notice in fact.notices])
    today = sum([len(fact.notices) for fact in mine if fact.business_date == business_date])
    return Seen(times, today)


def _ending(holdings: Holdings) -> Iterator[Holding]:
    for held in holdings.lots.values():
        if held.left > 0 and held.lot.expires:
            yield Holding(held.lot.unit, held.lot.expires, held.left)


def _within_reach(quote: Quote) -> dict[str, int]:
    """Return how much more money each rule wants that did not take effect, in minor units."""
    return {
        note.rule: more
        for note in quote.not_applied
        if isinstance(more := note.params.get("more"), int)
    }


def _days_to_birthday(birthday: str, today: str) -> int | None:
    """Return how many days there are to the next birthday, 0 on the day, None if nobody knows."""
    if not birthday:
        return None
    now = date.fromisoformat(today)
    days = [
        (date.fromisoformat(day) - now).days
        for year in (now.year, now.year + 1)
        for day in birthdays(birthday, year)
        if day >= today
    ]
    return min(days, default=None)
