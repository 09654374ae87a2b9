"""The disk's reserve: a real file, given up piece by piece, and made again when there is room."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.config import Config, Disk
from edge.journal import Journal, JournalBroken, Reserve
from edge.journal.reserve import LAST_BYTES, PIECE_BYTES
from edge.writer import ThreadWriter
from simulators.request_keys import new_key
from tests.bench.shop import BASKET
from tests.stand import Stand, stand, until
from tests.test_journal import Onlooker, draft

MIB = 1 << 20
SIZE, MARGIN = 16 * MIB, 32 * MIB


class SmallDisk:
    """How much is free of a disk on which the reserve is the only thing that grows."""

    def __init__(self, size: int, reserve: Path) -> None:
        self.size, self._reserve = size, reserve
        self.error: OSError | None = None

    def free(self, folder: Path) -> int:
        if self.error is not None:
            raise self.error
        assert folder == self._reserve.parent
        held = self._reserve.stat().st_size if self._reserve.exists() else 0
        return max(0, self.size - held)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reserve"


@pytest.fixture
def disk(path: Path) -> SmallDisk:
    return SmallDisk(1_000 * MIB, path)


@pytest.fixture
def reserve(path: Path, disk: SmallDisk) -> Any:
    made = Reserve(path, SIZE, MARGIN, disk.free)
    yield made
    made.close()


def blocks(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_it_really_takes_the_space(path: Path, reserve: Reserve) -> None:
    assert reserve.room() == "low", "not before it is whole"
    reserve.refill()
    assert blocks(path) >= path.stat().st_size == reserve.held == SIZE
    assert reserve.room() == "ample"


def test_sales_stop_early_and_what_is_under_way_needs_none_of_it(
    reserve: Reserve, disk: SmallDisk
) -> None:
    reserve.refill()
    disk.size = SIZE + MARGIN - 1
    assert reserve.room() == "low"
    reserve.make_room()
    assert reserve.held == SIZE
    disk.size += 1
    assert reserve.room() == "ample"


def test_it_is_given_up_piece_by_piece(path: Path, reserve: Reserve, disk: SmallDisk) -> None:
    reserve.refill()
    disk.size = SIZE + PIECE_BYTES - 1
    held = []
    while reserve.held:
        reserve.make_room()
        assert path.stat().st_size == reserve.held
        held.append(reserve.held // MIB)
        assert reserve.room() == "low"
        disk.size = reserve.held + PIECE_BYTES - 1  # what was given up is used up
    assert held == [12, 8, 4, 0]
    disk.size = LAST_BYTES - 1
    assert reserve.room() == "spent"
    reserve.make_room()


def test_it_is_made_again_when_there_is_room(reserve: Reserve, disk: SmallDisk) -> None:
    reserve.refill()
    disk.size = SIZE
    reserve.make_room()
    assert 0 < reserve.held < SIZE
    disk.size = SIZE + MARGIN - 1
    assert not reserve.can_refill()
    reserve.refill()
    assert reserve.held < SIZE
    disk.size += 1
    assert reserve.can_refill()
    reserve.refill()
    assert reserve.held == SIZE
    assert reserve.room() == "ample"


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 80 * MIB), min_size=1, max_size=12))
def test_whatever_becomes_of_the_disk(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("disk") / "reserve"
    disk = SmallDisk(80 * MIB, path)
    reserve = Reserve(path, SIZE, MARGIN, disk.free)
    for size in sizes:
        disk.size = size
        reserve.make_room()
        reserve.refill()
        assert 0 <= reserve.held == path.stat().st_size <= SIZE
        assert reserve.held == 0 or reserve.free >= PIECE_BYTES, "it gives what it has"
        ample = reserve.held == SIZE and reserve.free >= MARGIN
        assert (reserve.room() == "ample") == ample
        assert ample or size < SIZE + MARGIN, "with room enough it is whole, and sales go on"
    reserve.close()
    path.unlink()


def test_a_restart_takes_over_what_there_is(path: Path, reserve: Reserve, disk: SmallDisk) -> None:
    reserve.refill()
    for size, held in ((SIZE, SIZE), (8 * MIB, 8 * MIB), (20 * MIB, 8 * MIB)):
        again = Reserve(path, size, MARGIN, disk.free)
        assert again.held == path.stat().st_size == held
        again.close()


def test_a_copy_without_blocks_holds_nothing(path: Path, disk: SmallDisk) -> None:
    path.touch()
    os.truncate(path, SIZE)
    reserve = Reserve(path, SIZE, MARGIN, disk.free)
    assert reserve.held == 0
    reserve.refill()
    assert blocks(path) >= SIZE
    reserve.close()


# --- in the journal -------------------------------------------------------------------------------


async def test_a_disk_that_cannot_be_asked_ends_the_run(tmp_path: Path, disk: SmallDisk) -> None:
    reserve = Reserve(tmp_path / "reserve", SIZE, MARGIN, disk.free)
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter(), Disk(), reserve)
    disk.error = OSError(errno.EIO, os.strerror(errno.EIO))
    assert journal.room == "spent"
    with pytest.raises(JournalBroken, match="Input/output"):
        await journal.broken
    with pytest.raises(JournalBroken):
        await journal.place(draft(1), None, 1)[1]
    await journal.close()
    reserve.close()


async def test_the_writer_gives_up_what_a_commit_needs(tmp_path: Path, disk: SmallDisk) -> None:
    reserve = Reserve(tmp_path / "reserve", SIZE, MARGIN, disk.free)
    journal = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter(), Disk(), reserve)
    assert reserve.held == SIZE, "made at the start"
    disk.size = SIZE
    await journal.place(draft(1), None, 1)[1]
    assert reserve.held == SIZE - PIECE_BYTES
    await journal.move_bookmark("cloud", 1)
    disk.size = 0
    await journal.place(draft(2), None, 2)[1]
    assert reserve.held == 0
    assert journal.room == "spent"
    await journal.move_bookmark("cloud", 2)
    disk.size = 1_000 * MIB
    journal.refill()
    await journal.close()
    assert reserve.held == SIZE
    reserve.close()
    again = Journal(tmp_path / "journal.db", Onlooker(), ThreadWriter())
    assert again.bookmark("cloud") == 1, "with nothing left a move is only remembered"
    await again.close()


# --- in the shop ----------------------------------------------------------------------------------


def roomy(config: Config) -> Config:
    return replace(config, disk=Disk(reserve_bytes=SIZE))


async def sell(shop: Stand, request: dict[str, Any]) -> str:
    answer = await shop.ask("sell", request)
    return "sold" if answer["status"] == 200 else str(answer["code"])


async def test_a_full_disk_closes_the_books_and_then_sells_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = SmallDisk(1_000 * MIB, tmp_path / "state" / "reserve")
    async with stand(tmp_path, adjust=roomy, interval_seconds=7200, free=disk.free) as shop:
        box = shop.box
        requests = [await shop.sale(new_key(), BASKET["lines"]) for _ in range(3)]
        assert await sell(shop, requests[0]) == "sold"
        assert box.health().disk == "ample"

        disk.size = SIZE  # somebody filled it to the brim
        await until(lambda: box.health().state == "not_selling")
        assert box.health().disk == "low"
        assert "nearly full" in box.health().reason
        assert await sell(shop, requests[1]) == "E-DISK-LOW"
        assert b'edge_disk_room{is="low"} 1.0' in box._metrics()
        facts = box.journal.committed
        await until(lambda: box.journal.bookmark("cloud") == facts)  # acknowledgements go on
        closed = json.loads((await box.office.handle("z_close", b"{}")).body)
        assert closed["day"]["state"] == "closed", closed
        assert box.journal.state().reserve_bytes == SIZE - PIECE_BYTES

        disk.size = 1_000 * MIB  # and somebody cleaned up
        await until(lambda: box.health().disk == "ample")
        await until(lambda: box.health().state != "not_selling")
        assert box.journal.state().reserve_bytes == SIZE
        assert await sell(shop, requests[1]) == "sold", "the same key, as it was told"
    said = capsys.readouterr().out
    assert said.index("room=low") < said.index("room=ample")
    again = Journal(tmp_path / "state" / "journal.db", Onlooker(), ThreadWriter())
    assert again.bookmark("cloud") >= facts
    await again.close()
