"""When a rule holds: days, dayparts and birthdays, each to its last minute."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_conditions import GUEST, HOUR_MS, MINUTE_MS, NOON, at, judge, on

# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start_ms", "reason"),
    [
        (NOON - 12 * HOUR_MS, ""),
        (NOON + 12 * HOUR_MS - 1, ""),
        (NOON + 12 * HOUR_MS, "R-NOT-ON-THIS-DATE"),
        (NOON - 12 * HOUR_MS - 1, "R-NOT-ON-THIS-DATE"),
    ],
)
def test_the_last_day_counts_as_a_whole(start_ms: int, reason: str) -> None:
    condition = {"is": "dates", "from": "2026-11-22", "until": "2026-11-22"}
    assert judge(condition, at(start_ms)) == reason


@pytest.mark.parametrize(
    ("start_at", "until", "hours", "holds"),
    [
        ("12:00", "13:00", 0, True),
        ("11:00", "12:00", 0, False),
        ("22:00", "02:00", 10, True),
        ("22:00", "02:00", 13, True),
        ("22:00", "02:00", 14, False),
        ("22:00", "02:00", 0, False),
    ],
)
def test_a_daypart_may_pass_midnight(start_at: str, until: str, hours: int, holds: bool) -> None:
    condition = {"is": "daypart", "from": start_at, "until": until}
    reason = "" if holds else "R-NOT-AT-THIS-TIME"
    assert judge(condition, at(NOON + hours * HOUR_MS)) == reason


@given(st.integers(0, 1_439), st.integers(0, 1_439), st.integers(0, 1_439))
def test_a_time_is_in_a_daypart_or_in_the_rest_of_the_day(a: int, b: int, now: int) -> None:
    if a == b:
        return
    parts = [f"{minute // 60:02}:{minute % 60:02}" for minute in (a, b)]
    scene = at(NOON - 12 * HOUR_MS + now * MINUTE_MS)
    inside = judge({"is": "daypart", "from": parts[0], "until": parts[1]}, scene)
    outside = judge({"is": "daypart", "from": parts[1], "until": parts[0]}, scene)
    assert sorted([inside, outside]) == ["", "R-NOT-AT-THIS-TIME"]


@pytest.mark.parametrize(
    ("condition", "day", "reason"),
    [
        ({"is": "weekdays", "days": [6, 7]}, "2026-11-22", ""),
        ({"is": "weekdays", "days": [6, 7]}, "2026-11-23", "R-NOT-ON-THIS-WEEKDAY"),
        ({"is": "days_of_month", "days": [8, 22]}, "2026-11-22", ""),
        ({"is": "days_of_month", "days": [8, 31]}, "2026-11-30", "R-NOT-ON-THIS-DAY"),
        ({"is": "days_of_month", "days": [-1]}, "2026-11-30", ""),
        ({"is": "days_of_month", "days": [-1]}, "2027-02-28", ""),
        ({"is": "days_of_month", "days": [-1]}, "2028-02-28", "R-NOT-ON-THIS-DAY"),
        ({"is": "member_day", "days": [22]}, "2026-11-22", ""),
        ({"is": "member_day", "days": [22]}, "2026-11-23", "R-NOT-MEMBER-DAY"),
        ({"is": "member_day", "weekdays": [2, 7]}, "2026-11-22", ""),
        ({"is": "member_day", "weekdays": [2, 7]}, "2026-11-23", "R-NOT-MEMBER-DAY"),
        ({"is": "member_day", "days": [1], "weekdays": [7]}, "2026-11-22", ""),
        ({"is": "holiday", "any_of": ["double eleven week", "spring"]}, "2026-11-22", ""),
        ({"is": "holiday", "any_of": ["spring"]}, "2026-11-22", "R-NOT-HOLIDAY"),
    ],
)
def test_days(condition: dict[str, Any], day: str, reason: str) -> None:
    assert judge(condition, on(day)) == reason


def test_a_member_day_is_for_members() -> None:
    assert judge({"is": "member_day", "days": [22]}, GUEST) == "R-NEEDS-MEMBER"


@pytest.mark.parametrize(
    ("nth", "weekday", "days"),
    [
        (1, 7, ["2026-11-01"]),
        (2, 2, ["2026-11-10"]),
        (4, 7, ["2026-11-22"]),
        (5, 7, ["2026-11-29"]),
        (5, 2, []),
        (-1, 1, ["2026-11-30"]),
        (-1, 2, ["2026-11-24"]),
        (-1, 7, ["2026-11-29"]),
    ],
)
def test_the_nth_weekday_of_november_2026(nth: int, weekday: int, days: list[str]) -> None:
    condition = {"is": "member_day", "nth_weekdays": [{"nth": nth, "weekday": weekday}]}
    november = [f"2026-11-{day:02}" for day in range(1, 31)]
    assert [day for day in november if not judge(condition, on(day))] == days


@given(st.dates(max_value=date(2200, 1, 1)), st.integers(1, 7))
def test_each_weekday_is_one_of_five_and_the_last_is_the_fourth_or_fifth(
    day: date, weekday: int
) -> None:
    def held(nth: int) -> bool:
        condition = {"is": "member_day", "nth_weekdays": [{"nth": nth, "weekday": weekday}]}
        return not judge(condition, on(day.isoformat()))

    assert sum(held(nth) for nth in range(1, 6)) == (day.isoweekday() == weekday)
    next_week = day + timedelta(days=7)
    assert held(-1) == (day.isoweekday() == weekday and next_week.month != day.month)


@pytest.mark.parametrize(
    ("born", "terms", "day", "holds"),
    [
        ("11-22", {}, "2026-11-22", True),
        ("11-22", {}, "2026-11-23", False),
        ("11-22", {"after": 1}, "2026-11-23", True),
        ("11-22", {"before": 3}, "2026-11-18", False),
        ("11-22", {"before": 3}, "2026-11-19", True),
        ("11-22", {"within": "week"}, "2026-11-16", True),
        ("11-22", {"within": "week"}, "2026-11-23", False),
        ("11-22", {"within": "month"}, "2026-11-30", True),
        ("11-22", {"within": "month"}, "2026-12-01", False),
        ("01-01", {"within": "week"}, "2025-12-29", True),
        ("01-02", {"before": 5}, "2026-12-28", True),
        ("12-31", {"after": 2}, "2027-01-02", True),
        ("02-29", {}, "2027-02-28", True),
        ("02-29", {}, "2027-03-01", False),
        ("02-29", {"leap_day": "mar_1"}, "2027-02-28", False),
        ("02-29", {"leap_day": "mar_1"}, "2027-03-01", True),
        ("02-29", {"leap_day": "mar_1"}, "2028-02-29", True),
        ("02-29", {"within": "month", "leap_day": "mar_1"}, "2027-03-31", True),
        ("L01-01", {}, "2026-02-17", True),
        ("L08-15", {}, "2026-09-25", True),
        ("L08-15", {}, "2026-09-26", False),
        ("L12-23", {}, "2026-02-10", True),
        ("L08-15", {"within": "month"}, "2026-09-01", True),
    ],
)
def test_birthdays(born: str, terms: dict[str, Any], day: str, holds: bool) -> None:
    reason = "" if holds else "R-NOT-BIRTHDAY"
    assert judge({"is": "birthday", **terms}, on(day, born)) == reason


@pytest.mark.parametrize("born", ["", "13-01", "1990-02-03", "L01-31", "L13-01", "02-30", "x"])
def test_a_birthday_nobody_knows_is_asked_for(born: str) -> None:
    assert judge({"is": "birthday"}, on("2026-11-22", born)) == "R-NEEDS-BIRTHDAY"
