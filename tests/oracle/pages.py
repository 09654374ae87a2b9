"""The journal's file as it lies on the disk, and how its pages are sealed, once more."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from tests.oracle.recorder import must

SALE, FENCE, REFUSAL = "sale.v1", "fence.v1", "refusal.v1"
LEASE_TAKEN, LEASE_RETURNED = "lease_taken.v1", "lease_returned.v1"


@dataclass(frozen=True, slots=True)
class Page:
    """One row, its body decoded."""

    sequence: int
    epoch: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    raw: bytes
    answer: bytes
    digest: str

    @property
    def body(self) -> Mapping[str, Any]:
        """What the fact says."""
        body: Mapping[str, Any] = json.loads(self.raw)
        return body

    @property
    def told(self) -> Mapping[str, Any]:
        """What the terminal was answered."""
        told: Mapping[str, Any] = json.loads(self.answer[3:])
        return told

    @property
    def postings(self) -> Sequence[Mapping[str, Any]]:
        """The legs of its entry; most facts have none."""
        return tuple(self.body.get("postings", ()))


def read(path: Path) -> Sequence[Page]:
    """Return all pages of a journal that nobody has open."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows: Any = db.execute(
            "select sequence, epoch, at, origin, key, content, kind, body, answer, digest"
            " from page order by sequence"
        ).fetchall()
    finally:
        db.close()
    return [Page(*row) for row in rows]


def read_lots(path: Path) -> dict[str, int]:
    """Return what the box's own book says is in each lot."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {str(name): int(left) for name, left in db.execute("select id, amount from lot")}
    finally:
        db.close()


def chained(pages: Sequence[Page]) -> None:
    """Check that each page is sealed to all before it, and that nothing runs backwards."""
    previous, before = "0" * 64, None
    for number, page in enumerate(pages, 1):
        must(page.sequence == number, "no page is missing", page.sequence, "stands at", number)
        must(page.digest == _seal(previous, page), "each page is sealed", page.sequence)
        if before is not None:
            must(page.at >= before.at, "time never falls", page.sequence)
            must(page.epoch >= before.epoch, "epochs only grow", page.sequence)
        previous, before = page.digest, page


def _seal(previous: str, page: Page) -> str:
    fields = [
        previous, page.sequence, page.epoch, page.at, page.origin, page.key, page.content,
        page.kind, _sha256(page.raw), _sha256(page.answer),
    ]  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return _sha256(text.encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
