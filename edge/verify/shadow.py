"""Lots and counters once more, from nothing but the pages: in a temporary file, not in memory.

A journal of a million facts has about as many lots. Only those are in memory that the pages at
hand move; SQLite keeps the others in a file of its own that goes with the connection.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import apsw
import msgspec

from edge.book.changes import Changes
from edge.book.schema import COUNTER_FIELDS, LOT_COLUMNS, LOT_FIELDS
from edge.book.tables import lot_of, lot_row
from edge.shop.accounts.lots import Held
from edge.shop.reports.audit import Moving, after
from edge.shop.reports.counters import Counter, Used

_TABLES = f"""
create temp table told_lot {LOT_FIELDS};
create temp table told_counter {COUNTER_FIELDS};
create index temp.told_counter_day on told_counter(day) where day <> '';
"""
_KEEP_LOT = "insert or replace into told_lot values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_COUNT = (
    "insert into told_counter values(?,?,?,?,?,?,?,?) on conflict(per, subject, rule) do update"
    " set uses = uses + excluded.uses, units = units + excluded.units,"
    " amount = amount + excluded.amount, sequence = excluded.sequence"
)
_COUNTER_COLUMNS = "per, subject, rule, uses, units, amount, day, sequence"
_LOSE_IT_GLADLY = {"cache_size": -8_192, "journal_mode": "off", "synchronous": "off"}
"""8 MiB of cache; nobody needs this file after a crash."""


@dataclass(slots=True)
class _Sum:
    """What the pages at hand add to a counter. There are many of them, so they are added up."""

    uses: int
    units: int
    amount: int
    day: str
    sequence: int

    def add(self, used: Used, sequence: int) -> None:
        self.uses += used[0]
        self.units += used[1]
        self.amount += used[2]
        self.sequence = sequence

    def columns(self) -> tuple[int | str, ...]:
        return self.uses, self.units, self.amount, self.day, self.sequence


class Shadow:
    """What lots and counters must hold."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        db.pragma("temp_store", "file")
        db.execute(_TABLES)
        for name, value in _LOSE_IT_GLADLY.items():
            db.execute(f"pragma temp.{name} = {value}")
        self.lots: dict[str, Held] = {}
        """The lots at hand."""
        self._moved: dict[str, int] = {}
        self._counts: dict[Counter, _Sum] = {}

    def fetch(self, names: Iterable[str]) -> None:
        """Have these lots at hand, as far as they were ever opened."""
        wanted = [name for name in names if name not in self.lots]
        if wanted:
            rows = self._db.execute(
                f"select {LOT_COLUMNS} from told_lot where id in (select value from json_each(?))",
                (msgspec.json.encode(wanted).decode(),),
            )
            self.lots.update({str(row[0]): lot_of(row).held for row in rows})

    def move(self, deed: Moving, sequence: int) -> None:
        """Let lots follow a deed, or a lease."""
        for name, held in after(deed, self.lots).items():
            self.lots[name] = held
            self._moved[name] = sequence

    def count(self, made: Changes, sequence: int) -> None:
        """Let counters follow a page."""
        for counter, used, day in made.counts:
            row = self._counts.get(counter)
            if row is None:
                self._counts[counter] = _Sum(*used, day, sequence)
            else:
                row.add(used, sequence)
        if made.day:
            self._put_counts()
            self._db.execute("delete from told_counter where day <> '' and day < ?", (made.day,))

    def put_away(self) -> None:
        """Write down what is at hand, and let it go."""
        rows = [lot_row(self.lots[name], at) for name, at in self._moved.items()]
        with self._db:
            self._db.executemany(_KEEP_LOT, rows)
            self._put_counts()
        self.lots.clear()
        self._moved.clear()

    def _put_counts(self) -> None:
        rows = [(*key, *row.columns()) for key, row in self._counts.items()]
        self._db.executemany(_COUNT, rows)
        self._counts.clear()

    def differences(self) -> Iterator[tuple[str, int]]:
        """Yield each lot and counter in which the book differs, and a page that moved it."""
        yield from self._differ("lot", "told_lot", LOT_COLUMNS, ("id",))
        columns = ("per", "subject", "rule")
        yield from self._differ("counter", "told_counter", _COUNTER_COLUMNS, columns)

    def _differ(
        self, table: str, told: str, columns: str, key: tuple[str, ...]
    ) -> Iterator[tuple[str, int]]:
        names = [name.strip() for name in columns.split(",")]
        mine, theirs = [f"(b.{name})" for name in names], [f"(t.{name})" for name in names]
        same = " and ".join([f"b.{name} = t.{name}" for name in key])
        asked = (
            f"select json_array({', '.join(mine)}), json_array({', '.join(theirs)}),"
            f" coalesce(t.sequence, b.sequence) from main.{table} as b full join {told} as t"
            f" on {same} where ({', '.join(mine)}) is not ({', '.join(theirs)}) limit 100"
        )
        for found, expected, sequence in self._db.execute(asked):
            yield f"{table}: the book has {found}, the pages say {expected}", int(sequence)
