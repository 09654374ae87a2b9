"""Days, months and birthdays by the sun and by the moon, checked against other calendars."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import cos, floor, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.calendar import (
    birthdays,
    days_in_month,
    end_of_month,
    end_of_year,
    is_birthday,
    is_day,
    local,
    moment,
    over,
    plus_days,
    plus_months,
    week_of,
)
from edge.shop.lunar import months, solar

DAYS = st.dates(date(1990, 1, 1), date(2150, 12, 31))

# --- days -----------------------------------------------------------------------------------------


@given(DAYS, st.integers(-2_000, 2_000))
def test_adding_days_is_undone_by_taking_them_off(day: date, count: int) -> None:
    there = plus_days(day.isoformat(), count)
    assert date.fromisoformat(there) - day == timedelta(days=count)
    assert plus_days(there, -count) == day.isoformat()


@pytest.mark.parametrize(
    ("day", "count", "there"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-11-22", 2, "2027-01-22"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-08-31", 12, "2027-08-31"),
    ],
)
def test_adding_months(day: str, count: int, there: str) -> None:
    assert plus_months(day, count) == there


@given(DAYS, st.integers(-60, 60))
def test_a_day_some_months_later_is_in_that_month(day: date, count: int) -> None:
    there = date.fromisoformat(plus_months(day.isoformat(), count))
    assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == count
    assert there.day == min(day.day, days_in_month(there.isoformat()))


@given(DAYS)
def test_the_end_of_a_month_and_of_a_year_is_their_last_day(day: date) -> None:
    text = day.isoformat()
    assert plus_days(end_of_month(text), 1)[8:] == "01"
    assert end_of_month(text)[:7] == text[:7]
    assert plus_days(end_of_year(text), 1) == f"{day.year + 1}-01-01"


@given(DAYS)
def test_a_week_begins_on_monday(day: date) -> None:
    monday, sunday = (date.fromisoformat(text) for text in week_of(day.isoformat()))
    assert (monday.isoweekday(), sunday.isoweekday()) == (1, 7)
    assert monday <= day <= sunday
    assert sunday - monday == timedelta(days=6)


def test_the_last_valid_day_counts_as_a_whole() -> None:
    assert not over("2026-11-22", "2026-11-22")
    assert over("2026-11-22", "2026-11-23")


@pytest.mark.parametrize("text", ["2026-02-29", "2026-13-01", "2026-1-1", "20261122", "", "x"])
def test_what_is_no_day(text: str) -> None:
    assert not is_day(text)
    assert is_day("2028-02-29")


def test_a_moment_is_read_in_its_zone() -> None:
    ms = int(datetime(2026, 11, 22, 16, 30, tzinfo=UTC).timestamp() * 1000)
    here = moment(ms, "Asia/Shanghai")
    assert (here.date, here.minute, here.weekday) == ("2026-11-23", 30, 1)
    assert local(ms, "Asia/Shanghai").isoformat() == "2026-11-23T00:30:00+08:00"


# --- the moon -------------------------------------------------------------------------------------

NEW_YEARS = {
    2000: "2000-02-05", 2004: "2004-01-22", 2008: "2008-02-07", 2012: "2012-01-23",
    2015: "2015-02-19", 2020: "2020-01-25", 2023: "2023-01-22", 2024: "2024-02-10",
    2025: "2025-01-29", 2026: "2026-02-17", 2027: "2027-02-06", 2030: "2030-02-03",
    2033: "2033-01-31", 2034: "2034-02-19", 2040: "2040-02-12", 2050: "2050-01-23",
}  # fmt: skip
"""As almanacs print them."""

LEAP_MONTHS = {2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4, 2014: 9, 2017: 6, 2020: 4, 2023: 2,
               2025: 6, 2028: 5, 2031: 3, 2033: 11}  # fmt: skip

SOLSTICES = {(12, 21), (12, 22)}

TOO_CLOSE = timedelta(minutes=40)
"""Nearer to midnight than this, the short formulas below cannot tell the day."""


@pytest.mark.parametrize(("year", "day"), NEW_YEARS.items())
def test_the_lunar_new_year_is_where_almanacs_print_it(year: int, day: str) -> None:
    assert str(solar(year, 1, 1)) == day


def test_leap_months_are_where_almanacs_print_them() -> None:
    leaps = {y: -number for y in range(2000, 2036) for number, _, _ in months(y) if number < 0}
    assert leaps == LEAP_MONTHS


@pytest.mark.parametrize("year", range(2000, 2100))
def test_a_lunar_year_is_made_of_moons_that_follow_each_other(year: int) -> None:
    some = months(year)
    assert {days for _, _, days in some} == {29, 30}
    assert sum(days for _, _, days in some) in {353, 354, 355, 383, 384, 385}
    plain = [number for number, _, _ in some if number > 0]
    assert plain == list(range(1, 13))
    ends = [first + timedelta(days=days) for _, first, days in some]
    assert ends[:-1] == [first for _, first, _ in some[1:]]
    if year < 2099:
        assert ends[-1] == solar(year + 1, 1, 1)


def test_every_month_begins_with_the_new_moon_over_beijing() -> None:
    checked = 0
    for year in range(2000, 2100):
        for _, first, _ in months(year):
            moon = new_moon(round((first - date(2000, 1, 6)).days / 29.530588861))
            if near_midnight(moon):
                assert abs((moon.date() - first).days) <= 1
                continue
            assert moon.date() == first, moon
            checked += 1
    assert checked > 1_150


def test_a_leap_month_holds_no_major_term_and_the_eleventh_the_solstice() -> None:
    terms = {term.date(): term for term in major_terms(1999, 2101)}
    checked = 0
    for year in range(2000, 2100):
        for number, first, days in months(year):
            near = [first + timedelta(days=day) for day in range(-1, days + 1)]
            inside = [terms[day] for day in near if day in terms]
            if any(near_midnight(term) for term in inside):
                continue
            inside = [term for term in inside if first <= term.date() < near[-1]]
            if number < 0:
                assert not inside
                checked += 1
            if number == 11:
                assert any((term.month, term.day) in SOLSTICES for term in inside)
    assert checked > 25


def test_the_thirtieth_of_a_short_month_is_its_last_day() -> None:
    for year in range(2000, 2100):
        for number, first, days in months(year):
            if number > 0:
                assert solar(year, number, 30) == first + timedelta(days=days - 1)


def test_years_out_of_the_table_have_no_lunar_days() -> None:
    assert solar(1999, 1, 1) is None
    assert solar(2100, 1, 1) is None
    assert birthdays("L08-15", 2150) == ()


# --- birthdays ------------------------------------------------------------------------------------


def test_a_birthday_is_kept_in_the_neighbouring_years_too() -> None:
    assert birthdays("05-06", 2026) == ("2025-05-06", "2026-05-06", "2027-05-06")
    assert birthdays("L12-30", 2026) == ("2026-02-16", "2027-02-05", "2028-01-25")
    assert birthdays("02-29", 2027) == ("2026-02-28", "2027-02-28", "2028-02-29")
    assert birthdays("02-29", 2027, "mar_1") == ("2026-03-01", "2027-03-01", "2028-02-29")


@given(st.sampled_from(["02-29", "12-31", "L01-01", "L06-30"]), st.integers(2001, 2098))
def test_a_birthday_is_kept_once_a_year(born: str, year: int) -> None:
    kept = [date.fromisoformat(day) for day in birthdays(born, year)]
    gaps = [(after - before).days for before, after in pairwise(kept)]
    assert len(kept) == 3
    assert all(353 <= gap <= 385 for gap in gaps)


@pytest.mark.parametrize(
    ("text", "can_be"),
    [("02-29", True), ("12-31", True), ("L06-30", True), ("L12-01", True), ("", False),
     ("02-30", False), ("L06-31", False), ("L00-01", False), ("L6-1", False),
     ("1999-02-03", False)],
)  # fmt: skip
def test_what_can_be_a_birthday(text: str, can_be: bool) -> None:
    assert is_birthday(text) == can_be


# --- the sky, by the short formulas of Meeus, Astronomical Algorithms, chapters 25 and 49 --------


def beijing(julian: float) -> datetime:
    """Return the local time of a Julian ephemeris day; the earth runs about 80 s late by then."""
    since = timedelta(days=julian - 2_451_544.5) + timedelta(hours=8) - timedelta(seconds=80)
    return datetime(2000, 1, 1) + since  # noqa: DTZ001 (plain days are compared)


def near_midnight(time: datetime) -> bool:
    return (time + TOO_CLOSE).date() != (time - TOO_CLOSE).date()


def new_moon(k: int) -> datetime:
    """Return the time of the new moon number `k` since 6 January 2000, to some minutes."""
    t = k / 1236.85
    mean = 2_451_550.09766 + 29.530588861 * k + 0.00015437 * t * t
    sun = radians(2.5534 + 29.10535670 * k)
    moon = radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    node = radians(160.7108 + 390.67050284 * k)
    e = 1 - 0.002516 * t
    return beijing(
        mean
        - 0.40720 * sin(moon) + 0.17241 * e * sin(sun) + 0.01608 * sin(2 * moon)
        + 0.01039 * sin(2 * node) + 0.00739 * e * sin(moon - sun) - 0.00514 * e * sin(moon + sun)
        + 0.00208 * e * e * sin(2 * sun) - 0.00111 * sin(moon - 2 * node)
        - 0.00057 * sin(moon + 2 * node) + 0.00056 * e * sin(2 * moon + sun)
        - 0.00042 * sin(3 * moon) + 0.00042 * e * sin(sun + 2 * node)
    )  # fmt: skip


def sun_longitude(julian: float) -> float:
    """Return the sun's apparent longitude in degrees, to a hundredth."""
    t = (julian - 2_451_545.0) / 36_525
    mean = 280.46646 + 36_000.76983 * t + 0.0003032 * t * t
    anomaly = radians(357.52911 + 35_999.05029 * t - 0.0001537 * t * t)
    centre = (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly)
    node = radians(125.04 - 1_934.136 * t)
    return (mean + centre + 0.000289 * sin(3 * anomaly) - 0.00569 - 0.00478 * sin(node)) % 360


def major_terms(first_year: int, last_year: int) -> list[datetime]:
    """Return when the sun passes each twelfth of its way, going from day to day."""
    terms = []
    julian = 2_451_545.0 + (first_year - 2000) * 365.25
    before = sun_longitude(julian)
    for _ in range((last_year - first_year) * 365):
        julian += 1
        after = sun_longitude(julian)
        if floor(after / 30) != floor(before / 30):
            way = (after - before) % 360
            terms.append(beijing(julian - after % 30 / way))
        before = after
    return terms


def test_the_short_formulas_agree_with_events_that_were_timed() -> None:
    assert abs(new_moon(0) - datetime(2000, 1, 7, 2, 14)) < timedelta(minutes=10)  # noqa: DTZ001
    solstice = datetime(2025, 12, 21, 23, 3)  # noqa: DTZ001
    assert min(abs(term - solstice) for term in major_terms(2025, 2027)) < timedelta(minutes=20)
    assert cos(radians(sun_longitude(2_451_623.8))) > 0.999
