"""Stripes: what tracks may hold, whose card it is, and that a refused card leaves nothing."""

import asyncio
import gc
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drivers import magstripe_hid, magstripe_keyboard, tracks
from drivers.codec import BadSettings, Codec, Send
from drivers.device import Device as Pump
from drivers.events import Fault, State, Swiped
from simulators import magstripe_hid as reports_far_end
from simulators import magstripe_keyboard as typing_far_end
from simulators.far_end import in_memory
from simulators.magstripe_keyboard import Backwards
from simulators.stripes import HalfSwipe, WornTrack, WrongLrc, raw_tracks
from tests.corpus.make_tracks import PAYMENT
from tests.corpus.truth import luhn

PAN = PAYMENT["visa"]
NOT_READ = Fault("a payment card: not read")
OURS = Swiped("B29001^LEE/ANN^4912", "29001=4912", "0129001==1")


class Reader:
    """One kind of reader with its driver, and what the host says of each thing done to it."""

    def __init__(self, host: Any, device: Any, options: Any) -> None:
        self.host: Codec[bytes] = host(options)
        self.device: Codec[bytes] = device(options)
        self.now = 0.0
        self._hear(self.device.start(0.0))

    def _hear(self, outs: Any) -> list[object]:
        said: list[object] = []
        for out in outs:
            assert isinstance(out, Send)
            said += self.host.receive(out.frame, self.now)
        while self.host.wake_at is not None:
            self.now = self.host.wake_at
            said += self.host.wake(self.now)
        return [event for event in said if not isinstance(event, Send)]

    def do(self, act: object) -> list[object]:
        return self._hear(self.device.command(act, self.now))


def typing(**options: Any) -> Reader:
    given = magstripe_keyboard.Settings(**options)
    return Reader(magstripe_keyboard.Host, typing_far_end.Device, given)


def reporting(**options: Any) -> Reader:
    given = magstripe_hid.Settings(**options)
    return Reader(magstripe_hid.Host, reports_far_end.Device, given)


BOTH = pytest.mark.parametrize("reader", [typing, reporting])


# --- what a hand does -----------------------------------------------------------------------------


@BOTH
def test_what_a_hand_does_to_a_card(reader: Callable[..., Reader]) -> None:
    with_lrc = reader(lrc=True)
    assert with_lrc.do(OURS) == [OURS]
    assert with_lrc.do(HalfSwipe(OURS)) == [Fault("half a swipe: track three has no end")]
    assert with_lrc.do(WornTrack(OURS, 1)) == [Fault("track one could not be read")]
    assert with_lrc.do(WrongLrc(OURS)) == [Fault("track one has a wrong LRC")]
    assert with_lrc.do(OURS) == [OURS]
    assert reader().do(Swiped("", PAN)) == [NOT_READ]


def test_a_card_drawn_backwards() -> None:
    for lrc in (False, True):
        for swiped in (OURS, Swiped("", "29001"), Swiped("", "", "0129"), Swiped("A")):
            assert typing(lrc=lrc).do(Backwards(swiped)) == [Fault("swiped backwards")]


@pytest.mark.parametrize("layout", ["us", "de", "fr", "jp"])
@pytest.mark.parametrize("lrc", [False, True])
def test_a_reader_types_on_any_layout(layout: str, lrc: bool) -> None:
    reader = typing(layout=layout, lrc=lrc)
    for swiped in (OURS, Swiped("", "29001"), Swiped("A", "", "0129")):
        assert reader.do(swiped) == [swiped]


# --- the tracks -----------------------------------------------------------------------------------

ONE = st.text(
    st.sampled_from([chr(c) for c in range(0x20, 0x60) if chr(c) not in "%?"]), max_size=76
)
TWO = st.text(st.sampled_from("0123456789:<=>"), max_size=37)
THREE = st.text(st.sampled_from("0123456789:<=>"), max_size=104)
CARDS = st.builds(Swiped, ONE, TWO, THREE)


def judged(swiped: Swiped, lrc: bool = False, own: tuple[str, ...] = ()) -> Swiped | Fault:
    return tracks.judge(raw_tracks(swiped, lrc), own, lrc)


