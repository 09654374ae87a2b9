"""The contract of every driver, found by name: whatever module in drivers/ declares DRIVER.

The contract itself is shipped (simulators/contract); here it is run over every driver and every
wire, Hypothesis looks for junk that it did not think of, and planted mistakes prove that it bites.
"""

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

import drivers
from drivers import captures
from drivers.codec import Codec
from drivers.escpos_printer import Settings as Printer
from drivers.events import Beep, Fault, Scan
from drivers.lines_scanner import Host, Settings
from drivers.links import memory_pair
from simulators.contract import CHECKS, Broken, Incomplete, Kit, checks, kit, names
from simulators.contract.wires import WIRES, Simulated, Wire, survives_replugs
from simulators.far_end import FarEnd, OnLink, behind_broker
from tests import virtual_time
from tests.bench.references import mosquitto
from tests.guarded_broker import guarded

HERE = Path(__file__).parent
ROUNDS_MAX = 40
"""Of each check; `make soak` runs all kinds of junk there are."""

NAMES = names()


def cases() -> Iterator[Any]:
    for name in NAMES:
        with suppress(Incomplete):  # test_the_contract says so
            for number, seen in enumerate(kit(name).settings):
                yield pytest.param(name, seen, id=f"{name}-{number}")


def test_every_driver_is_three_files_with_one_name() -> None:
    assert "lines_scanner" in NAMES
    assert {path.stem for path in (HERE / "captures").glob("*.txt")} == set(NAMES)
    for name in NAMES:
        assert drivers.parts(name).module == f"drivers.{name}"
        assert (HERE.parent / "simulators" / f"{name}.py").exists()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_the_contract(name: str, check: str) -> None:
    search(kit(name), check)


def search(held: Kit, check: str) -> None:
    for seed in range(min(CHECKS[check].rounds, ROUNDS_MAX)):
        CHECKS[check].run(held, seed)


@pytest.mark.parametrize(("name", "options"), list(cases()))
@settings(deadline=None, max_examples=30)
@given(frames=st.lists(st.binary(min_size=1, max_size=60), max_size=20), seed=st.integers(0))
def test_any_junk_is_faults(name: str, options: Any, frames: list[bytes], seed: int) -> None:
    checks.take_junk(kit(name), options, frames, random.Random(seed))


OUT, WELL, LOW = b"\x18\x00\x0f\x00", b"\x10\x00\x00\x00", b"\x10\x00\x03\x00"


@pytest.mark.parametrize(
    "frames", [[OUT, WELL, LOW], [OUT, WELL + LOW], [OUT + WELL[:2], WELL[2:] + LOW]]
)
def test_what_a_device_answers_to_junk_is_no_matter_of_cuts(frames: list[bytes]) -> None:
    """A printer that is well again is set up again, to which it answers: sooner, if cut sooner."""
    for seed in range(ROUNDS_MAX):
        checks.take_junk(kit("escpos_printer"), Printer(), frames, random.Random(seed))


def codes(options: Any) -> st.SearchStrategy[Scan]:
    letters = st.characters(
        codec=options.encoding, min_codepoint=0x20,
        exclude_characters="\x7f", include_characters="\x1d",
    )  # fmt: skip
    room = (options.line_bytes_max - len(options.prefix) - 3) // 4
    identifier = st.from_regex(r"[A-Za-z][0-9A-Za-z]", fullmatch=True)
    text = st.text(letters, min_size=1, max_size=min(room, 60))
    return st.builds(Scan, text, identifier if options.aim else st.just(""))


@pytest.mark.parametrize("options", kit("lines_scanner").settings)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0))
def test_any_code_is_heard_as_it_was_read(options: Any, data: st.DataObject, seed: int) -> None:
    pair = checks.both_ends(kit("lines_scanner"), options, random.Random(seed))
    for code in data.draw(st.lists(codes(options), min_size=1, max_size=4)):
        assert pair.do(pair.host, code) == [code]


# --- unplug and replug, on every wire -------------------------------------------------------------


@asynccontextmanager
async def on_broker(
    folder: Path, device: Simulated, say: Callable[[Any], None]
) -> AsyncIterator[FarEnd]:
    async with mosquitto(folder) as (port, _), behind_broker(port, device, say) as far:
        yield far


