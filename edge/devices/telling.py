"""What devices say, in words for people and programs; what somebody's card says is covered."""

import dataclasses
from typing import Final

import msgspec

from drivers.events import Fault, State
from drivers.upos import EventName, event_name

SHOWN_CHARACTERS: Final = 2
"""Of each text so many are shown, to tell a good read from nonsense."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `seconds` are the box's own clock's; `text` is what was said, covered or not."""

    number: int
    seconds: float
    device: str
    event: EventName
    word: str
    text: str


def told(number: int, seconds: float, device: str, word: object, *, show: bool) -> Told:
    """Return an event as it is told; with `show` nothing is covered."""
    return Told(
        number=number, seconds=round(seconds, 3), device=device, event=event_name(word),
        word=type(word).__name__,
        text=repr(word) if show or isinstance(word, Fault | State) else covered(word),
    )  # fmt: skip


def covered(word: object) -> str:
    """Return a word's repr with its texts covered, but for their first letters and their length."""
    assert dataclasses.is_dataclass(word)
    values = ((field.name, getattr(word, field.name)) for field in dataclasses.fields(word))
    shown = ", ".join(f"{name}={_cover(value)}" for name, value in values)
    return f"{type(word).__name__}({shown})"


def _cover(value: object) -> str:
    match value:
        case str() if len(value) > SHOWN_CHARACTERS:
            return f"{value[:SHOWN_CHARACTERS]}… ({len(value)} characters)"
        case str() | int() | bool() | None:
            return repr(value)
    return "…"