@given(CARDS, st.booleans())
def test_any_card_is_read_or_refused_for_its_number_alone(swiped: Swiped, lrc: bool) -> None:
    heard = judged(swiped, lrc)
    assert heard == swiped or heard in {
        NOT_READ, Fault("nothing on the card"), Fault("the tracks of two cards"),
        *(Fault(f"track {name} could not be read") for name in ("one", "two", "three")),
    }  # fmt: skip
    raw = raw_tracks(swiped, lrc)
    if "" not in (swiped.track1, swiped.track2, swiped.track3):
        assert tracks.split("".join(raw), lrc) == raw


@given(st.sampled_from((1, 2, 3)), ONE, TWO, st.data())
def test_a_wrong_lrc_betrays_any_odd_damage(
    n: int, one: str, two: str, data: st.DataObject
) -> None:
    """One character changed to any other: the LRC is another, whatever it became."""
    text = one if n == 1 else two
    assume(text and text != "E")
    swiped = Swiped(**{f"track{n}": text})
    raw = raw_tracks(swiped, with_lrc=True)
    at = data.draw(st.integers(1, len(text)))
    alphabet = "".join(map(chr, range(0x20, 0x60) if n == 1 else range(0x30, 0x40)))
    other = data.draw(st.sampled_from([c for c in alphabet if c not in (raw[n - 1][at], "?")]))
    raw[n - 1] = raw[n - 1][:at] + other + raw[n - 1][at + 1 :]
    heard = tracks.judge(raw, (), with_lrc=True)
    assert isinstance(heard, Fault)


@settings(max_examples=300)
@given(st.text(st.sampled_from("%;+?=^0123456789AE \xff"), min_size=1, max_size=60), st.booleans())
def test_whatever_is_typed_is_a_swipe_or_a_fault_without_digits(text: str, lrc: bool) -> None:
    raw = tracks.split(text, lrc)
    if raw is not None:
        assert "".join(sorted("".join(raw))) == "".join(sorted(text))
        heard = tracks.judge(raw, (), lrc)
        assert isinstance(heard, Swiped) or not re.search(r"\d", heard.reason)


# --- whose card -----------------------------------------------------------------------------------


@given(st.text("0123456789", min_size=1, max_size=25))
def test_the_check_digit_is_luhns(payload: str) -> None:
    digit = luhn(payload)
    assert tracks.luhn(payload + digit)
    assert not any(tracks.luhn(payload + d) for d in "0123456789" if d != digit)


@given(st.sampled_from(tracks.RANGES), st.integers(12, 19), st.data())
def test_every_number_of_a_payment_network_is_refused(
    bounds: tuple[str, str], size: int, data: st.DataObject
) -> None:
    first, last = bounds
    prefix = str(data.draw(st.integers(int(first), int(last))))
    rest = data.draw(st.text("0123456789", min_size=size - len(prefix) - 1,
                             max_size=size - len(prefix) - 1))  # fmt: skip
    number = prefix + rest + luhn(prefix + rest)
    for swiped in (
        Swiped(f"B{number}^X"),
        Swiped("", f"{number}="),
        Swiped("", "", f"01{number}="),
    ):
        assert judged(swiped) == NOT_READ
        assert judged(swiped, own=("29", "600649")) == NOT_READ or number.startswith("600649")


@pytest.mark.parametrize(
    "prefix",
    ["", "2a", "٣", "1" * 20, "4", "41111111", "5", "22", "222100", "27", "60", "61", "66", "6011",
     "601100", "62", "6759", "81", "9", "98", "34", "6"],
)  # fmt: skip
def test_prefixes_that_are_not_ours_to_have(prefix: str) -> None:
    for module in (magstripe_hid, magstripe_keyboard):
        with pytest.raises(BadSettings, match="own_prefixes"):
            module.Host(module.Settings(own_prefixes=("29", prefix)))


@pytest.mark.parametrize(
    "prefix", ["29", "0", "1", "8810", "600649", "610101", "660000", "99", "2900000"]
)
def test_prefixes_of_our_own(prefix: str) -> None:
    tracks.check_prefixes((prefix,))
    number = (prefix + "1" * 12)[:11]
    card = Swiped("", number + luhn(number))
    assert judged(card, own=(prefix,)) == card
    assert judged(Swiped("", "777"), own=(prefix,)) == Fault("not one of our cards: not read")


