"""Notices: short messages for a member at the till, on the display and on the receipt.

Who decides is the cloud, which attaches a notice to a member or a segment, or a rule of the
bundle. The till only shows them: so often and no oftener, and never to who wants none.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.calendar import Moment
from edge.shop.ledger import BONUS
from edge.shop.member import Member
from edge.shop.money import format_minor
from edge.shop.rules.target import Name

Place = Literal["identify", "display", "receipt"]


class _When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="is"):
    """Base of what sets a notice off."""


class Always(_When, frozen=True, kw_only=True, tag="always"):
    """Whenever the member is seen."""


class Birthday(_When, frozen=True, kw_only=True, tag="birthday"):
    """On the member's birthday, or so many days before it."""

    days_before: Annotated[int, Meta(ge=0, le=60)] = 0


class Expiring(_When, frozen=True, kw_only=True, tag="expiring"):
    """Something the member holds (points, bonus, a coupon) expires within so many days."""

    unit: Literal["PTS", "BON", "CNT", "CPN"]
    days: Annotated[int, Meta(ge=0, le=366)] = 7


class GiftWithinReach(_When, frozen=True, kw_only=True, tag="gift_within_reach"):
    """A rule nearly took effect: at most so much more would do. Minor units."""

    rule: Name
    more_max: Annotated[int, Meta(ge=1)]


class Notice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message. `{more}`, `{amount}` and `{until}` in its texts are filled in where known.

    members and segments (tags) say whom it is for; both empty is everybody. `times` is how
    often one member sees it in all, 0 for always; `from`/`until` are the days on which it holds.
    """

    id: Name
    text_zh: Annotated[str, Meta(max_length=200)]
    text_en: Annotated[str, Meta(max_length=200)]
    places: tuple[Place, ...] = ("identify", "receipt")
    when: Always | Birthday | Expiring | GiftWithinReach = Always()
    members: tuple[Name, ...] = ()
    segments: tuple[Name, ...] = ()
    start: str = msgspec.field(default="", name="from")
    until: str = ""
    times: Annotated[int, Meta(ge=0)] = 0
    link: str = ""
    """What a QR code beside it leads to: a survey, an enrolment."""
    priority: int = 0


class NoticePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The notices of a programme, and how many of them anybody must bear."""

    notices: tuple[Notice, ...] = ()
    at_once_max: Annotated[int, Meta(ge=1, le=10)] = 2
    """How many are shown at one time and place."""
    day_max: Annotated[int, Meta(ge=1)] = 6
    """How many one member sees on one day."""
    opt_out_tag: str = "no-notices"
    """The tag of members who want none."""


class Holding(msgspec.Struct, frozen=True):
    """Something that a member holds and that ends: its unit, its last day and how much it is."""

    unit: str
    until: str
    amount: int


class Seen(msgspec.Struct, frozen=True):
    """How often a member saw each notice in all, and how many they saw today."""

    times: Mapping[str, int] = {}
    today: int = 0


class Shown(msgspec.Struct, frozen=True):
    """A notice to show now, its texts filled in."""

    notice: str
    text_zh: str
    text_en: str
    link: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What sets notices off: `days_to_birthday` is 0 on the day itself, None if nobody knows.

    `within_reach` says of rules that did not take effect how much `more` they want. `exponent` is
    the currency's, for the money in texts.
    """

    days_to_birthday: int | None = None
    holdings: tuple[Holding, ...] = ()
    within_reach: Mapping[str, int] = {}
    seen: Seen = Seen()
    exponent: int = 0


NOTHING_KNOWN = Known()


def due(
    policy: NoticePolicy, place: Place, member: Member, at: Moment, known: Known = NOTHING_KNOWN
) -> tuple[Shown, ...]:
    """Return the notices to show this member here and now, the most urgent first, then by id."""
    if policy.opt_out_tag in member.tags:
        return ()
    found: list[Shown] = []
    for notice in sorted(policy.notices, key=lambda one: (-one.priority, one.id)):
        if place not in notice.places or not _is_for(notice, member, at, known.seen):
            continue
        params = _set_off(notice, at, known)
        if params is not None:
            found.append(_filled(notice, params))
    return tuple(found[: max(0, min(policy.at_once_max, policy.day_max - known.seen.today))])


def _is_for(notice: Notice, member: Member, at: Moment, seen: Seen) -> bool:
    if notice.times and seen.times.get(notice.id, 0) >= notice.times:
        return False
    if (notice.start and at.date < notice.start) or (notice.until and at.date > notice.until):
        return False
    if not notice.members and not notice.segments:
        return True
    return member.id in notice.members or bool(set(member.tags) & set(notice.segments))


def _set_off(notice: Notice, at: Moment, known: Known) -> dict[str, str] | None:
    """Return what fills the texts in, or None if nothing sets the notice off."""
    match notice.when:
        case Always():
            return {}
        case Birthday(days_before=days):
            left = known.days_to_birthday
            return {} if left is not None and left <= days else None
        case Expiring(unit=unit, days=days):
            soon = [
                held for held in known.holdings if held.unit == unit and _is_soon(held, at, days)
            ]
            if not soon:
                return None
            amount = sum(held.amount for held in soon)
            return {
                "amount": format_minor(amount, known.exponent if unit == BONUS else 0),
                "until": min(held.until for held in soon),
            }
        case GiftWithinReach(rule=rule, more_max=most):
            more = known.within_reach.get(rule)
            if more is None or more > most:
                return None
            return {"more": format_minor(more, known.exponent)}


def _is_soon(held: Holding, at: Moment, days: int) -> bool:
    from_today = days_between(at.date, held.until)
    return 0 <= from_today <= days


def days_between(start: str, end: str) -> int:
    """Return how many days `end` is after `start`, both ISO 8601."""
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _filled(notice: Notice, params: Mapping[str, str]) -> Shown:
    zh, en = notice.text_zh, notice.text_en
    for name, said in params.items():
        zh, en = zh.replace(f"{{{name}}}", said), en.replace(f"{{{name}}}", said)
    return Shown(notice.id, zh, en, notice.link)
