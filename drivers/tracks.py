"""Magnetic stripes: what the three tracks of a card may hold, and whose card it is.

ISO/IEC 7811-2 (and 7811-6 for high coercivity) has the characters: track 1 begins with %, holds
0x20 to 0x5F, 79 at most with sentinels and LRC; tracks 2 and 3 begin with ; and hold 0x30 to
0x3F, 40 and 107 at most; each ends with ? and an LRC. ISO/IEC 7813 and 4909 have the fields: the
card's number ends at ^ on track 1, after its format letter, and at = on tracks 2 and 3. Readers
that type write + for the third track's start, and E for a track they could not read.

A payment card is never read: its number stands in no event, and no reason has a digit in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from drivers.codec import BadSettings
from drivers.events import Fault, Swiped

END: Final = "?"
UNREADABLE: Final = "E"


@dataclass(frozen=True, slots=True)
class Track:
    """One track's rules. `zero` is the character that stands for the value 0."""

    name: str
    starts: str
    separator: str
    zero: int
    values: int
    characters_max: int


TRACKS: Final = (
    Track("one", "%", "^", 0x20, 64, 79),
    Track("two", ";", "=", 0x30, 16, 40),
    Track("three", "+;", "=", 0x30, 16, 107),
)

RANGES: Final = (
    ("2200", "2205"), ("2221", "2720"),  # Mir, Mastercard
    ("3", "3"), ("4", "4"), ("5", "5"),  # American Express, Diners, JCB; Visa; Mastercard, Maestro
    ("6", "6"),  # Maestro, Discover, UnionPay, RuPay
    ("81", "82"), ("8600", "8600"), ("9051", "9051"),  # UnionPay, RuPay, Uzcard, ArCa
    ("9112", "9112"), ("94", "94"), ("9558", "9558"),  # Belkart, Elcart and Korea's own, UnionPay
    ("9704", "9704"), ("9792", "9792"), ("9860", "9860"),  # Napas, Troy, Humo
)  # fmt: skip
"""First and last prefix of payment networks' numbers (ISO/IEC 7812-1 and the networks' lists).

Industry digits 3 to 6 are travel, banking and merchandising as a whole.
"""
SHARED_RANGES, DISCOVER = ("60", "61", "66"), "6011"
"""In these there are chains' gift cards beside networks' cards; 6011 is a network's alone."""
NUMBER_DIGITS_MIN, NUMBER_DIGITS_MAX = 12, 19
SURE_DIGITS_MIN: Final = 15
"""So long a number in a payment range is refused with a wrong check digit, too: misread, it is
still most of a card's number."""
PREFIX_DIGITS_MIN: Final = 6
"""An issuer's identification number has at least six digits (eight since ISO/IEC 7812:2017)."""

_DIGITS: Final = re.compile(r"[0-9]+")


def check_prefixes(prefixes: Sequence[str]) -> None:
    """Raise BadSettings, for people, if a prefix of our own cards is none, or is a network's."""
    for prefix in prefixes:
        if not _DIGITS.fullmatch(prefix) or len(prefix) > NUMBER_DIGITS_MAX:
            raise BadSettings(f"own_prefixes: {prefix!r} is not the first digits of a card number")
        if _is_gift_card(prefix):
            continue
        if any(first[: len(prefix)] <= prefix[: len(first)] <= last for first, last in RANGES):
            raise BadSettings(f"own_prefixes: {prefix!r} is a payment network's")


def _is_gift_card(prefix: str) -> bool:
    """Tell whether an issuer's full number names no network's cards, though its range is shared."""
    shared = prefix.startswith(SHARED_RANGES) and not prefix.startswith(DISCOVER)
    return shared and len(prefix) >= PREFIX_DIGITS_MIN


def luhn(number: str) -> bool:
    """Tell whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_payment(number: str) -> bool:
    """Tell whether a number is, or may be, a payment card's."""
    if not NUMBER_DIGITS_MIN <= len(number) <= NUMBER_DIGITS_MAX:
        return False
    ranged = any(f <= number[: len(f)] <= last for f, last in RANGES)
    return ranged and (len(number) >= SURE_DIGITS_MIN or luhn(number))


