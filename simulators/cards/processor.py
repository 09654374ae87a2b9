"""Cards with a processor and a file system (ISO/IEC 7816-4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from simulators.cards.card import Pulled, Reaction, contactless_atr, uid_answer

OK: Final = b"\x90\x00"
CONTACT_ATR: Final = bytes.fromhex("3B00")
"""T=0, nothing said: the shortest there is."""

_PPSE: Final = b"2PAY.SYS.DDF01"
_VISA: Final = bytes.fromhex("A0000000031010")


@dataclass(frozen=True, slots=True)
class Application:
    """Files by identifier, of which one is current when the application is selected.

    `short` are short file identifiers, `objects` data objects by tag.
    """

    files: Mapping[int, bytes] = field(default_factory=dict)
    current: int | None = None
    short: Mapping[int, int] = field(default_factory=dict)
    objects: Mapping[int, bytes] = field(default_factory=dict)


class ProcessorCard:
    """Applications by name. `fetched`: answers wait for GET RESPONSE, as with T=0.

    `ending` is what it says when more is read than there is: 6282 with what there is, 9000 with
    what there is, or 6Cxx with how much there is.
    """

    def __init__(
        self,
        applications: Mapping[bytes, Application],
        uid: bytes = b"",
        *,
        contact: bool = False,
        fetched: bool = False,
        ending: Literal["6282", "9000", "6C"] = "6282",
    ) -> None:
        self.atr = CONTACT_ATR if contact else contactless_atr(b"\x80\x31\x80")
        self.asked: list[bytes] = []
        """Every command it was given."""
        self.applications, self._uid = applications, uid
        self._fetched, self._ending = fetched, ending
        self.reset()

    def reset(self) -> None:
        """Select nothing."""
        self._application: Application | None = None
        self._file: bytes | None = None
        self._waiting = b""

    def react(self, apdu: bytes) -> Reaction:
        """Answer one command."""
        self.asked.append(apdu)
        if len(apdu) < 4:
            return b"\x67\x00"
        match apdu[0], apdu[1]:
            case 0xFF, 0xCA:
                return uid_answer(self._uid)
            case 0x00, 0xA4:
                return self._select(apdu)
            case 0x00, 0xB0:
                return self._read(apdu[2], apdu[3], (apdu[4] if len(apdu) > 4 else 0) or 256)
            case 0x00, 0xCA:
                return self._give(
                    (self._application or Application()).objects.get(apdu[2] << 8 | apdu[3])
                )
            case 0x00, 0xC0:
                return self._fetch(apdu[4] or 256)
            case 0x00, _:
                return b"\x6d\x00"
            case _:
                return b"\x6e\x00"

    def _select(self, apdu: bytes) -> bytes:
        name = apdu[5 : 5 + apdu[4]]
        if apdu[2] == 0x04:
            self._application = self.applications.get(name)
            if self._application is None:
                return b"\x6a\x82"
            current = self._application.current
            self._file = None if current is None else self._application.files[current]
            return self._give(bytes([0x6F, len(name) + 2, 0x84, len(name)]) + name)
        files = (self._application or Application()).files
        self._file = files.get(int.from_bytes(name, "big"))
        return OK if self._file is not None else b"\x6a\x82"

    def _read(self, p1: int, p2: int, size: int) -> bytes:
        offset = p1 << 8 | p2
        if p1 & 0x80:
            application, offset = self._application or Application(), p2
            self._file = application.files.get(application.short.get(p1 & 0x1F, -1))
        if self._file is None:
            return b"\x69\x86"
        data = self._file[offset : offset + size]
        if not data:
            return b"\x6b\x00"
        if len(data) == size or self._ending == "9000":
            return data + OK
        return bytes([0x6C, len(data)]) if self._ending == "6C" else data + b"\x62\x82"

    def _give(self, data: bytes | None) -> bytes:
        if data is None:
            return b"\x6a\x88"
        if not self._fetched:
            return data + OK
        self._waiting = data
        return bytes([0x61, min(len(data), 255)])

    def _fetch(self, size: int) -> bytes:
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data + (bytes([0x61, min(len(self._waiting), 255)]) if self._waiting else OK)


class PaymentCard(ProcessorCard):
    """A bank card; whoever selects or reads its payment application has done wrong."""

    def __init__(self) -> None:
        directory = Application({1: bytes.fromhex("4F07") + _VISA}, 1)
        super().__init__({_PPSE: directory, _VISA: Application({1: b"4111111111111111"}, 1)},
                         bytes.fromhex("08A1B2C3"))  # fmt: skip

    def react(self, apdu: bytes) -> Reaction:
        """Answer, unless it is a question nobody in a shop may ask."""
        before = self._application
        answer = super().react(apdu)
        assert self._application is before, f"a payment application was selected: {apdu.hex()}"
        assert not isinstance(answer, Pulled)
        return answer


def payment_card() -> PaymentCard:
    """Return a bank card that checks that nobody selects what it is for."""
    return PaymentCard()
