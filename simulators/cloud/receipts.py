"""Sales by their receipts: where each is recorded, and what came back of it."""

import sqlite3

import msgspec

from cloud_bridge.contract import Envelope, SaleFact, TakenBack, original

RESERVED_MS = 10 * 60 * 1000
"""For how long a receipt is one box's to take back, unless its hold goes back before."""

SCHEMA = """
create table if not exists deed (
  id text primary key, box text not null, epoch integer not null, sequence integer not null
) strict;
create table if not exists reserved (
  sale text primary key, box text not null, until integer not null, hold text not null
) strict;
create table if not exists came_back (
  sale text not null, line integer not null, unit integer not null,
  primary key (sale, line, unit)
) strict, without rowid;
"""


class Receipts:
    """All sales of all boxes; `db` is the cloud's file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def index(self, box: str, envelope: Envelope, fact: object) -> None:
        """Note where a fact is recorded, if it is a sale; one that came back may be there twice."""
        if isinstance(fact, SaleFact):
            self._db.executemany(
                "insert or replace into deed values(?, ?, ?, ?)",
                [
                    (name, box, envelope.epoch, envelope.sequence)
                    for name in (fact.sale, fact.receipt)
                ],
            )

    def sale(self, name: str) -> tuple[str, Envelope] | None:
        """Return a sale by its id or number, as it was first recorded, and the box that made it."""
        row = self._db.execute(
            "select box, envelope from fact join deed using (box, epoch, sequence) where id = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        return str(row[0]), original(msgspec.json.decode(row[1], type=Envelope))

    def came_back_twice(self, fact: TakenBack) -> int:
        """Note which units came back; return what those are worth that had come back before."""
        twice = 0
        for line in fact.lines:
            for unit in line.units:
                row = (fact.sale, line.line, unit)
                new = self._db.execute("insert or ignore into came_back values(?, ?, ?)", row)
                twice += 0 if new.rowcount else line.net // max(1, len(line.units))
        return twice

    def reserve(self, sale: str, box: str, until: int, hold: str) -> bool:
        """Let one box take a sale back until then, or its hold goes back; False if another may."""
        row = self._db.execute("select box, until from reserved where sale = ?", (sale,)).fetchone()
        if self.sale(sale) is None or (row and row[0] != box and row[1] > until - RESERVED_MS):
            return False
        self._db.execute(
            "insert or replace into reserved values(?, ?, ?, ?)", (sale, box, until, hold)
        )
        return True

    def release(self, hold: str) -> None:
        """Let anybody take back what was reserved by a hold that went back."""
        self._db.execute("delete from reserved where hold = ?", (hold,))
