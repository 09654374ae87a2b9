"""The terminals' JSON, read strictly and written one way (RFC 8259, I-JSON: RFC 7493).

What two parsers could read differently is refused: duplicate names, numbers with a fraction or
an exponent, lone surrogates, a byte order mark, anything after the value. Money is integers and
quantities are text, so no binary fraction ever enters. Sizes and depths are bounded.
"""

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from drivers.terminal.words import OPERATIONS, Reply, Request

PAYLOAD_BYTES_MAX: Final = 65536
DEPTH_MAX: Final = 8
INTEGER_MAX: Final = 2**53
"""Beyond it other parsers round (RFC 7493 section 2.2)."""
SHOWN_CHARACTERS_MAX: Final = 100
"""How much of a stranger's text a refusal repeats."""

_INTEGER_TEXT_MAX = len(str(-INTEGER_MAX))
_QUANTITY = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,3})?", re.ASCII)
_QUANTITIES: Final = {
    "lines": _QUANTITY,
    "scanned": re.compile(f"-?(?:{_QUANTITY.pattern})", re.ASCII),
}
"""Where quantities stand, and how they are spelled there: a count may be corrected down."""
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_COMPLAINTS: Final = {
    "missing": r"Object missing required field `(?P<field>.*)`",
    "type": r"Expected `(?P<expected>.*)`, got `(?P<got>.*)`",
    "spelling": r"Expected `str` matching regex .*",
    "range": r"Expected (?P<bounds>.*)",
    "choice": r"Invalid enum value (?P<value>.*)",
    "quantity": r"Invalid decimal string",
    "other": r"(?P<said>.*)",
}
"""What msgspec complains of, by the cause we give for it; the first that fits, and one does."""
_STEP = re.compile(r"(?<=\.)[^.\[\]]+|\[")
_SPELLINGS: Final = {"key": "key", "quantity": "quantity", "now": "time"}
"""The cause we give for a text that is not spelled as it must be, by the name of its field."""

_Kind = TypeVar("_Kind", bound=msgspec.Struct)
_Check = Callable[[Any], object]


class Malformed(Exception):
    """A request that makes no sense. `code` and `params` are those of the refusal to answer."""

    def __init__(self, code: str, params: Mapping[str, str | int]) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


def decode(operation: str, payload: bytes) -> Request:
    """Return the request in `payload`, or raise `Malformed` and nothing else."""
    kind = OPERATIONS.get(operation)
    if kind is None:
        suggestion = _suggest(operation, tuple(OPERATIONS))
        raise Malformed(
            "E-UNKNOWN-OPERATION", {"operation": _shown(operation), "suggestion": suggestion}
        )
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise Malformed("E-TOO-LARGE", {"limit": PAYLOAD_BYTES_MAX})
    return read(payload, kind, check=_check_quantities)


def read(
    payload: bytes, kind: type[_Kind], *, check: _Check = lambda _: None, depth: int = DEPTH_MAX
) -> _Kind:
    """Return what is in `payload` as this kind of struct, or raise `Malformed` and nothing else.

    `check` is shown the plain data and may raise `Malformed`; `depth` is how deep refused data
    may be before that is why. How many bytes there may be is the caller's concern.
    """
    return _read_plain(payload, kind, check) or _read_carefully(payload, kind, check, depth)


def read_once(payload: bytes, kind: type[_Kind], *, depth: int = DEPTH_MAX) -> _Kind:
    """Return what `read` returns, in one pass where the payload is plainly right.

    All structs in `kind` must omit their defaults when they are written.
    """
    if b"\\" not in payload:
        try:
            request: _Kind = _decoder(kind).decode(payload)
            # What is written again has at most the members that were read, so that there are as
            # many colons only if no duplicate was dropped. A default that was spelled out is
            # missing, too: then `read` looks closer.
            if payload.count(b":") == _ENCODER.encode(request).count(b":"):
                return request
        except (Malformed, ValueError, RecursionError):  # msgspec's errors are ValueErrors
            pass
    return read(payload, kind, depth=depth)


def encode(reply: Reply | Request) -> bytes:
    """Return the one spelling of `reply`: fields in their declared order, no spaces, UTF-8."""
    return _ENCODER.encode(reply)


def content_hash(operation: str, request: Request) -> str:
    """Return what makes two requests the same: the hex SHA-256 over operation and meaning.

    White space, the order of fields and spelled-out defaults do not matter; everything else does.
    """
    return hashlib.sha256(operation.encode() + b"\n" + _ENCODER.encode(request)).hexdigest()


_ENCODER = msgspec.json.Encoder()


# --- parsing --------------------------------------------------------------------------------------


