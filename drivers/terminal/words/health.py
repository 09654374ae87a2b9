"""How the box is, and what became of a request."""

from typing import Literal

import msgspec

from drivers.terminal.words.common import Keyed, Reply, Request


class Ask(Keyed, frozen=True, kw_only=True):
    """What became of request `key`? An unknown key is fenced: it can never happen later."""


class Health(Request, frozen=True, kw_only=True):
    """How is the box?"""


class Fate(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request key.

    done: `answer` is the stored reply, unchanged, and `status` its status ·
    never: it did not happen and now cannot.
    """

    key: str
    fate: Literal["done", "never"]
    status: int | None = None
    answer: msgspec.Raw | None = None


class Known(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a request key, read without fencing it."""

    key: str
    state: Literal["done", "in_progress", "unknown"]
    status: int | None = None
    answer: msgspec.Raw | None = None


class HealthReport(Reply, frozen=True, kw_only=True):
    """How the box is, in words an owner understands."""

    state: Literal["selling", "selling_offline", "not_selling"]
    reason: str
    store: str
    epoch: int
    sequence: int
    acknowledged: int
    waiting: int
    """Facts the cloud has not acknowledged yet; 0 where there is none."""
    cloud: Literal["up", "down", "none"]
    bundle: str
    bundle_version: int
    price_book: int
    devices: dict[str, str]
    disk: Literal["ample", "low", "spent"]
    """Room for new sales; only for closing the books; for nothing."""
    version: str
    clock: Literal["trusted", "holdover", "unknown"]
    clock_error_ms: int | None
    """By how much the box's time may be off; null where nobody can tell."""
    members: int
    """How many members the box knows."""
    members_total: int | None
    """How many there are, while it is still fetching them; null once it has them all."""
    books: Literal["unchecked", "agree", "disagree"] = "unchecked"
    """What the last full check of the books found since the start."""
    books_checked: int = 0
    """The last fact that check has seen."""
    broker: Literal["none", "down", "unproven", "up", "unsafe"] = "none"
    """The external MQTT broker, if there is one; nothing is sold through it unless it is up."""
