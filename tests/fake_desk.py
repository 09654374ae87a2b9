"""A desk for the tests of doors: it answers with what it was asked, as the test wishes."""

import asyncio
import hashlib
import json
import re
from typing import Any, NamedTuple

from edge.access import Access
from edge.config import Terminal
from edge.refusals import Language

_KEY = re.compile(rb'"key": ?"([^"]*)"')


class Answer(NamedTuple):
    status: int
    body: bytes


class FakeDesk:
    """Echoes. While `gate` is clear nobody is answered; `breaks` makes it fail like a bug."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.breaks = False
        self._heard = asyncio.Event()
        self.asked: list[tuple[str, str, bytes]] = []

    async def until_asked(self, count: int) -> None:
        """Wait until there have been `count` requests."""
        while len(self.asked) < count:
            self._heard.clear()
            await self._heard.wait()

    async def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Answer:
        self.asked.append((terminal.id, operation, payload))
        self._heard.set()
        await self.gate.wait()
        if self.breaks:
            raise ZeroDivisionError("our own mistake")
        if operation == "refuse":
            return Answer(404, b'{"code":"E-NOT-FOUND"}')
        said: dict[str, Any] = {"operation": operation, "payload": payload.decode("latin-1")}
        if (own := _KEY.search(payload)) is not None:
            said["key"] = own[1].decode()
        return Answer(200, json.dumps(said).encode())


def terminal(name: str) -> Terminal:
    """A terminal whose token is "secret-" and its name."""
    digest = hashlib.sha256(f"secret-{name}".encode()).hexdigest()
    return Terminal(id=name, kind="handheld", token_sha256=digest, lang="en")


def access(*names: str) -> Access:
    """The terminals `names`, by default h1 and h2."""
    return Access({name: terminal(name) for name in names or ("h1", "h2")})


class FakeReception:
    """Lets nobody in, and believes no clock."""

    def pair(self, payload: bytes, address: str, lang: Language) -> Answer:
        return Answer(403, b'{"code":"E-PAIRING-CLOSED"}')

    def ca_pem(self) -> bytes:
        return b""

    def now(self) -> int | None:
        return None