def _read_plain(payload: bytes, kind: type[_Kind], check: _Check) -> _Kind | None:
    """Return the request if it is plainly right, as nearly all are; None for a closer look."""
    if b"\\" in payload:
        return None
    try:
        tree = _PLAIN.decode(payload)
        # A member is one colon, so without escapes the counts differ exactly when a duplicate
        # was dropped: two fast scans instead of a Python call for every object.
        if payload.count(b":") != _ENCODER.encode(tree).count(b":"):
            return None
        request = msgspec.convert(tree, kind)
        check(tree)
    except (Malformed, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return request


def _read_carefully(payload: bytes, kind: type[_Kind], check: _Check, depth: int) -> _Kind:
    """Return the request, or raise `Malformed` with the exact reason."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("$", "utf8", at=error.start) from None
    try:
        tree = _parse(text, depth)
        request = msgspec.convert(tree, kind)
    except (Malformed, msgspec.ValidationError) as error:
        # The types bound the depth of what is accepted, so only a refusal has to look at it.
        if _is_deep(text, depth):
            raise Malformed("E-TOO-DEEP", {"limit": depth}) from None
        if isinstance(error, Malformed):
            raise
        _explain(str(error), kind)
    check(tree)
    return request


def _parse(text: str, depth: int) -> Any:
    try:
        tree = _CAREFUL.decode(text)
        _spell(tree).encode()
    except UnicodeEncodeError:
        raise _malformed("$", "surrogate") from None
    except RecursionError:
        raise Malformed("E-TOO-DEEP", {"limit": depth}) from None
    except json.JSONDecodeError as error:
        raise _malformed("$", "json", at=error.pos) from None
    return tree


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _malformed("$", "twice", field=twice)
    return fields


def _integer(text: str) -> int:
    if len(text) > _INTEGER_TEXT_MAX or abs(value := int(text)) > INTEGER_MAX:
        raise _malformed("$", "large", limit=INTEGER_MAX)
    return value


def _no_fraction(text: str) -> NoReturn:
    raise _malformed("$", "fraction", value=text[:20])


@cache
def _decoder(kind: type[_Kind]) -> msgspec.json.Decoder[_Kind]:
    """Return what decodes one kind of struct; there are few."""
    return msgspec.json.Decoder(kind, float_hook=_no_fraction)


_PLAIN = msgspec.json.Decoder(float_hook=_no_fraction)
_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_no_fraction,
    parse_constant=_no_fraction,
)
_spell = json.JSONEncoder(ensure_ascii=False).encode


def _is_deep(text: str, most: int) -> bool:
    depth = 0
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece in "[{":
            depth += 1
            if depth > most:
                return True
        elif piece in "]}":
            depth -= 1
    return False


def _check_quantities(tree: Any) -> None:
    for field, spelling in _QUANTITIES.items():
        lines = tree.get(field, ())
        for quantity in {line.get("quantity", "1") for line in lines}:
            if not isinstance(quantity, str) or spelling.fullmatch(quantity) is None:
                index = next(i for i, line in enumerate(lines) if line.get("quantity") == quantity)
                raise _malformed(f"$.{field}[{index}].quantity", "quantity")


# --- explaining -----------------------------------------------------------------------------------


def _malformed(path: str, cause: str, **values: str | int) -> Malformed:
    """Return the refusal; its texts, by cause, are told with `values`."""
    params = {"path": path, **values}
    shown = {name: _shown(v) if isinstance(v, str) else v for name, v in params.items()}
    return Malformed("E-MALFORMED", {"cause": cause, **shown})


def _explain(message: str, kind: type[msgspec.Struct]) -> NoReturn:
    """Turn msgspec's message ("what - at `path`") into a refusal."""
    what, _, path = message.rpartition(" - at `")
    if not what:
        what, path = message, "$`"
    path = path.removesuffix("`")
    if unknown := _UNKNOWN_FIELD.fullmatch(what):
        field = unknown[1]
        raise Malformed(
            "E-UNKNOWN-FIELD",
            {
                "path": path,
                "field": _shown(field),
                "suggestion": _suggest(field, _names(kind, path)),
            },
        ) from None
    cause, values = next(
        (cause, match.groupdict())
        for cause, pattern in _COMPLAINTS.items()
        if (match := re.fullmatch(pattern, what, re.DOTALL))
    )
    if cause == "spelling":
        cause = _SPELLINGS.get(path.rpartition(".")[2], cause)
    raise _malformed(path, cause, **values) from None


def _names(kind: Any, path: str) -> tuple[str, ...]:
    """Return the names of the fields that may stand at a place inside `kind`."""
    (root,), parts = msgspec.json.schema_components([kind])
    here = [root]
    for step in ["", *_STEP.findall(path)]:
        here = [part for schema in here for part in _inside(schema, step, parts)]
    return tuple(sorted({name for schema in here for name in schema.get("properties", ())}))


def _inside(schema: Any, step: str, parts: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the schemas of what is one step further in: a field, or any item; "" is no step."""
    match step:
        case "":
            inner = [schema]
        case "[":
            inner = [schema.get("items"), schema.get("additionalProperties")]
        case _:
            inner = [schema.get("properties", {}).get(step)]
    for one in inner:
        if isinstance(one, dict):
            named = parts[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
            yield named
            for option in named.get("anyOf", ()):
                yield from _inside(option, "", parts)


def _suggest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name[:SHOWN_CHARACTERS_MAX], known, n=1, cutoff=0.5)
    return ", ".join(near or known) or "{}"


def _shown(text: str) -> str:
    """Return a stranger's text, short, on one line and safe to write down."""
    short = text[:SHOWN_CHARACTERS_MAX] + ("…" if len(text) > SHOWN_CHARACTERS_MAX else "")
    return "".join(letter if letter.isprintable() else "�" for letter in short)