def lrc(track: Track, text: str) -> str:
    """Return the LRC character of a track, sentinels included (ISO/IEC 7811-2, annex)."""
    return chr(reduce(xor, (ord(char) - track.zero for char in text), 0) + track.zero)


# --- from what a reader sent to what it means ---------------------------------------------------


def judge(raw: Sequence[str], own_prefixes: Sequence[str], with_lrc: bool) -> Swiped | Fault:
    """Say what three raw tracks mean: sentinels (and LRC) included, "" for one that is blank."""
    texts = []
    for track, text in zip(TRACKS, raw, strict=True):
        if fault := _damage(track, text, with_lrc):
            return Fault(fault)
        texts.append(text[1 : text.index(END)] if text else "")
    numbers = [n for track, text in zip(TRACKS, texts, strict=True) for n in _numbers(track, text)]
    own = [n for n in numbers if n.startswith(tuple(own_prefixes))]
    if any(is_payment(number) for number in numbers if number not in own):
        return Fault("a payment card: not read")
    if own_prefixes and not own:
        return Fault("not one of our cards: not read")
    if not any(texts):
        return Fault("nothing on the card")
    if _names_two_cards(texts):
        return Fault("the tracks of two cards")
    return Swiped(*texts)


def split(text: str, with_lrc: bool) -> list[str] | None:
    """Cut a swipe as a keyboard types it, `%...?;...?+...?`, into raw tracks; None if it is none.

    A track that breaks off stays without its end, for `judge` to find.
    """
    raw = ["", "", ""]
    number = -1
    while text:
        number = next(
            (n for n in range(number + 1, len(TRACKS)) if text[0] in TRACKS[n].starts), len(TRACKS)
        )
        if number == len(TRACKS):
            return None
        end = text.find(END) + 1 + with_lrc
        raw[number], text = (text[:end], text[end:]) if END in text else (text, "")
    return raw


def is_backwards(text: str) -> bool:
    """Tell whether a swipe came from its end to its beginning."""
    return text.find(END) in {0, 1} and text[-1] in "%;+"


def _damage(track: Track, text: str, with_lrc: bool) -> str:
    """Return what is wrong with a raw track, in words without digits; "" if nothing is."""
    if not text:
        return ""
    data, end, rest = text.partition(END)
    if text[0] not in track.starts:
        return f"track {track.name} does not begin"
    if not end:
        return f"half a swipe: track {track.name} has no end"
    if data[1:] == UNREADABLE:
        return f"track {track.name} could not be read"
    if len(text) + (not with_lrc) > track.characters_max:
        return f"track {track.name} is too long"
    if any(not 0 <= ord(char) - track.zero < track.values for char in data[1:]):
        return f"track {track.name} has a character that it cannot hold"
    if len(rest) != with_lrc:
        return f"track {track.name} goes on after its end"
    wired = track.starts[-1] + data[1:] + end  # the third track's + is the reader's, not the card's
    if with_lrc and rest != lrc(track, wired):
        return f"track {track.name} has a wrong LRC"
    return ""


def _numbers(track: Track, text: str) -> list[str]:
    """Return what may be the card's number on this track: on the third, after a format code."""
    number = text.partition(track.separator)[0].replace(" ", "")
    if track is TRACKS[0]:
        number = number[1:] if number[:1].isalpha() else number
    digits = _DIGITS.match(number)
    if digits is None:
        return []
    if track is TRACKS[2] and digits[0].startswith("0"):
        return [digits[0], digits[0][2:]]
    return [digits[0]]


def _names_two_cards(texts: Sequence[str]) -> bool:
    """Tell whether tracks 1 (format B) and 2 have different numbers, as no card does."""
    if not (texts[0].startswith("B") and texts[1]):
        return False
    return _numbers(TRACKS[0], texts[0]) != _numbers(TRACKS[1], texts[1])
