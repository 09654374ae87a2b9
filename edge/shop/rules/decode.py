"""From a bundle's bytes to a bundle, or to an error that names the place and what to write."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge.shop.rules import bundle as types
from edge.shop.rules.bundle import AnyDiscount, Bundle
from edge.shop.rules.conditions import AtLeast, Dates, HasTier
from edge.shop.rules.points_earn import PointsEarn

_PATH = re.compile(r" - at `(?P<path>[^`]*)`$")
_WORD = re.compile(r"unknown field `(?P<field>[^`]*)`|Invalid (?:enum )?value '(?P<value>[^']*)'")


class BundleError(Exception):
    """A bundle that cannot be used: where (`path`), `what` is wrong, and a `suggestion` or ""."""

    def __init__(self, path: str, what: str, suggestion: str = "") -> None:
        super().__init__(path, what, suggestion)
        self.path, self.what, self.suggestion = path, what, suggestion

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.path}: {self.what}{hint}"


def decode(raw: bytes) -> Bundle:
    """Return the bundle these bytes hold.

    Raises BundleError on bad JSON, a wrong type, a field or kind nobody knows, and on names
    that lead nowhere (stages, groups, tiers, zones) or an id given twice.
    """
    try:
        bundle = msgspec.json.decode(raw, type=Bundle)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError("$", str(error)) from None
    for finding in _findings(bundle):
        raise finding
    return bundle


def _explained(message: str) -> BundleError:
    """Take msgspec's sentence apart: what is wrong, where, and the word it probably meant."""
    found = _PATH.search(message)
    what, path = _PATH.sub("", message), found["path"] if found else "$"
    named = _WORD.search(what)
    word = (named["field"] or named["value"]) if named else ""
    return BundleError(path, what, _close(word, _VOCABULARY))


def _words(kind: msgspec.inspect.Type, seen: set[type]) -> Iterator[str]:
    """Yield every field name and every tag that may stand in a document of this type."""
    match kind:
        case msgspec.inspect.StructType() if kind.cls not in seen:
            seen.add(kind.cls)
            yield from (str(word) for word in (kind.tag_field, kind.tag) if word)
            for field in kind.fields:
                yield field.encode_name
                yield from _words(field.type, seen)
        case msgspec.inspect.UnionType():
            for part in kind.types:
                yield from _words(part, seen)
        case msgspec.inspect.VarTupleType():
            yield from _words(kind.item_type, seen)
        case msgspec.inspect.LiteralType():
            yield from (str(value) for value in kind.values)
        case _:
            pass


_VOCABULARY = sorted(set(_words(msgspec.inspect.type_info(Bundle), set())))


def _close(word: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(word, list(known), n=1)), "")


def _findings(bundle: Bundle) -> Iterator[BundleError]:
    yield from _head(bundle)
    yield from _ids(bundle)
    yield from _groups(bundle)
    for index, rule in enumerate(bundle.rules):
        if not isinstance(rule, PointsEarn):
            yield from _places(bundle, rule, f"$.rules[{index}]")
        yield from _conditions(bundle, rule, f"$.rules[{index}]")


def _head(bundle: Bundle) -> Iterator[BundleError]:
    try:
        ZoneInfo(bundle.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield BundleError("$.zone", f"no time zone is called {bundle.zone!r}")
    if bundle.valid_until <= bundle.valid_from:
        yield BundleError("$.valid_until", "is not after valid_from")


def _ids(bundle: Bundle) -> Iterator[BundleError]:
    """Rules and groups share one space of names: both stand beside each other in a group."""
    seen: set[str] = set()
    for field, named in (("groups", bundle.groups), ("rules", bundle.rules)):
        for index, item in enumerate(named):
            if item.id in seen:
                yield BundleError(f"$.{field}[{index}].id", f"{item.id!r} is used twice")
            seen.add(item.id)
    for field, values in (
        ("stages", [stage.number for stage in bundle.stages]),
        ("tiers", [tier.id for tier in bundle.tiers]),
    ):
        if len(set(values)) < len(values):
            yield BundleError(f"$.{field}", "one of them is declared twice")


def _groups(bundle: Bundle) -> Iterator[BundleError]:
    parents = {group.id: group.within for group in bundle.groups}
    for index, group in enumerate(bundle.groups):
        path, seen, name = f"$.groups[{index}].within", {group.id}, group.within
        while name:
            if name not in parents:
                yield _unknown(path, "group", name, parents)
                break
            if name in seen:
                yield BundleError(path, f"{group.id!r} is inside itself")
                break
            seen.add(name)
            name = parents[name]


def _places(bundle: Bundle, rule: AnyDiscount, path: str) -> Iterator[BundleError]:
    """Find a stage that does not exist, and a tree of groups that is not inside one stage."""
    if rule.stage not in {stage.number for stage in bundle.stages}:
        yield BundleError(f"{path}.stage", f"no stage has the number {rule.stage}")
    if not rule.group:
        return
    parents = {group.id: group.within for group in bundle.groups}
    if rule.group not in parents:
        yield _unknown(f"{path}.group", "group", rule.group, parents)
        return
    root = _root(rule.group, parents)
    for other in bundle.rules:
        if isinstance(other, PointsEarn) or other.stage == rule.stage:
            continue
        if other.group in parents and _root(other.group, parents) == root:
            what = f"group {root!r} spans stages {rule.stage} and {other.stage}"
            yield BundleError(f"{path}.group", what)


def _root(group: str, parents: dict[str, str]) -> str:
    while parents.get(group):
        group = parents[group]
    return group


def _conditions(bundle: Bundle, rule: types.AnyRule, path: str) -> Iterator[BundleError]:
    tiers = [tier.id for tier in bundle.tiers]
    if isinstance(rule, PointsEarn):
        for tier in rule.multipliers.keys() - set(tiers):
            yield _unknown(f"{path}.multipliers", "tier", tier, tiers)
    for index, condition in enumerate(rule.when):
        where = f"{path}.when[{index}]"
        match condition:
            case HasTier():
                for tier in condition.any_of:
                    if tier not in tiers:
                        yield _unknown(f"{where}.any_of", "tier", tier, tiers)
            case Dates():
                yield from _dates(condition, where)
            case AtLeast(base="after_lines") if _before_lines_end(bundle, rule):
                what = "after_lines is not known yet in a stage of level lines"
                yield BundleError(f"{where}.base", what, "payable")
            case _:
                pass


def _dates(condition: Dates, path: str) -> Iterator[BundleError]:
    for name, day in (("from", condition.start), ("until", condition.until)):
        try:
            date.fromisoformat(day)
        except ValueError:
            yield BundleError(f"{path}.{name}", f"{day!r} is not a day of the calendar")
    if condition.until < condition.start:
        yield BundleError(f"{path}.until", "is before from")


def _before_lines_end(bundle: Bundle, rule: types.AnyRule) -> bool:
    last = max((s.number for s in bundle.stages if s.level == "lines"), default=0)
    return not isinstance(rule, PointsEarn) and rule.stage <= last


def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> BundleError:
    return BundleError(path, f"no {what} is called {name!r}", _close(name, known))
