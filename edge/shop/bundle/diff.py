"""What differs between two bundles, term by term, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from edge.shop.bundle.bundle import Bundle
from edge.shop.bundle.voice import Lang

KEYED = {"tiers": "id", "groups": "id", "rules": "id", "stages": "number"}
"""The lists whose items have a name of their own; their order never matters."""

KINDS = {"added": ("新增", "added"), "removed": ("删除", "removed"), "changed": ("修改", "changed")}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: where (`rules[r1].basis_points`), and what stood there before and after.

    What was added has no `old`, what was removed no `new`: None. A default that is written out is
    no difference.
    """

    kind: Literal["added", "removed", "changed"]
    path: str
    old: Any = None
    new: Any = None


def diff(old: Bundle, new: Bundle) -> tuple[Change, ...]:
    """Return all differences, in the order of the fields; none for bundles that mean the same."""
    return tuple(_differ(msgspec.to_builtins(old), msgspec.to_builtins(new), ""))


def sentence(change: Change, lang: Lang) -> str:
    """Return a change in words, with the values as JSON writes them."""
    word = KINDS[change.kind][lang == "en"]
    if change.kind == "changed":
        arrow = "→" if lang == "zh" else "to"
        return f"{word} {change.path}: {_json(change.old)} {arrow} {_json(change.new)}"
    return f"{word} {change.path}: {_json(change.new if change.kind == 'added' else change.old)}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _differ(old: object, new: object, path: str) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            inner = f"{path}.{name}" if path else str(name)
            if not path and name in KEYED:
                key = KEYED[name]
                yield from _keyed(_by(old[name], key), _by(new[name], key), inner)
            else:
                yield from _entry(old, new, name, inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differ(before, after, f"{path}[{index}]")
    else:
        yield Change(kind="changed", path=path, old=old, new=new)


def _keyed(old: Mapping[Any, Any], new: Mapping[Any, Any], path: str) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        yield from _entry(old, new, name, f"{path}[{name}]")


def _entry(
    old: Mapping[Any, Any], new: Mapping[Any, Any], name: Any, path: str
) -> Iterator[Change]:
    if name not in old:
        yield Change(kind="added", path=path, new=new[name])
    elif name not in new:
        yield Change(kind="removed", path=path, old=old[name])
    else:
        yield from _differ(old[name], new[name], path)


def _by(items: list[dict[str, Any]], key: str) -> Mapping[Any, Any]:
    return {item[key]: item for item in items}
