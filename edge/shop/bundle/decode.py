"""From a bundle's bytes to a bundle, or to findings that name the place and what to write."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from edge.shop.bundle.bundle import Bundle
from edge.shop.bundle.findings import BundleError, close, findings

BYTES_MAX = 64 * 1024 * 1024
RULES_MAX = 200_000

_PATH = re.compile(r" - at `(?P<path>[^`]*)`$")
_WORD = re.compile(r"unknown field `(?P<field>[^`]*)`|Invalid (?:enum )?value '(?P<value>[^']*)'")
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(raw: bytes) -> Bundle:
    """Return the bundle these bytes hold; raises the first of its findings, a BundleError."""
    bundle, found = read(raw)
    if bundle is None or found:
        raise found[0]
    return bundle


def read(raw: bytes) -> tuple[Bundle | None, tuple[BundleError, ...]]:
    """Return the bundle these bytes hold, and everything that is wrong with it.

    A bundle whose shape is wrong (bad JSON, a wrong type, a field or kind nobody knows) is None;
    each of its rules, groups, stages and tiers is then looked at by itself. Where the shape is
    right, findings are names that lead nowhere and terms that make no sense.
    """
    if len(raw) > BYTES_MAX:
        return None, (BundleError("$", f"a bundle has at most {BYTES_MAX} bytes"),)
    try:
        bundle = msgspec.json.decode(raw, type=Bundle)
    except msgspec.ValidationError as error:
        return None, tuple(_shapes(raw, error))
    except _MALFORMED as error:
        return None, (BundleError("$", f"is not JSON: {error}"),)
    if len(bundle.rules) > RULES_MAX:
        return None, (BundleError("$.rules", f"a bundle has at most {RULES_MAX} rules"),)
    return bundle, tuple(findings(bundle))


# --- a wrong shape --------------------------------------------------------------------------------


def _shapes(raw: bytes, first: msgspec.ValidationError) -> Iterator[BundleError]:
    """Yield the wrong shape of the head, and of each item of each list, one finding an item."""
    try:
        document = msgspec.json.decode(raw, type=dict[str, Any])
    except _MALFORMED:
        yield _explained(first)
        return
    lists = {name: document[name] for name in _ITEMS if isinstance(document.get(name), list)}
    try:
        msgspec.convert({**document, **{name: [] for name in lists}}, Bundle)
    except msgspec.ValidationError as error:
        yield _explained(error)
    for name, items in lists.items():
        for index, item in enumerate(items):
            try:
                msgspec.convert(item, _ITEMS[name])
            except msgspec.ValidationError as error:
                yield _explained(error, f"$.{name}[{index}]")


def _explained(error: msgspec.ValidationError, under: str = "$") -> BundleError:
    """Take msgspec's sentence apart: what is wrong, where, and the word it probably meant."""
    message = str(error)
    found = _PATH.search(message)
    what, path = _PATH.sub("", message), found["path"] if found else "$"
    named = _WORD.search(what)
    word = (named["field"] or named["value"] or "") if named else ""
    return BundleError(
        under + path[1:], what, close(word, [known for known in _VOCABULARY if known != word])
    )


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
        case msgspec.inspect.DictType():
            yield from _words(kind.value_type, seen)
        case msgspec.inspect.LiteralType():
            yield from (str(value) for value in kind.values)
        case _:
            pass


_VOCABULARY = sorted(set(_words(msgspec.inspect.type_info(Bundle), set())))

_ITEMS: Mapping[str, Any] = {
    field.name: field.type.__args__[0]
    for field in msgspec.structs.fields(Bundle)
    if field.name in {"tiers", "stages", "groups", "rules"}
}
"""The type of an item of each list in a bundle."""
