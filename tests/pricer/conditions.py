"""When a rule holds. A miss is the reason, and how far it is from being mended."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.pricer.goods import Data, Goods, Unit
from tests.pricer.targets import names

Miss = tuple[str, int]
"""A reason, and how much money or how many units are missing where that is the reason."""

EASY_FIRST = (
    "R-NEEDS-AMOUNT",
    "R-NEEDS-COUNT",
    "R-NEEDS-GOODS",
    "R-NEEDS-MEMBER",
    "R-NEEDS-CLOUD",
    "R-NEEDS-BIRTHDAY",
    "R-NEEDS-TIER",
    "R-NEEDS-TAG",
    "R-NEEDS-PARTNER",
    "R-NEEDS-ADULT",
    "R-POINTS-REDUCED",
    "R-EXCLUDED-BY-GROUP",
    "R-EXCLUDED-BY-RULE",
    "R-LIMIT-REACHED",
    "R-BUDGET-SPENT",
    "R-NO-ROOM",
    "R-NOTHING-LEFT",
    "R-NOT-DISCOUNTABLE",
    "R-GIFT-UNKNOWN",
    "R-NOT-ON-THIS-CHANNEL",
    "R-NOT-ON-THIS-TERMINAL",
    "R-NOT-AT-THIS-TIME",
    "R-NOT-ON-THIS-WEEKDAY",
    "R-NOT-MEMBER-DAY",
    "R-NOT-ON-THIS-DAY",
    "R-NOT-BIRTHDAY",
    "R-NOT-HOLIDAY",
    "R-NOT-NTH-PURCHASE",
    "R-NOT-FIRST-PURCHASE",
    "R-NOT-IN-THIS-STORE",
    "R-NOT-IN-THIS-REGION",
    "R-NOT-NOW",
    "R-NOT-ON-THIS-DATE",
)
"""What a cashier can mend most easily comes first."""


@dataclass(frozen=True)
class Sight:
    """What a condition may look at. `about` are all units of the goods that a rule is about."""

    goods: Goods
    document: Data
    context: Data
    member: Data | None
    now: Mapping[Unit, int]
    after_lines: Mapping[Unit, int]
    about: Sequence[Unit]


def misses(when: Iterable[Data], sight: Sight) -> list[Miss]:
    found = [missing(condition, sight) for condition in when]
    return [miss for miss in found if miss is not None]


def nearest(found: Iterable[Miss]) -> Miss:
    return min(found, key=lambda miss: (EASY_FIRST.index(miss[0]), miss[1]))


def missing(condition: Data, sight: Sight) -> Miss | None:
    """Return what stands in the way of a condition, None if it holds."""
    return _CONDITIONS[condition["is"]](condition, sight)


def fixed(condition: Data) -> bool:
    """Tell whether prices that fall cannot change a condition's answer."""
    match condition["is"]:
        case "all" | "any":
            return all(fixed(part) for part in condition["of"])
        case "not":
            return fixed(condition["of"])
        case "at_least":
            return bool(condition.get("base", "after_lines") == "list")
        case _:
            return True


# --- of conditions --------------------------------------------------------------------------------


def _all(condition: Data, sight: Sight) -> Miss | None:
    found = misses(condition["of"], sight)
    return nearest(found) if found else None


def _any(condition: Data, sight: Sight) -> Miss | None:
    found = misses(condition["of"], sight)
    return nearest(found) if len(found) == len(condition["of"]) else None


def _not(condition: Data, sight: Sight) -> Miss | None:
    held = _held(condition["of"], sight)
    if held is None:
        return "R-NEEDS-CLOUD", 0
    return ("R-NOT-NOW", 0) if held else None


def _held(condition: Data, sight: Sight) -> bool | None:
    """Tell whether a condition holds; None if only the cloud could tell."""
    if condition["is"] == "not":
        part = _held(condition["of"], sight)
        return None if part is None else not part
    if condition["is"] not in {"all", "any"}:
        miss = missing(condition, sight)
        return None if miss == ("R-NEEDS-CLOUD", 0) else miss is None
    parts = [_held(part, sight) for part in condition["of"]]
    decided = bool(condition["is"] == "any")
    if decided in parts:
        return decided
    return None if None in parts else not decided


