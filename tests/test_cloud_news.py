"""What the bridge makes of news, and of clouds that never say anything sensible."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from cloud_bridge.bridge import Settings
from cloud_bridge.courier import Denied, Garbage, Later, Unfit, WireAnswer
from cloud_bridge.http import Wire
from simulators import demo_data
from simulators.cloud import CloudTwin, Weather
from tests import virtual_time
from tests.cloud_scene import (
    STORE,
    scene,
)


def test_a_refused_bundle_changes_nothing_and_is_no_outage() -> None:
    async def main() -> None:
        async with scene(random.Random(10)) as s:
            await asyncio.sleep(5)
            good = s.inbox.bundle
            assert good is not None
            s.twin.publish_bundle(demo_data.bundle("another-store", version=9))
            await asyncio.sleep(600)
            assert s.inbox.bundle == good
            assert set(s.inbox.refusals) == {"other_store"}
            assert isinstance(s.said[-1], Unfit)
            assert s.bridge.state.up
            assert "other_store" in s.bridge.state.last_error
            s.twin.publish_bundle(demo_data.bundle(STORE, version=10))
            await asyncio.sleep(120)
            assert s.inbox.bundle != good

    virtual_time.run(main())


def test_a_bundle_that_is_in_force_is_not_sent_again() -> None:
    async def main() -> None:
        async with scene(random.Random(14)) as s:
            await asyncio.sleep(3600)
            assert s.wire.count("/v1/bundle") > 40
            assert s.inbox.offers == 1

    virtual_time.run(main())


def test_the_first_fill_comes_page_by_page_without_waiting() -> None:
    async def main() -> None:
        settings = Settings(changes_count_max=10)
        async with scene(random.Random(11), settings=settings) as s:
            await asyncio.sleep(1)
            whole = [*demo_data.products(), *demo_data.members(), *demo_data.cards()]
            assert s.inbox.news() == whole
            assert len(s.inbox.pages) == -(-len(whole) // 10)

    virtual_time.run(main())


@dataclass
class Canned:
    """A wire that always answers the same."""

    answer: WireAnswer

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (
            WireAnswer(
                200,
                {"content-type": "application/json"},
                b'{"changes":[],"cursor":"","more":true,"price_book":0}',
            ),
            Garbage("more changes, and the cursor stands still"),
        ),
        (
            WireAnswer(200, {"content-type": "text/html"}, b"<h1>"),
            Garbage("text/html where JSON was due"),
        ),
        (WireAnswer(401, {}, b'{"code":"bad-auth","status":401}'), Denied("401 bad-auth")),
        (WireAnswer(403, {}, b""), Denied("403")),
        (WireAnswer(500, {}, b""), Later("500")),
        (WireAnswer(302, {"location": "http://login.invalid/"}, b""), Garbage("302")),
    ],
)
def test_a_cloud_that_only_ever_says_this(answer: WireAnswer, trouble: object) -> None:
    async def main() -> None:
        def far(_twin: CloudTwin, _weather: Weather) -> Wire:
            return Canned(answer)

        async with scene(random.Random(12), far=far) as s:
            s.sell(random.Random(12), 5)
            await asyncio.sleep(3600)
            assert trouble in s.said
            assert not s.outbox.moves
            assert not s.inbox.pages
            assert s.inbox.bundle is None
            assert len(s.wire.targets) < 200
            assert not s.bridge.state.up

    virtual_time.run(main())
