"""Who stands behind the doors, as the doors see them."""

from collections.abc import Awaitable
from typing import Protocol

from edge.config import Terminal
from edge.refusals import Language


class Answer(Protocol):
    """What a desk says: an HTTP status and a JSON text."""

    @property
    def status(self) -> int:
        """A problem from 400 on."""

    @property
    def body(self) -> bytes:
        """A reply of the vocabulary."""


class Answering(Protocol):
    """Whoever answers terminals. Bad input is answered, never raised."""

    def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Awaitable[Answer]:
        """Do what is asked; durable before it is answered."""


class Desk(Answering, Protocol):
    """Whoever says besides what there is to know."""

    def known(self, terminal: Terminal, key: str) -> Answer:
        """Say what is known of a request key."""

    def health(self) -> Answer:
        """Say how the box is."""


class Reception(Protocol):
    """Whoever deals with those nobody knows yet."""

    def pair(self, payload: bytes, address: str, lang: Language) -> Answer:
        """Let a terminal in that brings what the owner was shown."""

    def ca_pem(self) -> bytes:
        """Return what terminals have to trust; b"" without TLS."""

    def now(self) -> int | None:
        """Return ms since 1970 UTC; None while the clock is not to be trusted."""
