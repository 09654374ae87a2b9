"""Leases in the books: they move lots and post nothing, and a check of the books follows them."""

from pathlib import Path

import apsw
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import Envelope, sha256
from edge.book.changes import changes, moves
from edge.book.rebuild import fit
from edge.box import JOURNAL_FILE
from edge.journal import Page
from edge.letters import KINDS, recovered, write
from edge.shop.accounts.lots import Held, Lot, Move
from edge.shop.facts import LeaseReturned, LeaseTaken
from edge.shop.reports.audit import after, misplaced
from edge.verify import verify
from tests.away_kit import PRICE, WHO, away_shop, value_lot

LOT = Lot(id="v1", member="m1", unit="PRN", opened="2026-01-01", active_from="2026-01-01")


def taken(*moves: Move) -> LeaseTaken:
    return LeaseTaken(lease="l1", way="lease", member="m1", kind="value", store="s1", moves=moves,
                      expires="2026-12-01")  # fmt: skip


def back(*moves: Move) -> LeaseReturned:
    return LeaseReturned(lease="l1", member="m1", kind="value", moves=moves, reason="expired")


def test_a_sound_lease_is_sound() -> None:
    opens = taken(Move(lot="v1", amount=5, opens=LOT))
    assert [*misplaced(opens, {})] == []
    held = after(opens, {})
    assert held["v1"].left == 5
    assert [*misplaced(back(Move(lot="v1", amount=-5)), held)] == []


@given(left=st.integers(0, 10), part=st.integers(1, 20))
def test_no_more_goes_back_than_is_there(left: int, part: int) -> None:
    wrong = [*misplaced(back(Move(lot="v1", amount=-part)), {"v1": Held(LOT, left)})]
    assert bool(wrong) == (part > left)


def test_a_lot_that_nobody_opened_and_one_that_is_opened_twice_are_named() -> None:
    assert [*misplaced(taken(Move(lot="v1", amount=5)), {})] == ["lot v1 was never opened"]
    again = taken(Move(lot="v1", amount=5, opens=LOT))
    assert [*misplaced(again, {"v1": Held(LOT, 1)})] == ["lot v1 is opened twice"]
    assert [*misplaced(again, {"v1": Held(LOT, 1)}, came_back=True)] == []
    twice = msgspec.structs.replace(again, moves=again.moves * 2)
    assert [*misplaced(twice, {}, came_back=True)] == ["lot v1 is opened twice"]


def page_of(fact: LeaseTaken) -> Page:
    kind, body = write(fact)
    return Page(
        sequence=1, epoch=1, at=1, origin="box", key="lease/l1", content="", kind=kind, body=body,
        answer=b"", digest="d",
    )  # fmt: skip


def test_a_lease_that_was_lost_and_came_back_moves_what_it_did() -> None:
    fact = taken(Move(lot="v1", amount=5, opens=LOT))
    kind, body = write(fact)
    lost = recovered(
        Envelope(
            sequence=1, epoch=1, at=1, origin="box", key="lease/l1", content="", kind=kind,
            body=msgspec.Raw(body), answer=sha256(b""), previous="", hash="h",
        )
    )  # fmt: skip
    assert moves(lost) == fact.moves
    made = changes(page_of(fact), lost, lambda name: None)
    assert made.kind == KINDS[LeaseTaken]
    assert {topic for topic, _ in made.about} == {"member", "lease", "expiry"}


async def test_a_book_made_again_has_the_same_leases(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        assert (await shop.pay(PRICE))["status"] == 200
        path = shop.stand.config.store.state_dir / JOURNAL_FILE
    with apsw.Connection(str(path)) as db:
        db.execute("update standing set value = '1' where name = 'layout'")
    db.close()
    fit(path, "Asia/Shanghai")
    assert verify(path).books_agree
    async with away_shop(tmp_path) as shop:
        assert shop.spendable() == PRICE
        assert shop.leasing.lease_of(WHO, "value") is not None


async def test_a_lease_that_somebody_enlarges_is_found(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 4 * PRICE)
        await shop.lease("l1")
        await shop.told()
        path = shop.stand.config.store.state_dir / JOURNAL_FILE
    with apsw.Connection(str(path)) as db:
        db.execute("update lot set amount = amount + 1 where id = 'v1'")
    db.close()
    report = verify(path)
    assert any("lot" in finding.what for finding in report.findings)
