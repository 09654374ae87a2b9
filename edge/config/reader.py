"""Reads tables into typed sections, one key at a time, so that every fault is found at once."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import NODEFAULT, Meta
from msgspec.structs import FieldInfo, fields

from edge.config.findings import Finding
from edge.config.values import Id

Table = Mapping[str, Any]
S = TypeVar("S", bound=msgspec.Struct)

_KINDS = {
    "str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list", "list": "a list", "object": "a section", "dict": "a section",
}  # fmt: skip
"""What msgspec and Python call a kind of value, in plain words."""


class Reader:
    """Collects findings on the way; `base` is the folder that relative paths start from."""

    def __init__(self, base: Path) -> None:
        self.findings: list[Finding] = []
        self._base = base

    def blame(self, path: str, what: str, fix: str) -> None:
        """Note what is wrong at `path`."""
        self.findings.append(Finding(path, what, fix))

    def refuse_unknown(self, path: str, table: Iterable[str], known: Iterable[str]) -> None:
        """Note each key that nobody reads, with the known one it looks like."""
        names = sorted(known)
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, 1)
                fix = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(names)}"
                self.blame(f"{path}.{key}".lstrip("."), "nobody reads this key", fix)

    def tables(self, path: str, table: Any) -> Iterator[tuple[str, Table]]:
        """Yield the named tables such as [lane.front], their names checked."""
        if not isinstance(table, Mapping):
            self.blame(path, "is not a section", f"write [{path}.name] with its keys below")
            return
        for name, inner in table.items():
            if self.value(f"{path}.{name}", Id, name) is None:
                continue
            if isinstance(inner, Mapping):
                yield name, inner
            else:
                fix = f"write [{path}.name] with its keys below"
                self.blame(f"{path}.{name}", "is a key where a named section belongs", fix)

    def section(self, kind: type[S], path: str, table: Any, **given: object) -> S | None:
        """Read one section; `given` are fields that are not keys. None when there are findings."""
        wanted = [field for field in fields(kind) if field.name not in given]
        required = [field.name for field in wanted if _required(field)]
        if table is None and required:
            self.blame(path, "is missing", f"add [{path}] with {', '.join(required)}")
            return None
        if not isinstance(table or {}, Mapping):
            self.blame(path, "is not a section", f"write [{path}] with its keys below")
            return None
        before = len(self.findings)
        self.refuse_unknown(path, table or {}, [field.name for field in wanted])
        values = self._values(path, wanted, table or {})
        return None if len(self.findings) > before else kind(**given, **values)

    def value(self, path: str, kind: Any, value: Any) -> Any | None:
        """Convert one value; None when there is a finding."""
        try:
            return msgspec.convert(value, kind, dec_hook=self._decode)
        except msgspec.ValidationError as error:
            what = _in_plain_words(str(error).split(" - at ")[0])
            self.blame(path, what[0].lower() + what[1:], f"give {_hint(kind) or 'another value'}")
            return None

    def _values(self, path: str, wanted: Iterable[FieldInfo], table: Table) -> dict[str, Any]:
        values = {}
        for field in wanted:
            if field.name in table:
                key = f"{path}.{field.name}"
                values[field.name] = self.value(key, field.type, table[field.name])
            elif _required(field):
                self.blame(
                    f"{path}.{field.name}", "is missing", f"give {_hint(field.type) or 'it'}"
                )
        return values

    def _decode(self, kind: type, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
        if kind is Path:
            if not value or "\0" in value:
                raise ValueError("Not a path")
            return self._base / value
        assert kind is ZoneInfo, kind
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f'There is no time zone "{value}"') from None


def _in_plain_words(complaint: str) -> str:
    """Return msgspec's complaint in words for whoever writes a shop's file."""
    if " matching regex " in complaint:
        return "is not spelled as it must be"
    complaint = re.sub(r"^Invalid enum value (.*)$", r"\1 is not one of the choices", complaint)
    return re.sub(r"`(\w+)`", lambda match: _KINDS.get(match[1], match[1]), complaint)


def _required(field: FieldInfo) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def _hint(kind: Any) -> str:
    """Return what a type's description says is expected there."""
    for part in getattr(kind, "__metadata__", ()):
        if isinstance(part, Meta) and part.description:
            return part.description
    inner = (_hint(part) for part in get_args(kind))
    plain = {int: "a whole number", str: "a text", bool: "true or false"}.get(kind, "")
    return plain or next((hint for hint in inner if hint), "")
