"""The first fill: page by page, resumed where it stopped, told as it goes; and what it contains."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

from cloud_bridge.bridge import Bridge, Settings
from cloud_bridge.contract import AsOf, Changes, Member, Product
from edge.directory import Directory, Fill
from simulators import demo_data
from simulators.cloud import CLEAR, CloudTwin, MemoryWire, Weather
from simulators.keys import make_key
from tests import virtual_time
from tests.cloud_scene import Counting, Store, virtual_now
from tests.journals import Journal
from tests.stand import Stand, stand
from tests.test_desk import LATTE, SILVER

LUCK = random.Random(4)
CLOUD, BOX = make_key("cloud-1", LUCK), make_key("box-1", LUCK)
PAGE = 100


def member(number: int, points: int = 0, as_of: AsOf | None = None) -> Member:
    return Member(id=f"m{number:07d}", display="王*", points=points, as_of=as_of)


def page(cursor: str, numbers: range, *, more: bool, members: int | None = None) -> Changes:
    changes = tuple(member(number) for number in numbers)
    return Changes(changes=changes, cursor=cursor, more=more, price_book=0, members=members)


def test_a_fill_says_how_far_it_is(tmp_path: Path) -> None:
    directory = Directory.open(tmp_path / "d")
    assert directory.fill == Fill(0, None)
    directory.apply(page("1", range(100), more=True, members=250))
    assert directory.fill == Fill(100, 250)
    directory.apply(page("2", range(100, 200), more=True))
    directory.apply(page("2", range(100, 200), more=True))
    assert directory.fill == Fill(200, 250)
    directory.close()
    again = Directory.open(tmp_path / "d")
    assert again.fill == Fill(200, 250)
    again.apply(page("3", range(200, 250), more=False))
    assert again.fill == Fill(250, None)
    again.apply(page("4", range(240, 260), more=False, members=260))
    assert again.fill == Fill(260, None) == Fill(again.counts()["members"], None)
    again.close()


@dataclass
class Filling(Store):
    """An inbox with the real directory behind it, on a box that may be switched off."""

    path: Path = Path()
    pages_max: int = 10**9
    full: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.directory = Directory.open(self.path)

    def cursor(self) -> str:
        return self.directory.cursor

    async def apply(self, changes: Changes) -> str | None:
        if len(self.pages) == self.pages_max:
            self.full.set()
            await asyncio.Event().wait()  # nothing more is done here: the power is gone
        await super().apply(changes)
        self.directory.apply(changes)
        if not changes.more:
            self.full.set()
        return None


async def filled(wire: Counting, inbox: Filling) -> None:
    """Run a bridge until the inbox has what it takes."""
    bridge = Bridge(
        "box-1", sign=BOX.sign, outbox=Journal(), inbox=inbox, wire=wire, now=virtual_now,
        jitter=random.Random(1).random, settings=Settings(changes_count_max=PAGE),
    )  # fmt: skip
    running = asyncio.create_task(bridge.run())
    await inbox.full.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    inbox.directory.close()


def test_a_fill_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    async def main() -> None:
        twin = CloudTwin(CLOUD, now=virtual_now)
        twin.register_box("box-1", BOX.public_key)
        twin.seed_members([member(number) for number in range(2500)])
        weather = Weather(random.Random(1), CLEAR)
        wire, told = Counting(MemoryWire(twin, weather)), []
        for pages_max in (10, 5, 10**9):
            inbox = Filling(path=tmp_path / "d", pages_max=pages_max)
            told.append(inbox.directory.fill)
            await filled(wire, inbox)
        assert told == [Fill(0, None), Fill(1000, 2500), Fill(1500, 2500)]
        assert wire.count("/v1/changes") == 25 + 2, "only what was under way was asked twice"
        directory = Directory.open(tmp_path / "d")
        assert directory.fill == Fill(2500, None)
        assert directory.counts()["members"] == 2500
        directory.close()
        twin.close()

    virtual_time.run(main())


def test_members_are_found_by_card_and_phone_while_the_fill_goes_on(tmp_path: Path) -> None:
    directory = Directory.open(tmp_path / "d")
    with directory.steady():
        assert directory.member("m0000001") is None
        directory.apply(page("1", range(10), more=True, members=20))
        assert directory.member("m0000001") is None, "one look sees one state"
    assert directory.member("m0000001") is not None
    directory.close()


async def _points(shop: Stand) -> int:
    answer = await shop.ask("balance", {"credential": SILVER})
    points = answer["points"]
    assert isinstance(points, int)
    return points


async def test_points_hold_each_of_our_facts_once_whatever_epoch_was_counted(
    tmp_path: Path,
) -> None:
    async with stand(tmp_path, interval_seconds=86_400) as shop:
        box, fresh = shop.box, shop.box._world.new_key
        silver = demo_data.members()[0]

        def told(points: int, epoch: int, sequence: int) -> None:
            as_of = AsOf(epoch=epoch, sequence=sequence)
            known = Member(id=silver.id, display=silver.display, points=points, as_of=as_of)
            box._directory.apply(
                Changes(
                    changes=(known,), cursor=box._directory.cursor, more=False,
                    price_book=box._directory.price_book,
                )
            )  # fmt: skip

        await shop.ask("sell", await shop.sale(fresh(), LATTE, SILVER))  # 12 points, epoch 1
        end = box.journal.committed
        await box._placing.epoch()
        sold = await shop.ask("sell", await shop.sale(fresh(), LATTE, SILVER))  # 12, epoch 2
        told(1000, 1, end)
        assert await _points(shop) == 1012
        told(1000, 1, end - 1)
        assert await _points(shop) == 1024
        told(1000, 1, sold["sequence"] + 50)  # a tail of epoch 1 that this journal went back on
        assert await _points(shop) == 1012
        told(1000, 2, sold["sequence"] - 1)
        assert await _points(shop) == 1012
        told(1000, 2, sold["sequence"])
        assert await _points(shop) == 1000
        third = await shop.ask("sell", await shop.sale(fresh(), LATTE, SILVER))
        assert third["points_balance"] == 1012


def test_a_price_book_is_no_member(tmp_path: Path) -> None:
    directory = Directory.open(tmp_path / "d")
    tea = Product(id="p1", name_zh="茶", name_en="Tea", price=1, tax_class="std")
    gone = Product(id="p1", name_zh="茶", name_en="Tea", price=1, tax_class="std", deleted=True)
    for change in (tea, gone):
        directory.apply(Changes(changes=(change,), cursor="1", more=False, price_book=1))
        assert directory.fill == Fill(0, None)
    directory.close()
