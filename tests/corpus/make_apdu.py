"""Cards on a PC/SC reader: what they answer, well and badly, frame by frame.

A frame is 01 and the answer to reset, 02 for a card taken away, 03 and the question's number and
the answer, or 04 and why the reader cannot say more. Sources: ISO/IEC 7816-3 (answer to reset),
7816-4 (status words), 14443-3 (UIDs), PC/SC part 3 (storage cards), NFC Forum NDEF 1.0, RTD URI
1.0, RTD Text 1.0, Type 2 Tag 1.1, Type 4 Tag 2.0.
"""

import random
from collections.abc import Iterator
from itertools import chain
from typing import Any

from tests.corpus.truth import Case, accept, lrc, reject

OK = b"\x90\x00"
UID = bytes.fromhex("04A1B2C3D4E5F6")
AID = "F0524D454D424552"
APPLICATION: dict[str, Any] = {"read": ["application"], "application": AID}
NDEF: dict[str, Any] = {"read": ["ndef"]}
PREFIXES = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
    "ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://",
    "ftp://", "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:",
    "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://", "file://",
    "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
)  # fmt: skip


def contactless(history: bytes) -> bytes:
    body = bytes([0x80 | len(history), 0x80, 0x01]) + history
    return b"\x3b" + body + bytes([lrc(body)])


def stores(name: int) -> bytes:
    return contactless(bytes.fromhex("804F0CA00000030603") + name.to_bytes(2, "big") + bytes(4))


CLASSIC, TAG, PROCESSOR = stores(0x0001), stores(0x0003), contactless(b"\x80\x31\x80")


def given(
    atr: bytes, answers: list[bytes], settings: dict[str, Any] | None = None, end: bytes = b""
) -> dict[str, Any]:
    frames = [b"\x01" + atr]
    frames += [b"\x03" + bytes([number]) + answer for number, answer in enumerate(answers, 1)]
    frames += [end] if end else []
    case: dict[str, Any] = {"driver": "pcsc_reader", "frames": [frame.hex() for frame in frames]}
    return case | ({"settings": settings} if settings else {})


def good(id: str, input: dict[str, Any], kind: str, text: str, uid: bytes = b"") -> Case:
    word = {"kind": kind, "text": text, "uid": uid.hex().upper()}
    return accept(f"apdu-{id}", "apdu", input, [{"CardPresented": word}])


def bad(id: str, input: dict[str, Any], says: str = "") -> Case:
    return reject(f"apdu-{id}", "apdu", input, "Fault", says)


# --- UIDs -----------------------------------------------------------------------------------------


def uids(luck: random.Random) -> Iterator[Case]:
    for first in (*range(0x00, 0x08), *range(0x19, 0x1F), 0x50, 0x97, 0xA9, 0xEC):
        uid = bytes([first]) + luck.randbytes(3)
        yield good(f"uid4-{first:02x}", given(CLASSIC, [uid + OK]), "uid", uid.hex().upper(), uid)
    for n, first in enumerate((0x02, 0x04, 0x05, 0x07, 0x16, 0x28, 0x2E, 0x33, 0x44, 0x53)):
        uid = bytes([first]) + luck.randbytes(6 if n % 2 else 9)
        yield good(f"uid-long-{n}", given(TAG, [uid + OK]), "uid", uid.hex().upper(), uid)
    felica = bytes.fromhex("0112030405060708")
    yield good("uid8", given(stores(0x003B), [felica + OK]), "uid", felica.hex().upper(), felica)


