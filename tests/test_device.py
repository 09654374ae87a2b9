"""The pump: it reopens what is lost, says so once, and lets no mistake vanish."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codec import BadSettings, Close, Codec, LinkLost, Send
from drivers.device import BACKOFF_SECONDS_MAX, Device
from drivers.events import Beep, Fault, Scan, State
from drivers.lines_scanner import Host, Settings
from drivers.links import Link, MemoryServer
from tests import virtual_time

READY, CLOSED = State("ready"), State("closed")


class Far(asyncio.Protocol):
    """The far end, in the test's hand."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data


class Bench:
    """A device on a memory wire: what it said and when, and every far end it met."""

    def __init__(
        self,
        codec_factory: Callable[[], Codec[bytes]] = lambda: Host(Settings()),
        link: Link | None = None,
    ) -> None:
        self.far: list[Far] = []
        self.server = MemoryServer(self._meet)
        self.said: list[object] = []
        self.at: list[float] = []
        self.device = Device("scanner", link or self.server.link(), codec_factory, self.say)

    def _meet(self) -> Far:
        self.far.append(Far())
        return self.far[-1]

    def say(self, event: object) -> None:
        self.said.append(event)
        self.at.append(asyncio.get_running_loop().time())

    def states(self) -> list[str]:
        return [event.state for event in self.said if isinstance(event, State)]

    async def __aenter__(self) -> "Bench":
        self.run = asyncio.create_task(self.device.run())
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, kind: object, error: object, where: object) -> None:
        self.run.cancel()
        await asyncio.wait((self.run,))
        if self.run.cancelled():
            assert self.said[-1] == CLOSED
            assert self.device.state == CLOSED
        assert not self.device.tell(Beep())


