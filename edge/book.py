"""The book: what the journal adds up to. It follows in the same transaction, and can be refolded.

A member's account keeps every entry with its running total, because decisions need its balance at
any sequence number. House accounts (cash, sales, tax) have no place here: nothing is decided by
them, and reports add up the facts.

Decisions count what is placed but not yet durable (`gained`); answers to mere questions read
what was durable at the sequence they name (`balance_at`).
"""

from collections.abc import Mapping, Sequence

import apsw
import msgspec

from edge.journal import Page
from edge.shop.facts import DayClosed, DayOpened, Deed
from edge.shop.ledger import Posting

MEMBER = "member:"

SCHEMA = """
create table if not exists entry (
  account  text    not null,
  unit     text    not null,
  sequence integer not null,
  amount   integer not null,
  total    integer not null,
  primary key (account, unit, sequence)
) strict, without rowid;
create table if not exists standing (
  name  text primary key,
  value text not null
) strict, without rowid;
"""

Account = tuple[str, str]
"""An account in one unit: (account, unit)."""


class Standing(msgspec.Struct, frozen=True):
    """What the next fact must know of all facts before it."""

    day: str | None = None
    """The open business day, or None."""
    last_day: str = ""
    """The last day that was opened."""
    receipts: int = 0
    """Receipts given in the current epoch."""
    epoch: int = 0


def advance(standing: Standing, page: Page, fact: object) -> Standing:
    """Return the standing after one more fact."""
    if page.epoch != standing.epoch:
        standing = msgspec.structs.replace(standing, epoch=page.epoch, receipts=0)
    match fact:
        case DayOpened():
            return msgspec.structs.replace(
                standing, day=fact.business_date, last_day=fact.business_date
            )
        case DayClosed():
            return msgspec.structs.replace(standing, day=None)
        case Deed() if fact.receipt:
            return msgspec.structs.replace(standing, receipts=standing.receipts + 1)
        case _:
            return standing


def postings(fact: object) -> Sequence[Posting]:
    """Return the legs of a fact; most facts have none."""
    return fact.postings if isinstance(fact, Deed) else ()


def members(fact: object) -> Mapping[Account, int]:
    """Return what a fact moves on members' accounts, added up by account and unit."""
    moved: dict[Account, int] = {}
    for leg in postings(fact):
        if leg.account.startswith(MEMBER):
            account = leg.account, leg.unit
            moved[account] = moved.get(account, 0) + leg.amount
    return moved


class Book:
    """Balances and standings: the journal's `Follower`, in the journal's own file."""

    schema = SCHEMA

    def __init__(self) -> None:
        self.standing = Standing()
        self._written = self.standing
        self._overlay: dict[Account, list[tuple[int, int]]] = {}
        self._placed: list[tuple[int, Sequence[Account]]] = []

    def opened(self, db: apsw.Connection) -> None:
        """Take up where the last run ended."""
        self._db = db
        self.standing = self._written = read_standing(db)

    # --- the journal tells -------------------------------------------------------------------

    def placed(self, page: Page, fact: object) -> None:
        """On the loop, at once: decisions made from now on count this fact."""
        self.standing = advance(self.standing, page, fact)
        touched = members(fact)
        for account, amount in touched.items():
            self._overlay.setdefault(account, []).append((page.sequence, amount))
        if touched:
            self._placed.append((page.sequence, tuple(touched)))

    def follow(self, cursor: apsw.Cursor, page: Page, fact: object) -> None:
        """On the writer, inside the transaction that makes the fact durable."""
        for (account, unit), amount in members(fact).items():
            cursor.execute(
                "insert into entry select ?1, ?2, ?3, ?4, ?4 + coalesce((select total from"
                " entry where account = ?1 and unit = ?2 order by sequence desc limit 1), 0)",
                (account, unit, page.sequence, amount),
            )
        before, self._written = self._written, advance(self._written, page, fact)
        if self._written != before:
            write_standing(cursor, self._written)

    def committed(self, sequence: int) -> None:
        """On the loop: everything up to `sequence` is durable and can be read from the file."""
        done = 0
        for at, accounts in self._placed:
            if at > sequence:
                break
            done += 1
            for account in accounts:
                left = [delta for delta in self._overlay.get(account, ()) if delta[0] > sequence]
                if left:
                    self._overlay[account] = left
                else:
                    self._overlay.pop(account, None)
        del self._placed[:done]

    # --- the desk asks -----------------------------------------------------------------------

    def gained(self, account: str, unit: str, after: int) -> int:
        """Return what an account gained after the fact at `after`, decided facts included.

        A decided fact is placed, and perhaps not yet durable.
        """
        sequence, total = self._last(account, unit)
        placed = self._overlay.get((account, unit), ())
        gained = sum(amount for at, amount in placed if at > max(sequence, after))
        if sequence <= after:
            return gained
        return gained + total - (self.balance_at(account, unit, after) if after else 0)

    def balance_at(self, account: str, unit: str, sequence: int) -> int:
        """Return what an account held right after the fact at `sequence`."""
        row = self._db.execute(
            "select total from entry where account = ? and unit = ? and sequence <= ?"
            " order by sequence desc limit 1",
            (account, unit, sequence),
        ).fetchone()
        return int(row[0]) if row else 0

    def _last(self, account: str, unit: str) -> tuple[int, int]:
        row = self._db.execute(
            "select sequence, total from entry where account = ? and unit = ?"
            " order by sequence desc limit 1",
            (account, unit),
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)


def read_standing(db: apsw.Connection) -> Standing:
    """Return the standing as of the last durable fact."""
    row = db.execute("select value from standing where name = 'standing'").fetchone()
    return msgspec.json.decode(row[0], type=Standing) if row else Standing()


def write_standing(cursor: apsw.Cursor, standing: Standing) -> None:
    """Keep a new standing."""
    cursor.execute(
        "insert into standing values('standing', ?) on conflict(name)"
        " do update set value = excluded.value",
        (msgspec.json.encode(standing).decode(),),
    )
