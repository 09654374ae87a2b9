"""Readers, services and other programs that come and go under a PC/SC link."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
from smartcard import scard  # type: ignore[import-untyped] # pyscard comes without types

from drivers.cards.storage import GET_UID
from drivers.cards.wire import Escape, Failed, Inserted, Removed, Transmit, decode, encode
from drivers.codec import BadSettings, LinkLost
from drivers.device import Device
from drivers.events import Fault, State
from drivers.links import from_url
from drivers.links.pcsc.monitor import Monitor, Wanted, changes
from drivers.links.pcsc.reader import RESETS_MAX
from drivers.links.pcsc.service import Context, Handle, Seen, Share
from drivers.pcsc_reader import Host, Settings
from simulators.cards import Slow, uid_card
from simulators.vpcd import VirtualSlot
from tests.pcsc_counter import (
    GOOD,
    HEARD_SECONDS_MAX,
    PRESENT,
    UID,
    counter,
    leaving_no_thread,
    running_pcscd,
    threads,
    wait_until,
)
from tests.private_pcscd import NAME, READERS, Pcscd

pcscd = pytest.fixture(scope="module")(running_pcscd)
no_thread_left = pytest.fixture(autouse=True)(leaving_no_thread)


async def test_the_service_killed_and_started_again(pcscd: Pcscd) -> None:
    async with counter(pcscd) as here:
        for _ in range(2):
            await here.hand.lay(uid_card(UID))
            assert await here.next() == GOOD
            pcscd.kill()
            await here.becomes("lost")
            await here.hand.take()
            pcscd.start()
            await here.becomes("ready")
        assert await here.reads(uid_card(UID)) == GOOD


async def test_the_service_comes_back_without_the_reader_and_then_with_it(pcscd: Pcscd) -> None:
    async with counter(pcscd) as here:
        pcscd.kill()
        await here.becomes("lost")
        pcscd.start(plugged=False)
        await pcscd.ready()
        with pytest.raises(
            LinkLost, match=re.escape(f"no reader {here.reader!r}; there are: none")
        ):
            await from_url(f"pcsc:{here.reader}").open(asyncio.Protocol())
        assert here.device.state.state == "lost"
        pcscd.kill()
        pcscd.start()
        await here.becomes("ready")
        assert await here.reads(uid_card(UID)) == GOOD


class Outdated(Wanted):
    """Means a reader that the service does not know any more."""

    def among(self, names: list[str]) -> str:
        return "Sold 00 00"


async def test_a_service_that_refuses_to_watch_is_a_lost_link(pcscd: Pcscd) -> None:
    await pcscd.ready()
    monitor = Monitor(Outdated("0"), print, SimpleQueue(), Event())
    with pytest.raises(LinkLost, match="watching the readers"):
        await asyncio.to_thread(monitor.run)


async def test_no_service_at_all_is_a_lost_link(pcscd: Pcscd) -> None:
    pcscd.kill()
    with pytest.raises(LinkLost, match="PC/SC service"):
        await from_url("pcsc:0").open(asyncio.Protocol())
    pcscd.start()


@pytest.mark.parametrize("pattern", ["0", READERS[0], f"{NAME}* 00", "*00 00"])
async def test_a_reader_is_known_by_number_name_or_pattern(pcscd: Pcscd, pattern: str) -> None:
    await pcscd.ready()
    said = asyncio.Queue[Any]()
    device = Device("card", from_url(f"pcsc:{pattern}"), lambda: Host(Settings()), said.put_nowait)
    running = asyncio.create_task(device.run())
    hand = VirtualSlot(pcscd.port, print)
    await hand.lay(uid_card(UID))
    async with asyncio.timeout(HEARD_SECONDS_MAX):
        assert (await said.get(), await said.get()) == (State("ready"), GOOD)
    running.cancel()
    await asyncio.wait((running,))
    await hand.take()
    await asyncio.to_thread(wait_until, READERS[0], present=False)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("2", "there is no reader '2'"), (f"{NAME}*", "more than one reader is"), ("ACS*", "ACS")],
)
async def test_a_reader_that_is_not_the_one_is_a_lost_link(
    pcscd: Pcscd, pattern: str, says: str
) -> None:
    await pcscd.ready()
    with pytest.raises(LinkLost, match=re.escape(says)) as lost:
        await from_url(f"pcsc:{pattern}").open(asyncio.Protocol())
    assert all(reader in str(lost.value) for reader in READERS)


@pytest.mark.parametrize(
    ("url", "wire", "says"),
    [
        ("pcsc:", {}, "needs a name"),
        ("pcsc:0", {"share": "direct"}, "share must be one of exclusive, shared"),
        ("pcsc:0", {"key_file": "member.key"}, "must start with /"),
        ("pcsc:0", {"key_file": 7}, "must be a path"),
        ("pcsc:0", {"baud": 9600}, "a wire setting must be one of share, key_file"),
    ],
)
def test_nonsense_is_refused_before_any_reader_is_touched(
    url: str, wire: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadSettings, match=says):
        from_url(url, **wire)


def test_without_its_library_the_url_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['smartcard'] = None\n"
        "from drivers.links import from_url\nfrom_url('pcsc:0')"
    )
    asked = [sys.executable, "-c", code]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stderr
    assert "BadSettings: pcsc: needs pyscard (the extra pcsc), which is not installed" in said


@asynccontextmanager
async def another_program(reader: str, share: Share) -> AsyncIterator[Handle]:
    """Hold a card. In a thread: a card that nobody used for long is woken by the loop first."""
    context = Context()
    try:
        handle = await asyncio.to_thread(context.connect, reader, share)
        try:
            yield handle
        finally:
            await asyncio.to_thread(handle.close)
    finally:
        context.close()


async def test_a_card_that_another_program_holds_is_a_fault(pcscd: Pcscd) -> None:
    await pcscd.ready()
    card, hand = uid_card(UID), VirtualSlot(pcscd.port, print)
    await hand.lay(card)
    await asyncio.to_thread(wait_until, READERS[0], present=True)
    async with another_program(READERS[0], "shared"), counter(pcscd) as here:
        heard = await here.next()
        await hand.take()
        await asyncio.to_thread(wait_until, READERS[0], present=False)
    assert heard == Fault("the card is in use by another program")


async def test_a_card_that_another_program_resets_is_told_of_anew_three_times(pcscd: Pcscd) -> None:
    await pcscd.ready()
    hand, messages = VirtualSlot(pcscd.port, print), Messages()
    await hand.lay(uid_card(UID))
    transport = await from_url(f"pcsc:{READERS[0]}", share="shared").open(messages)
    first = await messages.next()
    assert isinstance(first, Inserted)
    for number in range(RESETS_MAX + 1):
        await asyncio.to_thread(reset, READERS[0])
        transport.write(encode(Transmit(number, GET_UID)))
        told = await messages.next()
        assert told == (first if number < RESETS_MAX else Failed(MEDDLED))
    transport.write(encode(Transmit(9, GET_UID)))
    await hand.take()
    assert await messages.next() == Removed()
    transport.close()
    await messages.over.wait()


MEDDLED = "another program keeps resetting the card"


def reset(reader: str) -> None:
    """Do as another program that leaves no card as it found it."""
    context = Context()
    handle = context.connect(reader, "shared")
    scard.SCardDisconnect(handle._card, scard.SCARD_RESET_CARD)
    context.close()


class Messages(asyncio.Protocol):
    """What a link says, as messages."""

    def __init__(self) -> None:
        self._heard, self.over = asyncio.Queue[Any](), asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._heard.put_nowait(decode(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()

    async def next(self) -> Any:
        async with asyncio.timeout(HEARD_SECONDS_MAX):
            return await self._heard.get()


async def test_a_card_that_never_answers_does_not_hold_up_the_end(pcscd: Pcscd) -> None:
    await pcscd.ready()
    hand, messages = VirtualSlot(pcscd.port, print), Messages()
    await hand.lay(Slow(uid_card(UID), 3600.0))
    transport = await from_url(f"pcsc:{READERS[0]}").open(messages)
    assert isinstance(await messages.next(), Inserted)
    transport.write(encode(Transmit(1, GET_UID)))
    for _ in range(100):
        transport.write(encode(Escape(b"beep")))  # most are forgotten
    transport.abort()
    transport.write(encode(Transmit(2, GET_UID)))
    async with asyncio.timeout(HEARD_SECONDS_MAX):
        await messages.over.wait()
    assert threads(), "one of them still waits for the card"
    await hand.take()
    for thread in threads():
        await asyncio.to_thread(thread.join, HEARD_SECONDS_MAX)


# --- what a look at the reader means --------------------------------------------------------------

EMPTY, MUTE, HELD = 0x10, PRESENT | 0x200, PRESENT | 0x100
CAME, WENT = Inserted(b"b"), Removed()
DUMB = Failed("the card does not answer to reset: damaged, upside down, or more than one")


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        (0, EMPTY, []),
        (EMPTY, EMPTY | 2 << 16, []),  # on and off again while nobody looked
        (EMPTY, PRESENT | 1 << 16, [CAME]),
        (0, PRESENT | 1 << 16, [CAME]),
        (PRESENT | 1 << 16, HELD | 1 << 16, []),
        (HELD | 1 << 16, EMPTY | 2 << 16, [WENT]),
        (PRESENT | 1 << 16, PRESENT | 3 << 16, [WENT, CAME]),
        (EMPTY, MUTE | 1 << 16, [DUMB]),
        (MUTE | 1 << 16, PRESENT | 3 << 16, [WENT, CAME]),
    ],
)
def test_what_two_looks_at_a_reader_tell(before: int, now: int, changed: list[object]) -> None:
    assert list(changes(Seen("r", before, b"a"), Seen("r", now, b"b"))) == changed


@pytest.mark.parametrize("flags", [0x04, 0x08, 0x0E])
def test_a_reader_that_is_pulled_out_is_a_lost_link(flags: int) -> None:
    with pytest.raises(LinkLost, match="the reader r was unplugged"):
        list(changes(Seen("r", PRESENT, b""), Seen("r", flags, b"")))


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("ACS ACR1252 [PICC] 00 00", 0), ("ACS*", 0), ("*[PICC]*", 0), ("*00 00", 0), ("0", 0),
        ("OMNIKEY * 01 00", 1), ("*CK*2*", 1), ("1", 1),
        ("ACS", None), ("acs*", None), ("*", None), ("*00", None), ("2", None), ("*00 00 00", None),
    ],
)  # fmt: skip
def test_which_reader_is_meant(pattern: str, chosen: int | None) -> None:
    names = ["ACS ACR1252 [PICC] 00 00", "OMNIKEY 5022 CK 2 01 00"]
    if chosen is None:
        with pytest.raises(LinkLost):
            Wanted(pattern).among(names)
    else:
        assert Wanted(pattern).among(names) == names[chosen]
