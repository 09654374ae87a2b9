"""A device's life in UnifiedPOS words, what is tried when it is away, and its share of the box."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest

from drivers.codec import Codec, LinkLost, Send
from drivers.conversation import TURN_BYTES_MAX, WAITING_BYTES_MAX, WORDS_PER_SECOND_MAX
from drivers.device import FAULTS_PER_SECOND_MAX, Device
from drivers.events import Beep, Fault, Scan, State
from drivers.healing import ALARM_SECONDS, REOPENINGS
from drivers.lines_scanner import Host, Settings
from drivers.links import Link
from drivers.upos import Level, event_name
from tests import virtual_time
from tests.test_device import Bench, Scripted

CODE = b"6901234567892\r"
SCAN = Scan("6901234567892")
NOISE = b"\x01\r"


def send(bench: Bench, data: bytes) -> None:
    bench.far[-1].transport.write(data)


# --- enabled, statistics --------------------------------------------------------------------------


def test_a_disabled_device_says_no_data_and_still_its_states_and_faults() -> None:
    async def main() -> None:
        async with Bench() as bench:
            bench.device.enabled = False
            send(bench, CODE + NOISE + CODE)
            await asyncio.sleep(0.1)
            assert [event_name(event) for event in bench.said] == [
                "StatusUpdateEvent", "ErrorEvent",
            ]  # fmt: skip
            bench.device.enabled = True
            send(bench, CODE)
            await asyncio.sleep(0.1)
            assert bench.said[-1] == SCAN
            counts = bench.device.statistics.retrieve(asyncio.get_running_loop().time())
            assert counts["DroppedWhileDisabledCount"] == 2
            assert counts["GoodScanCount"] == 3

    virtual_time.run(main())


def test_statistics_are_counters_under_their_standard_names() -> None:
    async def main() -> None:
        async with Bench() as bench:
            send(bench, CODE + NOISE)
            bench.device.tell(Beep())
            await asyncio.sleep(7300)
            bench.far[-1].transport.abort()
            await asyncio.sleep(3600)
            now = asyncio.get_running_loop().time()
            assert bench.device.statistics.retrieve(now) == {
                "CommunicationErrorCount": 1, "FailedReadCount": 1, "GoodScanCount": 1,
                "HoursPoweredCount": 3, "OnlineTransitionCount": 2, "ToneSoundedCount": 1,
            }  # fmt: skip
            assert bench.device.statistics.last_seen == pytest.approx(0.01)

    virtual_time.run(main())


# --- CheckHealth ----------------------------------------------------------------------------------


class Answers(Host):
    """A scanner with a test: it answers what it is told to."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(Settings())
        self.answer = answer

    def test(self, now: float) -> Iterator[object]:
        yield Send(self.answer)


async def health(bench: Bench, level: Level, seconds: float = 2) -> tuple[bool, str]:
    said = await bench.device.check_health(level, seconds)
    assert said.level == level
    return said.healthy, said.text


class Untested(Codec[bytes]):
    """A device that knows no way to show that it works."""


def test_health_of_a_device_without_a_test_of_its_own() -> None:
    async def main() -> None:
        async with Bench(Untested) as bench:
            assert await health(bench, "internal") == (True, "the link is open")
            assert await health(bench, "external") == (
                True, "it has no test of its own: the link is open",
            )  # fmt: skip
            bench.server.unplug()
            await asyncio.sleep(1)
            for level in ("internal", "external", "interactive"):
                healthy, text = await health(bench, level)
                assert (healthy, "lost" in text) == (False, True)

    virtual_time.run(main())


def test_a_scanner_on_a_line_beeps_for_its_test() -> None:
    async def main() -> None:
        async with Bench() as bench:
            said = await health(bench, "external")
            assert said == (True, "it was told to show itself: look, or listen")
            assert bench.far[0].data == b"\x07"

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CODE, (True, "DataEvent: Scan")),
        (NOISE, (False, "control character 0x01 in a code: 1 bytes")),
        (b"\x07", (True, "it was told to show itself: look, or listen")),
    ],
)
def test_external_health_is_the_answer_to_the_devices_own_test(
    answer: bytes, expected: tuple[bool, str]
) -> None:
    async def main() -> None:
        async with Bench(lambda: Answers(answer)) as bench:
            asking = asyncio.create_task(health(bench, "external"))
            await asyncio.sleep(0.1)
            assert bench.far[0].data == answer
            if answer.endswith(b"\r"):
                send(bench, bench.far[0].data)
            assert await asking == expected

    virtual_time.run(main())


def test_interactive_health_waits_for_a_hand() -> None:
    async def main() -> None:
        async with Bench() as bench:
            assert await health(bench, "interactive", 5) == (False, "nothing came within 5 s")
            asking = asyncio.create_task(health(bench, "interactive", 30))
            await asyncio.sleep(10)
            send(bench, CODE)
            assert await asking == (True, "DataEvent: Scan")
            assert bench.said[-1] == SCAN, "nobody loses an event to the check"

    virtual_time.run(main())


# --- the ladder of healing ------------------------------------------------------------------------


