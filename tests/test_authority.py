"""What a box asks its cloud to authorise: in time or not at all, and nothing from strangers."""

import asyncio
from dataclasses import dataclass, field
from random import Random

import pytest

from cloud_bridge.authority import Authority, HotWatch, Refused, Silent
from cloud_bridge.contract import Hold, HoldAsked, Hot, HotList
from cloud_bridge.line import Line
from simulators import demo_data
from simulators.cloud import CLEAR, OFF, CloudTwin, MemoryWire, Sky, Weather
from simulators.keys import make_key
from tests.away_kit import WHO, value_lot
from tests.virtual_time import lasting, run

NOW = 1_795_300_000_000
BOX = make_key("box-1", Random(2))
ASKED = HoldAsked(id="h1", member=WHO, kind="value", amount=10)


class Scene:
    """A line to a twin, through weather."""

    def __init__(self, sky: Sky = CLEAR) -> None:
        self.twin = lasting(CloudTwin(make_key("cloud-1", Random(1)), now=lambda: NOW))
        self.twin.register_box("b", BOX.public_key)
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.keeping.give(value_lot("v1"), 100)
        self.weather = Weather(Random(1), sky)
        wire = MemoryWire(self.twin, self.weather)
        self.line = Line("b", BOX.private_key.sign, wire, lambda: NOW)
        loop = asyncio.get_running_loop()
        self.time = loop.time
        self.authority = Authority(self.line, loop.time, lambda: 0.5)


def test_a_guest_waits_no_longer_than_was_declared() -> None:
    async def wait() -> None:
        scene = Scene(Sky(stalled=1.0))
        assert isinstance(await scene.authority.hold(ASKED), Silent)
        assert scene.time() == pytest.approx(0.8)
        assert scene.authority.resting
        assert isinstance(await scene.authority.hold(ASKED), Silent)
        assert scene.time() == pytest.approx(0.8), "the next guest does not wait at all"
        scene.weather.sky = CLEAR
        await asyncio.sleep(20)
        assert isinstance(await scene.authority.hold(ASKED), Hold)
        assert not scene.authority.resting

    run(wait())


@pytest.mark.parametrize(
    "sky", [Sky(portal=1.0), Sky(garbage=1.0), Sky(unavailable=1.0), Sky(too_many=1.0), OFF],
    ids=["portal", "garbage", "unavailable", "too many", "off"],
)  # fmt: skip
def test_what_is_not_the_cloud_speaking_grants_nothing(sky: Sky) -> None:
    async def ask() -> None:
        scene = Scene(sky)
        assert isinstance(await scene.authority.hold(ASKED), Silent)

    run(ask())


def test_a_no_says_what_would_be_possible() -> None:
    async def ask() -> None:
        scene = Scene()
        beyond = HoldAsked(id="h2", member=WHO, kind="value", amount=101)
        assert await scene.authority.hold(beyond) == Refused("not-covered", 100)
        scene.twin.granting.block(Hot(of="member", id=WHO))
        assert await scene.authority.hold(ASKED) == Refused("blocked")
        assert not scene.authority.resting, "a no is an answer"

    run(ask())


@dataclass
class Shelf:
    """Keeps the hot list, unless its disk is `full`."""

    cursor: str = ""
    full: bool = False
    entries: list[Hot] = field(default_factory=list)

    def hot_cursor(self) -> str:
        return self.cursor

    async def heat(self, news: HotList) -> str | None:
        if self.full:
            return "disk"
        self.cursor = news.cursor
        self.entries += news.entries
        return None


def test_the_hot_list_is_followed_and_nothing_of_it_is_missed() -> None:
    async def follow() -> None:
        scene, shelf = Scene(), Shelf()
        watch = HotWatch(scene.line, shelf, lambda: 0.5, every_seconds=5)
        task = asyncio.create_task(watch.run())
        scene.twin.granting.block(Hot(of="card", id="c1"))
        await asyncio.sleep(6)
        assert shelf.entries == [Hot(of="card", id="c1")]
        shelf.full = True
        scene.twin.granting.block(Hot(of="member", id="m1"))
        await asyncio.sleep(60)
        shelf.full = False
        scene.weather.sky = OFF
        await asyncio.sleep(60)
        scene.weather.sky = CLEAR
        await asyncio.sleep(400)
        assert shelf.entries[1:] == [Hot(of="member", id="m1")]
        scene.twin.granting.block(Hot(of="card", id="c1", blocked=False))
        await asyncio.sleep(6)
        assert shelf.entries[-1] == Hot(of="card", id="c1", blocked=False)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(follow())


def test_the_hot_list_of_a_cloud_restored_from_a_backup_is_asked_for_anew() -> None:
    async def follow() -> None:
        scene, shelf = Scene(), Shelf()
        watch = HotWatch(scene.line, shelf, lambda: 0.5, every_seconds=5)
        backup = scene.twin.backup()
        scene.twin.granting.block(Hot(of="card", id="c1"))
        await watch.look()
        scene.twin.rewind(backup)
        scene.twin.granting.block(Hot(of="card", id="c2"))
        assert await watch.look() is None, "the cursor is of another life"
        await watch.look()
        assert shelf.entries == [Hot(of="card", id="c1"), Hot(of="card", id="c2")]

    run(follow())