def refused_uids(luck: random.Random) -> Iterator[Case]:
    for n in range(8):
        yield bad(f"uid-random-{n}", given(CLASSIC, [b"\x08" + luck.randbytes(3) + OK]), "random")
    felica = b"\x01\xfe" + luck.randbytes(6)
    yield bad("uid8-random", given(stores(0x003B), [felica + OK]), "random")
    for high in range(16):
        later, shared = high << 4 | 0x8, high << 4 | 0xF
        if later not in {0x08, 0x88}:
            uid = bytes([later]) + luck.randbytes(3)
            yield bad(f"uid4-{later:02x}", given(CLASSIC, [uid + OK]), "keeps for later")
        uid = bytes([shared]) + luck.randbytes(3)
        yield bad(f"uid4-{shared:02x}", given(CLASSIC, [uid + OK]), "not unique")
    yield bad("uid4-88", given(CLASSIC, [bytes.fromhex("8804A1B2") + OK]), "half a UID")
    for byte in (0x00, 0x04, 0xFF):
        for size in (4, 7, 10):
            same = bytes([byte]) * size
            yield bad(f"uid-equal-{byte:02x}-{size}", given(CLASSIC, [same + OK]), "equal bytes")
    for size in (0, 1, 2, 3, 5, 6, 9, 11, 12, 16):
        odd = bytes([0x04]) + luck.randbytes(max(size - 1, 0)) if size else b""
        yield bad(f"uid-size-{size}", given(CLASSIC, [odd + OK]), f"a UID of {size} bytes")
    for first in (0x81, 0x88, 0x90, 0xA5, 0xC0, 0xFE):
        uid = bytes([first]) + luck.randbytes(6)
        yield bad(f"uid7-{first:02x}", given(TAG, [uid + OK]), "not registered")


# --- answers that are none ------------------------------------------------------------------------


def nonsense(luck: random.Random) -> Iterator[Case]:
    for sw1 in (*range(0x00, 0x60, 7), 0x60, *range(0x70, 0x90, 5), *range(0xA0, 0x100, 9)):
        word = bytes([sw1, luck.randrange(256)])
        says = "no status word"
        yield bad(f"word-{sw1:02x}", given(CLASSIC, [UID + word]), says)
        yield bad(f"word-{sw1:02x}-select", given(PROCESSOR, [word], APPLICATION), says)
    for size in (0, 1, 259, 300, 4096):
        answer = luck.randbytes(size)
        yield bad(f"size-{size}", given(CLASSIC, [answer]), f"an answer of {size} bytes")
    for status, means in ((0x6300, "could not"), (0x6A81, "not supported"), (0x6D00, "unknown"),
                        (0x6F00, "no precise reason"), (0x9100, "status 9100")):  # fmt: skip
        yield bad(f"uid-no-{status:04x}", given(CLASSIC, [status.to_bytes(2, "big")]), means)
    for number, frame in enumerate((b"", b"\x00", b"\x05", b"\xff\xff", b"\x02\x00", b"\x03",
                                    b"\x11\x01", b"\x14")):  # fmt: skip
        case = {"driver": "pcsc_reader", "frames": [frame.hex()]}
        yield bad(f"frame-{number}", case, "not asked for")
    yield bad("other-question", given(CLASSIC, []) | {
        "frames": [f"01{CLASSIC.hex()}", f"0309{UID.hex()}9000"]}, "not asked for")  # fmt: skip
    for two in ("6F07", "6F18", "6F1C"):
        yield bad(f"two-{two}", given(CLASSIC, [bytes.fromhex(two)]), "more than one card")
    failed = b"\x04the card is in use by another program"
    yield bad("failed", given(CLASSIC, [], end=failed), "in use")


def resets(luck: random.Random) -> Iterator[Case]:
    for cut in range(len(CLASSIC)):
        yield bad(f"atr-cut-{cut}", given(CLASSIC[:cut], [UID + OK]), "answer to reset")
    for at in range(1, len(CLASSIC)):
        bent = bytearray(CLASSIC)
        bent[at] ^= 1 << luck.randrange(8)
        yield bad(f"atr-bent-{at}", given(bytes(bent), []), "answer to reset")
    yield bad("atr-long", given(CLASSIC + b"\x00", []), "answer to reset")
    yield bad("atr-inverse", given(b"\x3c" + CLASSIC[1:], []), "answer to reset")
    yield bad("stranger", given(PROCESSOR, []), "a processor card whose UID is not ours")
    yield bad("contact", given(bytes.fromhex("3B00"), [], {"uid_of_processors": True}),
              "a contact card")  # fmt: skip


# --- NDEF -----------------------------------------------------------------------------------------


def record(kind: bytes, payload: bytes, flags: int = 0xD1) -> bytes:
    return bytes([flags, len(kind), len(payload)]) + kind + payload