# --- nothing of a refused card is left ----------------------------------------------------------


def held_by(*roots: object) -> Iterator[object]:
    """Yield everything that can be reached from these objects; modules and types are not theirs."""
    seen, waiting = set[int](), list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, types.ModuleType | type):
            continue
        seen.add(id(thing))
        yield thing
        waiting += [r for r in gc.get_referents(thing) if not isinstance(r, types.FunctionType)]


def remembers(codec: object) -> bool:
    """Tell whether six digits of the card in a row are anywhere in what a codec holds."""
    pieces = [PAN[at : at + 6] for at in range(len(PAN) - 5)]
    for thing in held_by(codec):
        texts = [thing] if isinstance(thing, str | bytes | bytearray) else []
        if isinstance(thing, list | tuple):
            texts = ["".join(map(str, thing))]
        for text in texts:
            plain = text.decode("latin-1") if isinstance(text, bytes | bytearray) else text
            if any(piece in plain for piece in pieces):
                return True
    return False


class Keeps(magstripe_keyboard.Host):
    """A breakage on purpose: the last swipe is remembered, for a log that nobody asked for."""

    def _said(self, text: str) -> Any:
        self.last = text
        return super()._said(text)


class KeepsLetters(magstripe_keyboard.Host):
    """Another: letter by letter."""

    def _said(self, text: str) -> Any:
        self.letters = list(text)
        return super()._said(text)


REFUSED = [
    Swiped("", PAN), Swiped(f"B{PAN}^A", f"{PAN}=4912"), HalfSwipe(Swiped("", PAN + "=" * 19)),
    WornTrack(Swiped(f"B{PAN}^A", PAN), 1), WrongLrc(Swiped("", PAN)), Swiped("", "", f"01{PAN}="),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("act", REFUSED)
@pytest.mark.parametrize("lrc", [False, True])
def test_a_refused_card_is_gone_when_the_call_returns(
    reader: Callable[..., Reader], act: Any, lrc: bool
) -> None:
    reading = reader(lrc=lrc)
    said = reading.do(act)
    assert said
    for event in said:
        assert isinstance(event, Fault)
        assert not re.search(r"\d", event.reason)
    assert not remembers(reading.host)
    assert reading.do(OURS) == [OURS]


def test_a_card_that_was_pulled_out_is_gone_after_the_silence() -> None:
    reading = typing()
    (sent,) = reading.device.command(Swiped("", PAN), 0.0)
    half = sent.frame[: len(sent.frame) // 2]  # type: ignore[attr-defined]
    assert list(reading.host.receive(half, 0.0)) == []
    assert remembers(reading.host), "it has to, until the rest comes or does not"
    assert reading.host.wake_at == 1.0
    (fault,) = reading.host.wake(1.0)
    assert fault == Fault("the typing broke off before its suffix")
    assert not remembers(reading.host)


@pytest.mark.parametrize("host", [Keeps, KeepsLetters])
def test_a_driver_that_keeps_a_card_is_caught(host: Any) -> None:
    options = magstripe_keyboard.Settings()
    reading = Reader(host, typing_far_end.Device, options)
    assert reading.do(Swiped("", PAN)) == [NOT_READ]
    assert remembers(reading.host)


@pytest.mark.parametrize(
    ("module", "far_module"),
    [(magstripe_keyboard, typing_far_end), (magstripe_hid, reports_far_end)],
)
async def test_nothing_of_it_is_in_the_pump_its_states_or_its_statistics(
    module: Any, far_module: Any
) -> None:
    said = asyncio.Queue[Any]()
    options = module.Settings()
    async with in_memory(lambda: far_module.Device(options), said.put_nowait) as far:
        pump = Pump("msr", far.link(), lambda: module.Host(options), said.put_nowait)
        running = asyncio.create_task(pump.run())
        async with asyncio.timeout(60):
            assert (await said.get()).state == "ready"
            for _ in range(2):
                far.command(Swiped(f"B{PAN}^A", PAN))
                assert await said.get() == NOT_READ
            far.command(OURS)
            assert await said.get() == OURS
        codec = pump._conversation._codec  # type: ignore[union-attr]
        assert not remembers((codec, vars(pump), State("ready")))
        running.cancel()
        await asyncio.wait((running,))
