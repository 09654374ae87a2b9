"""What a test scan shows: every way to frame a code is found, every mishap is named."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import Scan
from drivers.lines_scanner import SUFFIXES, Host, Settings
from drivers.profiles import DOUBTS, GS, MODELS, SHEET, Proposal, Sample, models, propose

EAN, GS1, QR = SHEET
PREFIXES = ("", "\x02", "*", "K1:", "\x1b[", "(" * 16)
ENCODINGS = ("utf-8", "gb18030")


def sent(sample: Sample, settings: Settings, times: int = 1) -> bytes:
    """Return what a scanner with these settings sends."""
    aim = f"]{sample.symbology}".encode() if settings.aim else b""
    code = sample.text.encode(settings.encoding)
    return (settings.prefix.encode("latin-1") + aim + code + SUFFIXES[settings.suffix]) * times


COMBINATIONS = [
    Settings(prefix=prefix, suffix=suffix, aim=aim, encoding=encoding)  # type: ignore[arg-type]
    for prefix, suffix, aim, encoding in itertools.product(
        PREFIXES, SUFFIXES, (False, True), ENCODINGS
    )
]


@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_every_way_to_frame_a_code_is_found(settings: Settings) -> None:
    reads = [(sample, sent(sample, settings, times)) for times, sample in enumerate(SHEET, 1)]
    proposal = propose(reads)
    assert proposal.confidence == "sure"
    assert Settings(**proposal.settings) == settings  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", COMBINATIONS[:40:3], ids=str)
def test_a_driver_with_the_proposed_settings_reads_the_codes(settings: Settings) -> None:
    reads = [(sample, sent(sample, settings)) for sample in SHEET]
    host = Host(Settings(**propose(reads).settings))  # type: ignore[arg-type]
    for sample, data in reads:
        heard = list(host.receive(data, 0.0))
        if settings.suffix == "none":
            heard += host.wake(1.0)
        assert heard == [Scan(sample.text, sample.symbology if settings.aim else "")]


def test_one_code_alone_is_only_likely() -> None:
    assert propose([(EAN, b"9501101530003\r")]) == Proposal(
        {"prefix": "", "suffix": "cr", "aim": False, "encoding": "utf-8"}, "likely"
    )


def seven_even(data: bytes) -> bytes:
    return bytes(byte | (byte.bit_count() % 2) << 7 for byte in data)


@pytest.mark.parametrize(
    ("reads", "doubt"),
    [
        ([], "nothing"),
        ([(EAN, b"")], "nothing"),
        ([(EAN, b"\xf8\x00\x80\xfe\x1c\x9c\xe0")], "garbled"),
        ([(EAN, seven_even(b"9501101530003\r"))], "parity"),
        ([(EAN, b"6901234567892\r")], "other"),
        ([(EAN, b"9501101530003\r9501101530003\t")], "differs"),
        ([(EAN, b"9501101530003\r"), (QR, QR.text.encode() + b"\r\n")], "differs"),
        ([(EAN, b"]E09501101530003\r"), (QR, QR.text.encode() + b"\r")], "differs"),
        ([(EAN, b"d9501101530003\r")], "identifier"),
        ([(EAN, b"d9501101530003\r"), (QR, b"s" + QR.text.encode() + b"\r")], "identifier"),
        ([(EAN, b"950110153000\r")], "check_digit"),
        ([(Sample("0012345678905", "E0"), b"12345678905\r")], "leading_zero"),
        ([(QR, QR.text.swapcase().encode() + b"\r")], "case"),
        ([(QR, QR.text.upper().encode() + b"\r")], "case"),
        ([(GS1, GS1.text.replace(GS, "").encode() + b"\r")], "fnc1"),
        ([(GS1, GS1.text.replace(GS, "<GS>").encode() + b"\r")], "fnc1"),
        ([(QR, b"Edgebox ? Yz-7\r")], "encoding"),
        ([(QR, QR.text.encode() + b"\r"), (QR, QR.text.encode("gb18030") + b"\r")], "encoding"),
        ([(EAN, b"9501101530003\x03")], "suffix"),
        ([(EAN, b"9501101530003\r\r")], "suffix"),
        ([(EAN, b"(" * 17 + b"9501101530003\r")], "prefix"),
        ([(EAN, b"\r9501101530003\r")], "prefix"),
    ],
)
def test_every_mishap_is_named(reads: list[tuple[Sample, bytes]], doubt: str) -> None:
    proposal = propose(reads)
    assert (proposal.confidence, proposal.settings) == ("none", {})
    assert doubt in proposal.unclear
    assert set(proposal.unclear) <= set(DOUBTS)


@given(
    st.lists(
        st.tuples(st.sampled_from(SHEET), st.binary(max_size=60) | st.just(b"9501101530003\r")),
        max_size=4,
    )
)
def test_whatever_comes_is_a_proposal_the_driver_takes_or_a_doubt(
    reads: list[tuple[Sample, bytes]],
) -> None:
    proposal = propose(reads)
    assert (proposal.confidence == "none") == bool(proposal.unclear)
    if proposal.settings:
        Host(msgspec.convert(proposal.settings, Settings))


def test_a_device_is_known_by_its_usb_ids() -> None:
    assert [model.name for model in models(0x05F9, 0x220C)] == ["Datalogic Gryphon GD4430"]
    assert {model.suffix for model in models(0x05E0, 0x1701)} == {"none"}
    assert models(0x1234, 0x5678) == ()


def test_each_model_names_its_manual_and_fits_the_driver() -> None:
    assert len(MODELS) >= 12
    assert len({model.name for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert model.usb
        assert model.manual
        Host(msgspec.convert(model.settings, Settings))
        assert model.baud in (None, 9600, 115200)
