"""Do the box and its cloud add up to the same? Read from their files, not from what they say."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from simulators.cloud import CloudTwin

Totals = dict[tuple[str, str], int]
"""What each (account, unit) holds; accounts that hold nothing are left out."""


def box_totals(journal: Path) -> Totals:
    """Return what the postings of all the box's facts add up to."""
    return _totals(
        (leg["account"], leg["unit"], leg["amount"])
        for (body,) in _rows(journal, "select cast(body as text) from page")
        for leg in json.loads(str(body)).get("postings", ())
    )


def cloud_totals(twin: CloudTwin) -> Totals:
    """Return what the cloud has made of the facts it was sent."""
    return _totals(
        (account, unit, total)
        for account, units in twin.books().items()
        for unit, total in units.items()
    )


def box_digests(journal: Path) -> list[str]:
    """Return the digest of every page of the box's journal, in sequence."""
    return [str(row[0]) for row in _rows(journal, "select digest from page order by sequence")]


def cloud_digests(twin: CloudTwin, box: str) -> list[str]:
    """Return the digest of every fact the cloud has of a box, in sequence."""
    return [envelope.hash for envelope in twin.facts(box)]


def agree(journal: Path, twin: CloudTwin, box: str) -> bool:
    """Tell whether the cloud has every page of the box, the same pages, and the same totals."""
    return box_digests(journal) == cloud_digests(twin, box) and box_totals(journal) == cloud_totals(
        twin
    )


def _rows(journal: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def _totals(rows: Iterable[tuple[object, ...]]) -> Totals:
    totals: Totals = {}
    for account, unit, amount in rows:
        where = (str(account), str(unit))
        totals[where] = totals.get(where, 0) + int(str(amount))
    return {where: total for where, total in totals.items() if total}
