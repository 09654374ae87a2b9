"""Cards with a magnetic stripe, and how a hand treats them: what both kinds of readers simulate."""

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.events import Swiped
from drivers.tracks import TRACKS, is_payment, lrc

STARTS: Final = "%;+"
"""What a reader sends as the start of each track; the third's stands for a second semicolon."""


@dataclass(frozen=True, slots=True)
class HalfSwipe:
    """The card was pulled out again: the last track breaks off."""

    swiped: Swiped


@dataclass(frozen=True, slots=True)
class WornTrack:
    """A track that the head could not make sense of, 1 to 3."""

    swiped: Swiped
    number: int


@dataclass(frozen=True, slots=True)
class WrongLrc:
    """A bit of the stripe flipped, and the reader passed it on."""

    swiped: Swiped


Swipe = Swiped | HalfSwipe | WornTrack | WrongLrc


def raw_tracks(swipe: Swipe, with_lrc: bool) -> list[str]:
    """Return each track as a reader sends it, sentinels included; "" for a blank one."""
    match swipe:
        case Swiped():
            return [
                _raw(number, text, with_lrc)
                for number, text in enumerate((swipe.track1, swipe.track2, swipe.track3))
            ]
        case HalfSwipe(swiped):
            raw = raw_tracks(swiped, with_lrc)
            last = max(number for number, text in enumerate(raw) if text)
            return [text[: len(text) // 2] if n == last else text for n, text in enumerate(raw)]
        case WornTrack(swiped, number):
            raw = raw_tracks(swiped, with_lrc)
            raw[number - 1] = _raw(number - 1, "E", with_lrc)
            return raw
        case WrongLrc(swiped):
            raw = raw_tracks(swiped, with_lrc)
            first = next(number for number, text in enumerate(raw) if text)
            raw[first] = raw[first][:-1] + chr(ord(raw[first][-1]) ^ 1)
            return raw


def card(own_prefixes: Sequence[str], luck: random.Random) -> Swiped:
    """Make up one of our own cards: a number on track 2, and on the others at times."""
    prefix = luck.choice(own_prefixes) if own_prefixes else "29"
    digits = prefix + "".join(luck.choices(string.digits, k=luck.randint(4, 8)))
    assert own_prefixes or not is_payment(digits)
    name = "".join(luck.choices(string.ascii_uppercase + " /", k=luck.randint(2, 20)))
    track1 = f"B{digits}^{name}^4912" if luck.random() < 0.5 else ""
    track3 = f"01{digits}==1" if luck.random() < 0.3 else ""
    return Swiped(track1, f"{digits}=4912{luck.randrange(1000)}", track3)


def _raw(number: int, text: str, with_lrc: bool) -> str:
    if not text:
        return ""
    track = TRACKS[number]
    check = lrc(track, f"{track.starts[-1]}{text}?") if with_lrc else ""
    return f"{STARTS[number]}{text}?{check}"