@asynccontextmanager
async def on_guarded_broker(
    folder: Path, device: Simulated, say: Callable[[Any], None]
) -> AsyncIterator[FarEnd]:
    """One that is encrypted, and asks for a password."""
    guard = await guarded(folder)
    async with (
        mosquitto(folder, guard.settings) as (port, _),
        behind_broker(port, device, say, **guard.access) as far,
    ):
        yield far


def wires() -> Iterator[tuple[str, str, Wire]]:
    for name in NAMES:
        kind = drivers.load(name).link
        for wire_name, wire in WIRES[kind].items():
            yield name, wire_name, wire
        if kind == "stream":
            yield name, "MQTT", on_broker
        if name == "lines_scanner":  # TLS is the link's; what it carries does not matter to it
            yield name, "MQTT over TLS", on_guarded_broker


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("name", "wire"), [pytest.param(name, wire, id=f"{name}-{on}") for name, on, wire in wires()]
)
def test_replugs(name: str, wire: Wire, run: Callable[[Any], None], tmp_path: Path) -> None:
    run(survives_replugs(kit(name), wire, tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_replugs_in_no_time(name: str, tmp_path: Path) -> None:
    """In virtual time, the promised seconds are exact."""
    virtual_time.run(survives_replugs(kit(name), WIRES["stream"]["memory"], tmp_path))


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


class RaisesOnNoise(Host):
    """Another: what it does not understand is an exception."""

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        frame.decode("ascii")
        yield from super().receive(frame, now)


class Hoards(Codec[bytes]):
    """Another: it waits for the end of a line which never comes."""

    def __init__(self, _: Settings) -> None:
        self._line = bytearray()

    def receive(self, frame: bytes, now: float) -> list[object]:
        self._line += frame
        return []


class BeepsBadly(Host):
    """Another: yes and no sound the same."""

    def command(self, command: Beep, now: float) -> Iterator[object]:
        return super().command(Beep(), now)


class Deaf(Host):
    """Another: after one fault it never hears again."""

    _deaf = False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        for out in () if self._deaf else super().receive(frame, now):
            self._deaf |= isinstance(out, Fault)
            yield out


class Babbles(Host):
    """Another: it makes an event of nothing."""

    def start(self, now: float) -> Iterator[object]:
        yield Scan("6901234567892")


def broken(codec: Callable[[Any], Codec[bytes]]) -> Kit:
    good = kit("lines_scanner")
    return dataclasses.replace(good, driver=dataclasses.replace(good.driver, codec=codec))


@pytest.mark.parametrize(
    ("codec", "check", "error", "said"),
    [
        (ForgetsPartialLines, "cuts", Broken, "cut after byte 1"),
        (ForgetsPartialLines, "heard", Broken, "was heard as"),
        (ForgetsPartialLines, "junk", Broken, "where junk is cut matters"),
        (GluesLines, "replay", captures.Differs, "nothing happened"),
        (RaisesOnNoise, "junk", UnicodeDecodeError, "ascii"),
        (Hoards, "bounded", Broken, "are kept"),
        (BeepsBadly, "heard", Broken, "Beep"),
        (Deaf, "junk", Broken, "junk"),
        (Babbles, "replay", captures.Differs, "unexpected"),
    ],
)
def test_a_planted_mistake_is_caught(
    codec: Callable[[Any], Codec[bytes]], check: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        search(broken(codec), check)


def test_a_damaged_frame_that_is_believed_is_caught() -> None:
    claims = dataclasses.replace(kit("lines_scanner"), is_guarded=True)
    with pytest.raises(Broken, match="with a flipped bit"):
        search(claims, "damage")


def test_a_capture_that_hides_a_word_is_caught() -> None:
    shy = dataclasses.replace(kit("lines_scanner"), capture="! {}\n< 36 39 30 0d\n= Scan('690')\n")
    with pytest.raises(Broken, match="never shows Beep, Fault"):
        CHECKS["replay"].run(shy, 0)


class PluggedInOnce(OnLink):
    """A device that does not come back when it is plugged in again."""

    times = 0

    async def plug(self) -> None:
        self.times += 1
        if self.times == 1:
            await super().plug()


def never_back(_: Path, device: Simulated, say: Callable[[Any], None]) -> FarEnd:
    return PluggedInOnce(*memory_pair(), device, say)


def test_a_device_that_does_not_come_back_is_caught(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        virtual_time.run(survives_replugs(kit("lines_scanner"), never_back, tmp_path))
