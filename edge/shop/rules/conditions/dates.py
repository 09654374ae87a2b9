"""Conditions on the day and the hour, all in the store's own zone."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.calendar import birthdays, days_in_month, is_birthday, plus_days, week_of
from edge.shop.member import Member
from edge.shop.rules.conditions.condition import Condition, Date, Miss, Names, Scene
from edge.shop.rules.conditions.who import OfMember
from edge.shop.rules.running import Running, Selection

Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of day: 09:30."""

Weekday = Annotated[int, Meta(ge=1, le=7)]
"""Monday is 1, Sunday is 7."""

DayOfMonth = Annotated[int, Meta(ge=-1, le=31)]
"""1 to 31; a day a month does not have never comes. -1 is a month's last day."""

Nth = Annotated[int, Meta(ge=-1, le=5)]
"""1 to 5; a fifth that a month does not have never comes. -1 is a month's last."""

WEEKDAYS = (
    ("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"),
    ("周六", "Sat"), ("周日", "Sun"),
)  # fmt: skip
"""What the days of the week are called (zh, en), Monday first."""

NTHS = {
    1: ("第一个", "the 1st"), 2: ("第二个", "the 2nd"), 3: ("第三个", "the 3rd"),
    4: ("第四个", "the 4th"), 5: ("第五个", "the 5th"), -1: ("最后一个", "the last"),
}  # fmt: skip
"""Which of the weekdays of a month, in words (zh, en)."""


class Dates(Condition, frozen=True, kw_only=True, tag="dates", rename={"start": "from"}):
    """Today is one of these days; the last day counts as a whole."""

    start: Date
    until: Date

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-ON-THIS-DATE with the days on which it holds."""
        if self.start <= scene.moment.date <= self.until:
            return None
        return Miss("R-NOT-ON-THIS-DATE", {"from": self.start, "until": self.until})


class Weekdays(Condition, frozen=True, kw_only=True, tag="weekdays"):
    """Today is one of these days of the week."""

    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)]

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-ON-THIS-WEEKDAY with the days' names."""
        if scene.moment.weekday in self.days:
            return None
        zh, en = weekday_names(self.days)
        return Miss("R-NOT-ON-THIS-WEEKDAY", {"zh": zh, "en": en})


class Daypart(Condition, frozen=True, kw_only=True, tag="daypart", rename={"start": "from"}):
    """It is this time of day: `from` on, and before `until`.

    An `until` before `from` is on the next day: 22:00 until 02:00 passes midnight. Conditions on
    days go by the calendar all the same: at 01:00 it is already the next weekday.
    """

    start: Clock
    until: Clock

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-AT-THIS-TIME with the hours."""
        hours, minutes = divmod(scene.moment.minute, 60)
        now = f"{hours:02}:{minutes:02}"
        begun, not_over = self.start <= now, now < self.until
        holds = begun or not_over if self.until <= self.start else begun and not_over
        return (
            None if holds else Miss("R-NOT-AT-THIS-TIME", {"from": self.start, "until": self.until})
        )


class DaysOfMonth(Condition, frozen=True, kw_only=True, tag="days_of_month"):
    """Today is one of these days of the month."""

    days: Annotated[tuple[DayOfMonth, ...], Meta(min_length=1)]

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-ON-THIS-DAY with the days."""
        if is_day_of_month(scene.moment.date, self.days):
            return None
        zh, en = day_names(self.days)
        return Miss("R-NOT-ON-THIS-DAY", {"zh": zh, "en": en})


