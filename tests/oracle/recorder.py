"""What every actor asked, when, and what it was told. It knows nothing of how the box works."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Violation(AssertionError):
    """A promise was broken."""


def must(holds: bool, check: str, *what: object) -> None:
    """Raise Violation unless a check holds; `what` says where it does not."""
    if not holds:
        raise Violation(" ".join([f"{check}:", *map(str, what)]))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key; of one to sell also the rules its quote was made by (their hash)."""

    terminal: str
    operation: str
    request: Mapping[str, Any]
    rules: str = ""


@dataclass(slots=True)
class Recorder:
    """The day as it looked from outside the box."""

    asked: dict[str, Asked] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    """The answer to each key; a key that was asked and has none is not known to be anything."""
    differing: list[str] = field(default_factory=list)
    """Keys that were answered in two ways."""
    never: dict[str, str] = field(default_factory=dict)
    """The terminal that was told so, by key."""
    lane_sold: list[bytes] = field(default_factory=list)
    """What the lane's display was told of its sales."""
    lane_paid: int = 0
    """How often somebody scanned the barcode for cash."""
    rules_seen: list[int] = field(default_factory=list)
    """The version of the rules in force, each time somebody looked."""
    counts: Counter[str] = field(default_factory=Counter)

    def asks(self, key: str, asked: Asked) -> None:
        """Write down a request before it is sent."""
        must(key not in self.asked, "the recorder", "a key is made once", key)
        self.asked[key] = asked

    def answered(self, key: str, body: bytes) -> None:
        """Write down an answer; a key's second answer must be its first, byte for byte."""
        if self.answers.setdefault(key, body) != body:
            self.differing.append(key)
