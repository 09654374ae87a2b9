"""Storage cards, with the pseudo-APDUs their reader answers (PC/SC part 3, 3.2.2.1)."""

from typing import Final

from simulators.cards.card import Reaction, contactless_atr, uid_answer

OK: Final = b"\x90\x00"
CLASSIC_1K, ULTRALIGHT = 0x0001, 0x0003
KEY: Final = bytes.fromhex("4D454D424552")
"""What the simulated reader loads when it is told to load the key."""

_CLASSIC_BYTES, _TAG_BYTES = 1024, 924


class StorageCard:
    """A MIFARE Classic 1K in blocks of 16 bytes, or a type 2 tag in pages of 4.

    `at` is the block or page from which `data` is written. Sectors of a Classic open with `key`.
    """

    def __init__(
        self,
        uid: bytes,
        data: bytes = b"",
        at: int = 4,
        *,
        name: int = CLASSIC_1K,
        key: bytes = KEY,
    ) -> None:
        history = bytes.fromhex("804F0CA00000030603") + name.to_bytes(2, "big") + bytes(4)
        self.atr = contactless_atr(history)
        self._uid, self._key = uid, key
        self._unit = 16 if name == CLASSIC_1K else 4
        self._keyed = name == CLASSIC_1K
        self._memory = bytearray(_CLASSIC_BYTES if self._keyed else _TAG_BYTES)
        self._memory[at * self._unit : at * self._unit + len(data)] = data
        self._slots: dict[int, bytes] = {}
        self.reset()

    def reset(self) -> None:
        """Close all sectors; keys loaded into the reader stay there."""
        self._open: int | None = None

    def react(self, apdu: bytes) -> Reaction:
        """Answer one command."""
        match apdu[:2]:
            case b"\xff\xca":
                return uid_answer(self._uid)
            case b"\xff\x82" if len(apdu) == 11:
                self._slots[apdu[3]] = apdu[5:]
                return OK
            case b"\xff\x86" if len(apdu) == 10:
                return self._authenticate(apdu[7], apdu[9])
            case b"\xff\xb0" if len(apdu) == 5:
                return self._read(apdu[2] << 8 | apdu[3], apdu[4])
            case _:
                return b"\x6d\x00" if apdu[:1] == b"\xff" else b"\x6e\x00"

    def _authenticate(self, block: int, slot: int) -> bytes:
        if slot not in self._slots:
            return b"\x69\x84"
        if not self._keyed or self._slots[slot] != self._key:
            return b"\x63\x00"
        self._open = block // 4
        return OK

    def _read(self, unit: int, size: int) -> bytes:
        start = unit * self._unit
        if self._keyed and self._open != unit // 4:
            return b"\x69\x82"
        if start >= len(self._memory):
            return b"\x6a\x82"
        return bytes(self._memory[start : start + size]).ljust(size, b"\x00") + OK


def tag(uid: bytes, message: bytes, *, before: bytes = b"") -> StorageCard:
    """Return a type 2 tag with an NDEF message; `before` are TLVs that stand before it."""
    size = len(message)
    length = bytes([size]) if size < 0xFF else b"\xff" + size.to_bytes(2, "big")
    tlvs = before + b"\x03" + length + message + b"\xfe"
    head = bytes([0xE1, 0x10, (_TAG_BYTES - 16) // 8, 0x00])
    return StorageCard(uid, head + tlvs, 3, name=ULTRALIGHT)