class NthWeekday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One weekday of each month: the second Tuesday, the last Friday (`nth` -1)."""

    nth: Nth
    weekday: Weekday


class MemberDay(OfMember, frozen=True, kw_only=True, tag="member_day"):
    """A member buys on a member day: any of these days of the month, weekdays, nth weekdays.

    {"is": "member_day", "days": [8, 18, -1]}
    {"is": "member_day", "weekdays": [2], "nth_weekdays": [{"nth": -1, "weekday": 5}]}
    """

    days: tuple[DayOfMonth, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    nth_weekdays: tuple[NthWeekday, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a member day that never comes."""
        if not (self.days or self.weekdays or self.nth_weekdays):
            raise ValueError("needs days, weekdays or nth_weekdays")

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NOT-MEMBER-DAY with the days in words."""
        today, weekday = scene.moment.date, scene.moment.weekday
        nth = any(is_nth_weekday(today, weekday, day) for day in self.nth_weekdays)
        if nth or weekday in self.weekdays or is_day_of_month(today, self.days):
            return None
        zh, en = member_days(self)
        return Miss("R-NOT-MEMBER-DAY", {"zh": zh, "en": en})


class Holiday(Condition, frozen=True, kw_only=True, tag="holiday"):
    """Today is one of these holidays; the bundle's `holidays` say on which days they fall."""

    any_of: Names

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-HOLIDAY with the names."""
        if any(name in self.any_of for name in scene.holidays):
            return None
        return Miss("R-NOT-HOLIDAY", {"holidays": ", ".join(self.any_of)})


class Birthday(OfMember, frozen=True, kw_only=True, tag="birthday"):
    """A member buys around their birthday: on the day, in its week, or in its month.

    The week runs from Monday to Sunday; the month is that of the civil calendar, also for a
    lunar birthday. `before` and `after` widen either by so many days. 29 February is kept on
    `leap_day` in a common year. A lunar birthday is not kept in a leap month, and its 30th day
    is kept on the 29th of a short month.
    """

    within: Literal["day", "week", "month"] = "day"
    before: Annotated[int, Meta(ge=0, le=60)] = 0
    after: Annotated[int, Meta(ge=0, le=60)] = 0
    leap_day: Literal["feb_28", "mar_1"] = "feb_28"

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-BIRTHDAY if nobody knows it, R-NOT-BIRTHDAY on other days."""
        if not is_birthday(member.birthday):
            return Miss("R-NEEDS-BIRTHDAY")
        today = scene.moment.date
        for day in birthdays(member.birthday, int(today[:4]), self.leap_day):
            first, last = self._span(day)
            if plus_days(first, -self.before) <= today <= plus_days(last, self.after):
                return None
        return Miss("R-NOT-BIRTHDAY")

    def _span(self, day: str) -> tuple[str, str]:
        if self.within == "week":
            return week_of(day)
        if self.within == "month":
            return f"{day[:7]}-01", f"{day[:7]}-{days_in_month(day):02}"
        return day, day


def is_day_of_month(date: str, days: tuple[int, ...]) -> bool:
    """Tell whether an ISO date is one of these days of the month."""
    day = int(date[8:])
    return day in days or (-1 in days and day == days_in_month(date))


def is_nth_weekday(date: str, weekday: int, day: NthWeekday) -> bool:
    """Tell whether an ISO date, which is a `weekday`, is such a day of its month."""
    if weekday != day.weekday:
        return False
    of_month = int(date[8:])
    if day.nth == -1:
        return of_month + len(WEEKDAYS) > days_in_month(date)
    return (of_month - 1) // len(WEEKDAYS) + 1 == day.nth


def weekday_names(days: tuple[int, ...]) -> tuple[str, str]:
    """Return the names of days of the week, in Chinese and in English."""
    names = [WEEKDAYS[day - 1] for day in days]
    return "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)


def day_names(days: tuple[int, ...]) -> tuple[str, str]:
    """Return the names of days of the month, in Chinese and in English."""
    zh = "、".join("最后一天" if day == -1 else f"{day}日" for day in days)
    return zh, ", ".join("the last" if day == -1 else str(day) for day in days)


def member_days(condition: MemberDay) -> tuple[str, str]:
    """Return the days of a member day, in Chinese and in English."""
    zh, en = [], []
    if condition.days:
        of_month = day_names(condition.days)
        zh.append(f"每月{of_month[0]}")
        en.append(f"{of_month[1]} of the month")
    if condition.weekdays:
        of_week = weekday_names(condition.weekdays)
        zh.append(f"每{of_week[0]}")
        en.append(f"every {of_week[1]}")
    for day in condition.nth_weekdays:
        which, called = NTHS[day.nth], WEEKDAYS[day.weekday - 1]
        zh.append(f"每月{which[0]}{called[0]}")
        en.append(f"{which[1]} {called[1]} of the month")
    return "、".join(zh), ", ".join(en)
