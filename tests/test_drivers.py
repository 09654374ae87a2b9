"""The contract of every driver, found by name: whatever module in drivers/ declares DRIVER.

What is done at one end is what the other end says, with the bytes cut anywhere; junk yields
Faults, never exceptions, and the next clean event is heard; the capture replays exactly;
unplug and replug recover.
"""

import ast
import asyncio
import importlib
import pkgutil
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

import drivers
from drivers import events
from drivers.codec import Codec, Driver, Send
from drivers.device import Device
from drivers.events import Beep, Fault, Scan, State
from drivers.lines_scanner import Host, Settings
from drivers.links import from_url, memory_pair
from simulators.far_end import FarEnd, OnPty, OnTcp
from simulators.faults import chunks
from tests import virtual_time

HERE = Path(__file__).parent
BACK_SECONDS_MAX = 5.0


def declares_driver(name: str) -> bool:
    return isinstance(getattr(importlib.import_module(f"drivers.{name}"), "DRIVER", None), Driver)


NAMES = [m.name for m in pkgutil.iter_modules(drivers.__path__) if declares_driver(m.name)]


def capture(name: str) -> list[str]:
    return (HERE / "captures" / f"{name}.txt").read_text().splitlines()


def settings_seen(name: str) -> Iterator[Any]:
    """The settings a driver's capture uses: each of them has to keep the whole contract."""
    for line in capture(name):
        if line.startswith("! "):
            yield msgspec.json.decode(line[2:], type=drivers.load(name).settings)


CASES = [pytest.param(n, s, id=f"{n}-{i}") for n in NAMES for i, s in enumerate(settings_seen(n))]


