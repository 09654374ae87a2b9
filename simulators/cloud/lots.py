"""Where every part of every lot is: at the cloud (free), or at one box.

The sum of a lot's parts is never more than the lot, but for what a store spent at its own risk.
A part is what its box has written down. It is below zero where a box spent more than it had, such
as one that was restored from a backup: that much is gone from the lot, and what the box puts back
into its part is free again.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from cloud_bridge.contract import (
    DeedFact,
    LeaseReturned,
    LeaseTaken,
    Lot,
    LotPart,
    Move,
)

SCHEMA = """
create table if not exists lot (
  id text primary key, member text not null, unit text not null, lot text not null,
  total integer not null, money integer not null
) strict;
create index if not exists lot_member on lot(member, unit);
create table if not exists part (
  lot text not null, box text not null, amount integer not null, money integer not null,
  primary key (lot, box)
) strict, without rowid;
create table if not exists granted (
  id text primary key, box text not null, member text not null, kind text not null,
  parts blob not null, state text not null, until integer
) strict;
create index if not exists granted_open on granted(box, state, until);
"""
AT_BOXES = "sum(iif(lot.lot ->> 'kind' = 'debt', part.amount, max(part.amount, 0)))"
"""How much of a lot boxes have; what a member owes is at the box that let them owe it."""
UNITS = {"value": ("BON", "PRN"), "uses": ("CNT",), "coupon": ("CPN",)}
"""What each kind is made of; points are PTS, and PTS.X of a partner X."""

Moving = DeedFact | LeaseTaken | LeaseReturned


class Free(NamedTuple):
    """What of a lot is at no box."""

    lot: Lot
    amount: int
    money: int


class Short(NamedTuple):
    """A box spent more than it had and the cloud could spare: an exception."""

    kind: str
    amount: int
    unit: str


class Lots:
    """Lots, their parts, and the grants by which parts travel."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def open(self, lot: Lot, amount: int, money: int = 0) -> None:
        """Give somebody a lot, at the cloud; one that is there already stays as it is."""
        self._db.execute(
            "insert or ignore into lot values(?, ?, ?, ?, ?, ?)",
            (lot.id, lot.member, lot.unit, msgspec.json.encode(lot).decode(), amount, money),
        )

    def add(self, lot: str, amount: int, money: int = 0) -> None:
        """Put so much into a lot, or take it out, at the cloud."""
        self._db.execute(
            "update lot set total = total + ?, money = money + ? where id = ?", (amount, money, lot)
        )

    def free(self, member: str, kind: str, *, subject: str = "") -> list[Free]:
        """Return what is at no box of what a member holds of a kind, in the order of spending."""
        rows = self._db.execute(
            f"select lot.lot, total - coalesce({AT_BOXES}, 0),"  # noqa: S608 - our own words
            " lot.money - coalesce(sum(iif(amount > 0, part.money, 0)), 0)"
            " from lot left join part on part.lot = lot.id"
            " where member = ? and (?2 = '' or lot.id = ?2) group by lot.id",
            (member, subject),
        )
        found = [Free(msgspec.json.decode(raw, type=Lot), *rest) for raw, *rest in rows]
        mine = [one for one in found if one.amount > 0 and is_of(one.lot.unit, kind)]
        return sorted(mine, key=_spending)

    def at(self, box: str, member: str, kind: str) -> int:
        """Return how much of a kind is at a box."""
        rows = self._db.execute(
            "select unit, amount from part join lot on lot.id = part.lot"
            " where part.box = ? and member = ?",
            (box, member),
        )
        return sum(amount for unit, amount in rows if is_of(unit, kind))

    def grantable(self, member: str, kind: str, *, subject: str = "") -> list[Free]:
        """Return what may be granted: what is free, less what the member owes at any box.

        What would be spent last covers it.
        """
        found, owed = self.free(member, kind, subject=subject), self._owed(member, kind)
        left: list[Free] = []
        for one in reversed(found):
            covered = min(owed, one.amount)
            owed -= covered
            if covered < one.amount:
                left.append(one._replace(amount=one.amount - covered))
        return left[::-1]

    def _owed(self, member: str, kind: str) -> int:
        rows = self._db.execute(
            "select unit, total from lot where member = ? and total < 0", (member,)
        )
        return sum(-int(total) for unit, total in rows if is_of(str(unit), kind))

    def all_at(self, box: str) -> dict[str, int]:
        """Return what is at a box in all, by unit."""
        rows = self._db.execute(
            "select unit, sum(amount) from part join lot on lot.id = part.lot where part.box = ?"
            " group by unit",
            (box,),
        )
        return {str(unit): int(amount) for unit, amount in rows if amount}

    def boxes(self, member: str, kind: str) -> list[str]:
        """Return the boxes that have something of a kind."""
        rows = self._db.execute(
            "select distinct box, unit from part join lot on lot.id = part.lot"
            " where member = ? and amount > 0 order by box",
            (member,),
        )
        return [*dict.fromkeys(str(box) for box, unit in rows if is_of(str(unit), kind))]

    def frees(self) -> dict[str, int]:
        """Return of every lot how much is at no box: below zero where more was spent than was."""
        rows = self._db.execute(
            f"select lot.id, total - coalesce({AT_BOXES}, 0) from lot"  # noqa: S608 - our own words
            " left join part on part.lot = lot.id group by lot.id"
        )
        return {str(name): int(free) for name, free in rows}

    def totals(self, names: Sequence[str]) -> dict[str, int]:
        """Return what a member of these ids holds in all, by unit."""
        rows = self._db.execute(
            "select unit, sum(total) from lot where member in (select value from json_each(?))"
            " group by unit",
            (msgspec.json.encode(names).decode(),),
        )
        return {str(unit): int(total) for unit, total in rows if total}

    def over(self, today: str) -> list[tuple[Free, str]]:
        """Return what is free in lots past their last day, and whose it is."""
        rows = self._db.execute(
            "select distinct member from lot where total <> 0 and lot ->> 'expires' < ?"
            " and lot ->> 'expires' <> ''",
            (today,),
        ).fetchall()
        return [
            (one, str(member))
            for (member,) in rows
            for kind in ("value", "points", "uses")
            for one in self.free(str(member), kind)
            if one.lot.expires and one.lot.expires < today
        ]

    def lot(self, name: str) -> Lot | None:
        """Return a lot by its id."""
        row = self._db.execute("select lot from lot where id = ?", (name,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Lot)

    def is_new(self, lot: str) -> bool:
        """Tell whether there never was such a lot."""
        return not self._knows(lot)

    def holders(self, unit: str) -> list[str]:
        """Return everybody who holds something of a unit."""
        rows = self._db.execute(
            "select distinct member from lot where unit = ? and total > 0 order by 1", (unit,)
        )
        return [str(member) for (member,) in rows]

    def rehome(self, member: str, into: str) -> None:
        """Let what is free of a member's lots be another's, in lots of their own.

        What boxes have of the old lots follows when they give it back. A coupon keeps its lot.
        """
        for kind in ("value", "points", "uses"):
            for one in self.free(member, kind):
                name = f"{one.lot.id}~{into}"
                lot = msgspec.structs.replace(one.lot, id=name, member=into)
                self.open(lot, 0)
                self.add(name, one.amount, one.money)
                self.add(one.lot.id, -one.amount, -one.money)
        self._db.execute(
            "update lot set member = ?1, lot = json_set(lot, '$.member', ?1)"
            " where member = ?2 and unit = 'CPN'",
            (into, member),
        )

    # --- grants ----------------------------------------------------------------------------------

    def granted(self, grant: str) -> tuple[LotPart, ...] | None:
        """Return what was granted under an id, None if nothing was."""
        row = self._db.execute("select parts from granted where id = ?", (grant,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=tuple[LotPart, ...])

    def grant(
        self,
        grant: str,
        box: str,
        whose: tuple[str, str],
        parts: Sequence[LotPart],
        until: int | None,
    ) -> None:
        """Carve parts out for a box. `whose` is the member and the kind."""
        self._db.execute(
            "insert into granted values(?, ?, ?, ?, ?, 'offered', ?)",
            (grant, box, *whose, msgspec.json.encode(parts), until),
        )
        for part in parts:
            self._place(part.lot.id, box, part.amount, part.money)

    def lapse(self, box: str, at: int) -> None:
        """Take back what a box was granted, did not take, and after `at` will not take."""
        rows = self._db.execute(
            "select id from granted where box = ? and state = 'offered' and until < ?", (box, at)
        ).fetchall()
        for (grant,) in rows:
            self._void(str(grant), box)

    def _void(self, grant: str, box: str) -> None:
        for part in self.granted(grant) or ():
            self._place(part.lot.id, box, -part.amount, -part.money)
        self._state(grant, "void")

    def _state(self, grant: str, state: str) -> bool:
        """Change a grant that was offered; tell whether it was."""
        changed = self._db.execute(
            "update granted set state = ? where id = ? and state = 'offered'", (state, grant)
        )
        return changed.rowcount > 0

    # --- what boxes did --------------------------------------------------------------------------

    def follow(self, box: str, fact: Moving) -> list[Short]:
        """Let parts follow a fact of a box; return what it spent that was not there."""
        match fact:
            case LeaseTaken():
                return self._taken(box, fact)
            case LeaseReturned():
                return self._returned(box, fact)
            case _:
                shorts = [self._moved(box, move) for move in fact.moves]
                return [short for short in shorts if short]

    def _taken(self, box: str, fact: LeaseTaken) -> list[Short]:
        if self._state(fact.lease, "taken"):
            return []
        self._db.execute(
            "insert or replace into granted values(?, ?, ?, ?, ?, 'taken', null)",
            (fact.lease, box, fact.member, fact.kind, b"[]"),
        )
        shorts = [self._risked(box, fact, move) for move in fact.moves]
        return [short for short in shorts if short]

    def _risked(self, box: str, fact: LeaseTaken, move: Move) -> Short | None:
        """Cover what a box took without a grant; what cannot be covered is missing."""
        if move.opens is not None:
            self.open(move.opens, 0)
        free = self._free_of(move.lot)
        self._place(move.lot, box, move.amount, move.money)
        missing = move.amount - max(0, free)
        if missing <= 0:
            return None
        if fact.kind == "coupon":
            return Short("coupon_twice", missing, "CPN")
        unit = move.opens.unit if move.opens else self._unit(move.lot)
        missing -= self._cover(fact.member, unit, move.lot, missing)
        kind = "overdraft" if fact.way == "risk" else "unknown_lot"
        return Short(kind, missing, unit) if missing else None

    def _cover(self, member: str, unit: str, lot: str, missing: int) -> int:
        """Move so much of what is free into a lot that owes it; return how much there was."""
        covered = 0
        kind = next((kind for kind, units in UNITS.items() if unit in units), "points")
        for one in self.free(member, kind):
            if one.lot.unit != unit or one.lot.id == lot:
                continue
            part = min(one.amount, missing - covered)
            self.add(one.lot.id, -part)
            self.add(lot, part)
            covered += part
        return covered

    def _returned(self, box: str, fact: LeaseReturned) -> list[Short]:
        if not fact.moves:
            known = self.granted(fact.lease) is not None
            if not known:  # the question itself may still be on its way
                self._db.execute(
                    "insert into granted values(?, ?, ?, ?, ?, 'void', null)",
                    (fact.lease, box, fact.member, fact.kind, b"[]"),
                )
            elif self._is_offered(fact.lease):
                self._void(fact.lease, box)
        for move in fact.moves:
            self._place(move.lot, box, move.amount, move.money)
        return []

    def _is_offered(self, grant: str) -> bool:
        row = self._db.execute("select state from granted where id = ?", (grant,)).fetchone()
        return row is not None and row[0] == "offered"

    def _moved(self, box: str, move: Move) -> Short | None:
        """Let one move of a deed change the lot, and the part of it at that box."""
        if move.opens is not None:
            self.open(move.opens, 0)
        before = self._part(move.lot, box)
        if before is None and move.opens is None and not self._knows(move.lot):
            return Short("unknown_lot", -move.amount, "") if move.amount < 0 else None
        here, free = before or 0, self._free_of(move.lot)
        self.add(move.lot, move.amount, move.money)
        self._place(move.lot, box, move.amount, move.money)
        lacking = min(-move.amount, -(here + move.amount))
        if lacking <= 0 or self._is_debt(move.lot):
            return None
        missing = lacking - max(0, free)
        return Short("unknown_lot", missing, self._unit(move.lot)) if missing > 0 else None

    def _free_of(self, lot: str) -> int:
        row = self._db.execute(
            f"select total - coalesce({AT_BOXES}, 0) from lot"  # noqa: S608 - our own words
            " left join part on part.lot = lot.id where lot.id = ? group by lot.id",
            (lot,),
        ).fetchone()
        return int(row[0]) if row else 0

    def _part(self, lot: str, box: str) -> int | None:
        row = self._db.execute(
            "select amount from part where lot = ? and box = ?", (lot, box)
        ).fetchone()
        return None if row is None else int(row[0])

    def _knows(self, lot: str) -> bool:
        return self._db.execute("select 1 from lot where id = ?", (lot,)).fetchone() is not None

    def _unit(self, lot: str) -> str:
        row = self._db.execute("select unit from lot where id = ?", (lot,)).fetchone()
        return str(row[0]) if row else ""

    def _is_debt(self, lot: str) -> bool:
        row = self._db.execute("select lot ->> 'kind' from lot where id = ?", (lot,)).fetchone()
        return row is not None and row[0] == "debt"

    def _place(self, lot: str, box: str, amount: int, money: int) -> None:
        self._db.execute(
            "insert into part values(?, ?, ?, ?) on conflict(lot, box) do update set"
            " amount = amount + excluded.amount, money = money + excluded.money",
            (lot, box, amount, money),
        )


def carved(free: Iterable[Free], amount: int, today: str) -> list[LotPart]:
    """Return parts of what is free that come to `amount`, or to less where there is less.

    A use of a count card is worth the money left by the uses left, rounded up.
    """
    parts: list[LotPart] = []
    for one in free:
        lot = one.lot
        is_good = lot.active_from <= today and (not lot.expires or today <= lot.expires)
        take = min(amount, one.amount) if is_good else 0
        if take > 0:
            money, left = 0, one.amount
            for _ in range(take if one.money else 0):
                money += -(-(one.money - money) // left)
                left -= 1
            parts.append(LotPart(lot=lot, amount=take, money=money))
            amount -= take
    return parts


def is_of(unit: str, kind: str) -> bool:
    """Tell whether a unit is of a kind."""
    return unit.startswith("PTS") if kind == "points" else unit in UNITS.get(kind, ())


def _spending(one: Free) -> tuple[bool, str, str, str]:
    """Order lots as they are spent: what ends first, then what came first."""
    return not one.lot.expires, one.lot.expires, one.lot.opened, one.lot.id