# --- what is bought -------------------------------------------------------------------------------


def _at_least(condition: Data, sight: Sight) -> Miss | None:
    base = condition.get("base", "after_lines")
    price = {"list": sight.goods.list, "after_lines": sight.after_lines, "payable": sight.now}[base]
    spent = sum(price[unit] for unit in _over(condition, sight))
    needed = condition["amount"] + (1 if condition.get("strict", False) else 0)
    return None if spent >= needed else ("R-NEEDS-AMOUNT", needed - spent)


def _count_at_least(condition: Data, sight: Sight) -> Miss | None:
    short = condition["count"] - len(_over(condition, sight))
    return None if short <= 0 else ("R-NEEDS-COUNT", short)


def _has(condition: Data, sight: Sight) -> Miss | None:
    goods = sight.goods
    there = [u for u in goods.units if names(condition["target"], goods.product(u))]
    short = condition.get("count", 1) - len(there)
    return None if short <= 0 else ("R-NEEDS-GOODS", short)


def _over(condition: Data, sight: Sight) -> Sequence[Unit]:
    return sight.about if condition.get("over", "order") == "target" else sight.goods.units


# --- days and hours -------------------------------------------------------------------------------


def _dates(condition: Data, sight: Sight) -> Miss | None:
    today = sight.context["date"]
    return _unless(condition["from"] <= today <= condition["until"], "R-NOT-ON-THIS-DATE")


def _weekdays(condition: Data, sight: Sight) -> Miss | None:
    return _unless(sight.context["weekday"] in condition["days"], "R-NOT-ON-THIS-WEEKDAY")


def _daypart(condition: Data, sight: Sight) -> Miss | None:
    begin, end, minute = (
        _clock(condition["from"]),
        _clock(condition["until"]),
        sight.context["minute"],
    )
    over_midnight = end < begin
    within = (minute >= begin or minute < end) if over_midnight else begin <= minute < end
    return _unless(within, "R-NOT-AT-THIS-TIME")