def scans(options: Any) -> st.SearchStrategy[Scan]:
    aim = getattr(options, "aim", False)
    room = getattr(options, "line_bytes_max", 512) - len(getattr(options, "prefix", "")) - 3
    letters = st.characters(
        codec=getattr(options, "encoding", "utf-8"),
        min_codepoint=0x20,
        exclude_characters="\x7f",
        include_characters="\x1d",
    )
    identifier = st.from_regex(r"[A-Za-z][0-9A-Za-z]", fullmatch=True) if aim else st.just("")
    return st.builds(Scan, st.text(letters, min_size=1, max_size=min(room // 4, 60)), identifier)


ACTS: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    Scan: scans,
    Beep: lambda options: st.builds(Beep, st.booleans()),
}
"""What a hand can do with a device, and a host can tell it, by kind; new words go here."""


class Pair:
    """Two ends and no wire (h11's ConnectionPair): bytes arrive in any pieces."""

    def __init__(self, host: Codec[bytes], device: Codec[bytes], seed: int) -> None:
        self.host, self.device = host, device
        self.luck, self.now = random.Random(seed), 0.0
        self.said: list[object] = []
        self._flow(host.start(0.0), device)
        self._flow(device.start(0.0), host)

    def _flow(self, outs: Iterable[object], there: Codec[bytes]) -> None:
        here = self.host if there is self.device else self.device
        for out in tuple(outs):
            if isinstance(out, Send):
                for piece in chunks(out.frame, self.luck):
                    self._flow(there.receive(piece, self.now), here)
            else:
                self.said.append(out)

    def do(self, there: Codec[bytes], command: object) -> list[object]:
        """What is said once `command` was done at the end that is not `there`."""
        here = self.host if there is self.device else self.device
        self._flow(here.command(command, self.now), there)
        return self.silence()

    def junk(self, data: bytes) -> list[object]:
        for piece in chunks(data, self.luck):
            self._flow(self.host.receive(piece, self.now), self.device)
        return self.silence()

    def silence(self) -> list[object]:
        """Let time pass until nobody waits for anything."""
        for _ in range(100):
            alarms = [c.wake_at for c in (self.host, self.device) if c.wake_at is not None]
            if not alarms:
                said, self.said = self.said, []
                return said
            self.now = min(alarms)
            for here, there in ((self.host, self.device), (self.device, self.host)):
                if here.wake_at == self.now:
                    self._flow(here.wake(self.now), there)
        raise AssertionError("they never stop waking up")


def both_ends(name: str, options: Any, seed: int = 0) -> Pair:
    return Pair(drivers.load(name).codec(options), far_codec(name, options), seed)


def far_codec(name: str, options: Any) -> Codec[bytes]:
    codec: Codec[bytes] = importlib.import_module(f"simulators.{name}").Device(options)
    return codec


def check_said(pair: Pair, acts: list[object], commands: list[object]) -> None:
    """The heart of the contract."""
    for act in acts:
        assert pair.do(pair.host, act) == [act]
    for command in commands:
        assert pair.do(pair.device, command) == [command]


def acts_of(kinds: Iterable[type], options: Any) -> st.SearchStrategy[list[object]]:
    kinds = [kind for kind in kinds if kind not in {Fault, State}]
    return st.lists(st.one_of(*(ACTS[kind](options) for kind in kinds)), min_size=1, max_size=4)


@pytest.mark.parametrize(("name", "options"), CASES)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_what_is_done_at_one_end_is_said_at_the_other(
    name: str, options: Any, data: st.DataObject, seed: int
) -> None:
    driver = drivers.load(name)
    acts = data.draw(acts_of(driver.says, options))
    commands = data.draw(acts_of(driver.obeys, options)) if driver.obeys else []
    check_said(both_ends(name, options, seed), acts, commands)


def junk_for(name: str) -> st.SearchStrategy[bytes]:
    """Noise, and pieces of real lines in the wrong places."""
    real = [bytes.fromhex(line[2:]) for line in capture(name) if line.startswith("< ")]
    pieces = st.sampled_from(real).flatmap(lambda r: st.integers(0, len(r)).map(lambda n: r[n:]))
    return st.lists(st.one_of(st.binary(max_size=40), pieces), max_size=30).map(b"".join)


@pytest.mark.parametrize(("name", "options"), CASES)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_junk_is_a_fault_and_the_next_clean_event_is_heard(
    name: str, options: Any, data: st.DataObject, seed: int
) -> None:
    driver, pair = drivers.load(name), both_ends(name, options, seed)
    junk = data.draw(junk_for(name))
    said = pair.junk(junk)
    assert all(isinstance(event, driver.says) for event in said)
    whole = Pair(driver.codec(options), far_codec(name, options), 0)
    whole._flow(whole.host.receive(junk, 0.0), whole.device)
    assert whole.silence() == said, "where the bytes were cut must make no difference"
    (act, *_) = data.draw(acts_of(driver.says, options))
    heard = pair.do(pair.host, act)
    if heard != [act]:  # it may fall victim to the junk before it, but not become another
        assert all(isinstance(event, Fault) for event in heard)
        assert pair.do(pair.host, act) == [act]


@pytest.mark.parametrize(("name", "options"), CASES)
@given(junk=st.binary(max_size=400))
def test_junk_from_the_host_does_not_upset_the_simulator(
    name: str, options: Any, junk: bytes
) -> None:
    obeys = drivers.load(name).obeys
    assert all(isinstance(out, (Send, *obeys)) for out in far_codec(name, options).receive(junk, 0))


# --- captures -----------------------------------------------------------------------------------


def word(text: str) -> Any:
    """Return the event or command whose repr is `text`."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    values = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
    return getattr(events, call.func.id)(**values)


def replay(lines: Iterable[str], new_codec: Callable[[str], Codec[bytes]]) -> list[type]:
    """Play a capture, and return the kinds of everything that was said and told in it."""
    codec, now, outs, kinds = Codec[bytes](), 0.0, list[object](), list[type]()
    for number, line in enumerate(lines, 1):
        mark, _, rest = line.partition(" ")
        if mark in {"!", "<", "+", "@"}:
            assert not (mark == "!" and outs), f"before line {number}, unexpected: {outs}"
        match mark:
            case "!":
                codec, now = new_codec(rest), 0.0
                outs += codec.start(now)
            case "<":
                outs += codec.receive(bytes.fromhex(rest), now)
            case "+":
                kinds.append(type(word(rest)))
                outs += codec.command(word(rest), now)
            case "@":
                assert not outs, f"before line {number}, unexpected: {outs}"
                now = float(rest)
                while codec.wake_at is not None and codec.wake_at <= now:
                    outs += codec.wake(codec.wake_at)
            case ">" | "=":
                assert outs, f"line {number}: nothing happened"
                out = outs.pop(0)
                expected = Send(bytes.fromhex(rest)) if mark == ">" else word(rest)
                assert out == expected, f"line {number}"
                kinds.append(type(out))
            case _:
                assert mark in {"", "#"}, f"line {number}: what is {mark!r}?"
    assert not outs, f"at the end, unexpected: {outs}"
    return kinds


@pytest.mark.parametrize("name", NAMES)
def test_capture_replays_exactly_and_shows_every_word(name: str) -> None:
    driver = drivers.load(name)

    def new_codec(options: str) -> Codec[bytes]:
        codec: Codec[bytes] = driver.codec(msgspec.json.decode(options, type=driver.settings))
        return codec

    kinds = replay(capture(name), new_codec)
    assert {*driver.says, *driver.obeys} <= set(kinds)


def test_every_driver_is_three_files_with_one_name() -> None:
    assert NAMES
    files = {path.stem for path in (HERE / "captures").glob("*.txt")}
    assert files == set(NAMES)
    for name in NAMES:
        assert drivers.load(name).doc
        assert (HERE.parent / "simulators" / f"{name}.py").exists()


# --- unplug and replug --------------------------------------------------------------------------


def first_act(name: str) -> object:
    """Something a hand can do with the device as it comes out of the box."""
    lines = iter(capture(name))
    assert next(line for line in lines if line.startswith("! ")) == "! {}"
    said = (word(line[2:]) for line in lines if line.startswith("= "))
    return next(event for event in said if not isinstance(event, Fault))


class Plugged:
    """The host's end, running, and what it says."""

    def __init__(self, name: str, device_link: Any) -> None:
        driver = drivers.load(name)
        self.said = asyncio.Queue[object](100)
        self.device = Device(
            name, device_link, partial(driver.codec, driver.settings()), self.said.put_nowait
        )
        self._task = asyncio.create_task(self.device.run())

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            return await self.said.get()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        assert self._task.cancelled()
        assert await self.next() == State("closed")
        assert self.said.empty()


async def unplug_and_replug(name: str, link: Any, far: FarEnd) -> None:
    host, act = Plugged(name, link), first_act(name)
    for _ in range(2):
        assert await host.next() == State("ready")
        async with asyncio.timeout(10):
            await far.connected.wait()
        far.command(act)
        assert await host.next() == act
        await far.unplug()
        assert (await host.next()).state == "lost"
        await far.plug()
    assert await host.next() == State("ready")
    await host.stop()


async def replug_on_a_pty(name: str, path: Path) -> None:
    driver = drivers.load(name)
    async with OnPty(path, partial(far_codec, name, driver.settings()), print) as far:
        await unplug_and_replug(name, from_url(str(path), **driver.wire), far)


async def replug_on_tcp(name: str) -> None:
    driver = drivers.load(name)
    async with OnTcp(partial(far_codec, name, driver.settings()), print) as far:
        url = f"socket://127.0.0.1:{far.port}"
        await unplug_and_replug(name, from_url(url, **driver.wire), far)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("name", NAMES)
def test_replug_on_real_wires(name: str, run: Callable[[Any], None], tmp_path: Path) -> None:
    run(replug_on_a_pty(name, tmp_path / "by-id"))
    run(replug_on_tcp(name))


class OnMemory(FarEnd):
    """The far end pumped by a Device too, since a codec is a codec."""

    def __init__(self, link: Any, codec_factory: Callable[[], Codec[bytes]]) -> None:
        super().__init__(codec_factory, print)
        self._device = Device("far", link, codec_factory, self._heard)

    def _heard(self, event: object) -> None:
        if event == State("ready"):
            self.connected.set()

    async def plug(self) -> None:
        self._task = asyncio.create_task(self._device.run())

    async def unplug(self) -> None:
        self.connected.clear()
        self._task.cancel()
        await asyncio.wait((self._task,))

    def command(self, command: object) -> None:
        assert self._device.tell(command)


@pytest.mark.parametrize("name", NAMES)
def test_replug_in_memory_is_over_within_the_promise(name: str) -> None:
    async def main() -> None:
        here, there = memory_pair()
        codec_factory = partial(far_codec, name, drivers.load(name).settings())
        async with OnMemory(there, codec_factory) as far:
            await unplug_and_replug(name, here, far)
        assert asyncio.get_running_loop().time() <= 2 * BACK_SECONDS_MAX

    virtual_time.run(main())


# --- the contract catches what it is for ----------------------------------------------------------


class ForgetsPartialLines(Host):
    """A breakage on purpose: what one read leaves unfinished is gone at the next."""

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        self._line = b""
        yield from super().receive(frame, now)


class GluesLines(Host):
    """Another: a line that broke off is kept for the next."""

    def wake(self, now: float) -> Iterator[object]:
        self.wake_at = None
        return iter(())


def lost_partial_line(host_type: type[Host]) -> None:
    for seed in range(20):
        pair = Pair(host_type(Settings()), far_codec("lines_scanner", Settings()), seed)
        check_said(pair, [Scan("6901234567892")], [Beep()])


def test_a_lost_partial_line_is_caught() -> None:
    lost_partial_line(Host)
    with pytest.raises(AssertionError):
        lost_partial_line(ForgetsPartialLines)


def test_a_glued_line_is_caught() -> None:
    with pytest.raises(AssertionError, match="nothing happened"):
        replay(capture("lines_scanner"), lambda _: GluesLines(Settings()))
