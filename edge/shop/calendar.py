"""The shop's own calendar: moments, days, weeks, months, and birthdays by sun or moon."""

import re
from calendar import isleap, monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from edge.shop import lunar

LeapDay = Literal["feb_28", "mar_1"]
"""When 29 February is kept in a common year."""

Quality = Literal["trusted", "holdover", "unknown"]
"""What a time rests on: a clock that is synchronised, one that was, or none that anybody vouches
for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(msgspec.Struct, frozen=True):
    """A point in time and the local calendar it falls into.

    `date` is ISO 8601 (2026-11-22), `minute` counts from local midnight, `weekday` from Monday, 1.
    """

    at_ms: int
    date: str
    minute: int
    weekday: int


class Certainty(msgspec.Struct, frozen=True):
    """How far a time is to be trusted: off by at most `error_ms`, None where nobody can tell."""

    quality: Quality = "trusted"
    error_ms: int | None = 0


EXACT = Certainty()


def local(at_ms: int, zone: str) -> datetime:
    """Return the local time of `at_ms` (milliseconds since 1970-01-01 UTC) in an IANA zone."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(_zone(zone))


@lru_cache(maxsize=64)  # one deed asks for the same moment again and again
def moment(at_ms: int, zone: str) -> Moment:
    """Return the moment of `at_ms` in an IANA zone."""
    time = local(at_ms, zone)
    return Moment(
        at_ms=at_ms,
        date=time.date().isoformat(),
        minute=time.hour * 60 + time.minute,
        weekday=time.isoweekday(),
    )


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


# --- days -----------------------------------------------------------------------------------------


def is_day(text: str) -> bool:
    """Tell whether a text is a day of the calendar, as ISO 8601 writes it: YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def plus_days(day: str, days: int) -> str:
    """Return the ISO date so many days after one, or before it if `days` is below zero."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def plus_months(day: str, months: int) -> str:
    """Return the same day so many months later; 31 January and a month is the end of February."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    first = f"{year:04}-{month + 1:02}"
    return f"{first}-{min(int(day[8:]), days_in_month(first)):02}"


def days_in_month(day: str) -> int:
    """Return how many days the month of an ISO date has; YYYY-MM will do."""
    return monthrange(int(day[:4]), int(day[5:7]))[1]


def end_of_month(day: str) -> str:
    """Return the last day of the month of an ISO date."""
    return f"{day[:7]}-{days_in_month(day):02}"


def end_of_year(day: str) -> str:
    """Return the last day of the year of an ISO date."""
    return f"{day[:4]}-12-31"


def week_of(day: str) -> tuple[str, str]:
    """Return the Monday and the Sunday of the week in which an ISO date lies."""
    monday = plus_days(day, 1 - date.fromisoformat(day).isoweekday())
    return monday, plus_days(monday, 6)


def over(last: str, today: str) -> bool:
    """Tell whether something valid until `last` is over `today`: its last day counts as a whole."""
    return today > last


# --- birthdays ------------------------------------------------------------------------------------


def birthdays(birthday: str, year: int, leap_day: LeapDay = "feb_28") -> tuple[str, ...]:
    """Return the ISO dates on which a birthday is kept in a year and its neighbours.

    It is MM-DD, or LMM-DD by the lunar calendar. Neighbours count because a week, or some days
    around a birthday, may pass New Year; lunar years begin late and end late, too.
    """
    years = (year - 1, year, year + 1)
    if not birthday.startswith("L"):
        return tuple([_kept(birthday, some, leap_day) for some in years])
    month, day = int(birthday[1:3]), int(birthday[4:])
    found = [lunar.solar(some, month, day) for some in years]
    return tuple([some.isoformat() for some in found if some])


def is_birthday(text: str) -> bool:
    """Tell whether a text can be a birthday: MM-DD, or LMM-DD by the lunar calendar."""
    if text.startswith("L"):
        return re.fullmatch(r"L(0[1-9]|1[0-2])-(0[1-9]|[12]\d|30)", text) is not None
    return is_day(f"2000-{text}")


def _kept(birthday: str, year: int, leap_day: LeapDay) -> str:
    if birthday == "02-29" and not isleap(year):
        return f"{year}-02-28" if leap_day == "feb_28" else f"{year}-03-01"
    return f"{year}-{birthday}"
