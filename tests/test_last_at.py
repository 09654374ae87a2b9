"""When something last happened to a member: found without reading what it was."""

from collections.abc import Iterator

import apsw
import msgspec
import pytest

from cloud_bridge.contract import Envelope, sha256
from edge.book import tables
from edge.book.schema import SCHEMA
from edge.letters import KINDS, recovered, write
from edge.shop.accounts.lots import Move
from edge.shop.facts import LeaseTaken, Recovered
from tests.test_lease_facts import LOT, taken

LEASE = KINDS[LeaseTaken]
WHO = "member", "m1"


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    with apsw.Connection(":memory:") as made:
        made.execute("create table page (sequence integer primary key, at, kind, body)")
        made.execute(SCHEMA)
        yield made


def put(db: apsw.Connection, sequence: int, at: int, kind: str, body: bytes) -> None:
    db.execute("insert into page values (?,?,?,?)", (sequence, at, kind, body))
    db.execute("insert into trail values (?,?,?,?)", (*WHO, sequence, LEASE))


def test_nothing_ever_happened(db: apsw.Connection) -> None:
    put(db, 1, 10, LEASE, b"unread")
    assert tables.last_at(db, ("member", "m2"), [LEASE]) == (0, 0)
    assert tables.last_at(db, WHO, ["another"]) == (0, 0)


def test_the_last_page_tells_and_is_not_read(db: apsw.Connection) -> None:
    put(db, 1, 10, LEASE, b"unread")
    put(db, 3, 30, LEASE, b"unread")
    assert tables.last_at(db, WHO, [LEASE, "another"]) == (3, 30)


def test_what_was_lost_and_came_back_happened_when_it_first_did(db: apsw.Connection) -> None:
    kind, body = write(taken(Move(lot="v1", amount=5, opens=LOT)))
    lost = recovered(
        Envelope(
            sequence=1, epoch=1, at=7, origin="box", key="lease/l1", content="", kind=kind,
            body=msgspec.Raw(body), answer=sha256(b""), previous="", hash="h",
        )
    )  # fmt: skip
    put(db, 9, 90, KINDS[Recovered], write(lost)[1])
    assert tables.last_at(db, WHO, [LEASE]) == (9, 7)
    (told,) = tables.trail(db, WHO, [LEASE], last=1)
    assert (told.sequence, told.at) == (9, 7), "as whoever reads the fact is told"