def on_tag(message: bytes, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Frames of a type 2 tag with this message, read 16 bytes at a time up to what is needed."""
    block = b"\x03" + bytes([len(message)]) + message
    head = bytes.fromhex("E1106D00") + (block + b"\xfe")[:12].ljust(12, b"\x00")
    answers, at = [UID + OK, head + OK], 12
    while at < len(block):
        answers.append((block + b"\xfe")[at : at + 16].ljust(16, b"\x00") + OK)
        at += 16
    return given(TAG, answers, settings or NDEF)


def messages() -> Iterator[Case]:
    for number, prefix in enumerate(PREFIXES):
        rest = f"shop.example/m/{number}"
        message = record(b"U", bytes([number]) + rest.encode())
        yield good(f"uri-{number}", on_tag(message), "ndef", prefix + rest, UID)
    for name, status, text in (
        ("utf8", b"\x02en", "M-000123"), ("zh", b"\x05zh-CN", "会员八八"), ("none", b"\x00", "M"),
    ):  # fmt: skip
        yield good(f"text-{name}", on_tag(record(b"T", status + text.encode())), "ndef", text, UID)
    for order, mark in (("utf-16-be", ""), ("utf-16-be", "\ufeff"), ("utf-16-le", "\ufeff")):
        payload = b"\x82en" + (mark + "会员").encode(order)
        name = f"text-{order}-{len(mark)}"
        yield good(name, on_tag(record(b"T", payload)), "ndef", "会员", UID)
    poster = record(b"T", b"\x02enShop", 0x91) + record(b"U", b"\x04shop.example", 0x51)
    found = "https://shop.example"
    yield good("poster", on_tag(record(b"Sp", poster)), "ndef", found, UID)
    yield good("absolute", on_tag(record(b"urn:x:1", b"", 0xD3)), "ndef", "urn:x:1", UID)
    second = record(b"x", b"1", 0x92) + record(b"U", b"\x04shop.example", 0x51)
    yield good("second", on_tag(second), "ndef", found, UID)
    chunks = (
        record(b"U", b"\x04shop", 0xB1) + record(b"", b".exa", 0x36) + record(b"", b"mple", 0x56)
    )
    yield good("chunks", on_tag(chunks), "ndef", found, UID)
    with_id = bytes([0xD9, 1, 13, 2]) + b"U" + b"id" + b"\x04shop.example"
    yield good("with-id", on_tag(with_id), "ndef", found, UID)


def bad_messages() -> Iterator[Case]:
    whole = record(b"U", b"\x04shop.example/m/1")
    for cut in range(1, len(whole)):
        yield bad(f"ndef-cut-{cut}", on_tag(whole[:cut]), "cut off")
    for name, message, says in (
        ("no-begin", bytes([0x51]) + whole[1:], "does not begin"),
        ("no-end", bytes([0x91]) + whole[1:], "cut off"),
        ("twice-begun", record(b"T", b"\x00a", 0x91) + record(b"T", b"\x00b", 0xD1), "not begin"),
        ("more", whole + b"\x00", "does not end"),
        ("chunk-first", record(b"", b"x", 0xD6), "chunks"),
        ("chunk-open", record(b"U", b"\x04x", 0xF1), "does not end"),
        ("chunk-mixed", record(b"U", b"\x04x", 0xB1) + record(b"U", b"\x04y", 0x51), "chunks"),
        ("prefix-36", record(b"U", b"\x24shop"), "prefix"),
        ("prefix-255", record(b"U", b"\xffshop"), "prefix"),
        ("uri-empty", record(b"U", b""), "prefix"),
        ("uri-latin", record(b"U", b"\x00caf\xe9"), "not the text"),
        ("uri-control", record(b"U", b"\x00a\r\nb"), "control characters"),
        ("text-empty", record(b"T", b""), "cut off"),
        ("text-short", record(b"T", b"\x3fen"), "cut off"),
        ("text-odd", record(b"T", b"\x80a"), "not the text"),
        ("text-latin", record(b"T", b"\x00\xff\xfe\xfd"), "not the text"),
        ("text-nul", record(b"T", b"\x00a\x00b"), "control characters"),
        ("no-scheme", record(b"text/plain", b"", 0xD3), "absolute URI"),
        ("mime", record(b"text/plain", b"M-1", 0xD2), "neither a URI nor a text"),
        ("empty-record", bytes.fromhex("D00000"), "neither a URI nor a text"),
        ("empty", b"", "an empty NDEF message"),
    ):
        yield bad(f"ndef-{name}", on_tag(message), says)


def bad_tags() -> Iterator[Case]:
    for name, head, says in (
        ("no-magic", "00000000", "not made for NDEF"), ("version", "E1206D00", "not made for NDEF"),
        ("locked", "E1106DF0", "may not be read"), ("no-room", "E1100000", "longer than the tag"),
    ):  # fmt: skip
        page = bytes.fromhex(head) + bytes.fromhex("0304D1000000FE") + bytes(5)
        yield bad(f"tag-{name}", given(TAG, [UID + OK, page + OK], NDEF), says)
    nothing = bytes.fromhex("E1106D00FE") + bytes(11)
    yield bad("tag-empty", given(TAG, [UID + OK, nothing + OK], NDEF), "without an NDEF message")
    for size in (0, 1, 4, 15, 17, 200):
        yield bad(f"tag-page-{size}", given(TAG, [UID + OK, bytes(size) + OK], NDEF),
                  f"with {size} bytes")  # fmt: skip
    locked = given(TAG, [UID + OK, b"\x69\x82"], NDEF)
    yield bad("tag-wants-key", locked, "need a key")
    yield bad("classic-ndef", given(CLASSIC, [UID + OK], NDEF), "cannot hold ndef")


def type4(*rest: bytes, capabilities: str = "000F20003B00340406E104010000FF") -> dict[str, Any]:
    return given(PROCESSOR, [OK, OK, bytes.fromhex(capabilities) + OK, OK, *rest], NDEF)


def type4_tags() -> Iterator[Case]:
    message = record(b"U", b"\x04shop.example")
    size = len(message).to_bytes(2, "big")
    found = "https://shop.example"
    yield good("type4", type4(size + OK, message + OK), "ndef", found)
    yield good("type4-bits", type4(size + OK, *(bytes([b]) + OK for b in message)), "ndef", found)
    for name, capabilities, says in (
        ("kind", "000F20003B00340506E104010000FF", "no NDEF file"),
        ("length", "000F20003B00340407E104010000FF", "no NDEF file"),
        ("version", "000F40003B00340406E104010000FF", "no NDEF file"),
        ("secret", "000F20003B00340406E1040100FFFF", "may not be read"),
        ("chunk", "000F20000E00340406E104010000FF", "14 bytes at a time"),
    ):
        yield bad(f"type4-{name}", type4(capabilities=capabilities), says)
    yield bad("type4-too-long", type4(b"\x01\x00" + OK), "longer than its file")
    yield bad("type4-endless", type4(b"\xff\xff" + OK), "longer than its file")
    yield bad("type4-early", type4(size + OK, message[:5] + OK, OK), "ends too early")
    yield bad("type4-more", type4(size + OK, message * 3 + OK), "more than it was asked for")
    yield bad("type4-empty", type4(b"\x00\x00" + OK), "an empty NDEF message")
    for step, says in enumerate(("no NDEF application", "capabilities", "reading", "NDEF file",
                                 "reading")):  # fmt: skip
        answers = [OK, OK, bytes.fromhex("000F20003B00340406E104010000FF") + OK, OK][:step]
        case = given(PROCESSOR, [*answers, b"\x6a\x82"], NDEF)
        yield bad(f"type4-step-{step}", case, says)


# --- our application, storage cards, torn cards ---------------------------------------------------


def applications(luck: random.Random) -> Iterator[Case]:
    text = b"M-000123"
    for name, answers in (
        ("end", [OK, text + b"\x62\x82"]), ("short", [OK, text + OK]),
        ("padded", [OK, text + bytes(20) + b"\x62\x82"]),
        ("erased", [OK, text + b"\xff" * 20 + OK]),
        ("fetched", [b"\x61\x04", b"\x6f\x02\x84\x00" + OK, text + b"\x62\x82"]),
        ("exact", [OK, b"\x6c\x08", text + OK]),
    ):  # fmt: skip
        yield good(
            f"file-{name}", given(PROCESSOR, answers, APPLICATION), "application", "M-000123"
        )
    long = ("0123456789" * 60)[:520].encode()
    pieces = [OK, long[:255] + OK, long[255:510] + OK, long[510:] + b"\x62\x82"]
    yield good("file-long", given(PROCESSOR, pieces, APPLICATION), "application", long.decode())
    tagged = APPLICATION | {"application_tag": "DF01"}
    for name, answer in (("plain", text), ("tlv", b"\xdf\x01\x08" + text),
                         ("tlv81", b"\xdf\x01\x81\x08" + text)):  # fmt: skip
        case = given(PROCESSOR, [OK, answer + OK], tagged)
        yield good(f"object-{name}", case, "application", "M-000123")
    whole = [OK, long[:255] + OK]
    endless = [OK, *(luck.randbytes(255) + OK for _ in range(6))]
    for name, answers, says in (
        ("gone", [b"\x6a\x82"], "no member application"),
        ("blocked", [b"\x62\x83"], "selecting"),
        ("no-file", [OK, b"\x69\x86"], "no file is selected"),
        ("locked", [OK, b"\x69\x82"], "not allowed"),
        ("half", [*whole, b"\x65\x81"], "memory failed"),
        ("empty", [OK, OK], "nothing is written"),
        ("blank", [OK, bytes(64) + b"\x62\x82"], "nothing is written"),
        ("latin", [OK, b"M\xe9\xe9" + OK], "not utf-8"),
        ("control", [OK, b"M\x1b[2J" + OK], "control characters"),
        ("greedy", [OK, bytes(256) + OK], "more than it was asked for"),
        ("endless", endless, "more than 1024 bytes"),
        ("nothing-more", [b"\x61\x10", b"\x61\x10"], "does not come to an end"),
        ("always-more", [b"\x61\xff"] + [luck.randbytes(255) + b"\x61\xff"] * 5, "come to an end"),
        ("never-exact", [OK, b"\x6c\x08", b"\x6c\x08"], "6C08"),
    ):
        yield bad(f"file-{name}", given(PROCESSOR, answers, APPLICATION), says)


def storage_cards() -> Iterator[Case]:
    storage: dict[str, Any] = {"read": ["storage"]}
    block = b"M-000123".ljust(16, b"\x00")
    opened = [UID + OK, OK, OK]
    yield good("blocks", given(CLASSIC, [*opened, block + OK], storage), "storage", "M-000123", UID)
    hexed = storage | {"encoding": "hex"}
    text = block.hex().upper()
    yield good("blocks-hex", given(CLASSIC, [*opened, block + OK], hexed), "storage", text, UID)
    weaker = storage | {"read": ["storage", "uid"]}
    stranger = [UID + OK, OK, b"\x63\x00"]
    yield good("blocks-stranger", given(CLASSIC, stranger, weaker), "uid", UID.hex().upper(), UID)
    for name, answers, says in (
        ("no-slot", [UID + OK, b"\x63\x00"], "loading the key"),
        ("wrong-key", stranger, "the key does not fit"),
        ("blocked-key", [UID + OK, OK, b"\x69\x83"], "the key does not fit"),
        ("refused", [*opened, b"\x69\x82"], "need a key"),
        ("short", [*opened, block[:8] + OK], "8 bytes instead of 16"),
        ("long", [*opened, block + block + OK], "32 bytes instead of 16"),
        ("blank", [*opened, bytes(16) + OK], "nothing is written"),
        ("latin", [*opened, b"\xe9" * 16 + OK], "not utf-8"),
        ("bell", [*opened, b"M\x07".ljust(16, b"\x00") + OK], "control characters"),
    ):
        yield bad(f"blocks-{name}", given(CLASSIC, answers, storage), says)


def torn() -> Iterator[Case]:
    file = [b"\x61\x04", b"\x6f\x02\x84\x00" + OK, b"M-000123" + b"\x62\x82"]
    for name, atr, answers, settings in (
        ("uid", CLASSIC, [UID + OK], {}),
        ("file", PROCESSOR, file, APPLICATION),
        ("blocks", CLASSIC, [UID + OK, OK, OK, bytes(16) + OK], {"read": ["storage"]}),
    ):
        for after in range(len(answers)):
            case = given(atr, answers[:after], settings, end=b"\x02")
            yield bad(f"torn-{name}-{after}", case, "taken away")
            case = given(atr, answers[:after], settings)
            yield bad(f"mute-{name}-{after}", case, "did not answer within 2 s")


def cases() -> Iterator[Case]:
    luck = random.Random(7816)
    return chain(
        uids(luck), refused_uids(luck), nonsense(luck), resets(luck), messages(), bad_messages(),
        bad_tags(), type4_tags(), applications(luck), storage_cards(), torn(),
    )  # fmt: skip