def _clock(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _is_day(days: Sequence[int], today: str) -> bool:
    day = date.fromisoformat(today)
    last = monthrange(day.year, day.month)[1]
    return day.day in days or (-1 in days and day.day == last)


def _days_of_month(condition: Data, sight: Sight) -> Miss | None:
    return _unless(_is_day(condition["days"], sight.context["date"]), "R-NOT-ON-THIS-DAY")


def _member_day(condition: Data, sight: Sight) -> Miss | None:
    today = sight.context["date"]
    held = _is_day(condition.get("days", ()), today)
    held |= date.fromisoformat(today).isoweekday() in condition.get("weekdays", ())
    held |= any(_is_nth(day, today) for day in condition.get("nth_weekdays", ()))
    return _unless(held, "R-NOT-MEMBER-DAY")


def _is_nth(wanted: Data, today: str) -> bool:
    """Look a day up in the list of all such weekdays of its month."""
    day = date.fromisoformat(today)
    last = monthrange(day.year, day.month)[1]
    month = [date(day.year, day.month, number) for number in range(1, last + 1)]
    such = [one for one in month if one.isoweekday() == wanted["weekday"]]
    place = wanted["nth"] - 1 if wanted["nth"] > 0 else len(such) - 1
    return place < len(such) and such[place] == day


def _holiday(condition: Data, sight: Sight) -> Miss | None:
    holidays, today = sight.document.get("holidays", {}), sight.context["date"]
    held = any(today in holidays.get(name, ()) for name in condition["any_of"])
    return _unless(held, "R-NOT-HOLIDAY")


def _birthday(condition: Data, sight: Sight) -> Miss | None:
    birthday = _of(sight, "birthday", "")
    if not birthday:
        return "R-NEEDS-BIRTHDAY", 0
    today = date.fromisoformat(sight.context["date"])
    spans = [_span(condition, birthday, today.year + step) for step in (-1, 0, 1)]
    return _unless(any(first <= today <= last for first, last in spans), "R-NOT-BIRTHDAY")


def _span(condition: Data, birthday: str, year: int) -> tuple[date, date]:
    month, day = int(birthday[:2]), int(birthday[3:])
    if (month, day) == (2, 29) and monthrange(year, 2)[1] == 28:
        month, day = (2, 28) if condition.get("leap_day", "feb_28") == "feb_28" else (3, 1)
    first = last = date(year, month, day)
    within = condition.get("within", "day")
    if within == "week":
        first -= timedelta(days=first.weekday())
        last = first + timedelta(days=6)
    elif within == "month":
        first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    before, after = condition.get("before", 0), condition.get("after", 0)
    return first - timedelta(days=before), last + timedelta(days=after)


# --- where, and who -------------------------------------------------------------------------------


def _store(condition: Data, sight: Sight) -> Miss | None:
    store = sight.context.get("store") or sight.document["store"]
    return _unless(store in condition["any_of"], "R-NOT-IN-THIS-STORE")


def _nth_purchase(condition: Data, sight: Sight) -> Miss | None:
    this, nth = _of(sight, "purchases", None), condition["nth"]
    if _must_ask(condition, sight):
        return "R-NEEDS-CLOUD", 0
    held = (this + 1) % nth == 0 if condition.get("every", False) else this + 1 == nth
    return _unless(held, "R-NOT-NTH-PURCHASE")


def _first_purchase(condition: Data, sight: Sight) -> Miss | None:
    if _must_ask(condition, sight):
        return "R-NEEDS-CLOUD", 0
    return _unless(_of(sight, "purchases", None) == 0, "R-NOT-FIRST-PURCHASE")


def _must_ask(condition: Data, sight: Sight) -> bool:
    stale = not sight.context["online"] and condition.get("offline", "allow") == "deny"
    return stale or _of(sight, "purchases", None) is None


def _of(sight: Sight, field: str, unknown: Any) -> Any:
    assert sight.member is not None
    return sight.member.get(field, unknown)


def _unless(held: bool, reason: str) -> Miss | None:
    return None if held else (reason, 0)


_Judge = Callable[[Data, Sight], "Miss | None"]


def _members(judge: _Judge) -> _Judge:
    """Only members can meet these."""

    def judged(condition: Data, sight: Sight) -> Miss | None:
        return ("R-NEEDS-MEMBER", 0) if sight.member is None else judge(condition, sight)

    return judged


_CONDITIONS: Mapping[str, _Judge] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "at_least": _at_least,
    "count_at_least": _count_at_least,
    "has": _has,
    "dates": _dates,
    "weekdays": _weekdays,
    "daypart": _daypart,
    "days_of_month": _days_of_month,
    "holiday": _holiday,
    "terminal": lambda c, s: _unless(
        s.context["terminal_kind"] in c["kinds"], "R-NOT-ON-THIS-TERMINAL"
    ),
    "store": _store,
    "region": lambda c, s: _unless(
        s.context.get("region", "") in c["any_of"], "R-NOT-IN-THIS-REGION"
    ),
    "channel": lambda c, s: _unless(
        s.context.get("channel", "till") in c["any_of"], "R-NOT-ON-THIS-CHANNEL"
    ),
    "member": _members(lambda c, s: None),
    "tier": _members(lambda c, s: _unless(_of(s, "tier", "") in c["any_of"], "R-NEEDS-TIER")),
    "tag": _members(
        lambda c, s: _unless(bool(set(_of(s, "tags", ())) & set(c["any_of"])), "R-NEEDS-TAG")
    ),
    "partner": _members(
        lambda c, s: _unless(_of(s, "partner", "") in c["any_of"], "R-NEEDS-PARTNER")
    ),
    "adult": _members(lambda c, s: _unless(_of(s, "adult", False), "R-NEEDS-ADULT")),
    "first_purchase": _members(_first_purchase),
    "nth_purchase": _members(_nth_purchase),
    "birthday": _members(_birthday),
    "member_day": _members(_member_day),
}
