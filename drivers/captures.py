"""Captures: what passed between us and a device, as text that replays.

A capture is lines, each with a mark:

    # a remark
    ! {"aim": true}        a new connection, with these settings of the driver
    < 36 39 30 0d          what the device sent (hex)
    > 07                   what we sent (hex)
    + Beep(good=True)      what we told the driver
    = Scan(text='690')     what the driver said
    @ 1.5                  seconds on the clock since the connection began
"""

import ast
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from drivers import events, printing
from drivers.codec import Codec, Send

MARKS: Final = "!<>+=@"
HEADER: Final = """\
# ! a new connection, with these settings · < from the device · > to the device (hex)
# + we tell it · = we say · @ seconds on the clock
"""


class BadCapture(Exception):
    """A capture that is not written as it must be; `str()` names the line, for people."""


class Differs(AssertionError):
    """The driver did something else than the capture says; `str()` names the line."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a capture, decoded: `what` is settings, bytes, a word or seconds, by mark."""

    number: int
    mark: str
    what: Any


def read(lines: Iterable[str], settings: type[Any]) -> list[Step]:
    """Return the steps of a capture whose driver has these `settings`; raises BadCapture."""
    return list(_steps(lines, settings))


def _steps(lines: Iterable[str], settings: type[Any]) -> Iterator[Step]:
    for number, line in enumerate(lines, 1):
        mark, _, rest = line.rstrip("\r\n").partition(" ")
        if mark in {"", "#"}:
            continue
        try:
            yield Step(number, mark, _decode(mark, rest, settings))
        except (ValueError, SyntaxError, TypeError, msgspec.DecodeError) as error:
            raise BadCapture(f"line {number}: {error}") from error


def _decode(mark: str, rest: str, settings: type[Any]) -> Any:
    match mark:
        case "!":
            return msgspec.json.decode(rest, type=settings)
        case "<" | ">":
            return bytes.fromhex(rest)
        case "+" | "=":
            return word(rest)
        case "@":
            return float(rest)
    raise ValueError(f"what is {mark!r}? A line begins with one of {' '.join(MARKS)} #")


def word(text: str) -> Any:
    """Return the event or command whose repr is `text`; raises ValueError for anything else."""
    return _value(ast.parse(text, mode="eval").body)


def _value(node: ast.expr) -> Any:
    """Return what an expression of words and plain values stands for; nothing is executed."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in WORDS:
            named = {key.arg: _value(key.value) for key in keywords if key.arg}
            return WORDS[name](*map(_value, args), **named)
        case ast.Tuple(elts=parts):
            return tuple(map(_value, parts))
    return ast.literal_eval(node)


def _words() -> Iterator[tuple[str, type]]:
    for module in (events, printing):
        for name, found in vars(module).items():
            if isinstance(found, type) and dataclasses.is_dataclass(found):
                yield name, found


WORDS: Final[Mapping[str, type]] = dict(_words())
"""Every event and command there is, and what they are made of, by name."""


# --- playing one ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """What a capture showed: the kinds of all words said and told."""

    kinds: frozenset[type]
    frames: int


def replay(
    steps: Sequence[Step],
    new_codec: Callable[[Any], Codec[bytes]],
    cut: Callable[[bytes], Iterable[bytes]] = lambda frame: (frame,),
) -> Played:
    """Play a capture to a codec and return what it showed.

    `cut` says in which pieces each frame of the device arrives. Raises Differs as soon as the
    codec does something else than the capture says; what the codec raises is not caught.
    """
    player = _Player(new_codec, cut)
    for step in steps:
        player.play(step)
    player.expect_silence("at the end")
    return Played(frozenset(player.kinds), player.frames)


class _Player:
    def __init__(
        self,
        new_codec: Callable[[Any], Codec[bytes]],
        cut: Callable[[bytes], Iterable[bytes]],
    ) -> None:
        self._new_codec, self._cut = new_codec, cut
        self._codec, self._now = Codec[bytes](), 0.0
        self._outs: list[object] = []
        self.kinds: set[type] = set()
        self.frames = 0

    def expect_silence(self, where: str) -> None:
        if self._outs:
            raise Differs(f"{where}, unexpected: {self._outs[0]!r}")

    def play(self, step: Step) -> None:
        match step.mark:
            case "<":
                self.expect_silence(f"before line {step.number}")
                self.frames += 1
                for piece in self._cut(step.what):
                    self._outs += self._codec.receive(piece, self._now)
            case ">":
                self._compare(step, Send(step.what))
            case "=":
                self._compare(step, step.what)
            case "!":
                self.expect_silence(f"before line {step.number}")
                self._codec, self._now = self._new_codec(step.what), 0.0
                self._outs += self._codec.start(self._now)
            case "+":
                self.expect_silence(f"before line {step.number}")
                self.kinds.add(type(step.what))
                self._outs += self._codec.command(step.what, self._now)
            case "@":
                self.expect_silence(f"before line {step.number}")
                self._wait_until(step.what)

    def _wait_until(self, at: float) -> None:
        self._now = at
        while self._codec.wake_at is not None and self._codec.wake_at <= at:
            self._outs += self._codec.wake(self._codec.wake_at)

    def _compare(self, step: Step, expected: object) -> None:
        if not self._outs:
            raise Differs(f"line {step.number}: nothing happened")
        out = self._outs.pop(0)
        if out != expected:
            raise Differs(f"line {step.number}: it was {out!r}, not {expected!r}")
        self.kinds.add(type(expected))


def settings_seen(steps: Iterable[Step]) -> list[Any]:
    """Return the settings that the connections in a capture use, each of them once."""
    return list(dict.fromkeys(step.what for step in steps if step.mark == "!"))


def frames_seen(steps: Iterable[Step]) -> list[bytes]:
    """Return every frame that the device sent."""
    return [step.what for step in steps if step.mark == "<"]


# --- writing one ------------------------------------------------------------------------------


def line(mark: str, what: Any) -> str:
    """Return a line of a capture, without its line feed."""
    match mark:
        case "!":
            return f"! {msgspec.json.encode(what).decode()}"
        case "<" | ">":
            return f"{mark} {what.hex(' ')}"
        case "@":
            return f"@ {what:.3f}"
    return f"{mark} {what!r}"