class Bound(Scripted):
    """A link that is away, and notes when it is told to look elsewhere."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__(*failures)
        self.rebound_after: list[int] = []

    def rebind(self) -> None:
        self.rebound_after.append(len(self.at))


def test_a_device_that_stays_away_is_reopened_then_rebound_and_then_an_alarm() -> None:
    async def main() -> None:
        link = Bound(LinkLost("no such port"))
        async with Bench(link=link) as bench:
            await asyncio.sleep(ALARM_SECONDS - 1)
            assert bench.states() == ["lost"]
            await asyncio.sleep(5)
            alarm = State("error", "not back for 60 s: no such port")
            assert bench.said[1:] == [alarm]
            assert bench.device.state == alarm
            await asyncio.sleep(600)
            assert bench.said[1:] == [alarm], "said once"
            assert len(link.at) > 300, "tried for ever"
        assert link.rebound_after[:3] == [REOPENINGS + 1, REOPENINGS + 2, REOPENINGS + 3]

    virtual_time.run(main())


def test_an_unwell_device_that_is_pulled_out_is_lost() -> None:
    class PaperOut(Codec[bytes]):
        def receive(self, frame: bytes, now: float) -> Iterable[object]:
            yield State("error", "paper out") if frame == b"0" else State("ready", "paper low")

    async def main() -> None:
        async with Bench(PaperOut) as bench:
            for said in (b"0", b"0", b"1"):
                send(bench, said)
                await asyncio.sleep(0.1)
            send(bench, b"0")
            await asyncio.sleep(0.1)
            assert bench.device.state == State("error", "paper out")
            bench.server.unplug()
            await asyncio.sleep(1)
            assert bench.states() == ["ready", "error", "ready", "error", "lost"]

    virtual_time.run(main())


# --- its share ------------------------------------------------------------------------------------


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.count = 0
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.count += 1
        asyncio.get_running_loop().call_later(0.001, self._turn)


@pytest.mark.parametrize("babble", [NOISE * 100, CODE * 100, b"\x01" * 10_000, b"8" * 10_000])
def test_a_device_that_babbles_has_its_share_and_no_more(babble: bytes) -> None:
    """A hundred times a second: ten thousand faults, or scans, or a megabyte without an end."""

    async def main() -> None:
        async with Bench() as babbler, Bench() as other:
            late = []
            for _ in range(1000):
                babbler.far[0].transport.write(babble)
                other.far[0].transport.write(CODE)
                await asyncio.sleep(0.01)
                late.append(asyncio.get_running_loop().time() - 0.01 - other.at[-1])
            assert other.said.count(SCAN) == 1000, "nothing of the other is lost"
            assert max(late) < 0.001, "or later than it was"
            words = len(babbler.said)
            assert words <= WORDS_PER_SECOND_MAX * 11 + TURN_BYTES_MAX // len(CODE)
            faults = sum(isinstance(event, Fault) for event in babbler.said)
            assert faults <= FAULTS_PER_SECOND_MAX * 11

    virtual_time.run(main())


class Counting(Codec[bytes]):
    """Notes how much it hears at once."""

    sizes: list[int]

    def __init__(self) -> None:
        self.sizes = []

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        self.sizes.append(len(frame))
        return ()


def test_a_flood_is_heard_in_small_pieces_with_turns_between() -> None:
    codec = Counting()

    async def main() -> None:
        async with Bench(lambda: codec) as bench:
            turns = 0
            send(bench, b"8" * 100_000)
            while sum(codec.sizes) < 100_000:
                heard = len(codec.sizes)
                await asyncio.sleep(0)
                assert len(codec.sizes) - heard <= 1, "one piece a turn"
                turns += 1
            assert max(codec.sizes) == TURN_BYTES_MAX
            assert turns > 100_000 // TURN_BYTES_MAX

    virtual_time.run(main())


def test_what_came_before_the_end_is_still_heard() -> None:
    async def main() -> None:
        async with Bench() as bench:
            send(bench, CODE * 150)
            bench.far[0].transport.close()
            await asyncio.sleep(0.05)
            assert bench.said.count(SCAN) == 150
            assert bench.device.state.state == "lost"

    virtual_time.run(main())


class Unstoppable:
    """A wire that cannot be paused, such as one that another program holds."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        transport = await self._link.open(protocol)

        def no() -> None:
            raise NotImplementedError

        transport.pause_reading = no  # type: ignore[method-assign] # that is the point
        return transport


def test_a_wire_that_cannot_be_paused_is_bounded_all_the_same() -> None:
    said: list[object] = []

    async def main() -> None:
        bench = Bench()
        device = Device(
            "x", Unstoppable(bench.server.link()), lambda: Host(Settings()), said.append
        )
        running = asyncio.create_task(device.run())
        await asyncio.sleep(0.01)
        for _ in range(100):
            bench.far[0].transport.write(CODE * 1000)
        await asyncio.sleep(60)
        running.cancel()
        await asyncio.wait((running,))
        heard = sum(len(CODE) for event in said if event == SCAN)
        assert heard <= WAITING_BYTES_MAX + len(CODE) * 1000
        assert any(isinstance(event, Fault) and "lost" in event.reason for event in said)

    virtual_time.run(main())
