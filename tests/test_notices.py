"""Notices: whom they are for, what sets them off, and how many anybody must bear."""

from typing import Any

import msgspec
import pytest

from edge.shop.accounts.notices import Holding, Known, NoticePolicy, Seen, due
from edge.shop.calendar import moment
from edge.shop.facts import NoticesShown
from edge.shop.member import Member
from edge.shop.operations.notices import seen_by, tell
from tests.members_kit import holding, lot, made, rules

AT = moment(1_795_312_800_000, "Asia/Shanghai")
ANN = Member("ann", tags=("vip",))


def policy(*notices: dict[str, Any], **more: Any) -> NoticePolicy:
    base = {"text_zh": "你好", "text_en": "hello"}
    return msgspec.convert({"notices": [base | one for one in notices], **more}, NoticePolicy)


def ids(said: NoticePolicy, member: Member = ANN, place: Any = "receipt", **more: Any) -> list[str]:
    return [shown.notice for shown in due(said, place, member, AT, Known(**more))]


def test_everybody_a_member_or_a_segment() -> None:
    said = policy(
        {"id": "all"}, {"id": "ann", "members": ["ann"]}, {"id": "vips", "segments": ["vip"]},
        {"id": "bea", "members": ["bea"]}, at_once_max=9,
    )  # fmt: skip
    assert ids(said) == ["all", "ann", "vips"]
    assert ids(said, Member("bea")) == ["all", "bea"]
    assert ids(said, Member("cat")) == ["all"]


def test_places_days_and_priority() -> None:
    said = policy(
        {"id": "a", "places": ["identify"]},
        {"id": "b", "from": "2026-11-22", "until": "2026-11-22"},
        {"id": "c", "from": "2026-11-23"},
        {"id": "d", "until": "2026-11-21"},
        {"id": "e", "priority": 1},
    )
    assert ids(said) == ["e", "b"]
    assert ids(said, place="identify") == ["e", "a"]


def test_a_cap_at_once_a_cap_a_day_and_an_opt_out() -> None:
    said = policy({"id": "a"}, {"id": "b"}, {"id": "c"}, at_once_max=2, day_max=3)
    assert ids(said) == ["a", "b"]
    assert ids(said, seen=Seen(today=2)) == ["a"]
    assert ids(said, seen=Seen(today=3)) == []
    assert ids(said, Member("ann", tags=("no-notices",))) == []


def test_once_is_once() -> None:
    said = policy({"id": "a", "times": 2})
    assert ids(said, seen=Seen({"a": 1})) == ["a"]
    assert ids(said, seen=Seen({"a": 2})) == []


@pytest.mark.parametrize(("days", "shown"), [(0, True), (3, True), (4, False), (None, False)])
def test_a_birthday_near(days: int | None, shown: bool) -> None:
    said = policy({"id": "a", "when": {"is": "birthday", "days_before": 3}})
    assert ids(said, days_to_birthday=days) == (["a"] if shown else [])


def test_what_expires_soon_is_added_up_and_its_first_day_named() -> None:
    said = policy({"id": "a", "text_en": "{amount} points until {until}",
                   "when": {"is": "expiring", "unit": "PTS", "days": 7}})  # fmt: skip
    holdings = [
        Holding("PTS", "2026-11-29", 10), Holding("PTS", "2026-11-25", 5),
        Holding("PTS", "2026-11-30", 90), Holding("PTS", "2026-11-21", 90),
        Holding("BON", "2026-11-22", 90),
    ]  # fmt: skip
    (shown,) = due(said, "receipt", ANN, AT, Known(holdings=tuple(holdings)))
    assert shown.text_en == "15 points until 2026-11-25"
    assert ids(said) == []


def test_a_gift_within_reach() -> None:
    near = {"is": "gift_within_reach", "rule": "gift", "more_max": 500}
    said = policy({"id": "a", "text_en": "only {more} more", "when": near})
    (shown,) = due(said, "receipt", ANN, AT, Known(within_reach={"gift": 500}))
    assert shown.text_en == "only 500 more"
    assert ids(said, within_reach={"gift": 501}) == []
    assert ids(said, within_reach={"other": 1}) == []


def test_money_is_written_with_its_point() -> None:
    said = policy(
        {"id": "bonus", "text_en": "{amount} until {until}",
         "when": {"is": "expiring", "unit": "BON"}},
        {"id": "mug", "text_en": "{more} more for a mug",
         "when": {"is": "gift_within_reach", "rule": "mug", "more_max": 2_000}},
    )  # fmt: skip
    shown = due(
        said, "receipt", ANN, AT,
        Known(
            holdings=(Holding("BON", "2026-11-25", 1_050),), within_reach={"mug": 1_200}, exponent=2
        ),
    )  # fmt: skip
    assert [one.text_en for one in shown] == ["10.50 until 2026-11-25", "12.00 more for a mug"]


# --- told ----------------------------------------------------------------------------------------


def test_what_a_member_was_told_is_a_fact_and_counts() -> None:
    """Once in all is counted over days, the cap of a day by business date."""
    of = rules(notices={"day_max": 2, "notices": [
        {"id": "once", "text_zh": "一", "text_en": "1", "times": 1, "priority": 2},
        {"id": "ends", "text_zh": "{amount}", "text_en": "{amount} until {until}",
         "when": {"is": "expiring", "unit": "PTS", "days": 3}},
        {"id": "soon", "text_zh": "生日", "text_en": "birthday", "priority": 1,
         "when": {"is": "birthday", "days_before": 1}},
    ]})  # fmt: skip
    ann = Member("m1", birthday="11-23")
    pot = holding((lot("a", expires="2026-11-24"), 40), (lot("b", expires="2026-12-24"), 60))
    facts: list[NoticesShown] = []
    texts = []
    for day in ("2026-11-22", "2026-11-22", "2026-11-23"):
        told = tell("identify", ann, of, pot, seen_by("m1", facts, day), made(day))
        texts.append([shown.text_en for shown in told.shown])
        facts += [told.fact] if told.fact else []
    assert texts == [["1", "birthday"], [], ["birthday", "40 until 2026-11-24"]]
    assert [fact.notices for fact in facts] == [("once", "soon"), ("soon", "ends")]
    assert seen_by("m2", facts, "2026-11-22") == Seen()
