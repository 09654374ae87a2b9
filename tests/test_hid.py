"""Report descriptors and HID-POS scanners: what a device says of itself is read, not guessed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codec import BadSettings, Close, Send
from drivers.events import Beep, Fault, Read, Scan
from drivers.hid import BadDescriptor, Field, parse, usages
from drivers.hid.descriptor import DESCRIPTOR_BYTES_MAX, INPUT, OUTPUT
from drivers.hid_pos_scanner import Host, Settings
from drivers.magstripe_hid import Host as StripeHost
from drivers.magstripe_hid import Settings as StripeSettings
from simulators.hid_pos_scanner import SCANNER, STRANGER, Boast, Device, HalfRead, Unread
from simulators.magstripe_hid import MAGTEK

MOUSE = bytes.fromhex(
    "05010902a1010901a100 050919012903 1500 2501 9503 7501 8102 9501 7505 8101"
    "0501 0930 0931 1581 257f 7508 9502 8106 c0c0"
)
"""The sample of HID 1.11, appendix E.10: three buttons, five bits of padding, X and Y."""


# --- descriptors ----------------------------------------------------------------------------------


def test_the_standards_own_sample_is_read() -> None:
    mouse = parse(MOUSE)
    assert not mouse.numbered
    assert mouse.bits == {(INPUT, 0): 24}
    assert mouse.fields == {
        (INPUT, 0, 0x09_0001): Field(0, 1), (INPUT, 0, 0x09_0002): Field(1, 1),
        (INPUT, 0, 0x09_0003): Field(2, 1), (INPUT, 0, 0x01_0030): Field(8, 8),
        (INPUT, 0, 0x01_0031): Field(16, 8),
    }  # fmt: skip
    assert mouse.split(b"\1\2\3") == (0, b"\1\2\3")
    assert mouse.output(usages.SOUND_GOOD_READ_BEEP, 1) is None


def test_a_scanners_and_a_stripe_readers() -> None:
    scanner = parse(SCANNER)
    assert scanner.numbered
    assert scanner.bits == {(INPUT, 2): 8 * 61, (OUTPUT, 3): 8, (OUTPUT, 4): 8}
    assert scanner.fields[INPUT, 2, usages.DECODED_DATA] == Field(32, 8, 56)
    assert scanner.fields[INPUT, 2, usages.DECODED_DATA_CONTINUED] == Field(480, 1)
    assert scanner.output(usages.SOUND_ERROR_BEEP, 1) == b"\3\2"
    assert scanner.split(b"\2abc") == (2, b"abc")
    magtek = parse(MAGTEK)
    assert magtek.bits[INPUT, 0] == 8 * 337
    assert magtek.fields[INPUT, 0, usages.MAGTEK_TRACK_DATA[2]] == Field(8 * 227, 8, 110)


def test_a_usage_is_on_the_page_that_is_declared_when_its_field_comes() -> None:
    # Usage (FE), Usage of four bytes, and only then the page: HID 1.11, 6.2.2.7.
    behind = parse(bytes.fromhex("058c0902a101 0501 09fe 0b3b000100 058c 7508 9502 8102 c0"))
    assert set(behind.fields) == {(INPUT, 0, usages.DECODED_DATA), (INPUT, 0, usages.BYTE_COUNT)}
    ranged = parse(bytes.fromhex("0501 a101 19fb 29fd 058c 7508 9503 8102 c0"))
    assert [usage for _, _, usage in ranged.fields] == list(usages.SYMBOLOGY_IDENTIFIER)


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ("", "of 0 bytes"),
        ("00" * (DESCRIPTOR_BYTES_MAX + 1), "of 4097 bytes"),
        ("058c a101 c0", "has no field"),
        ("a101 7508 9501 0901 8102", "never ends a collection"),
        ("c0", "too many"),
        ("b4", "Pop"),
        ("a4" * 17, "states pushed"),
        ("8500", "report ID of 0"),
        ("860001", "report ID of 256"),
        ("058c a101 75", "middle of an item"),
        ("058c a101 7520 96ffff 09fe 8202 c0", "report of more than"),
        ("058c a101 1900 2affff 8102 c0", "usages at once"),
        ("0901" * 2040 + "a101", "never ends"),
    ],
)
def test_what_is_no_descriptor_says_why(items: str, why: str) -> None:
    with pytest.raises(BadDescriptor, match=why):
        parse(bytes.fromhex(items))


def test_long_items_push_and_pop_and_four_byte_usages() -> None:
    found = parse(bytes.fromhex(
        "fe0210aabb 058c 7508 9501 a101 a4 0501 7510 b4 0bfe008c00 8102 0901 0902 8102 c0"
    ))  # fmt: skip
    assert found.fields == {
        (INPUT, 0, usages.DECODED_DATA): Field(0, 8), (INPUT, 0, 0x8C_0001): Field(8, 8),
    }  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.just(SCANNER), st.just(MAGTEK), st.just(MOUSE)), st.data())
def test_a_garbled_descriptor_is_read_or_refused(good: bytes, data: st.DataObject) -> None:
    items = bytearray(good)
    for at in data.draw(st.lists(st.integers(0, len(good) - 1), max_size=6)):
        items[at] = data.draw(st.integers(0, 255))
    cut = bytes(items[: data.draw(st.integers(0, len(good)))])
    try:
        found = parse(cut)
    except BadDescriptor:
        return
    for (kind, report, _), field in found.fields.items():
        assert field.offset + field.size * field.count <= found.bits[kind, report]


@given(st.binary(min_size=1, max_size=12), st.data())
def test_a_field_is_its_bits(body: bytes, data: st.DataObject) -> None:
    """Bit by bit: bit n of a report is bit n % 8 of its byte n // 8 (HID 1.11, 5.8)."""
    size = data.draw(st.integers(1, min(32, 8 * len(body))))
    offset = data.draw(st.integers(0, 8 * len(body) - size))
    bits = [body[(offset + n) // 8] >> (offset + n) % 8 & 1 for n in range(size)]
    assert Field(offset, size).number(body) == sum(bit << n for n, bit in enumerate(bits))
    count = (8 * len(body) - offset) // 8
    text = [sum((body[(offset + 8 * n + b) // 8] >> (offset + 8 * n + b) % 8 & 1) << b
                for b in range(8)) for n in range(count)]  # fmt: skip
    assert Field(offset, 8, count).text(body) == bytes(text)
    blank = bytes(len(body))
    value = data.draw(st.integers(0, 2**size - 1))
    assert Field(offset, size).number(Field(offset, size).put(blank, value)) == value


# --- scanners -------------------------------------------------------------------------------------


def plugged(options: Settings) -> tuple[Host, Device]:
    host, device = Host(options), Device(options)
    for out in device.start(0.0):
        assert isinstance(out, Send)
        assert list(host.receive(out.frame, 0.0)) == []
    return host, device


def hears(host: Host, device: Device, act: Any) -> list[object]:
    said = [event for out in device.command(act, 0.0) for event in host.receive(out.frame, 0.0)]
    while host.wake_at is not None:
        said += host.wake(host.wake_at)
    return said


@pytest.mark.parametrize("options", [Settings(), Settings(descriptor=SCANNER.hex())])
def test_what_goes_wrong_is_one_fault_and_the_next_code_is_heard(options: Settings) -> None:
    host, device = plugged(options)
    for act, fault in (
        (HalfRead("9" * 100), Fault("a code broke off")),
        (Unread(), Fault("a report without a code")),
        (Boast(), Fault("a report that claims 57 bytes of 56")),
    ):
        assert hears(host, device, act) == [fault]
        assert hears(host, device, Scan("96385074", "E4")) == [Scan("96385074", "E4")]


@pytest.mark.parametrize("descriptor", [STRANGER, MOUSE, MAGTEK, b"", b"\xff" * 40])
def test_another_kind_of_device_is_closed_and_nothing_of_it_is_heard(descriptor: bytes) -> None:
    host = Host(Settings())
    fault, close = host.receive(descriptor, 0.0)
    assert isinstance(fault, Fault)
    assert close == Close(fault.reason)
    assert list(host.receive(SCANNER, 0.0)) == []
    assert list(host.command(Beep(), 0.0)) == []
    if descriptor is not MAGTEK:
        stripes = StripeHost(StripeSettings())
        assert [type(out) for out in stripes.receive(descriptor, 0.0)] == [Fault, Close]


@pytest.mark.parametrize("descriptor", [STRANGER.hex(), "00", "058c"])
def test_a_descriptor_to_be_believed_is_a_scanners(descriptor: str) -> None:
    with pytest.raises(BadSettings, match="descriptor"):
        Host(Settings(descriptor=descriptor))


def test_before_it_said_what_it_is_and_without_a_beeper_nothing_is_sent() -> None:
    assert list(Host(Settings()).command(Read(), 0.0)) == []
    mute = SCANNER[: SCANNER.index(bytes.fromhex("8503"))] + b"\xc0"
    host = Host(Settings())
    assert list(host.receive(mute, 0.0)) == []
    assert list(host.command(Beep(), 0.0)) == []
    assert host.test(0.0) is None


def test_its_own_test_is_a_beep() -> None:
    host, device = plugged(Settings())
    beep = host.test(0.0)
    assert beep is not None
    (sent,) = beep
    assert isinstance(sent, Send)
    assert list(device.receive(sent.frame, 0.0)) == [Beep()]


def test_a_status_report_is_passed_over() -> None:
    status = bytes.fromhex("8509 0957 7508 9501 8102 c0")
    host = Host(Settings())
    assert list(host.receive(SCANNER[:-1] + status, 0.0)) == []
    assert list(host.receive(b"\x09\x01", 0.0)) == []
    assert list(host.receive(b"\x09", 0.0)) == [Fault("a report that the descriptor does not know")]


@pytest.mark.parametrize("timer", [True, False])
def test_what_is_left_of_a_broken_code_is_never_a_code(timer: bool) -> None:
    host, device = plugged(Settings())
    first, second = device.command(Scan("9" * 60), 0.0)
    assert list(host.receive(first.frame, 0.0)) == []
    said = list(host.wake(0.25)) if timer else []
    said += host.receive(second.frame, 0.3)
    assert said == [Fault("a code broke off")]
    assert host.wake_at is None
    (whole,) = device.command(Scan("42"), 0.0)
    assert list(host.receive(whole.frame, 0.4)) == [Scan("42")]


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=70), max_size=8), st.booleans())
def test_no_reports_are_more_than_faults_and_codes(frames: list[bytes], numbered: bool) -> None:
    host, device = plugged(Settings())
    for frame in frames:
        for event in host.receive(b"\2" + frame if numbered else frame, 0.0):
            assert isinstance(event, Scan | Fault)
    while host.wake_at is not None:
        assert set(host.wake(host.wake_at)) <= {Fault("a code broke off")}
    assert hears(host, device, Scan("96385074")) == [Scan("96385074")]
