"""Who works at which terminal. Each change is a fact, so that a restart of the box changes nothing.

Somebody works at a terminal until they sign off, somebody else signs on there, they are removed
from the staff, or the terminal is revoked; the end of a business day does not send them away.
"""

import asyncio
from typing import Literal, NamedTuple

import structlog

from edge.book.people import People
from edge.desk.placing import Placing
from edge.shop.facts import SignedOff, SignedOn

log = structlog.get_logger(__name__)


class _Post(NamedTuple):
    cashier: str
    placing: Placing
    """The way into the journal in which it stands: practice has one of its own."""
    durable: "asyncio.Future[None] | None"
    """When it is on disk; None for what stood there when the box started."""


class Posts:
    """All terminals at which somebody works. What returns a future may be told once it is done."""

    def __init__(self) -> None:
        self._posts: dict[str, _Post] = {}

    def resume(self, terminal: str, past: People, placing: Placing) -> None:
        """Let whoever was signed on when the box stopped work on."""
        if cashier := past.signed_on(terminal):
            self._posts[terminal] = _Post(cashier, placing, None)

    def at(self, terminal: str) -> str:
        """Return who works at a terminal, "" for nobody."""
        post = self._posts.get(terminal)
        return post.cashier if post else ""

    def of(self, cashier: str) -> list[str]:
        """Return the terminals at which somebody works."""
        return [terminal for terminal, post in self._posts.items() if post.cashier == cashier]

    def sign_on(
        self, terminal: str, cashier: str, placing: Placing
    ) -> "asyncio.Future[None] | None":
        """Let somebody work at a terminal, in the place of whoever did; once more is no change."""
        post = self._posts.get(terminal)
        if post is None or post.cashier != cashier:
            on = SignedOn(store=placing.store, terminal=terminal, cashier=cashier)
            post = self._posts[terminal] = _Post(cashier, placing, placing.own(on))
            log.info("signed_on", cashier=cashier, terminal=terminal)
        return post.durable

    def sign_off(
        self, terminal: str, reason: Literal["left", "removed", "revoked"]
    ) -> "asyncio.Future[None] | None":
        """Let nobody work at a terminal any more; None where nobody did."""
        post = self._posts.pop(terminal, None)
        if post is None:
            return None
        log.info("signed_off", cashier=post.cashier, terminal=terminal, reason=reason)
        off = SignedOff(
            store=post.placing.store, terminal=terminal, cashier=post.cashier, reason=reason
        )
        return post.placing.own(off)
