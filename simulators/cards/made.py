"""The card that makes a reader say a given word."""

from typing import Final

from drivers.events import CardPresented
from drivers.pcsc_reader import Settings
from simulators.cards.card import Card
from simulators.cards.processor import Application, ProcessorCard
from simulators.cards.storage import ULTRALIGHT, StorageCard, tag

RANDOM_UID: Final = bytes.fromhex("08A1B2C3")
"""What a phone shows: the first byte says that the rest is made up anew each time."""

_FILE: Final = 0x0101


def uid_card(uid: bytes) -> StorageCard:
    """Return a card on which nothing is written, and whose sectors open with a stranger's key."""
    return StorageCard(uid, key=b"\xff" * 6)


def card_for(word: CardPresented, settings: Settings) -> Card:
    """Return a card that makes a reader with these settings say exactly `word`.

    Without a `uid` it is one that hides its own.
    """
    uid = bytes.fromhex(word.uid) or RANDOM_UID
    match word.kind:
        case "uid" if settings.uid_of_processors:
            return ProcessorCard({}, uid)
        case "uid":
            return uid_card(uid)
        case "storage" if settings.storage_key == "none":
            data = _data(word.text, settings)
            return StorageCard(uid, data, settings.storage_block, name=ULTRALIGHT)
        case "storage":
            return StorageCard(uid, _data(word.text, settings), settings.storage_block)
        case "ndef" if len(uid) == 7:
            return tag(uid, uri(word.text))
        case "ndef":
            return type4(uri(word.text), uid)
        case "application":
            return _member_card(_data(word.text, settings), settings, uid)


def uri(text: str) -> bytes:
    """Return an NDEF message of one URI record, unabbreviated (NFC Forum RTD URI 1.0)."""
    payload = b"\x00" + text.encode()
    if len(payload) < 0x100:
        return bytes([0xD1, 1, len(payload)]) + b"U" + payload
    return bytes([0xC1, 1]) + len(payload).to_bytes(4, "big") + b"U" + payload


def type4(message: bytes, uid: bytes = b"", *, read_bytes_max: int = 59) -> ProcessorCard:
    """Return a type 4 tag with an NDEF message (NFC Forum Type 4 Tag 2.0, 5)."""
    room = (len(message) + 2).to_bytes(2, "big")
    capabilities = (
        bytes.fromhex("000F20") + read_bytes_max.to_bytes(2, "big") + bytes.fromhex("0034")
        + bytes.fromhex("0406E104") + room + bytes.fromhex("00FF")
    )  # fmt: skip
    files = {0xE103: capabilities, 0xE104: len(message).to_bytes(2, "big") + message}
    return ProcessorCard({bytes.fromhex("D2760000850101"): Application(files)}, uid)


def _member_card(data: bytes, settings: Settings, uid: bytes) -> ProcessorCard:
    tag_ = int(settings.application_tag or "0", 16)
    application = Application(
        {_FILE: data}, _FILE, {settings.application_file: _FILE}, {tag_: data} if tag_ else {}
    )
    name = bytes.fromhex(settings.application)
    return ProcessorCard({name: application}, uid, fetched=len(data) % 2 == 0)


def _data(text: str, settings: Settings) -> bytes:
    return bytes.fromhex(text) if settings.encoding == "hex" else text.encode()
