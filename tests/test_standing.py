"""The business day that a deed belongs to."""

import pytest

from edge.book.standing import Standing


@pytest.mark.parametrize(
    ("day", "last_day", "date", "belongs_to"),
    [
        (None, "", "2026-11-22", "2026-11-22"),
        ("2026-11-22", "2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-22", "2026-11-22", "2026-11-23", "2026-11-23"),
        ("2026-11-22", "2026-11-22", "2026-11-20", "2026-11-22"),
        (None, "2026-11-22", "2026-11-22", "2026-11-23"),
        (None, "2026-11-22", "2026-11-20", "2026-11-23"),
        (None, "2026-11-22", "2026-11-25", "2026-11-25"),
    ],
)
def test_days_only_follow_each_other(
    day: str | None, last_day: str, date: str, belongs_to: str
) -> None:
    assert Standing(day=day, last_day=last_day).day_on(date) == belongs_to
