"""A journal's page as commands print it: in one line, as JSON, as a row of CSV."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import apsw
import msgspec

from edge.journal import Page
from edge.shop.calendar import is_day, local

Format = Literal["jsonl", "csv"]
FORMATS = get_args(Format)

DEED = ("receipt", "business_date", "terminal", "cashier", "seller", "member", "currency", "total")
"""What a row of CSV says of a deed besides its JSON; empty for what has none of it."""
COLUMNS = ("sequence", "epoch", "time", "origin", "key", "kind", *DEED, "body", "digest")
LINE_END = "\r\n"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet runs as a formula (OWASP, CSV Injection)."""


def as_facts(page: Page) -> dict[str, Any]:
    """Return a page for programs."""
    return {
        "sequence": page.sequence,
        "epoch": page.epoch,
        "at": page.at,
        "origin": page.origin,
        "key": page.key,
        "kind": page.kind,
        "body": msgspec.Raw(page.body),
        "answer": msgspec.Raw(page.answer[3:] or b"null"),
        "digest": page.digest,
    }


def one_line(page: Page) -> str:
    """Return a page in a line: where and when, what, by whom, and the figures people ask for."""
    fact = _body(page)
    told = [str(fact[name]) for name in ("receipt", "business_date", "code", "card", "member")
            if fact.get(name)]  # fmt: skip
    if fact.get("terminal") != page.origin:  # such as signing on, which the box writes down
        told += [str(fact[name]) for name in ("terminal", "cashier") if fact.get(name)]
    if isinstance(fact.get("total"), int):
        told.append(f"total {fact['total']}")
    time = _utc(page.at).replace("T", " ")[:19]
    return f"{page.sequence:>8}  {time}Z  {page.kind:<20}  {page.origin:<12}  {'  '.join(told)}"


def csv_row(page: Page | None) -> str:
    """Return a page as a line of CSV (RFC 4180); None for the header."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator=LINE_END).writerow
    if page is None:
        write(COLUMNS)
        return out.getvalue()
    fact = _body(page)
    write([
        page.sequence, page.epoch, _utc(page.at), _safe(page.origin), _safe(page.key), page.kind,
        *(_cell(fact.get(name)) for name in DEED),
        page.body.decode("utf-8", "replace"), page.digest,
    ])  # fmt: skip
    return out.getvalue()


def is_number(text: str) -> bool:
    """Tell whether a text is the number of a page, and no more than SQLite can count."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def sequence_at(db: apsw.Connection, text: str, zone: str, default: int) -> int | None:
    """Return a page's number from an option: a number, or the first page on a local date.

    For the end of a range, `default` is above 1 and a date means the first page after that day.
    The time never falls from page to page, so that a date is found by halving. None if it is
    neither.
    """
    if not text:
        return default
    if is_number(text):
        return int(text)
    if not is_day(text):
        return None
    day = date.fromisoformat(text) + timedelta(days=default > 1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return _first_since(db, int(midnight.timestamp()) * 1000)


def _first_since(db: apsw.Connection, at: int) -> int:
    low, high = 1, int(db.execute("select coalesce(max(sequence), 0) from page").get) + 1
    while low < high:
        middle = (low + high) // 2
        row = db.execute("select at from page where sequence >= ? limit 1", (middle,)).fetchone()
        if row is not None and row[0] < at:
            low = middle + 1
        else:
            high = middle
    return low


def _body(page: Page) -> Mapping[str, Any]:
    """Return a page's fact as it stands; {} for one that is damaged."""
    try:
        fact = msgspec.json.decode(page.body)
    except (msgspec.DecodeError, UnicodeError):
        return {}
    return fact if isinstance(fact, dict) else {}


def _cell(value: object) -> object:
    """Return a value as a cell: a whole number as it is, a text made harmless."""
    if isinstance(value, int) or value is None:
        return value
    return _safe(str(value))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _utc(at: int) -> str:
    return local(at, "UTC").isoformat(timespec="milliseconds")
