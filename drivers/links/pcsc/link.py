"""Readers behind PC/SC as a link: the service's blocking calls in threads, frames on the loop."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Final

from drivers.cards.wire import Escape, Inward, LoadKey, Release, Removed, Transmit, decode, encode
from drivers.codec import LinkLost
from drivers.links.link import Link, Scheme, check, one_of
from drivers.links.pcsc.monitor import Monitor, Wanted
from drivers.links.pcsc.reader import Job, Reader
from drivers.links.pcsc.service import ServiceLost, Share

WAITING_MAX: Final = 8
"""More beeps than these do not wait for a slow card: a beep tomorrow is worse than none."""
CLOSE_SECONDS_MAX: Final = 2.0
"""A card that does not answer can hold a thread for longer; then it is left to end by itself."""


@dataclass(frozen=True, slots=True)
class PcscLink:
    """A card reader, by the name PC/SC has for it, a pattern of it with *, or its number.

    A card is taken for us alone while it is read, unless `share` is "shared". `key_file` is the
    path of a file with the key for storage cards, in hex, readable by its owner only.
    """

    reader: str
    share: Share = "exclusive"
    key_file: str = ""

    def __post_init__(self) -> None:
        """Refuse what makes no sense before any reader is touched."""
        check(bool(self.reader), 'a reader needs a name, as in "pcsc:ACS ACR122U*", or a number')
        one_of("share", self.share, ("exclusive", "shared"))
        check(isinstance(self.key_file, str), "key_file must be a path")
        check(self.key_file[:1] in {"", "/"}, f"key_file {self.key_file!r} must start with /")

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`. Each time with new contexts: those of a service that went are dead."""
        transport = PcscTransport(protocol, self)
        try:
            await transport.opened
        except BaseException:
            transport.abort()
            await transport.gone.wait()
            raise
        return transport


class PcscTransport(asyncio.Transport):
    """The loop's side: what the threads have to say arrives here, in order."""

    def __init__(self, protocol: asyncio.Protocol, link: PcscLink) -> None:
        super().__init__({"sockname": "pcsc"})
        self._protocol: Any = protocol
        self._link = link
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.gone = asyncio.Event()
        """Set when all threads have ended, or were given up."""
        self._error: Exception | None = None
        self._card = 0
        """The card that the protocol was told of last."""
        self._released = 0
        """The card that it was done with last."""
        self._closing, self._jobs = Event(), SimpleQueue[Job | None]()
        found = partial(self._on_loop, self._found)
        self._monitor = Monitor(Wanted(link.reader), found, self._jobs, self._closing)
        self._threads = 0
        self._start(self._monitor.run)

    # --- threads

    def _start(self, work: Callable[[], None]) -> None:
        self._threads += 1
        Thread(target=self._run, args=(work,), name="pcsc", daemon=True).start()

    def _run(self, work: Callable[[], None]) -> None:
        error: Exception | None = None
        try:
            work()
        except (LinkLost, ServiceLost) as lost:
            error = LinkLost(str(lost))
        except Exception as mistake:
            error = mistake
            self._on_loop(self._loop.call_exception_handler, _told(mistake, self))
        self._on_loop(self._thread_ended, error)

    def _talk(self, reader: Reader) -> None:
        try:
            reader.run(self._jobs)
        finally:
            self._monitor.cancel()

    def _on_loop(self, callback: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody is left to listen
            self._loop.call_soon_threadsafe(callback, *args)

    def _thread_ended(self, error: Exception | None) -> None:
        self._threads -= 1
        self._end(error)
        if not self._threads:
            self._say_goodbye()

    # --- what the threads say

    def _found(self, name: str) -> None:
        if self._closing.is_set():
            return
        link, say = self._link, partial(self._on_loop, self._hear)
        reader = Reader(name, link.share, link.key_file, say, self._closing)
        self._start(partial(self._talk, reader))
        self._protocol.connection_made(self)
        self.opened.set_result(None)

    def _hear(self, card: int, message: Inward) -> None:
        # What a slow card comes to in the end is no news once it was given up.
        stale = card == self._released and not isinstance(message, Removed)
        if not self._closing.is_set() and not stale:
            self._card = card
            self._protocol.data_received(encode(message))

    # --- writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Have one frame of the card wire done; after the end it is dropped."""
        if self._closing.is_set():
            return
        card = self._card
        match decode(bytes(data)):
            case Transmit(ref, apdu):
                self._jobs.put(lambda reader: reader.transmit(card, ref, apdu))
            case LoadKey(ref, slot):
                self._jobs.put(lambda reader: reader.load_key(card, ref, slot))
            case Escape(command) if self._jobs.qsize() < WAITING_MAX:
                self._jobs.put(lambda reader: reader.escape(command))
            case Release():
                self._released = card
                self._jobs.put(lambda reader: reader.release(card))

    def get_write_buffer_size(self) -> int:
        """Return 0: what waits is at most one question, and a few beeps."""
        return 0

    # --- the end

    def is_closing(self) -> bool:
        """Tell whether the end has begun."""
        return self._closing.is_set()

    def close(self) -> None:
        """End now: a question that nobody waits for needs no answer."""
        self._end(None)

    def abort(self) -> None:
        """End now."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._closing.is_set():
            return
        self._error = error
        self._closing.set()
        self._jobs.put(None)
        self._patience = self._loop.call_later(CLOSE_SECONDS_MAX, self._say_goodbye)

    def _say_goodbye(self) -> None:
        if self.gone.is_set():
            return
        self.gone.set()
        self._patience.cancel()
        if self.opened.done() and not self.opened.cancelled():
            self._protocol.connection_lost(self._error)
        elif not self.opened.done():
            self.opened.set_exception(self._error or LinkLost("closed by us"))


def _told(mistake: Exception, transport: PcscTransport) -> dict[str, Any]:
    """Return a mistake of ours as asyncio's own transports tell their loop of one."""
    return {"message": "a PC/SC thread failed", "exception": mistake, "transport": transport}


def at_url(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `pcsc:reader` names, with its options `share` and `key_file`."""
    return PcscLink(url.removeprefix("pcsc:"), **wire)  # type: ignore[arg-type] # checked there


SCHEME = Scheme(
    example="pcsc:ACS ACR122U*", carries=("card",), options=("share", "key_file"), link=at_url
)
