"""The book's tables: how a page's changes get in, and how rows come out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import apsw
import msgspec

from edge.book.changes import Account, Changes, Subject, itself
from edge.book.schema import LOT_COLUMNS
from edge.book.standing import Standing
from edge.journal import Page
from edge.letters import KINDS, read
from edge.shop.accounts.lots import Held, Lot, LotKind, Move
from edge.shop.facts import Recovered, SaleMade
from edge.shop.reports.counters import Counter, Used

OPEN_LOT = "insert into lot values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
OPEN_AGAIN = (
    f"{OPEN_LOT} on conflict(id) do update set amount = amount + excluded.amount,"
    " money = money + excluded.money, lapsed = lapsed + excluded.lapsed,"
    " sequence = excluded.sequence"
)
MOVE_LOT = (
    "update lot set amount = amount + ?, money = money + ?, lapsed = lapsed + ?, sequence = ?"
    " where id = ?"
)
ADD_ENTRY = (
    "insert into entry select ?1, ?2, ?3, ?4, ?4 + coalesce((select total from entry"
    " where account = ?1 and unit = ?2 order by sequence desc limit 1), 0)"
)
COUNT = (
    "insert into counter values(?,?,?,?,?,?,?,?) on conflict do update set"
    " uses = uses + excluded.uses, units = units + excluded.units,"
    " amount = amount + excluded.amount, sequence = excluded.sequence"
)
FORGET_DAYS = "delete from counter where day <> '' and day < ?"
SALE, RECOVERED = KINDS[SaleMade], KINDS[Recovered]
LotValues = tuple[str, str, str, str, str, str, str, str, str, str, LotKind, int, int, int, int]
"""A row of the lots, as `LOT_COLUMNS` names them."""


class Row(NamedTuple):
    """A lot as it is after the page at `sequence`."""

    held: Held
    sequence: int


class Count(NamedTuple):
    """A counter as it is after the page at `sequence`."""

    used: Used
    sequence: int


class Told(NamedTuple):
    """A fact with its place, and when it was placed: ms since 1970 UTC."""

    sequence: int
    at: int
    kind: str
    fact: object


# --- in -------------------------------------------------------------------------------------------


def apply(cursor: apsw.Cursor, page: Page, made: Changes) -> None:
    """Write what a page changes."""
    if made.entries:
        cursor.executemany(
            ADD_ENTRY,
            [(*account, page.sequence, amount) for account, amount in made.entries.items()],
        )
    opening = OPEN_AGAIN if page.kind == RECOVERED else OPEN_LOT
    for move in made.moves:
        _move(cursor, move, page.sequence, opening)
    if made.counts:
        rows = [(*key, *used, day, page.sequence) for key, used, day in made.counts]
        cursor.executemany(COUNT, rows)
    if made.about:
        cursor.executemany(
            "insert into trail values(?,?,?,?)",
            [(topic, name, page.sequence, made.kind) for topic, name in made.about],
        )
    if made.day:
        cursor.execute(FORGET_DAYS, (made.day,))


def put_milestone(cursor: apsw.Cursor, sequence: int, standing: Standing) -> None:
    """Write down what had been sold, and come back, after a page."""
    row = sequence, standing.sold, standing.recovered
    cursor.execute("insert into milestone values(?,?,?)", row)


def _move(cursor: apsw.Cursor, move: Move, sequence: int, opening: str) -> None:
    """Write one move. One of a lot that nobody opened changes nothing: an audit will name it.

    What was lost and comes back may open a lot that this life has taken from the cloud meanwhile.
    """
    if move.opens is not None:
        held = Held(move.opens, move.amount, move.money, move.lapsed)
        cursor.execute(opening, lot_row(held, sequence))
        return
    cursor.execute(MOVE_LOT, (move.amount, move.money, move.lapsed, sequence, move.lot))


def lot_row(held: Held, sequence: int) -> tuple[str | int, ...]:
    """Return a lot in the order of the table's columns."""
    lot = held.lot
    return (
        lot.id, lot.member, lot.unit, lot.opened, lot.active_from, lot.expires, lot.issuer,
        lot.terms, lot.origin, lot.home, lot.kind, held.left, held.money, held.lapsed, sequence,
    )  # fmt: skip


# --- out ------------------------------------------------------------------------------------------


def open_lots(db: apsw.Connection, member: str) -> dict[str, Row]:
    """Return the lots of a member in which there is anything."""
    return _lots(
        db.execute(
            f"select {LOT_COLUMNS} from lot where member = ? and (amount <> 0 or money <> 0)",
            (member,),
        )
    )


def lots(db: apsw.Connection, names: Sequence[str]) -> dict[str, Row]:
    """Return lots by id, closed ones too."""
    if not names:
        return {}
    return _lots(
        db.execute(
            f"select {LOT_COLUMNS} from lot where id in (select value from json_each(?))",
            (_json(names),),
        )
    )


def lot_of(row: Sequence["apsw.SQLiteValue"]) -> Row:
    """Return a lot from its row.

    The table is strict and this file alone writes it: its types are not looked at again, since a
    member may have a lot for each visit.
    """
    (
        name, member, unit, opened, active_from, expires, issuer, terms, origin, home, kind,
        left, money, lapsed, sequence,
    ) = cast(LotValues, row)  # fmt: skip
    lot = Lot(
        id=name, member=member, unit=unit, opened=opened, active_from=active_from,
        expires=expires, issuer=issuer, terms=terms, origin=origin, home=home, kind=kind,
    )  # fmt: skip
    return Row(Held(lot, left, money, lapsed), sequence)


