"""What a box makes of far ends that are no cloud, or one that has lost its memory."""

import asyncio
import random
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from cloud_bridge.contract import CloudProblem, Member
from cloud_bridge.courier import WireAnswer
from cloud_bridge.http import Wire
from simulators.cloud import CloudTwin, MemoryWire, Weather
from tests import virtual_time
from tests.cloud_scene import scene

HTML = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}
PAGE = b"<html><body>Welcome! Log in to use our WLAN.</body></html>"
HOUR = 3600
STRANGERS = {
    "login page": WireAnswer(200, HTML, PAGE),
    "login page that says it is JSON": WireAnswer(200, JSON, PAGE),
    "empty object": WireAnswer(200, JSON, b"{}"),
    "redirect": WireAnswer(302, {"location": "http://login.example/"}, b""),
    "not found": WireAnswer(404, HTML, PAGE),
    "not found, as JSON": WireAnswer(404, JSON, b'{"error":"not found"}'),
    "not modified": WireAnswer(304, {}, b""),
    "network authentication required": WireAnswer(511, HTML, PAGE),
    "no content": WireAnswer(204, {}, b""),
    "too large": WireAnswer(413, HTML, PAGE),
    "conflict": WireAnswer(409, HTML, PAGE),
    "too many, for ever": WireAnswer(429, {"retry-after": "99999999"}, b""),
    "too many, until a date": WireAnswer(
        429, {"retry-after": "Fri, 31 Dec 2099 23:59:59 GMT"}, b""
    ),
    "nonsense": WireAnswer(999, {}, b"\xff" * 1000),
}


class Stranger:
    """Answers whatever it is asked in the same way."""

    def __init__(self, answer: WireAnswer) -> None:
        self._answer = answer

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        """Return the one answer."""
        return self._answer


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_no_cloud_acknowledges_nothing_and_is_asked_politely(name: str) -> None:
    def stranger(_: CloudTwin, __: Weather) -> Stranger:
        return Stranger(STRANGERS[name])

    async def main() -> None:
        luck = random.Random(3)
        async with scene(luck, far=stranger) as s:
            s.sell(luck, 3)
            await asyncio.sleep(6 * HOUR)
            assert not s.bridge.state.up
            assert s.bridge.state.last_success_at is None
            assert s.outbox.moves == []
            assert s.inbox.news() == []
            assert s.inbox.bundle is None
            assert len(s.wire.targets) < 6 * HOUR / 20, "others want the line, too"
            assert s.bridge.state.last_error

    virtual_time.run(main())


@pytest.mark.parametrize("name", ["not found", "not modified", "login page"])
def test_a_stranger_in_between_takes_a_cloud_away_and_gives_it_back(name: str) -> None:
    class Sometimes(Stranger):
        there = True

        def __init__(self, wire: Wire) -> None:
            super().__init__(STRANGERS[name])
            self.wire = wire

        async def request(
            self,
            method: str,
            target: str,
            headers: Mapping[str, str],
            body: bytes,
            timeout_seconds: float,
        ) -> WireAnswer:
            if not Sometimes.there:
                return self._answer
            return await self.wire.request(method, target, headers, body, timeout_seconds)

    def between(twin: CloudTwin, weather: Weather) -> Sometimes:
        return Sometimes(MemoryWire(twin, weather))

    async def main() -> None:
        luck = random.Random(4)
        async with scene(luck, far=between) as s:
            s.sell(luck, 5)
            await s.drained()
            assert s.bridge.state.up
            Sometimes.there = False
            s.sell(luck, 5)
            await asyncio.sleep(HOUR)
            assert not s.bridge.state.up
            Sometimes.there = True
            await s.drained()
            s.assert_books_agree()

    virtual_time.run(main())


def test_a_cloud_restored_from_a_backup_tells_what_came_after_it_again() -> None:
    async def main() -> None:
        luck = random.Random(5)
        async with scene(luck) as s:
            backup = s.twin.backup()
            s.twin.seed_members([Member(id=f"lost-{number}", display="") for number in range(3)])
            await asyncio.sleep(120)
            assert "lost-2" in members(s.inbox.news())
            s.twin.rewind(backup)
            s.twin.seed_members([Member(id=f"new-{number}", display="") for number in range(3)])
            await asyncio.sleep(300)
            assert {"new-0", "new-1", "new-2"} <= members(s.inbox.news()), "in the place of others"
            assert s.bridge.state.up
            asked = s.wire.count("/v1/changes")
            await asyncio.sleep(HOUR)
            assert s.wire.count("/v1/changes") < asked + HOUR / 20, "once is enough"

    virtual_time.run(main())


def members(news: Sequence[object]) -> set[str]:
    return {change.id for change in news if isinstance(change, Member)}


def test_a_cloud_that_knows_no_cursor_at_all_is_asked_politely() -> None:
    problem = CloudProblem(code="unknown-cursor", status=409)
    no = WireAnswer(409, {"content-type": "application/problem+json"}, msgspec.json.encode(problem))

    async def main() -> None:
        async with scene(random.Random(6), far=lambda _, __: Stranger(no)) as s:
            await asyncio.sleep(HOUR)
            assert s.wire.count("/v1/changes") < HOUR / 10
            assert not s.bridge.state.up

    virtual_time.run(main())
