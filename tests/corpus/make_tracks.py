"""Magnetic stripes: good cards, other people's, damaged and half ones, typed and in reports.

Characters, sentinels and LRC by ISO/IEC 7811-2, fields by ISO/IEC 7813, card numbers by ISO/IEC
7812-1; the networks' test numbers are those their documentation publishes.
"""

import random
from collections.abc import Iterator

from tests.corpus.make_hid import CTRL, ENTER, Keys, heard
from tests.corpus.truth import Case, accept, luhn, reject
from tests.corpus.truth import lrc as xor_of

PAYMENT = {
    "visa": "4111111111111111", "visa-13": "4222222222222", "mastercard": "5500000000000004",
    "mastercard-2": "2223003122003222", "amex": "378282246310005", "discover": "6011111111111117",
    "diners": "30569309025904", "jcb": "3530111333300000", "unionpay": "6200000000000005",
    "unionpay-19": "6205500000000000004", "maestro": "6759649826438453", "mir": "2200000000000004",
}  # fmt: skip
TEXT_1 = "B%s^LEE/ANN^4912"
OWN = ("29", "8810", "600649")


def lrc(track: int, text: str) -> str:
    zero = 0x20 if track == 1 else 0x30
    return chr(xor_of(bytes(ord(char) - zero for char in text)) + zero)


def raw(one: str = "", two: str = "", three: str = "", with_lrc: bool = False) -> list[str]:
    """Return the tracks as a reader sends them; the third begins with + instead of ;."""
    found = []
    for track, start, text in ((1, "%", one), (2, ";", two), (3, "+", three)):
        on_card = f"{';' if start == '+' else start}{text}?"
        check = lrc(track, on_card) if with_lrc else ""
        found.append(f"{start}{text}?{check}" if text else "")
    return found


def swiped(one: str = "", two: str = "", three: str = "") -> list[dict[str, object]]:
    return [{"Swiped": {"track1": one, "track2": two, "track3": three}}]


MAGTEK = bytes.fromhex(
    "0600ff0901a101150026ff007508 092009210922 09280929092a 0938 9507 8102"
    "0930956e820201 0931956e820201 0932956e820201 c0"
)


def in_report(tracks: list[str], status: tuple[int, int, int] = (0, 0, 0)) -> list[bytes]:
    data = b"".join(text.encode().ljust(110, b"\0") for text in tracks)
    return [MAGTEK, bytes(status) + bytes(map(len, tracks)) + b"\0" + data]


def both(
    name: str, tracks: list[str], why: str | list[dict[str, object]], **settings: object
) -> Iterator[Case]:
    """Yield the same swipe typed, and in a report."""
    typed = heard("magstripe_keyboard", [Keys().type("".join(tracks))], **settings)
    sent = heard("magstripe_hid", in_report(tracks), **settings)
    for how, given in (("typed", typed), ("report", sent)):
        if isinstance(why, str):
            yield reject(f"stripe-{how}-{name}", "tracks", given, "Fault", why)
        else:
            yield accept(f"stripe-{how}-{name}", "tracks", given, why)


def cases() -> Iterator[Case]:
    yield from own_cards()
    yield from payment_cards()
    yield from damaged()
    yield from with_check()
    yield from reports_only()
    yield from typed_only()


def own_cards() -> Iterator[Case]:
    number = "2900000000018"
    for n, texts in enumerate((
        ("", number, ""), ("", f"{number}=4912", ""), (TEXT_1 % number, "", ""),
        (TEXT_1 % number, f"{number}=4912", ""),
        (TEXT_1 % number, f"{number}=4912", f"01{number}=1"),
        ("", "", f"01{number}=="), ("MEMBER 7", "", ""), ("", "7", ""),
    )):  # fmt: skip
        yield from both(f"member-{n}", raw(*texts), swiped(*texts))
    for prefix in OWN:
        text = f"{prefix}123450"
        yield from both(f"own-{prefix}", raw("", text), swiped("", text), own_prefixes=OWN)
        third = f"01{text}="
        yield from both(f"own-3-{prefix}", raw("", "", third), swiped("", "", third),
                        own_prefixes=OWN)  # fmt: skip
    for text in ("2812345", "3012345", "881", "6006", "7", "0629"):
        yield from both(f"foreign-{text}", raw("", text), "not one of our", own_prefixes=OWN)


def payment_cards() -> Iterator[Case]:
    for name, number in PAYMENT.items():
        assert luhn(number[:-1]) == number[-1], number
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        for where, tracks in (
            ("1", raw(TEXT_1 % number)), ("3", raw("", "", f"01{number}=1")),
            ("bare", raw("", number)),
        ):  # fmt: skip
            given = heard("magstripe_hid", in_report(tracks))
            yield reject(f"stripe-{name}-{where}", "tracks", given, "Fault", "payment card")
        yield from both(f"{name}-2", raw("", f"{number}=4912101"), "payment card")
        yield from both(f"{name}-own", raw("", f"{number}=4912"), "payment card", own_prefixes=OWN)
        if len(number) >= 15:
            yield from both(f"{name}-misread", raw("", f"{wrong}=4912"), "payment card")
    spaced = "3782 822463 10005"
    yield from both("amex-spaced", raw(TEXT_1 % spaced), "payment card")


