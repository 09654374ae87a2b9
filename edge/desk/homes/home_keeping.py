"""What the home of all accounts does once a day: points grow, holdings expire, tiers are reviewed.

A box that belongs to no cloud is that home. Each thing is done once for each member and day, by
its key; a box that was switched off at midnight does it when it is back. On a clock that nobody
vouches for nothing grows or expires.
"""

import asyncio

import structlog

from edge.book import Book
from edge.book.people import People
from edge.bundles import Bundles
from edge.desk.placing import Placing
from edge.shop.calendar import moment, plus_months
from edge.shop.operations.expire import expire
from edge.shop.operations.grow import GrowAsked, grow
from edge.shop.operations.tier_review import tier_review
from edge.shop.pricing import RuleSet
from edge.world import World

LOOK_SECONDS = 60.0
"""How often to look whether a new day has begun."""
MEMBERS_AT_ONCE = 20
"""Members in one turn of the loop, so that a sale never waits for more than a few milliseconds."""
MONTHS_MAX = 12
"""How many months of growth are made up for, where a box was switched off so long."""

log = structlog.get_logger(__name__)


class HomeKeeping:
    """`run` it as a task; `keep` does what is due today."""

    def __init__(self, world: World, placing: Placing, book: Book, bundles: Bundles) -> None:
        self._world, self._placing, self._book, self._bundles = world, placing, book, bundles
        self._done = ""

    async def run(self) -> None:
        """Do each day's work until cancelled."""
        while True:
            await self.keep()
            await asyncio.sleep(LOOK_SECONDS)

    async def keep(self) -> int:
        """Do what is due and was not done; return how many facts that made.

        Nothing is done before there are rules, or while the disk takes no more: it is later.
        """
        rules = self._bundles.current
        reading = self._world.clock.read()
        if rules is None or reading.quality == "unknown":
            return 0
        today = moment(reading.floor_ms, rules.bundle.zone).date
        if today <= self._done:
            return 0
        made = await self._keep(today, rules)
        if made is None:
            return 0
        self._done = today
        log.info("home_kept", day=today, facts=made)
        return made

    async def _keep(self, today: str, rules: RuleSet) -> int | None:
        """Go through all members; None if it cannot be finished now."""
        people, after, made = People(self._book, rules.bundle.zone), "", 0
        while members := self._book.subjects_after("member", after, MEMBERS_AT_ONCE):
            last: asyncio.Future[None] | None = None
            for member in members:
                if self._placing.blocked() is not None:
                    return None
                done = self._member(member, today, rules, people)
                made, last = made + len(done), done[-1] if done else last
            if last is not None:
                await last
            await asyncio.sleep(0)
            after = members[-1]
        return made

    def _member(
        self, member: str, today: str, rules: RuleSet, people: People
    ) -> "list[asyncio.Future[None]]":
        """Do what is due for one member, growth first: it counts what was there before."""
        done: list[asyncio.Future[None] | None] = []
        if rules.bundle.programme.growth.rate:
            for period in _over(today, people.grown(member)[0]):
                until, carry = people.grown(member)
                asked = GrowAsked(member=member, period=period, grown_until=until, carry=carry)
                done.append(self._grow(asked, rules))
        done += self._others(member, today, rules, people)
        return [future for future in done if future is not None]

    def _grow(self, asked: GrowAsked, rules: RuleSet) -> "asyncio.Future[None] | None":
        held = self._book.holdings(asked.member)
        return self._placing.unasked(
            f"grow/{asked.period}/{asked.member}",
            rules,
            lambda made: grow(asked, rules, held, made, trusted=True),
        )

    def _others(
        self, member: str, today: str, rules: RuleSet, people: People
    ) -> "list[asyncio.Future[None] | None]":
        held = self._book.holdings(member)
        expired = self._placing.unasked(
            f"expire/{today}/{member}",
            rules,
            lambda made: expire(member, rules, held, made, trusted=True),
        )
        standing = people.standing(member, rules.bundle.programme.tiers_policy)
        reviewed = self._placing.unasked(
            f"review/{today}/{member}",
            rules,
            lambda made: tier_review(member, standing, rules, made),
        )
        return [expired, reviewed]


def _over(today: str, until: str) -> list[str]:
    """Return the months and years that are over and come after the last one done, in order.

    Whoever never had any growth begins with the last ones.
    """
    month = f"{today[:7]}-01"
    months = [plus_months(month, -back)[:7] for back in range(MONTHS_MAX, 0, -1)]
    year = str(int(today[:4]) - 1)
    if not until:
        return [months[-1], year]
    return [period for period in [*months, year] if period > until]
