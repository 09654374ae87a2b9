"""What the driver contract leaves open about scanners that type: layouts, hands, attacks, time."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codec import BadSettings, Send
from drivers.events import Fault, Scan
from drivers.keyboard import LAYOUTS, Keyboard, keys
from drivers.keyboard.layouts import SPACING, compose
from drivers.keyboard.strokes import GS
from drivers.keyboard_scanner import Host, Settings
from simulators.keyboard_scanner import Attack, Device, Dropped, TypedByHand
from simulators.typist import Typist, Untypable, typable

FAULTS = {
    "attack": Fault("a combination with Ctrl or GUI"),
    "hand": Fault("keys typed by hand"),
    "dropped": Fault("the kernel dropped keys"),
    "broken": Fault("the typing broke off before its suffix"),
}


def setups() -> st.SearchStrategy[Settings]:
    """Every way a scanner can be set up."""
    return st.builds(
        Settings,
        layout=st.sampled_from(sorted(LAYOUTS)),
        suffix=st.sampled_from(("enter", "tab", "none")),
        aim=st.just(False),
        fnc1=st.sampled_from(("none", "ctrl-]", "f8")),
        alt_codes=st.booleans(),
    )


def spoken(outs: Any) -> list[object]:
    return [out for out in outs if not isinstance(out, Send)]


def hears(host: Host, device: Device, act: object, now: float) -> list[object]:
    said: list[object] = []
    for out in device.command(act, now):  # type: ignore[arg-type] # any act of a hand
        said += spoken(host.receive(out.frame, now))
    if host.wake_at is not None:
        said += spoken(host.wake(host.wake_at))
    return said


# --- layouts --------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(setups(), st.data())
def test_whatever_a_scanner_types_is_what_it_read(options: Settings, data: st.DataObject) -> None:
    letters = typable(options.layout, options.fnc1, options.alt_codes)
    text = st.text(st.sampled_from(letters), min_size=2, max_size=30)
    host, device = Host(options), Device(options)
    for now, code in enumerate(data.draw(st.lists(text, min_size=1, max_size=3))):
        assert hears(host, device, Scan(code), now * 10) == [Scan(code)]


@pytest.mark.parametrize("layout", ["us", "de", "fr", "jp"])
def test_every_layout_types_all_of_ascii(layout: str) -> None:
    assert set(map(chr, range(0x20, 0x7F))) <= set(LAYOUTS[layout].presses)


def test_a_dead_key_alone_or_with_a_stranger_types_its_accent() -> None:
    assert [compose("\u0301", char) for char in "e x"] == ["é", "´", "´x"]
    device = Typist("de", "enter")
    strokes = [
        stroke.text
        for pressed in (device.stroke(13), device.stroke(28), device.stroke(13), device.stroke(13))
        for stroke in Keyboard(LAYOUTS["de"]).read(device.stroke(41) + pressed)
    ]
    assert strokes == ["^´", "^", "\r", "^´", "^´"]
    assert set(SPACING.values()) <= {"^", "´", "`", "¨", "~"}


def test_what_no_key_types_is_not_typed() -> None:
    with pytest.raises(Untypable):
        Typist("us", "enter").events("é")
    with pytest.raises(Untypable):
        Typist("us", "enter", alt_codes=True).events("会")


# --- hands, attacks, dropped keys -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["enter", "tab"])
def test_what_goes_wrong_is_one_fault_and_the_next_code_is_heard(suffix: str) -> None:
    options = Settings(suffix=suffix)  # type: ignore[arg-type] # pytest has no literals
    host, device = Host(options), Device(options)
    acts = [
        (TypedByHand("6901"), FAULTS["hand"]),
        (Attack("690", 46, "123"), FAULTS["attack"]),
        (Attack("", 46, ""), FAULTS["attack"]),
        (Dropped("690123", 3), FAULTS["dropped"]),
        (Dropped("690123", 0), FAULTS["dropped"]),
    ]
    for number, (act, fault) in enumerate(acts):
        assert hears(host, device, act, 10.0 * number) == [fault]
        assert hears(host, device, Scan("96385074"), 10.0 * number + 5) == [Scan("96385074")]


@pytest.mark.parametrize("gap", [0.001, 0.02, 0.05])
def test_a_scanner_may_be_slow_and_a_person_quick(gap: float) -> None:
    device = Device(Settings())
    device.key_microseconds = round(gap * 1_000_000)
    assert hears(Host(Settings()), device, Scan("96385074"), 0.0) == [Scan("96385074")]
    device.key_microseconds += 1
    tight = Settings(gap_seconds_max=gap)
    assert hears(Host(tight), device, Scan("96385074"), 9.0) == [FAULTS["hand"]]


def test_one_key_pressed_by_a_person_is_no_code() -> None:
    options = Settings(suffix="none")
    host, device = Host(options), Device(options)
    assert hears(host, device, TypedByHand("1"), 0.0) == [
        Fault("too short for a code: 1 characters")
    ]
    assert hears(host, device, TypedByHand("12"), 9.0) == [FAULTS["hand"]]


def test_the_kernels_clock_tells_what_a_busy_program_does_not() -> None:
    """Everything arrives at once, late; the stamps know that there were seconds between."""
    device, host = Device(Settings()), Host(Settings())
    half = device.events("690")
    device.wait_until(30.0)
    whole = device.events("96385074") + device.suffix()
    assert spoken(host.receive(half + whole, 99.0)) == [FAULTS["broken"], Scan("96385074")]
    silent = Host(Settings(suffix="none"))
    device = Device(Settings(suffix="none"))
    first = device.events("42")
    device.wait_until(1.0)
    assert spoken(silent.receive(first + device.events("43"), 99.0)) == [Scan("42")]
    assert silent.wake_at is not None
    assert spoken(silent.wake(silent.wake_at)) == [Scan("43")]


def test_a_clock_that_runs_backwards_joins_nothing() -> None:
    device, host = Device(Settings()), Host(Settings())
    device.wait_until(10.0)
    first = device.events("690")
    device = Device(Settings())
    assert spoken(host.receive(first + device.events("12") + device.suffix(), 0.0)) == [
        FAULTS["hand"]
    ]


def test_caps_lock_left_on_is_off_again_after_silence() -> None:
    device, host = Device(Settings()), Host(Settings())
    assert list(host.receive(device.stroke(keys.CAPS_LOCK), 0.0)) == [
        Send(keys.caps_lock_light(on=True))
    ]
    assert host.wake_at == 1.0
    (off,) = host.wake(1.0)
    assert off == Send(keys.caps_lock_light(on=False))
    assert hears(host, device, Scan("aBc"), 9.0) == [Scan("aBc")]
    device.caps_lock_light = True
    device.receive(off.frame, 9.0)
    assert not device.caps_lock_light


# --- fuzz -----------------------------------------------------------------------------------------


def events() -> st.SearchStrategy[bytes]:
    """Key events as no keyboard sends them: anything, at any time."""
    codes = st.one_of(st.sampled_from(sorted(keys.MODIFIERS)), st.integers(0, keys.CODE_MAX))
    kinds = st.sampled_from([keys.EV_KEY] * 8 + [keys.EV_SYN, keys.EV_MSC, keys.EV_LED, 2, 0x1F])
    one = st.builds(
        keys.KeyEvent, st.integers(0, 10**7), kinds, st.one_of(codes, st.integers(0, 4)),
        st.integers(0, 2),
    )  # fmt: skip
    return st.lists(one, max_size=40).map(lambda found: b"".join(event.pack() for event in found))


@settings(max_examples=200)
@given(setups(), st.lists(events(), max_size=5), st.integers(0))
def test_no_stream_of_events_is_more_than_faults_and_printable_codes(
    options: Settings, streams: list[bytes], seed: int
) -> None:
    host, device, now = Host(options), Device(options), 0.0
    for stream in streams:
        for event in spoken(host.receive(stream, now)):
            check_harmless(event)
        if host.wake_at is not None:
            now = host.wake_at
            for event in spoken(host.wake(now)):
                check_harmless(event)
        assert host.wake_at is None, "after silence nothing is waited for"
    digits = "".join(random.Random(seed).choices("0123456789", k=8))
    assert hears(host, device, Scan(digits), 1_000.0) == [Scan(digits)]


def check_harmless(event: object) -> None:
    match event:
        case Scan(text, symbology):
            assert text.replace(GS, "").isprintable()
            assert len(text) >= 2
            assert not symbology
        case _:
            assert isinstance(event, Fault)


@settings(max_examples=100)
@given(events(), st.sampled_from(sorted(keys.CTRL | keys.GUI)))
def test_with_ctrl_or_gui_held_nothing_is_text(stream: bytes, held: int) -> None:
    keyboard = Keyboard(LAYOUTS["de"], fnc1="f8", alt_codes=True)
    keyboard.read(keys.packet(0, (held, keys.DOWN)))
    kept = b"".join(event for event in _events(stream) if not _changes(event))
    assert all(stroke.fault and not stroke.text for stroke in keyboard.read(kept))


def _events(stream: bytes) -> Iterator[bytes]:
    return (stream[at : at + 24] for at in range(0, len(stream), 24))


def _changes(event: bytes) -> bool:
    """Tell whether an event lets go of keys: a modifier, or all of them after SYN_DROPPED."""
    _, _, kind, code, value = keys.EVENT.unpack(event)
    released = kind == keys.EV_KEY and code in keys.MODIFIERS and value == keys.UP
    return bool(released or (kind == keys.EV_SYN and code == keys.SYN_DROPPED))


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"prefix": "é"}, "cannot be typed on layout us"),
        ({"prefix": "a", "layout": "keypad"}, "cannot be typed on layout keypad"),
        ({"aim": True, "layout": "keypad"}, "bracket"),
        ({"prefix": "abc", "characters_max": 4}, "no room"),
        ({"aim": True, "characters_max": 4}, "no room"),
    ],
)
def test_settings_that_contradict_each_other(options: dict[str, Any], why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        Host(Settings(**options))
    Host(Settings(prefix="é", alt_codes=True))
