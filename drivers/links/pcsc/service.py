"""PC/SC as this machine offers it: contexts and handles, as thin as they can be. All calls block.

Built on pyscard's low level. Its CardMonitor and ReaderMonitor are of no use here: they do not
survive a restart of the service.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

try:
    from smartcard import scard  # type: ignore[import-untyped] # pyscard comes without types
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(name="pyscard (the extra pcsc)") from error

Share = Literal["exclusive", "shared"]

PLUG: Final = "\\\\?PnP?\\Notification"
"""The reader that is none: its state changes when a reader is plugged in or out."""

_ESCAPE: Final[int] = scard.SCARD_CTL_CODE(1)
"""libccid's IOCTL_SMARTCARD_VENDOR_IFD_EXCHANGE."""

_NO_READERS: Final = 0x8010002E
_TIMEOUT: Final = 0x8010000A
_CANCELLED: Final = 0x80100002
_IN_USE: Final = 0x8010000B
_RESET: Final = 0x80100068
_GONE: Final = {
    0x80100003: "the context is not valid any more",
    0x8010001D: "it is not running",
    0x8010001E: "it has stopped",
    0x80100013: "it does not answer",
    0x80100014: "it does not answer as it should",
}


class Refused(Exception):
    """PC/SC would not do something with a card or a reader; `code` is its own number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def in_use(self) -> bool:
        """Another program holds the card."""
        return self.code == _IN_USE

    @property
    def was_reset(self) -> bool:
        """Another program has reset the card since we connected."""
        return self.code == _RESET


class ServiceLost(Exception):
    """The PC/SC service went away: contexts and handles are worth nothing any more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reader as it is: `flags` are SCARD_STATE_*, with the number of the change above them."""

    reader: str
    flags: int
    atr: bytes

    @property
    def present(self) -> bool:
        """A card is there."""
        return bool(self.flags & scard.SCARD_STATE_PRESENT)

    @property
    def mute(self) -> bool:
        """Something is there that does not answer to reset."""
        return bool(self.flags & scard.SCARD_STATE_MUTE)

    @property
    def gone(self) -> bool:
        """The reader itself is not there."""
        return bool(self.flags & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE))

    @property
    def changes(self) -> int:
        """How often a card came or went."""
        return self.flags >> 16


class Handle:
    """A connection to a card, or to the reader when it is `direct`."""

    def __init__(self, context: int, reader: str, share: Share, *, direct: bool = False) -> None:
        """Connect; raises Refused, and ServiceLost."""
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        self._share = scard.SCARD_SHARE_DIRECT if direct else _share(share)
        self._protocols = 0 if direct else protocols
        code, self._card, self._protocol = scard.SCardConnect(
            context, reader, self._share, self._protocols
        )
        _check(code, "connecting")

    def transmit(self, apdu: bytes) -> bytes:
        """Return the answer to a command; raises Refused, and ServiceLost."""
        code, answer = scard.SCardTransmit(self._card, self._protocol, list(apdu))
        _check(code, "asking the card")
        return _bytes(answer)

    def escape(self, command: bytes) -> None:
        """Give the reader a command of its own; raises Refused, and ServiceLost."""
        code, _ = scard.SCardControl(self._card, _ESCAPE, list(command))
        _check(code, "telling the reader")

    def reconnect(self) -> None:
        """Take the card again after another program has reset it."""
        code, self._protocol = scard.SCardReconnect(
            self._card, self._share, self._protocols, scard.SCARD_LEAVE_CARD
        )
        _check(code, "connecting again")

    def close(self) -> None:
        """Leave the card to others as it is."""
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)


class Context:
    """A conversation with the service, of one thread."""

    def __init__(self) -> None:
        """Begin; raises ServiceLost."""
        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if code:
            raise ServiceLost(f"the PC/SC service: {_words(code)}")

    def readers(self) -> list[str]:
        """Return the names of all readers, in the service's order."""
        code, names = scard.SCardListReaders(self._context, [])
        if _number(code) == _NO_READERS:
            return []
        _check(code, "listing the readers")
        return list(names)

    def wait(self, known: Sequence[tuple[str, int]], seconds: float) -> list[Seen]:
        """Wait until something is not as `known` (reader, flags); [] when nothing happened."""
        code, found = scard.SCardGetStatusChange(self._context, int(seconds * 1000), list(known))
        if _number(code) in {_TIMEOUT, _CANCELLED}:
            return []
        _check(code, "watching the readers")
        return [Seen(name, flags, _bytes(atr)) for name, flags, atr in found]

    @contextmanager
    def connected(self, reader: str, share: Share, *, direct: bool = False) -> Iterator[Handle]:
        """Connect for as long as the block lasts."""
        handle = self.connect(reader, share, direct=direct)
        try:
            yield handle
        finally:
            handle.close()

    def connect(self, reader: str, share: Share, *, direct: bool = False) -> Handle:
        """Connect to the card in a reader, or to the reader itself."""
        return Handle(self._context, reader, share, direct=direct)

    def cancel(self) -> None:
        """End another thread's `wait`."""
        scard.SCardCancel(self._context)

    def close(self) -> None:
        """End the conversation."""
        scard.SCardReleaseContext(self._context)


def _share(share: Share) -> int:
    shares: dict[Share, int] = {
        "exclusive": scard.SCARD_SHARE_EXCLUSIVE,
        "shared": scard.SCARD_SHARE_SHARED,
    }
    return shares[share]


def _check(code: int, doing: str) -> None:
    number = _number(code)
    if number in _GONE:
        raise ServiceLost(f"the PC/SC service: {_GONE[number]}")
    if number:
        raise Refused(number, f"{doing}: {_words(code)}")


def _words(code: int) -> str:
    number = _number(code)
    return _GONE.get(number) or f"{scard.SCardGetErrorMessage(code).rstrip('.')} (0x{number:08X})"


def _number(code: int) -> int:
    """Return an error's number as PC/SC writes it: it comes signed or unsigned, as C has it."""
    return code & 0xFFFFFFFF


def _bytes(octets: Sequence[Any]) -> bytes:
    return bytes(octet & 0xFF for octet in octets)
