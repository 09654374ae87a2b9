"""The bridge against the cloud twin, in every weather: all facts, once, in order, never early."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import pytest

from cloud_bridge.bridge import Bridge, Settings
from cloud_bridge.contract import Batch, Member, Outcome
from cloud_bridge.courier import Later, Pace, Rewound, WireAnswer
from cloud_bridge.http import Unreachable
from cloud_bridge.parcels import Parcel, Written
from simulators import demo_data
from simulators.cloud import CLEAR, OFF, STORM, CloudTwin, MemoryWire, Sky, Weather
from simulators.cloud.weather import MISHAPS
from tests import virtual_time
from tests.cloud_scene import (
    BOX,
    CLOUD,
    MEMBERS,
    Scene,
    Store,
    Witness,
    scene,
    virtual_now,
)
from tests.journals import Journal, sums

T = TypeVar("T")

# --- every weather, in virtual time ---------------------------------------------------------------

WEATHERS = {"clear": CLEAR, "storm": STORM, "slow": Sky(latency_seconds_max=14.0)}
for mishap in MISHAPS:
    often: dict[str, Any] = {mishap: 0.5}
    WEATHERS[mishap] = Sky(latency_seconds_max=2.0, **often)


async def voyage(
    seed: int, sky: Sky, check: Callable[[Scene], None], kind: type[Bridge] = Bridge
) -> None:
    """Sell in bad weather, with the cloud off for a while; let the sky clear; then check."""
    luck = random.Random(seed)
    settings = Settings(pace=Pace(batch_count_max=luck.choice([1, 7, 200])))
    async with scene(luck, sky, kind=kind, settings=settings) as s:
        for part in range(12):
            s.weather.sky = OFF if part in {4, 5} else sky
            s.sell(luck, luck.randint(0, 12))
            await asyncio.sleep(luck.random() * 120)
        s.weather.sky = CLEAR
        async with asyncio.timeout(3600):
            await s.drained()
        await asyncio.sleep(1000)
        check(s)


def books_agree(s: Scene) -> None:
    s.assert_books_agree()


def everything_agrees(s: Scene) -> None:
    s.assert_books_agree()
    assert s.outbox.bookmark == len(s.outbox.pages) > 30
    assert s.inbox.bundle is not None
    assert s.bridge.state.up
    points = {change.id: change.points for change in s.inbox.news() if isinstance(change, Member)}
    opening = {member.id: member.points for member in demo_data.members()}
    moved = sums(s.outbox.pages)
    for member in MEMBERS:
        assert points[member] == opening[member] + moved[f"member:{member}"]["PTS"]


@pytest.mark.parametrize("name", WEATHERS)
@pytest.mark.parametrize("seed", range(3))
def test_all_facts_arrive_once_in_order_in_any_weather(name: str, seed: int) -> None:
    virtual_time.run(voyage(seed, WEATHERS[name], everything_agrees))


@pytest.mark.parametrize("seed", range(10, 30))
def test_storms(seed: int) -> None:
    virtual_time.run(voyage(seed, STORM, books_agree))


class Hasty(Bridge):
    """Deliberately broken: the bookmark moves when a batch leaves, not when it has arrived."""

    async def _deliver(self, parcel: Parcel) -> None:
        told = [Outcome(sequence=f.sequence, hash=f.hash, outcome="accepted") for f in parcel.facts]
        self._outbox.acknowledged(parcel.facts[-1].sequence, told)
        await self._ask("POST", "/v1/facts", parcel.body, body_hash=parcel.body_hash)


@pytest.mark.parametrize("name", ["clear", "storm", "lost_request"])
def test_a_bookmark_that_moves_early_is_caught(name: str) -> None:
    def caught(s: Scene) -> None:
        assert s.outbox.early
        with pytest.raises(AssertionError):
            s.assert_books_agree()

    virtual_time.run(voyage(1, WEATHERS[name], caught, Hasty))


# --- what must not happen to a box ----------------------------------------------------------------


def test_an_idle_bridge_does_not_poll_its_outbox() -> None:
    async def main() -> None:
        async with scene(random.Random(1)) as s:
            await asyncio.sleep(10)
            reads = s.outbox.reads
            await asyncio.sleep(4 * 3600)
            assert s.outbox.reads == reads
            assert s.wire.count("/v1/changes") < 4 * 3600 / 20
            s.sell(random.Random(1), 3)
            await s.drained()
            s.assert_books_agree()

    virtual_time.run(main())


def test_a_cloud_that_is_off_for_days_is_asked_politely_and_then_catches_up() -> None:
    async def main() -> None:
        luck = random.Random(5)
        async with scene(luck, OFF) as s:
            days = 4
            for _ in range(days * 24):
                s.sell(luck, 3)
                await asyncio.sleep(3600)
            assert len(s.wire.targets) < days * 24 * 3600 / 150 * 3 * 1.5
            assert not s.outbox.moves
            assert not s.bridge.state.up
            assert s.bridge.state.last_success_at is None
            assert s.bridge.state.last_error == "later: the line was cut"
            s.weather.sky = CLEAR
            async with asyncio.timeout(600):
                await s.drained()
            s.assert_books_agree()
            assert len(s.outbox.pages) == days * 24 * 3

    virtual_time.run(main())


def test_facts_do_not_wait_on_when_other_news_shows_that_the_cloud_is_back() -> None:
    async def main() -> None:
        luck = random.Random(8)
        async with scene(luck, OFF) as s:
            s.sell(luck, 3)
            await asyncio.sleep(6 * 3600)
            s.weather.sky = CLEAR
            while not s.bridge.state.up:
                await asyncio.sleep(0.1)
            async with asyncio.timeout(1):
                await s.drained()

    virtual_time.run(main())


def test_online_and_offline_are_told_with_hysteresis() -> None:
    async def main() -> None:
        async with scene(random.Random(2)) as s:
            await asyncio.sleep(60)
            assert s.inbox.presence == [True]
            s.weather.sky = OFF
            await asyncio.sleep(600)
            assert s.inbox.presence == [True, False]
            assert not s.bridge.state.up
            s.weather.sky = CLEAR
            await asyncio.sleep(900)
            assert s.inbox.presence == [True, False, True]
            assert s.bridge.state.up
            assert s.bridge.state.last_success_at is not None
            assert virtual_now() - s.bridge.state.last_success_at < 120_000

    virtual_time.run(main())


@dataclass
class SlowNews:
    """A wire on which news takes for ever."""

    twin: CloudTwin
    weather: Weather

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        if method == "GET" and target != "/v1/head":
            await asyncio.sleep(timeout_seconds)
            raise Unreachable("too slow")
        return await MemoryWire(self.twin, self.weather).request(
            method, target, headers, body, timeout_seconds
        )


def test_slow_news_does_not_hold_facts_back() -> None:
    async def main() -> None:
        luck = random.Random(4)
        async with scene(luck, far=SlowNews) as s:
            await asyncio.sleep(1)
            s.sell(luck, 50)
            async with asyncio.timeout(1):
                await s.drained()
            assert not s.inbox.pages
            s.assert_books_agree()

    virtual_time.run(main())


def test_413_is_answered_with_smaller_batches() -> None:
    async def main() -> None:
        luck = random.Random(6)
        async with scene(luck, batch_count_max=10) as s:
            s.sell(luck, 300)
            async with asyncio.timeout(600):
                await s.drained()
            s.assert_books_agree()

    virtual_time.run(main())


def test_a_cloud_that_has_forgotten_is_fed_again_and_moves_no_bookmark_back() -> None:
    async def main() -> None:
        luck = random.Random(7)
        async with scene(luck) as s:
            s.sell(luck, 20)
            await s.drained()
            amnesiac = CloudTwin(CLOUD, now=virtual_now)
            amnesiac.register_box("box-1", BOX.public_key)
            s.wire.wire = MemoryWire(amnesiac, s.weather)
            s.sell(luck, 5)
            await s.drained()
            assert s.outbox.moves == sorted(set(s.outbox.moves))
            assert any(isinstance(trouble, Rewound) for trouble in s.said)
            assert amnesiac.facts("box-1") == s.outbox.pages
            amnesiac.close()

    virtual_time.run(main())


def test_a_cloud_put_back_from_a_backup_is_fed_again_also_while_nobody_sells() -> None:
    async def main() -> None:
        luck = random.Random(7)
        async with scene(luck) as s:
            s.sell(luck, 5)
            await s.drained()
            backup = s.twin.backup()
            s.sell(luck, 20)
            await s.drained()
            s.twin.rewind(backup)
            assert len(s.twin.facts("box-1")) < len(s.outbox.pages)
            async with asyncio.timeout(3600):
                while s.twin.facts("box-1") != s.outbox.pages:
                    await asyncio.sleep(10)

    virtual_time.run(main())


def test_retry_after_is_obeyed() -> None:
    async def main() -> None:
        sky = Sky(too_many=1.0, retry_after_seconds=600)
        async with scene(random.Random(8), sky) as s:
            s.sell(random.Random(8), 1)
            await asyncio.sleep(599)
            assert sorted(target[:10] for target in s.wire.targets) == [
                "/v1/bundle",
                "/v1/change",
                "/v1/head",
            ]
            assert Later("429", 600.0) in s.said

    virtual_time.run(main())


def test_a_larger_batch_whose_answer_was_lost_is_understood_after_a_restart() -> None:
    """The cloud has 200 pages; a box that now looks at 5 at a time counts them all."""

    async def main() -> None:
        luck = random.Random(9)
        settings = Settings(pace=Pace(batch_count_max=5))
        async with scene(luck, OFF, settings=settings) as s:
            s.sell(luck, 40)
            sender = Bridge(
                "box-1",
                sign=BOX.sign,
                outbox=Deaf(s.outbox),
                inbox=Store(),
                wire=MemoryWire(s.twin, Weather(luck)),
                now=virtual_now,
                jitter=luck.random,
            )
            earlier = asyncio.create_task(sender.run())
            await asyncio.sleep(1)
            earlier.cancel()
            await asyncio.gather(earlier, return_exceptions=True)
            assert len(s.twin.facts("box-1")) == 40
            assert s.outbox.bookmark == 0
            s.weather.sky = CLEAR
            async with asyncio.timeout(600):
                await s.drained()
            s.assert_books_agree()
            assert s.outbox.moves == list(range(5, 41, 5))

    virtual_time.run(main())


@dataclass
class Deaf(Journal):
    """An outbox that gives and does not hear, as if the box had died before the answer."""

    outbox: Witness
    given: bool = False
    fed: int | None = None

    async def pending(
        self, pack: Callable[[Iterable[Written]], T], after: Written | None = None
    ) -> T:
        given, self.given = self.given, True
        return pack(()) if given else await self.outbox.pending(pack, after)

    def digest_at(self, sequence: int) -> str | None:
        return self.outbox.digest_at(sequence)

    def agreed(self, common: int) -> None:
        """Hear nothing."""

    def acknowledged(self, sequence: int, outcomes: Sequence[Outcome]) -> None:
        """Hear nothing."""


def test_a_batch_says_who_sends_it_and_is_signed_over_its_head() -> None:
    async def main() -> None:
        luck = random.Random(13)
        seen: list[Batch] = []

        class Tap(MemoryWire):
            async def request(
                self,
                method: str,
                target: str,
                headers: Mapping[str, str],
                body: bytes,
                timeout_seconds: float,
            ) -> WireAnswer:
                if method == "POST":
                    seen.append(msgspec.json.decode(body, type=Batch))
                return await super().request(method, target, headers, body, timeout_seconds)

        async with scene(luck, far=Tap) as s:
            s.sell(luck, 7)
            await s.drained()
            assert [e for batch in seen for e in batch.envelopes] == s.outbox.pages
            assert all(batch.head == batch.envelopes[-1].hash for batch in seen)

    virtual_time.run(main())
