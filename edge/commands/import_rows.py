"""Rows of an old system's export: read one by one, each with its line, amounts exactly as written.

A CSV file (RFC 4180, UTF-8) begins with a line of column names; a JSONL file has one object a
line. The columns are the fields of `Carried`; what is left out or empty is nothing.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import msgspec

from edge.commands.amounts import to_minor
from edge.refusals import Refusal
from edge.shop.operations.bring_in import Carried

COLUMNS = Carried.__struct_fields__
MONEY = ("principal", "bonus", "uses_worth")
WHOLE = ("points", "uses", "coupon_uses")
LINE_BYTES_MAX = 64 * 1024


class Read(NamedTuple):
    """A row as it stands in the file: its line, its number from 1, and its cells or its fault."""

    line: int
    number: int
    cells: Mapping[str, str] | Refusal


def fault(field: str, cause: str, said: str = "") -> Refusal:
    """Return what is wrong with a field of a row."""
    return Refusal("E-IMPORT-ROW", {"field": field, "cause": cause, "said": said})


def read_rows(file: BinaryIO, path: Path) -> Iterator[Read]:
    """Yield the rows of a file, which is CSV if it is called so. Raises UnicodeError, csv.Error."""
    if path.suffix.lower() == ".csv":
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        try:
            yield from _csv_rows(text)
        finally:
            text.detach()
    else:
        yield from _json_rows(file)


def _csv_rows(text: io.TextIOWrapper) -> Iterator[Read]:
    reader = csv.reader(text, strict=True)
    header = [name.strip() for name in next(reader, [])]
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            yield Read(1, 0, fault(name or "-", "columns", name))
            return
    number = 0
    for cells in reader:
        if not any(cells):
            continue
        number += 1
        if len(cells) != len(header):
            yield Read(reader.line_num, number, fault("-", "shape"))
        else:
            yield Read(reader.line_num, number, dict(zip(header, cells, strict=True)))


def _json_rows(file: BinaryIO) -> Iterator[Read]:
    number = line = 0
    while raw := file.readline(LINE_BYTES_MAX + 1):
        line += 1
        if not raw.strip():
            continue
        number += 1
        yield Read(line, number, _object(raw))
        if len(raw) > LINE_BYTES_MAX:
            return  # what follows is the middle of this line


def _object(raw: bytes) -> Mapping[str, str] | Refusal:
    """Return an object's fields as texts; numbers stay as they are written."""
    if len(raw) > LINE_BYTES_MAX:
        return fault("-", "other", f"more than {LINE_BYTES_MAX} bytes in a line")
    try:
        found = json.loads(raw, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        return fault("-", "other", str(error)[:100])
    if not isinstance(found, dict):
        return fault("-", "other", "no object")
    for name, value in found.items():
        if name not in COLUMNS:
            return fault(name, "columns", name)
        if not isinstance(value, str):
            return fault(name, "other", "neither text nor number")
    return cast("Mapping[str, str]", found)


def carried(cells: Mapping[str, str], exponent: int) -> Carried | Refusal:
    """Return a row's meaning. `exponent` is how many decimals the currency has."""
    fields: dict[str, str | int] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if not text:
            continue
        if name in MONEY or name in WHOLE:
            amount = to_minor(text, exponent if name in MONEY else 0)
            if amount is None:
                return fault(name, "amount" if name in MONEY else "whole")
            fields[name] = amount
        else:
            fields[name] = text
    if "member" not in fields:
        return fault("member", "missing")
    try:
        return msgspec.convert(fields, Carried)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        return fault(where.rstrip("`") or "-", "other", what)
