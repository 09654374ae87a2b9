"""The cloud's signed word on the time: who may ask, what is believed, what a box makes of it."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from cloud_bridge.contract import SignedTime
from cloud_bridge.courier import Denied, Garbage, Later, WireAnswer
from cloud_bridge.http import Unreachable, Wire
from cloud_bridge.line import Line
from cloud_bridge.timekeeper import Asking, Timekeeper, Told, ask
from edge.clock import Clock, Instant, Kernel
from edge.world import World
from simulators.cloud import CLEAR, OFF, CloudTwin, MemoryWire, Sky, Weather
from simulators.keys import make_key
from tests import virtual_time
from tests.stand import stand, until
from tests.test_desk import LATTE, key

LUCK = random.Random(5)
CLOUD, BOX, THIEF = (make_key(name, LUCK) for name in ("cloud-1", "box-1", "cloud-1"))
NOW = 1_795_300_000_000
YEAR = 365 * 24 * 3600 * 1000


def seconds() -> float:
    return asyncio.get_running_loop().time()


def true_time() -> int:
    return NOW + int(seconds() * 1000)


def asking(wire: Wire, believed: int = 0) -> Asking:
    luck = random.Random(1)
    line = Line("box-1", BOX.sign, wire, lambda: believed)
    keys = {"cloud-1": CLOUD.public_key}
    return Asking(line, keys, seconds, lambda: luck.randbytes(16).hex())


def far(sky: Sky = CLEAR) -> MemoryWire:
    twin = virtual_time.lasting(CloudTwin(CLOUD, now=true_time))
    twin.register_box("box-1", BOX.public_key)
    return MemoryWire(twin, Weather(random.Random(2), sky))


@pytest.mark.parametrize("believed", [0, NOW, NOW + 10 * YEAR])
def test_it_is_told_to_a_box_that_has_no_idea(believed: int) -> None:
    async def main() -> None:
        wire = far(Sky(latency_seconds_max=2.0))
        for _ in range(20):
            began = seconds()
            told = await ask(asking(wire, believed))
            trip_ms = (seconds() - began) * 1000
            assert isinstance(told, Told)
            assert abs(told.at - true_time()) <= told.error_ms
            assert 1000 + trip_ms / 2 <= told.error_ms <= 1001 + trip_ms / 2

    virtual_time.run(main())


@dataclass
class Changed:
    """A wire on which the answer becomes another."""

    wire: Wire
    changes: dict[str, object]
    asked: list[str] = field(default_factory=list)

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:  # fmt: skip
        self.asked.append(target)
        answer = await self.wire.request(method, target, headers, body, timeout_seconds)
        told = msgspec.json.decode(answer.body)
        return replace(answer, body=msgspec.json.encode({**told, **self.changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"at": NOW + YEAR},
        {"nonce": "0" * 32},
        {"key": "cloud-2"},
        {"signature": "AAAA"},
        {"signature": "?"},
        {"at": "noon"},
    ],
)
def test_what_the_cloud_has_not_signed_for_us_is_not_believed(changes: dict[str, object]) -> None:
    async def main() -> None:
        assert isinstance(await ask(asking(Changed(far(), changes))), Garbage)

    virtual_time.run(main())


def test_an_old_answer_and_a_foreign_key_are_not_believed() -> None:
    async def main() -> None:
        twin = virtual_time.lasting(CloudTwin(THIEF, now=true_time))
        twin.register_box("box-1", BOX.public_key)
        thief = MemoryWire(twin, Weather(random.Random(2), CLEAR))
        assert isinstance(await ask(asking(thief)), Garbage)
        honest = asking(far())
        old = await honest.line.ask("GET", f"/v1/time?nonce={'ab' * 16}", b"", 5.0)
        assert isinstance(old, WireAnswer)
        again = msgspec.json.decode(old.body, type=SignedTime)
        replayed = Changed(far(), msgspec.to_builtins(again))
        assert isinstance(await ask(asking(replayed)), Garbage)

    virtual_time.run(main())


def test_who_is_not_known_or_brings_no_nonce_is_told_nothing() -> None:
    async def main() -> None:
        wire = far()
        known = asking(wire)
        stranger = replace(known, line=replace(known.line, box="box-9"))
        assert isinstance(await ask(stranger), Denied)
        assert isinstance(await ask(replace(known, nonce=lambda: "abc")), Denied)
        assert isinstance(await ask(asking(far(OFF))), Later)

    virtual_time.run(main())


def test_it_is_asked_while_it_is_wanted_and_no_oftener() -> None:
    async def main() -> None:
        wire, wanted, heard = Changed(far(), {}), True, list[Told]()
        keeper = Timekeeper(asking(wire), lambda: wanted, heard.append)
        running = asyncio.create_task(keeper.run())
        await asyncio.sleep(3600 - 1)
        assert len(heard) == len(wire.asked) == 6
        wanted = False
        await asyncio.sleep(3600)
        assert len(heard) == 6
        running.cancel()

    virtual_time.run(main())


def test_a_cloud_that_is_away_is_asked_again_soon() -> None:
    async def main() -> None:
        heard = list[Told]()
        keeper = Timekeeper(asking(far(OFF)), lambda: True, heard.append)
        running = asyncio.create_task(keeper.run())
        await asyncio.sleep(3600)
        assert not running.done()
        assert not heard
        running.cancel()

    virtual_time.run(main())


@dataclass
class Machine:
    """A machine whose wall clock is set by hand; `true` is what time it really is."""

    off_ms: int = 0
    synchronised: bool = False
    boot: str = "b1"

    def look(self) -> Instant:
        at = true_time()
        return Instant(at + self.off_ms, at - NOW, self.boot, Kernel(self.synchronised, 5))

    def world(self) -> World:
        clock = Clock(self.look)
        return World(lambda: clock.read().at_ms, seconds, random.Random(1), clock)


async def test_a_box_without_a_clock_learns_it_and_says_so(tmp_path: Path) -> None:
    machine = Machine(off_ms=-10 * YEAR)
    async with stand(tmp_path, world=World(true_time, seconds, random.Random(1))) as s:
        at_once = await s.ask("sell", await s.sale(key(0), LATTE))
        assert "Clock error" not in at_once["text"]
        assert "时间误差" not in at_once["text"]
    world = machine.world()
    world.clock.open(tmp_path / "none", NOW)
    assert world.clock.read().quality == "unknown"
    world.clock.hear(true_time(), 1200)
    assert world.clock.read().quality == "trusted"
    assert abs(world.now() - true_time()) < 5_000, "of ten years"


async def test_the_box_asks_by_itself_and_prints_what_it_knows(tmp_path: Path) -> None:
    machine = Machine()
    async with stand(tmp_path, world=machine.world()) as s:
        await until(lambda: s.box.health().clock == "trusted")
        sold = await s.ask("sell", await s.sale(key(1), LATTE))
        assert "时间误差" in sold["text"]
        assert "不超过 1." in sold["text"]
        machine.off_ms = 10 * YEAR  # somebody sets the clock
        later = await s.ask("sell", await s.sale(key(2), LATTE))
        assert later["business_date"] == sold["business_date"]
        assert s.box.health().clock_error_ms in range(1000, 1100)
        assert b'edge_clock{on="trusted"} 1.0' in s.box._metrics()
        assert b"edge_clock_error_seconds 1.0" in s.box._metrics()


async def test_a_reboot_without_a_cloud_judges_by_the_floor_and_says_so(tmp_path: Path) -> None:
    machine = Machine(synchronised=True)
    async with stand(tmp_path, world=machine.world()) as s:
        sold = await s.ask("sell", await s.sale(key(1), LATTE))
        assert "不超过 0.1 s" in sold["text"]
        before = s.box.journal.head.at
    machine.boot, machine.synchronised, machine.off_ms = "b2", False, -10 * YEAR
    world = machine.world()
    world.clock.hear = lambda at_ms, error_ms: None  # type: ignore[method-assign]
    async with stand(tmp_path, world=world) as s:
        assert s.box.health().clock == "unknown"
        assert s.box.health().clock_error_ms is None
        sold = await s.ask("sell", await s.sale(key(2), LATTE))
        assert "时间未经确认" in sold["text"]
        assert s.box.journal.head.at >= before
        assert b'edge_clock{on="unknown"} 1.0' in s.box._metrics()
        assert b"edge_clock_error_seconds" not in s.box._metrics()


def test_no_answer_is_no_exception() -> None:
    class Nobody:
        async def request(self, *_: object) -> WireAnswer:
            raise Unreachable("nobody there")

    async def main() -> None:
        assert await ask(asking(Nobody())) == Later("nobody there")

    virtual_time.run(main())
