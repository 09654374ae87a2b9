"""What was seen of a device becomes a capture, with the numbers of cards and phones replaced.

A capture is made by playing what the device sent, and what it was told, to a fresh codec: what
the driver says and sends is written as it comes, so that a capture replays by construction.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

from drivers.captures import HEADER, line
from drivers.codec import Close, Codec, Driver, Send

SECRET_DIGITS_MIN: Final = 7
"""Shorter numbers are prices, weights and shelves; phones and cards are longer."""
GTIN_SIZES: Final = (8, 12, 13, 14)
_SECRET = re.compile(rf"(?<!\][A-Za-z])\d{{{SECRET_DIGITS_MIN},}}", re.ASCII)
"""The digit of an AIM identifier (ISO/IEC 15424) is no part of the number behind it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that happened: `mark` and `what` are those of a capture's "!", "<" or "+"."""

    seconds: float
    mark: str
    what: Any


def compose(driver: Driver[Any], name: str, passed: Iterable[Passed]) -> Iterator[str]:
    """Yield the lines of a capture; time begins anew with each connection."""
    yield f"# driver: {name}"
    yield from HEADER.rstrip().splitlines()
    codec: Codec[bytes] | None = None
    began_at = last = 0.0
    for one in passed:
        if one.mark == "!":
            codec, began_at, last = driver.codec(one.what), one.seconds, 0.0
            yield ""
            yield line("!", one.what)
            yield from _said(codec.start(0.0))
        elif codec is not None and one.mark in "<+":
            now = round(one.seconds - began_at, 3)
            if now > last:
                yield from _waited(codec, last, now)
                last = now
            yield line(one.mark, one.what)
            step = codec.receive if one.mark == "<" else codec.command
            yield from _said(step(one.what, now))
    if codec is not None and codec.wake_at is not None:
        yield from _waited(codec, last, round(codec.wake_at + 0.001, 3))


def _waited(codec: Codec[bytes], last: float, now: float) -> Iterator[str]:
    """Let time pass, and write when anything happened in it."""
    outs: list[object] = []
    while codec.wake_at is not None and codec.wake_at <= now:
        outs += codec.wake(codec.wake_at)
    yield line("@", now)
    yield from _said(outs)


def _said(outs: Iterable[object]) -> Iterator[str]:
    for out in outs:
        match out:
            case Send(frame):
                yield line(">", frame)
            case Close():
                pass
            case _:
                yield line("=", out)


# --- numbers that are nobody's business -------------------------------------------------------


class Mask:
    """Replaces the digits of cards and phones, the same by the same.

    Lengths stay, and so does a right check digit: GTIN (GS1 General Specifications 7.9) or Luhn
    (ISO/IEC 7812-1). Numbers of goods, with a right GTIN check digit and no in-store prefix (2),
    stay as they are. `digits(n)` returns n random digits.
    """

    def __init__(self, digits: Callable[[int], str]) -> None:
        self._digits = digits
        self._known: dict[str, str] = {}

    def frames(self, passed: Sequence[Passed]) -> list[Passed]:
        """Replace them in all that a device sent as characters, wherever frames were cut."""
        connections = _connections(passed)
        return [one for connection in connections for one in self._connection(connection)]

    def _connection(self, passed: Sequence[Passed]) -> Iterator[Passed]:
        stream = b"".join(one.what for one in passed if one.mark == "<")
        hidden, at = self._text(stream.decode("latin-1")).encode("latin-1"), 0
        for one in passed:
            match one.mark:
                case "<":
                    yield Passed(one.seconds, "<", hidden[at : at + len(one.what)])
                    at += len(one.what)
                case "+":
                    yield Passed(one.seconds, "+", self.word(one.what))
                case _:
                    yield one

    def word(self, word: Any) -> Any:
        """Return a command with the numbers in its texts replaced."""
        match word:
            case str():
                return self._text(word)
            case tuple():
                return tuple(map(self.word, word))
        if not is_dataclass(word) or isinstance(word, type):
            return word
        hidden = {field.name: self.word(getattr(word, field.name)) for field in fields(word)}
        return replace(word, **hidden)

    def hides(self, lines: Iterable[str]) -> bool:
        """Tell whether a capture says no number any more that is somebody's.

        It does where digits are not characters on the wire, such as a keyboard's.
        """
        ours = set(self._known.values())
        said = (number for said in lines if said[:1] in "=+" for number in _SECRET.findall(said))
        return all(number in ours or not _is_secret(number) for number in said)

    def _text(self, text: str) -> str:
        return _SECRET.sub(lambda match: self._number(match[0]), text)

    def _number(self, number: str) -> str:
        if not _is_secret(number):
            return number
        if _is_gtin(number):
            return self._again(number, gtin_digit)
        if number[-1] == luhn_digit(number[:-1]):
            return self._again(number, luhn_digit)
        return self._again(number, None)

    def _again(self, number: str, check: Callable[[str], str] | None) -> str:
        if number not in self._known:
            kept = number[0] if check is gtin_digit else ""
            body = kept + self._digits(len(number) - 1 - len(kept))
            self._known[number] = body + (check(body) if check else self._digits(1))
        return self._known[number]


def _is_secret(number: str) -> bool:
    """Tell whether a number may be somebody's: it is not the number of goods."""
    in_store = number[1:] if len(number) == max(GTIN_SIZES) else number
    return not _is_gtin(number) or in_store.startswith("2")


def _is_gtin(number: str) -> bool:
    return len(number) in GTIN_SIZES and number[-1] == gtin_digit(number[:-1])


def gtin_digit(body: str) -> str:
    """Return the check digit that follows these digits (GS1 General Specifications 7.9.1)."""
    weighted = sum(int(digit) * (3, 1)[n % 2] for n, digit in enumerate(reversed(body)))
    return str(-weighted % 10)


def luhn_digit(body: str) -> str:
    """Return the check digit that follows these digits (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2, 1)[n % 2] for n, digit in enumerate(reversed(body)))
    return str(-sum(n // 10 + n % 10 for n in doubled) % 10)


def _connections(passed: Sequence[Passed]) -> list[list[Passed]]:
    found: list[list[Passed]] = [[]]
    for one in passed:
        if one.mark == "!":
            found.append([])
        found[-1].append(one)
    return found
