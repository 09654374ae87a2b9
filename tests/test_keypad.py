"""What the driver contract leaves open about keypads: fingers slip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codec import Send
from drivers.events import Fault, Keyed
from drivers.keyboard import keys
from drivers.keypad import Host, Settings
from simulators.keypad import Corrected, Device, GivenUp

PRESSES = {"\b": keys.BACKSPACE, "\x1b": keys.ESCAPE, "\r": keys.KEYPAD_ENTER}


def said(host: Host, frame: bytes, now: float = 0.0) -> list[object]:
    return list(host.receive(frame, now))


@given(st.lists(st.sampled_from("0123456789.+-*/\b\x1b\r"), max_size=40))
def test_lines_are_what_an_editor_would_make_of_the_keys(pressed: list[str]) -> None:
    device, host = Device(Settings()), Host(Settings())
    heard, line, lines = list[object](), "", list[object]()
    for key in pressed:
        frame = device.stroke(PRESSES[key]) if key in PRESSES else device.events(key)
        heard += said(host, frame)
        if key == "\r" and line:
            lines.append(Keyed(line))
        line = {"\b": line[:-1], "\x1b": "", "\r": ""}.get(key, line + key)
    assert heard == lines
    assert (host.wake_at is None) == (not line)


def test_a_slip_is_taken_back_and_a_line_given_up() -> None:
    device, host = Device(Settings()), Host(Settings())
    for act, heard in (
        (Corrected("12", "7"), [Keyed("12")]),
        (GivenUp("12"), []),
        (Keyed("7"), [Keyed("7")]),
    ):
        (sent,) = device.command(act, 0.0)
        assert isinstance(sent, Send)
        assert said(host, sent.frame) == heard


@pytest.mark.parametrize("spoilt", [b"\xff" * 24, b"half"])
def test_damage_is_one_fault_and_passes_with_the_silence(spoilt: bytes) -> None:
    device, host = Device(Settings(idle_seconds_max=5)), Host(Settings(idle_seconds_max=5))
    faults = [*said(host, spoilt), *host.wake(5.0)]
    assert [type(fault) for fault in faults] == [Fault]
    assert host.wake_at is None
    (sent,) = device.command(Keyed("7"), 9.0)
    assert said(host, sent.frame, 9.0) == [Keyed("7")]
