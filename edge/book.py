"""The book: what the journal adds up to. It follows in the same transaction, and can be refolded.

Two kinds of account. A member's account keeps every entry with its running total, because
decisions need its balance at any sequence number. A house account (cash, sales, tax) keeps one
total a business day, because only reports read it.

Decisions count what is placed but not yet durable (`decided`); answers to mere questions read
what was durable at the sequence they name (`balance_at`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import apsw
import msgspec

from edge.journal import Page
from edge.shop.facts import DayClosed, DayOpened, SaleMade
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
create table if not exists house (
  business_date text    not null,
  account       text    not null,
  unit          text    not null,
  total         integer not null,
  primary key (business_date, account, unit)
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
        case SaleMade():
            return msgspec.structs.replace(standing, receipts=standing.receipts + 1)
        case _:
            return standing


def postings(fact: object) -> Sequence[Posting]:
    """Return the legs of a fact; most facts have none."""
    return fact.postings if isinstance(fact, SaleMade) else ()


def sums(legs: Iterable[Posting]) -> Mapping[Account, int]:
    """Add up legs by account and unit."""
    added: dict[Account, int] = defaultdict(int)
    for leg in legs:
        added[leg.account, leg.unit] += leg.amount
    return added


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
        touched = [
            (account, amount)
            for account, amount in sums(postings(fact)).items()
            if account[0].startswith(MEMBER)
        ]
        for account, amount in touched:
            self._overlay.setdefault(account, []).append((page.sequence, amount))
        if touched:
            self._placed.append((page.sequence, [account for account, _ in touched]))

    def follow(self, cursor: apsw.Cursor, page: Page, fact: object) -> None:
        """On the writer, inside the transaction that makes the fact durable."""
        legs = sums(postings(fact))
        for (account, unit), amount in legs.items():
            if account.startswith(MEMBER):
                cursor.execute(
                    "insert into entry select ?1, ?2, ?3, ?4, ?4 + coalesce((select total from"
                    " entry where account = ?1 and unit = ?2 order by sequence desc limit 1), 0)",
                    (account, unit, page.sequence, amount),
                )
            else:
                assert isinstance(fact, SaleMade)
                cursor.execute(
                    "insert into house values(?,?,?,?) on conflict(business_date, account, unit)"
                    " do update set total = total + excluded.total",
                    (fact.business_date, account, unit, amount),
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

    def decided(self, account: str, unit: str) -> int:
        """Return what an account holds, counting facts that are placed and not yet durable."""
        sequence, total = self._last(account, unit)
        return total + sum(
            amount for at, amount in self._overlay.get((account, unit), ()) if at > sequence
        )

    def balance_at(self, account: str, unit: str, sequence: int) -> int:
        """Return what an account held right after the fact at `sequence`."""
        row = self._db.execute(
            "select total from entry where account = ? and unit = ? and sequence <= ?"
            " order by sequence desc limit 1",
            (account, unit, sequence),
        ).fetchone()
        return int(row[0]) if row else 0

    def house(self, business_date: str) -> Mapping[Account, int]:
        """Return the house accounts' totals of one business day."""
        return {
            (str(account), str(unit)): int(total)
            for account, unit, total in self._db.execute(
                "select account, unit, total from house where business_date = ?", (business_date,)
            )
        }

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
