"""A recording replays by construction, and holds nobody's number."""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import drivers
from drivers import captures
from drivers.events import Beep, Print
from drivers.lines_scanner import DRIVER, Settings
from drivers.printing import Text
from drivers.recording import Mask, Passed, compose, gtin_digit, luhn_digit

OPENED = Passed(5.0, "!", Settings())
CARD = "2900000000019"
GOODS = "6901234567892"
PHONE = "13812345678"


def digits(seed: int = 1) -> Mask:
    luck = random.Random(seed)
    return Mask(lambda count: "".join(str(luck.randrange(10)) for _ in range(count)))


def sent(*frames: bytes) -> list[Passed]:
    return [OPENED, *(Passed(5.5 + n, "<", frame) for n, frame in enumerate(frames))]


def stream(passed: Sequence[Passed]) -> bytes:
    return b"".join(one.what for one in passed if one.mark == "<")


@settings(deadline=None, max_examples=100)
@given(
    frames=st.lists(st.one_of(st.binary(min_size=1, max_size=30), st.sampled_from(
        [b"690123", b"4567892\r", b"\r", b"6901234567892\r"])), max_size=20),
    gaps=st.lists(st.floats(0, 2), min_size=20, max_size=20),
)  # fmt: skip
def test_whatever_was_seen_a_recording_of_it_replays(
    frames: list[bytes], gaps: list[float]
) -> None:
    at, passed = 5.0, [OPENED]
    for frame, gap in zip(frames, gaps, strict=False):
        at += gap
        passed += [Passed(at, "<", frame), Passed(at, "+", Beep())]
    lines = list(compose(DRIVER, "lines_scanner", passed))
    played = captures.replay(captures.read(lines, DRIVER.settings), DRIVER.codec)
    assert played.frames == len(frames)


def test_check_digits_are_those_of_the_standards() -> None:
    assert gtin_digit("690123456789") == "2"
    assert gtin_digit("9638507") == "4"
    assert luhn_digit("7992739871") == "3"


def test_cards_and_phones_are_replaced_the_same_by_the_same_and_goods_are_kept() -> None:
    card = CARD[:-1] + gtin_digit(CARD[:-1])
    luhn = "627000000012345" + luhn_digit("627000000012345")
    before = sent(f"{card}\r{GOODS}\r".encode(), f"{PHONE}\r{luhn}\r{card}\r123456\r".encode())
    hidden_card, goods, phone, hidden_luhn, again, price, _ = (
        stream(digits().frames(before)).decode().split("\r")
    )
    assert goods == GOODS
    assert price == "123456"
    assert hidden_card == again != card
    assert hidden_card[0] == "2"
    assert hidden_card[-1] == gtin_digit(hidden_card[:-1])
    assert hidden_luhn != luhn
    assert hidden_luhn[-1] == luhn_digit(hidden_luhn[:-1])
    assert phone != PHONE
    assert [len(hidden_luhn), len(phone)] == [16, 11]


@given(cuts=st.sets(st.integers(1, 26)))
def test_a_number_is_found_wherever_its_frames_were_cut(cuts: set[int]) -> None:
    data = f"{PHONE}\r{PHONE}\rX".encode()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    frames = [data[a:b] for a, b in pairwise(edges)]
    hidden = digits().frames(sent(*frames))
    assert PHONE not in stream(hidden).decode()
    assert [len(one.what) for one in hidden if one.mark == "<"] == [len(f) for f in frames]
    first, second, _ = stream(hidden).decode().split("\r")
    assert first == second


@given(st.sampled_from("0123456789"))
def test_the_digit_of_an_aim_identifier_is_no_part_of_a_number(digit: str) -> None:
    card = "290000000001" + gtin_digit("290000000001")
    mask = Mask(lambda count: digit * count)
    opened = Passed(5.0, "!", Settings(aim=True))
    hidden = mask.frames([opened, Passed(6.0, "<", f"]E0{card}\r".encode())])
    assert stream(hidden).startswith(b"]E02"), "in-store numbers stay such, whatever is drawn"
    said = list(compose(DRIVER, "lines_scanner", hidden))
    assert mask.hides(said)
    assert not any(card in each for each in said)


def test_what_was_told_is_masked_too() -> None:
    job = Print((Text(f"Member {PHONE}"), Text("12.50")))
    (masked,) = digits().frames([Passed(0.0, "+", job)])
    assert PHONE not in repr(masked.what)
    assert masked.what.parts[1] == Text("12.50")


def test_a_wire_on_which_digits_are_no_characters_is_not_called_masked() -> None:
    """A keyboard sends keys: its bytes are left as they are, and its words give it away."""
    driver = drivers.load("keyboard_scanner")
    text = (Path(__file__).parent / "captures" / "keyboard_scanner.txt").read_text()
    steps = captures.read(text.splitlines(), driver.settings)
    passed = [Passed(n / 10, step.mark, step.what) for n, step in enumerate(steps)]
    mask = digits()
    lines = list(compose(driver, "keyboard_scanner", mask.frames(passed)))
    assert not mask.hides([*lines, f"= Scan(text='{PHONE}')"])
    assert mask.hides(["= Scan(text='6901234567892')", "< 31 33 38"])
