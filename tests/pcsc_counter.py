"""A card reader on a real pcscd, a hand that lays virtual cards on it, and what is heard."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from drivers.device import Device
from drivers.events import CardPresented, CardRemoved, Fault, State
from drivers.links import from_url
from drivers.links.pcsc.service import Context
from drivers.pcsc_reader import Host, Settings
from simulators.cards import Card
from simulators.vpcd import VirtualSlot
from tests.private_pcscd import READERS, Pcscd

UID = bytes.fromhex("04A1B2C3D4E5F6")
AID = "F0524D454D424552"
UID_TEXT = UID.hex().upper()
GOOD = CardPresented("uid", UID_TEXT, UID_TEXT)
PRESENT = 0x20
"""SCARD_STATE_PRESENT."""
HEARD_SECONDS_MAX = 60.0
"""How long this machine may take when it is busy with other things."""


def running_pcscd() -> Iterator[Pcscd]:
    """For a module's fixture."""
    with Pcscd() as running:
        yield running


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pcsc"]


def leaving_no_thread() -> Iterator[None]:
    """For a fixture of every test."""
    yield
    for thread in threads():
        thread.join(HEARD_SECONDS_MAX)  # its last word is said, but it may not have returned yet
    assert not threads()


def wait_until(reader: str, *, present: bool) -> None:
    context, flags = Context(), 0
    try:
        while True:
            for seen in context.wait([(reader, flags)], HEARD_SECONDS_MAX):
                flags = seen.flags
            if bool(flags & PRESENT) == present:
                return
    finally:
        context.close()


class Counter:
    """A reader on the counter: a device running on one slot, what it says, and a hand."""

    def __init__(self, port: int, slot: int, settings: Settings, **wire: object) -> None:
        self.said, self.beeped = asyncio.Queue[Any](), asyncio.Queue[Any]()
        self.reader, self.presented = READERS[slot], False
        link = from_url(f"pcsc:{self.reader}", **wire)
        self.device = Device("card", link, lambda: Host(settings), self.said.put_nowait)
        self.hand = VirtualSlot(port + slot, self.beeped.put_nowait)

    async def next(self) -> Any:
        async with asyncio.timeout(HEARD_SECONDS_MAX):
            heard = await self.said.get()
        if isinstance(heard, CardPresented | CardRemoved):
            self.presented = isinstance(heard, CardPresented)
        return heard

    async def beep(self) -> Any:
        async with asyncio.timeout(HEARD_SECONDS_MAX):
            return await self.beeped.get()

    async def take(self) -> None:
        """Take the card away, until PC/SC has seen it: it looks at readers now and then only."""
        await self.hand.take()
        await asyncio.to_thread(wait_until, self.reader, present=False)

    async def swap(self, card: Card) -> None:
        """Lay a card down, after the one that may lie there."""
        lay_there = self.presented
        await self.take()
        if lay_there:
            assert await self.next() == CardRemoved()
        await self.hand.lay(card)

    async def becomes(self, state: str) -> None:
        while not (isinstance(heard := await self.next(), State) and heard.state == state):
            assert isinstance(heard, State | Fault), heard

    async def reads(self, card: Card) -> Any:
        """Lay a card down, and take it away once it has been read."""
        await self.hand.lay(card)
        heard = await self.next()
        await self.take()
        if isinstance(heard, CardPresented):
            assert await self.next() == CardRemoved()
        return heard


@asynccontextmanager
async def counter(
    pcscd: Pcscd, settings: Settings | None = None, slot: int = 0, **wire: object
) -> AsyncIterator[Counter]:
    """A counter that is closed again, and leaves neither a card nor a thread behind."""
    await pcscd.ready()
    here = Counter(pcscd.port, slot, settings or Settings(), **wire)
    running = asyncio.create_task(here.device.run())
    try:
        await here.becomes("ready")
        yield here
        assert here.said.empty()
    finally:
        await here.take()
        running.cancel()
        await asyncio.wait((running,))
    assert running.cancelled()