class Scripted:
    """A link that fails as told, and notes when it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.at: list[float] = []

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        self.at.append(asyncio.get_running_loop().time())
        raise self.failures[min(len(self.at), len(self.failures)) - 1]


# --- reopening ------------------------------------------------------------------------------------


def test_scans_are_heard_in_the_turn_they_arrive_in_and_beeps_go_out() -> None:
    async def main() -> None:
        async with Bench() as bench:
            bench.far[0].transport.write(b"690")
            bench.far[0].transport.write(b"1234567892\r")
            assert bench.device.tell(Beep(good=False))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert bench.said == [READY, Scan("6901234567892")]
            assert bench.far[0].data == b"\x07\x07"
            assert bench.device.state == READY

    virtual_time.run(main())


def test_the_backoff_doubles_to_its_maximum_and_the_outage_is_said_once() -> None:
    async def main() -> None:
        link = Scripted(LinkLost("no such port"), LinkLost("still none"))
        async with Bench(link=link) as bench:
            await asyncio.sleep(9)
        gaps = [round(b - a, 6) for a, b in zip(link.at, link.at[1:], strict=False)]
        assert gaps == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
        assert bench.said == [State("lost", "no such port"), CLOSED]

    virtual_time.run(main())


@settings(max_examples=50, deadline=None)
@given(away=st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_back_soon_after_every_replug(away: list[float]) -> None:
    async def main() -> None:
        async with Bench() as bench:
            for seconds in away:
                bench.server.unplug()
                await asyncio.sleep(seconds)
                bench.server.plug()
                await asyncio.sleep(BACKOFF_SECONDS_MAX + 0.01)
                assert bench.device.state == READY
            states = [state for state in bench.states() if state != "error"]
            assert states == ["ready", *["lost", "ready"] * len(away)]

    virtual_time.run(main())


def test_a_link_that_opens_only_to_be_lost_is_not_hammered() -> None:
    async def main() -> None:
        async with Bench() as bench:
            for _ in range(6000):
                bench.far[-1].transport.abort()
                await asyncio.sleep(0.01)
            assert len(bench.far) <= 60 / BACKOFF_SECONDS_MAX + 6
            assert bench.states() == ["ready", "lost"] * (len(bench.said) // 2)

            await asyncio.sleep(60)  # it works for a while: the next outage is a new one
            bench.far[-1].transport.abort()
            await asyncio.sleep(0.11)
            assert bench.device.state == READY

    virtual_time.run(main())


def test_a_line_cut_by_an_outage_does_not_glue_to_the_next() -> None:
    async def main() -> None:
        async with Bench() as bench:
            bench.far[0].transport.write(b"999")
            await asyncio.sleep(0.01)
            bench.far[0].transport.close()
            await asyncio.sleep(1)
            bench.far[1].transport.write(b"6901234567892\r")
            await asyncio.sleep(5)
        lost = State("lost", "the far end hung up")
        assert bench.said == [READY, lost, READY, Scan("6901234567892"), CLOSED]

    virtual_time.run(main())


def test_bad_settings_end_the_run_with_an_error() -> None:
    async def main() -> None:
        bad = BadSettings("baud must be a number")
        async with Bench(link=Scripted(LinkLost("away"), bad)) as bench:
            with pytest.raises(BadSettings, match="baud"):
                await bench.run
        assert bench.said == [State("lost", "away"), State("error", "baud must be a number")]

    virtual_time.run(main())


# --- commands -------------------------------------------------------------------------------------


def test_a_command_nobody_can_hear_is_forgotten() -> None:
    async def main() -> None:
        async with Bench() as bench:
            bench.server.unplug()
            await asyncio.sleep(1)
            assert not bench.device.tell(Beep())
            bench.server.plug()
            await asyncio.sleep(5)
            assert bench.far[-1].data == b""
            assert bench.device.tell(Beep())
            await asyncio.sleep(0.01)
            assert bench.far[-1].data == b"\x07"

    virtual_time.run(main())


def test_a_device_that_does_not_read_is_told_nothing_more_until_it_does() -> None:
    async def main() -> None:
        async with Bench() as bench:
            far = bench.far[0].transport
            far.peer.set_write_buffer_limits(high=4)
            far.pause_reading()
            told = [bench.device.tell(Beep()) for _ in range(1000)]
            assert told == [True] * 5 + [False] * 995
            far.resume_reading()
            await asyncio.sleep(0.01)
            assert bench.far[0].data == b"\x07" * 5
            assert bench.device.tell(Beep())

    virtual_time.run(main())


class Echo(Codec[bytes]):
    """Sends back what it gets; "q" is its last word."""

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        yield Send(frame)
        if frame == b"q":
            yield Close("it said goodbye")
            yield Fault("nothing is said after the end")


def test_a_device_that_talks_and_never_reads_is_lost() -> None:
    async def main() -> None:
        async with Bench(Echo) as bench:
            far = bench.far[0].transport
            far.peer.set_write_buffer_limits(high=4)
            far.pause_reading()
            for _ in range(10):
                far.write(b"123")
            await asyncio.sleep(0.05)
            assert bench.said == [
                READY, State("lost", "does not take what it is sent (3 bytes waiting)"),
            ]  # fmt: skip

    virtual_time.run(main())


def test_close_lets_the_last_words_through() -> None:
    async def main() -> None:
        async with Bench(Echo) as bench:
            bench.far[0].transport.write(b"q")
            await asyncio.sleep(0.05)
            assert bench.far[0].data == b"q"
            assert bench.said == [READY, State("lost", "it said goodbye")]
            await asyncio.sleep(0.2)
            assert bench.device.state == READY

    virtual_time.run(main())


# --- time -----------------------------------------------------------------------------------------


class Clockwork(Codec[bytes]):
    """Wakes when told to (bytes are tenths of seconds), and says when it was woken."""

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        self.wake_at = now + frame[-1] / 10 if frame[-1] else None
        return ()

    def wake(self, now: float) -> Iterable[object]:
        self.wake_at = None
        yield Fault(f"{now:.2f}")


def test_a_codec_is_woken_when_it_wants_to_be_and_not_before() -> None:
    async def main() -> None:
        async with Bench(Clockwork) as bench:
            for tenths in (5, 20, 3, 0, 7):  # each changes the one before it, but the last
                bench.far[0].transport.write(bytes([tenths]))
                await asyncio.sleep(0.1)
            await asyncio.sleep(60)
            assert bench.said[1:] == [Fault("1.11")]
            bench.far[0].transport.write(b"\x05")
            await asyncio.sleep(0.1)
            bench.far[0].transport.abort()  # an alarm dies with its connection
            await asyncio.sleep(60)
            assert [e for e in bench.said if isinstance(e, Fault)] == [Fault("1.11")]

    virtual_time.run(main())


class Sleepless(Clockwork):
    def wake(self, now: float) -> Iterable[object]:
        return ()


# --- our own mistakes -----------------------------------------------------------------------------


class Mistake(Exception):
    pass


class Mistaken(Codec[bytes]):
    """Fails wherever it is told to."""

    def __init__(self, where: str) -> None:
        self.where = where

    def _maybe(self, here: str) -> Iterable[object]:
        if here == self.where:
            raise Mistake(here)
        yield Fault(here)

    def start(self, now: float) -> Iterable[object]:
        self.wake_at = now + 1
        return self._maybe("start")

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        return self._maybe("receive")

    def command(self, command: object, now: float) -> Iterable[object]:
        return self._maybe("command")

    def wake(self, now: float) -> Iterable[object]:
        self.wake_at = None
        return self._maybe("wake")


@pytest.mark.parametrize("where", ["start", "receive", "command", "wake"])
def test_a_codec_that_fails_fails_the_run(where: str) -> None:
    async def main() -> None:
        async with Bench(partial(Mistaken, where)) as bench:
            bench.far[0].transport.write(b"x")
            await asyncio.sleep(0.01)
            told = bench.device.tell(Beep())
            assert told is (where == "wake")
            with pytest.raises(Mistake, match=where):
                await bench.run
            assert bench.said[-1] == State("error", where)
            assert bench.far[0].transport.is_closing()

    virtual_time.run(main())


def test_a_listener_that_fails_fails_the_run() -> None:
    class Deaf(Bench):
        def say(self, event: object) -> None:
            super().say(event)
            if isinstance(event, Scan):
                raise Mistake(event.text)

    async def main() -> None:
        async with Deaf() as bench:
            bench.far[0].transport.write(b"690\r")
            with pytest.raises(Mistake, match="690"):
                await bench.run

    virtual_time.run(main())


def test_a_codec_that_never_sleeps_fails_the_run() -> None:
    async def main() -> None:
        async with Bench(Sleepless) as bench:
            bench.far[0].transport.write(b"\x01")
            with pytest.raises(AssertionError, match="never sleeps"):
                await bench.run

    virtual_time.run(main())


def test_a_listener_may_answer_at_once() -> None:
    class Quick(Bench):
        def say(self, event: object) -> None:
            super().say(event)
            if isinstance(event, Scan):
                assert self.device.tell(Beep())

    async def main() -> None:
        async with Quick() as bench:
            bench.far[0].transport.write(b"690\r691\r")
            await asyncio.sleep(0.01)
            assert bench.far[0].data == b"\x07\x07"
            assert bench.said[1:] == [Scan("690"), Scan("691")]

    virtual_time.run(main())
