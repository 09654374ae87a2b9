"""What may happen to a request: each is a way in which networks and boxes fail."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Door = Literal["mqtt", "http"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came: where, what, when (the loop's seconds), and how it was wrapped."""

    door: Door
    operation: str
    body: bytes
    at: float
    response_topic: str | None = None
    correlation: bytes | None = None
    qos: int = 1
    retained: bool = False
    key_header: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """Answer it as a box should."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Do what is asked, and let the answer be lost: the connection ends after `sent` of it.

    Over MQTT without `hang_up` there is only silence, after the PUBACK that promises nothing.
    """

    sent: float = 0.0
    hang_up: bool = True


@dataclass(frozen=True, slots=True)
class Unheard:
    """Lose the request itself: nothing was done, and the connection ends."""


@dataclass(frozen=True, slots=True)
class Twice:
    """Answer, and then say the same again."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Before answering, deliver an answer that belongs to something else."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """Say something that is no answer: a proxy's page, half a JSON, nothing at all."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Refused:
    """Refuse with a code of the catalogue, without doing anything."""

    code: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Restarted:
    """Do what is asked if `done`, and go away without a word; come back at once."""

    done: bool


@dataclass(frozen=True, slots=True)
class Richer:
    """Answer with fields that a later version may add."""


Move: TypeAlias = Answered | Lost | Unheard | Twice | Stray | Garbage | Refused | Restarted | Richer
