"""A journal's file tampered with: what is written in ink shows every later stroke.

Whatever is done to used bytes must be named by `verify`. Who also makes the book anew and seals
all pages again is only found by somebody who remembers: an anchor is a page's place and digest,
as the cloud's acknowledgement, a printed receipt, a bookmark or a backup holds it.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import msgspec

from edge.book.rebuild import rebuild
from edge.book.schema import TABLES
from edge.journal import JournalError, Page, connect, pages
from edge.verify import verify
from simulators import demo_data
from simulators.request_keys import new_key
from tests.faults.judging import Violation
from tests.faults.power import MEMORY
from tests.stand import stand

SALES = 12
YEAR_MS = 365 * 24 * 60 * 60 * 1000
SHIFTED = 1_000_000
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Original:
    """A good journal in one file."""

    data: bytes
    pages: Sequence[Page]
    rows: Sequence[Row]
    """All that a box ever reads of it, but for how far its readers have come."""


@dataclass(slots=True)
class Tampered:
    """What was done, and what came of it."""

    done: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    by_anchor: int = 0
    """Of these: the file agreed with itself, and not with what was remembered."""
    unused: int = 0
    """Flips of bits that nobody reads: every row is as it was."""
    seconds: float = 0.0


def write(folder: Path) -> Original:
    """Sell a few baskets at a box in `folder`; return its journal."""

    async def sell() -> None:
        async with stand(folder) as shop:
            for number in range(SALES):
                lines = [{"code": demo_data.ean(1 + number), "quantity": "1"}]
                member = {"kind": "card", "text": demo_data.card_number(1 + number % 5)}
                await shop.ask("sell", await shop.sale(new_key(), lines, member))

    asyncio.run(sell())
    whole = folder / "whole.db"
    with closing(apsw.Connection(str(folder / "state" / "journal.db"))) as db:
        db.execute("vacuum into ?", (str(whole),))
    with closing(connect(whole, writable=False)) as db:
        return Original(whole.read_bytes(), pages(db, 0), read(db))


def read(db: apsw.Connection) -> Sequence[Row]:
    """Return all rows of a journal that a box reads, each table and index by its own way."""
    rows: list[Row] = []
    for table in ("page", *TABLES):
        rows += [(table, *row) for row in db.execute(f"select * from {table}")]
        rows += [
            (table, columns, *row)
            for (index, columns) in _indexes(db, table)
            for row in db.execute(f"select {columns} from {table} indexed by {index} order by 1, 2")
        ]
    return rows


def _indexes(db: apsw.Connection, table: str) -> Sequence[tuple[str, str]]:
    found = db.execute(
        "select name, (select group_concat(name) from pragma_index_info(list.name))"
        " from pragma_index_list(?) list where origin = 'c' and not partial",
        (table,),
    )
    return [(str(name), str(columns).lower()) for name, columns in found]


# --- strokes ------------------------------------------------------------------------------------


def edit(db: apsw.Connection, luck: random.Random) -> None:
    """Change one value of one row of a page or of the book."""
    table = luck.choice(("page", "page", *TABLES))
    columns = [str(row[1]) for row in db.execute(f"pragma table_info({table})")]
    keys = [str(row[1]) for row in db.execute(f"pragma table_info({table})") if row[5]]
    row = db.execute(f"select * from {table} order by random() limit 1").fetchone()
    if row is None:
        return edit(db, luck)
    values = dict(zip(columns, row, strict=True))
    column = luck.choice(columns)
    where = " and ".join(f"{key} is ?" for key in keys)
    try:
        db.execute(
            f"update {table} set {column} = ? where {where}",
            (_another(values[column], luck), *(values[key] for key in keys)),
        )
    except apsw.ConstraintError:  # another row has that key
        return edit(db, luck)


def _another(value: Any, luck: random.Random) -> Any:
    if isinstance(value, int):
        return value + luck.choice((-100, -1, 1, 100))
    if not value:
        return value + (b"x" if isinstance(value, bytes) else "x")
    at = luck.randrange(len(value))
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    return value[:at] + ("1" if value[at] == "0" else "0") + value[at + 1 :]


def renumber(db: apsw.Connection, luck: random.Random) -> None:
    """Move pages to other places: two change theirs, or all later ones go up."""
    last = _last(db)
    first = luck.randint(1, last - 1)
    if luck.random() < 0.5:
        other = luck.randint(first + 1, last)
        for old, new in ((first, -1), (other, first), (-1, other)):
            db.execute("update page set sequence = ? where sequence = ?", (new, old))
        return
    step = luck.randint(1, 3)
    db.execute("update page set sequence = sequence + ? where sequence > ?", (SHIFTED, first))
    db.execute(
        "update page set sequence = sequence - ? where sequence > ?", (SHIFTED - step, SHIFTED)
    )


def retime(db: apsw.Connection, luck: random.Random) -> None:
    """Have something happen at another time."""
    by = luck.choice((-1, 1)) * luck.randint(1, YEAR_MS)
    sequence = luck.randint(1, _last(db))
    db.execute("update page set at = at + ? where sequence = ?", (by, sequence))


def cut(db: apsw.Connection, luck: random.Random) -> None:
    """Tear out the last pages."""
    db.execute("delete from page where sequence > ?", (luck.randint(1, _last(db) - 1),))


def reseal(db: apsw.Connection, luck: random.Random) -> None:
    """Change the time of a page, and seal it and all later ones anew."""
    retime(db, luck)
    previous = "0" * 64
    for page in pages(db, 0):
        digest = page.sealed_after(previous)
        if digest != page.digest:
            db.execute("update page set digest = ? where sequence = ?", (digest, page.sequence))
        previous = digest


def _last(db: apsw.Connection) -> int:
    return int(db.execute("select max(sequence) from page").get)


Stroke = Callable[[apsw.Connection, random.Random], None]
BY_HAND: Mapping[str, Stroke] = {
    "row edits": edit, "renumberings": renumber, "re-timings": retime, "tail cuts": cut,
}  # fmt: skip
WITH_CARE: Mapping[str, Stroke] = {"tail cuts with care": cut, "pages sealed anew": reseal}
"""Afterwards the book is made anew and every bookmark moved back: the file is in order."""


# --- what comes of them -------------------------------------------------------------------------


class Tampering:
    """Tampers with copies of one journal, in `folder`."""

    def __init__(self, original: Original, folder: Path, seed: int) -> None:
        self._luck = random.Random(f"ink {seed}")
        self._original = original
        self._path = folder / "copy.db"
        self.tampered = Tampered()

    def flip(self, count: int) -> None:
        """Flip so many bits, one in each copy. Raises Violation if one does harm unnoticed."""
        for _ in range(count):
            data = bytearray(self._original.data)
            at, bit = self._luck.randrange(len(data)), self._luck.randrange(8)
            data[at] ^= 1 << bit
            self._path.write_bytes(data)
            self.tampered.done["bit flips"] += 1
            if self._named():
                self.tampered.named["bit flips"] += 1
                continue
            with closing(connect(self._path, writable=False)) as db:
                if read(db) != self._original.rows:
                    raise Violation(f"bit {bit} of byte {at} was flipped, and nobody noticed")
            self.tampered.unused += 1

    def stroke(self, count: int) -> None:
        """Do so many strokes, one in each copy. Raises Violation if one is not named."""
        kinds = cycle([*BY_HAND.items(), *WITH_CARE.items()])
        for _, (name, stroke) in zip(range(count), kinds, strict=False):
            self._path.write_bytes(self._original.data)
            self._draw(stroke)
            self.tampered.done[name] += 1
            if name in WITH_CARE:
                self._cover_up()
                self._remembered(name)
            elif not self._named():
                raise Violation(f"one of the {name} was not noticed")
            self.tampered.named[name] += 1

    def _draw(self, stroke: Stroke) -> None:
        """Do it as somebody does who can write to the file: the guards go, and come back."""
        with closing(apsw.Connection(str(self._path))) as db:
            guards = db.execute("select name, sql from sqlite_schema where type = 'trigger'")
            kept = list(guards)
            for name, _ in kept:
                db.execute(f"drop trigger {name}")
            with db:
                before = db.total_changes()
                stroke(db, self._luck)
                assert db.total_changes() > before, "a stroke that changed nothing"
            for _, sql in kept:
                db.execute(sql)

    def _cover_up(self) -> None:
        with closing(apsw.Connection(str(self._path))) as db:
            db.execute("update bookmark set sequence = min(sequence, ?)", (_last(db),))
        rebuild(self._path, lambda _done, _all: None)

    def _remembered(self, name: str) -> None:
        """See that the file is in order, and that the last page of before gives it away."""
        report = verify(self._path)
        if not report.books_agree:
            raise Violation(f"{name}: not done with enough care: {report.findings[:2]}")
        last = self._original.pages[-1]
        if verify(self._path, anchors=[(last.sequence, last.digest)]).books_agree:
            raise Violation(f"{name}: not noticed, though somebody remembers the last page")
        self.tampered.by_anchor += 1

    def _named(self) -> bool:
        try:
            return not verify(self._path).books_agree
        except (apsw.Error, JournalError, msgspec.MsgspecError):
            return True


def tamper(folder: Path, seed: int, count: int) -> Tampered:
    """Tamper `count` times, half of them bit flips. Raises Violation."""
    began = time.monotonic()
    with TemporaryDirectory(dir=MEMORY) as copies:
        tampering = Tampering(write(folder), Path(copies), seed)
        tampering.flip(count // 2)
        tampering.stroke(count - count // 2)
    tampering.tampered.seconds = round(time.monotonic() - began, 1)
    return tampering.tampered
