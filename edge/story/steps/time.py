"""Time passes: at every midnight on the way, what is due happens by itself.

The box of a story is the home of every account, so what a home does falls to it: points expire,
growth is given once a month is over, tiers are reviewed and grant what their period gives.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from edge.shop.calendar import Moment, moment, plus_days
from edge.shop.declined import Declined
from edge.shop.facts import Fact
from edge.shop.facts.tiers import TierReviewed
from edge.shop.operations.expire import expire
from edge.shop.operations.grow import GrowAsked, grow
from edge.shop.operations.tier_review import tier_review
from edge.story.errors import StoryError
from edge.story.scene import Scene

_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{1,2}:\d{2}))?")
DAYS_MAX = 4_000
"""The most days one story may pass in one step: ten years and more."""


def parse(text: str, zone: str) -> Moment:
    """Return the moment that `2026-11-22 10:00` means in a zone; 10:00 if no time is said."""
    found = _WHEN.fullmatch(text)
    if not found:
        raise StoryError(f"`on` wants a date such as 2026-11-22 or 2026-11-22 10:00, not {text!r}")
    try:
        time = datetime.fromisoformat(f"{found[1]}T{(found[2] or '10:00').zfill(5)}:00")
    except ValueError:
        raise StoryError(f"{text!r} is no time of the calendar") from None
    return moment(int(time.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000, zone)


def passing(scene: Scene, text: str) -> Iterator[str]:
    """Move to a later time; yield what happened by itself on the way."""
    home, zone = scene.home, scene.rules.bundle.zone
    then = parse(text, zone)
    if home.at.at_ms and then.at_ms < home.at.at_ms:
        raise StoryError("a story does not go back in time")
    day = home.at.date if home.at.at_ms else then.date
    if plus_days(day, DAYS_MAX) < then.date:
        raise StoryError(f"more than {DAYS_MAX} days at once; let something happen in between")
    while day < then.date:
        day = plus_days(day, 1)
        home.at = parse(f"{day} 00:00", zone)
        yield from _midnight(scene)
    home.at = then


def _midnight(scene: Scene) -> Iterator[str]:
    home = scene.home
    for member in sorted(home.people):
        for what, done in _due(scene, member):
            if done is None or isinstance(done, Declined):
                continue
            yield f"{home.today} {what} {member}{_outcome(done)}"
            for row in scene.settle(done):
                yield f"  {row}"


def _outcome(done: Fact) -> str:
    """Return how a member's tier changed; of everything else the entry says it."""
    if not isinstance(done, TierReviewed) or done.before == done.after:
        return ""
    return f": from {done.before or 'no tier'} to {done.after or 'no tier'}"


def _due(scene: Scene, member: str) -> Iterator[tuple[str, Fact | Declined | None]]:
    """Yield what a midnight does for one member, growth first: it counts what was there before."""
    home, rules = scene.home, scene.rules
    made = home.made(f"{home.today}-{member}")
    if rules.bundle.programme.growth.rate and home.today.endswith("-01"):
        for period in _over(home.today):
            until, carry = home.grown(member)
            asked = GrowAsked(member=member, period=period, grown_until=until, carry=carry)
            yield (
                f"growth of {period} for",
                grow(asked, rules, home.holdings[member], made, trusted=True),
            )
    yield "expiry for", expire(member, rules, home.holdings[member], made, trusted=True)
    yield "review of", tier_review(member, home.people[member].standing, rules, made)


def _over(today: str) -> list[str]:
    """Return the periods that ended yesterday: a month, and with December a year."""
    yesterday = plus_days(today, -1)
    return [yesterday[:7], *([yesterday[:4]] if today.endswith("-01-01") else [])]