def damaged() -> Iterator[Case]:
    own = "29001"
    for number, word in enumerate(("one", "two", "three")):
        texts = ["B29001^A", own, f"01{own}="]
        unread = [*texts]
        unread[number] = "E"
        one, two, three = unread
        yield from both(f"worn-{word}", raw(one, two, three), f"track {word} could not be read")
    for track, word, text in ((1, "one", "B29"), (2, "two", own), (3, "three", f"01{own}")):
        one, two, three = (text if n == track else "" for n in (1, 2, 3))
        whole = raw(one, two, three)
        for size in range(1, len(text) + 2):
            half = [part[:size] for part in whole]
            yield from both(f"half-{word}-{size}", half, f"track {word} has no end")
    for number, text in enumerate(("29A01", "29 01", "29.01", "29a")):
        yield from both(f"letters-{number}", raw("", text), "cannot hold")
    yield from both("lower-case", raw("B29001^lee"), "cannot hold")
    for word, tracks in (
        ("one", raw("A" * 80)), ("two", raw("", "7" * 39)), ("three", raw("", "", "7" * 106)),
    ):  # fmt: skip
        yield from both(f"long-{word}", tracks, f"track {word} is too long")
    yield from both("two-cards", raw("B29001^A", "29002=49"), "two cards")
    yield from both("empty", ["%?", ";?", ""], "nothing on the card")


def with_check() -> Iterator[Case]:
    for n, texts in enumerate((("", "29001=4912", ""), ("B29001^A", "29001", "0129001="))):
        yield from both(f"lrc-{n}", raw(*texts, with_lrc=True), swiped(*texts), lrc=True)
        yield from both(f"no-lrc-{n}", raw(*texts), "", lrc=True)
    good = raw("", "29001=4912", "", with_lrc=True)[1]
    for place in range(1, len(good) - 2):
        other = chr((ord(good[place]) - 0x30 ^ 1) + 0x30)
        bad = good[:place] + other + good[place + 1 :]
        yield from both(f"flip-{place}", ["", bad, ""], "wrong LRC", lrc=True)


def reports_only() -> Iterator[Case]:
    def report(name: str, frames: list[bytes], why: str) -> Case:
        given = heard("magstripe_hid", frames)
        return reject(f"stripe-report-{name}", "tracks", given, "Fault", why)

    whole = in_report(raw("", "29001"))
    for number, word in enumerate(("one", "two", "three")):
        status = tuple(int(n == number) for n in range(3))
        frames = [MAGTEK, bytes(status) + whole[1][3:]]
        yield report(f"error-{word}", frames, f"track {word} could not be read")
        for claim in (111, 255):
            body = bytearray(whole[1])
            body[3 + number] = claim
            yield report(f"claims-{word}-{claim}", [MAGTEK, bytes(body)], "claims")
    for size in (0, 1, 6, 7, 100, 336):
        yield report(f"short-{size}", [MAGTEK, whole[1][:size]], "descriptor")
    for size in range(2, len(MAGTEK) - 1, 9):
        yield report(f"half-descriptor-{size}", [MAGTEK[:size], whole[1]], "")
    yield report("latin", [MAGTEK, whole[1].replace(b";29001", b";29\xe9\xff1")], "cannot hold")
    yield report("no-start", in_report(["", "29001?", ""]), "does not begin")
    yield report("two-ends", in_report(["", ";29001??", ""]), "after its end")


def typed_only() -> Iterator[Case]:
    def typed(name: str, frames: list[bytes], why: str) -> Case:
        given = heard("magstripe_keyboard", frames)
        return reject(f"stripe-typed-{name}", "tracks", given, "Fault", why)

    luck = random.Random(11)
    for n, texts in enumerate((("", "29001", ""), ("B29001^A", "29001", ""), ("", "", "0129="))):
        backwards = "".join(raw(*texts))[::-1]
        yield typed(f"backwards-{n}", [Keys().type(backwards)], "backwards")
    for n, text in enumerate(
        ("29001", "hello", "29001?", "x;29001?", ";29?x", "+29?%B29?", ";2?;3?;4?")
    ):
        yield typed(f"no-swipe-{n}", [Keys().type(text)], "")
    for number in PAYMENT.values():
        yield typed(f"half-{number[:6]}", [Keys().type(f";{number}")], "half a swipe")
        yield typed(f"pulled-{number[:6]}", [Keys().type(f";{number}=", None)], "broke off")
        yield typed(f"slow-{number[:6]}", [Keys(90_000).type(f";{number}=?")], "by hand")
    for n in range(4):
        keys = Keys()
        first = keys.type(f";2900{n}", None)
        attack = keys.press(luck.randint(16, 25), CTRL) + keys.press(ENTER)
        yield typed(f"attack-{n}", [first + attack], "Ctrl")
