"""A scan tells which driver a keyboard or a HID device needs, and how it is set up."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers import magstripe_keyboard
from drivers.codec import Send
from drivers.events import Scan, Swiped
from drivers.hid_pos_scanner import Settings as HidPosSettings
from drivers.keyboard_scanner import Settings
from drivers.lines_scanner import Settings as Lines
from edge.commands.binding import Proposed, proposed, scans, wire
from edge.commands.hid_binding import reporting, typed
from simulators import hid_pos_scanner, keyboard_scanner, lines_scanner, magstripe_hid
from simulators import magstripe_keyboard as typed_stripe
from simulators.far_end import OnPty, OnReports
from tests.test_hid import MOUSE
from tests.test_magstripe import OURS, PAN

CODE = "SHELF-42"


def sent(device: Any, act: object) -> bytes:
    (out,) = device.command(act, 0.0)
    assert isinstance(out, Send)
    return bytes(out.frame)


@pytest.mark.parametrize("layout", ["us", "de", "fr"])
@pytest.mark.parametrize("suffix", ["enter", "tab", "none"])
@pytest.mark.parametrize("aim", [False, True])
def test_a_keyboard_scanner_is_bound_as_it_is_set_up(layout: Any, suffix: Any, aim: bool) -> None:
    options = Settings(layout=layout, suffix=suffix, aim=aim)
    scan = Scan(CODE, "A0" if aim else "")
    found = typed(sent(keyboard_scanner.Device(options), scan), CODE)
    assert found is not None
    name, changed = found
    assert (name, msgspec.convert(changed, Settings)) == ("keyboard_scanner", options)


def test_a_stripe_reader_that_types_is_told_from_a_scanner() -> None:
    for options in ({}, {"lrc": True}, {"suffix": "none"}):
        device = typed_stripe.Device(magstripe_keyboard.Settings(**options))
        assert typed(sent(device, OURS), CODE) == ("magstripe_keyboard", options)
    payment = typed_stripe.Device(magstripe_keyboard.Settings())
    assert typed(sent(payment, Swiped("", PAN)), CODE) is None


def test_another_code_or_none_binds_nothing() -> None:
    device = keyboard_scanner.Device(Settings())
    good, other = sent(device, Scan(CODE)), sent(device, Scan("42"))
    for url, *frames in (
        ("input:05e0:1200", other), ("input:05e0:1200", b""), ("hidraw:05e0:1200", MOUSE),
        ("input:05e0:1200", good, good, other), ("input:05e0:1200", good, b"", good),
    ):  # fmt: skip
        assert proposed(url, [(CODE, frame) for frame in frames]).unclear == ("other",)


def test_scans_that_do_not_agree_bind_nothing() -> None:
    one, other = (sent(keyboard_scanner.Device(Settings(aim=aim)), Scan(CODE, "A0" * aim))
                  for aim in (False, True))  # fmt: skip
    assert proposed("input:05e0:1200", [(CODE, one), (CODE, one)]).unclear == ()
    assert proposed("input:05e0:1200", [(CODE, one), (CODE, other)]).unclear == ("differs",)
    lines = [(CODE, f"{CODE}\r".encode()), (CODE, f"{CODE}\t".encode())]
    assert proposed("/dev/ttyS0", lines).unclear == ("differs",)


def test_a_makers_letters_are_seen_in_codes_of_two_kinds() -> None:
    reads = [("6901234567892", b"F6901234567892\r"), (CODE, f"j{CODE}\r".encode())]
    assert proposed("/dev/ttyS0", reads).unclear == ("identifier",)
    reads = [(text, f"\x02{text}\r".encode()) for text in ("6901234567892", CODE)]
    assert proposed("/dev/ttyS0", reads) == Proposed("lines_scanner", {"prefix": "\x02"})


def test_a_report_descriptor_tells_which_driver_it_needs() -> None:
    assert reporting(hid_pos_scanner.SCANNER) == ("hid_pos_scanner", {})
    assert reporting(magstripe_hid.MAGTEK) == ("magstripe_hid", {})
    assert reporting(MOUSE) is None


async def test_a_device_that_only_says_what_it_is_has_not_spoken(tmp_path: Path) -> None:
    options, asked = HidPosSettings(), list[str]()
    async with OnReports(
        tmp_path / "hidraw0", lambda: hid_pos_scanner.Device(options), print
    ) as far:
        assert await scans([f"hidraw:{far.path}"], [CODE], 0.5, asked.append) == ("", [])
    async with (
        OnReports(tmp_path / "hidraw1", lambda: hid_pos_scanner.Device(options), print) as far,
        OnPty(tmp_path / "silent", lambda: lines_scanner.Device(Lines()), print) as silent,
    ):
        url = f"hidraw:{far.path}"

        def ask(text: str) -> None:
            asked.append(text)
            far.command(Scan(text))
            if len(asked) > 2:
                silent.command(Scan("of another device"))

        where, sent = await scans([str(silent.path), url], [CODE, "7", "8"], 10, ask)
    assert asked == [CODE, CODE, "7", "8"]
    assert (where, sent) == (url, [hid_pos_scanner.SCANNER] * 3)
    assert proposed(where, [(CODE, one) for one in sent]) == Proposed("hid_pos_scanner", {})


async def test_who_stops_scanning_is_told_how_many_came(tmp_path: Path) -> None:
    async with OnPty(tmp_path / "scanner", lambda: lines_scanner.Device(Lines()), print) as far:
        asked: list[str] = []

        def ask(text: str) -> None:
            asked.append(text)
            if len(asked) == 1:
                far.command(Scan(text))

        where, sent = await scans([str(far.path)], [CODE, CODE, CODE], 1.0, ask)
    assert (where, sent, asked) == (str(far.path), [b"SHELF-42\r"], [CODE, CODE])


def test_a_port_is_opened_as_its_model_comes_out_of_the_box() -> None:
    assert wire("usb:0c2e:0b81@1-1.2") == {"baud": 115200}
    for unknown in ("usb:1234:5678", "/dev/ttyUSB0", "hidraw:0c2e:0b81", "socket://10.0.0.1:4001"):
        assert wire(unknown) == {}
    reads = [(CODE, f"{CODE}\r\n".encode())]
    expected = {"baud": 115200, "suffix": "crlf"}
    assert proposed("usb:0c2e:0b81@1-1.2", reads) == Proposed("lines_scanner", expected)