def counters(db: apsw.Connection, wanted: Sequence[Counter]) -> dict[Counter, Count]:
    """Return these counters, as far as there are any."""
    if not wanted:
        return {}
    rows = db.execute(
        "select c.per, c.subject, c.rule, c.uses, c.units, c.amount, c.sequence"
        " from json_each(?) as w cross join counter as c"
        " on c.per = w.value->>0 and c.subject = w.value->>1 and c.rule = w.value->>2",
        (_json(wanted),),
    )
    return {
        Counter(str(per), str(subject), str(rule)): Count(
            Used(int(uses), int(units), int(amount)), int(sequence)
        )
        for per, subject, rule, uses, units, amount, sequence in rows
    }


def counters_of(db: apsw.Connection, per: str, subject: str) -> dict[Counter, Count]:
    """Return all counters of one subject."""
    rules = db.execute("select rule from counter where per = ? and subject = ?", (per, subject))
    return counters(db, [Counter(per, subject, str(rule)) for (rule,) in rules.fetchall()])


def trail(
    db: apsw.Connection, subject: Subject, kinds: Iterable[str], *, last: int = -1
) -> list[Told]:
    """Return the facts of these kinds about a subject, in order; only the `last` so many."""
    rows = db.execute(
        "select page.sequence, page.at, trail.kind, page.body from trail"
        " join page using (sequence) where trail.topic = ? and trail.subject = ? and trail.kind"
        " in (select value from json_each(?)) order by trail.sequence desc limit ?",
        (*subject, _json([*kinds]), last),
    )
    told = [
        told_of(int(sequence), int(at), str(kind), read(bytes(body)))
        for sequence, at, kind, body in rows
    ]
    return told[::-1]


def last_at(db: apsw.Connection, subject: Subject, kinds: Iterable[str]) -> tuple[int, int]:
    """Return the last page of these kinds about a subject and when it happened; (0, 0) for none.

    Unlike `trail` it reads no fact, but for one that was lost and came back.
    """
    row = db.execute(
        "select page.sequence, page.at, iif(page.kind = ?, page.body, null) from trail"
        " join page using (sequence) where trail.topic = ? and trail.subject = ? and trail.kind"
        " in (select value from json_each(?)) order by trail.sequence desc limit 1",
        (KINDS[Recovered], *subject, _json([*kinds])),
    ).fetchone()
    if row is None:
        return 0, 0
    sequence, at, body = int(row[0]), int(row[1]), row[2]
    return sequence, at if body is None else told_of(sequence, at, "", read(bytes(body))).at


def told_of(sequence: int, at: int, kind: str, fact: object) -> Told:
    """Return what a page tells; what was lost and came back happened when it first did."""
    if isinstance(fact, Recovered):
        return Told(sequence, fact.at, kind, itself(fact))
    return Told(sequence, at, kind, fact)


def sale_of(db: apsw.Connection | apsw.Cursor, name: str) -> SaleMade | None:
    """Return a sale by its id."""
    row = db.execute(
        "select page.body from trail join page using (sequence) where trail.topic = 'deed'"
        " and trail.subject = ? and trail.kind = ?",
        (name, SALE),
    ).fetchone()
    found = itself(read(bytes(row[0]))) if row else None
    return found if isinstance(found, SaleMade) else None


def subjects(db: apsw.Connection, topic: str, after: str, limit: int) -> list[str]:
    """Return the next subjects of a topic that any fact is about, by name, after this one.

    It goes from subject to subject, and does not read how much there is about each.
    """
    rows = db.execute(
        "with recursive name(subject) as ("
        " select min(subject) from trail where topic = ?1 and subject > ?2"
        " union all"
        " select (select min(subject) from trail where topic = ?1 and subject > name.subject)"
        " from name where name.subject is not null limit ?3"
        ") select subject from name where subject is not null",
        (topic, after, limit),
    )
    return [str(subject) for (subject,) in rows]


def count(db: apsw.Connection, topic: str) -> int:
    """Return how many subjects of a topic there are facts about."""
    return int(
        db.execute("select count(distinct subject) from trail where topic = ?", (topic,)).get
    )


def totals(db: apsw.Connection) -> list[tuple[str, int, int]]:
    """Return by unit how many lots have anything in them, and what that comes to."""
    rows = db.execute(
        "select unit, count(*), sum(amount) from lot where amount <> 0 or money <> 0"
        " group by unit order by unit"
    )
    return [(str(unit), int(lots), int(amount)) for unit, lots, amount in rows]


def entry_at(db: apsw.Connection, account: Account, sequence: int) -> tuple[int, int]:
    """Return the last page up to `sequence` with an entry on an account, and the total then."""
    row = db.execute(
        "select sequence, total from entry where account = ? and unit = ? and sequence <= ?"
        " order by sequence desc limit 1",
        (*account, sequence),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _lots(rows: Iterable[Sequence["apsw.SQLiteValue"]]) -> dict[str, Row]:
    return {str(row[0]): lot_of(row) for row in rows}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
