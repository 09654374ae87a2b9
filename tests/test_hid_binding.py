"""One scan tells which driver a keyboard or a HID device needs, and how it is set up."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers import magstripe_keyboard
from drivers.codec import Send
from drivers.events import Scan, Swiped
from drivers.hid_pos_scanner import Settings as HidPosSettings
from drivers.keyboard_scanner import Settings
from edge.commands.binding import Proposed, first_to_speak, proposed
from edge.commands.hid_binding import reporting, typed
from simulators import hid_pos_scanner, keyboard_scanner, magstripe_hid
from simulators import magstripe_keyboard as typed_stripe
from simulators.far_end import OnReports
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
    assert proposed("input:05e0:1200", sent(device, Scan("42")), CODE).unclear == ("other",)
    assert proposed("input:05e0:1200", b"", CODE).unclear == ("other",)
    assert proposed("hidraw:05e0:1200", MOUSE, CODE).unclear == ("other",)


def test_a_report_descriptor_tells_which_driver_it_needs() -> None:
    assert reporting(hid_pos_scanner.SCANNER) == ("hid_pos_scanner", {})
    assert reporting(magstripe_hid.MAGTEK) == ("magstripe_hid", {})
    assert reporting(MOUSE) is None


async def test_a_device_that_only_says_what_it_is_has_not_spoken(tmp_path: Path) -> None:
    options = HidPosSettings()
    async with OnReports(
        tmp_path / "hidraw0", lambda: hid_pos_scanner.Device(options), print
    ) as far:
        url = f"hidraw:{far.path}"
        assert await first_to_speak([url], 0.5) is None
    async with OnReports(
        tmp_path / "hidraw1", lambda: hid_pos_scanner.Device(options), print
    ) as far:
        url = f"hidraw:{far.path}"
        far.command(Scan(CODE))
        spoke = await first_to_speak([url], 10)
        assert spoke == (url, hid_pos_scanner.SCANNER)
        assert proposed(*spoke, CODE) == Proposed("hid_pos_scanner", {})
