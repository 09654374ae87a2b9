"""What a scale answers and a receipt printer says of itself: right, torn, and spoilt.

Mettler Toledo 8217 (STX digits CR, STX ? status CR) and Epson's Automatic Status Back (four bytes
whose fixed bits tell where a status begins).
"""

import random
from collections.abc import Iterator
from typing import Any

from tests.corpus.truth import Case, accept, reject

STX, CR = b"\x02", b"\r"
WRONG = {
    "cover open": (0, 0x20), "paper out": (2, 0x0C), "cutter stuck": (1, 0x08),
    "broken": (1, 0x20), "too hot": (1, 0x40), "mechanical error": (1, 0x04),
    "offline": (0, 0x08),
}  # fmt: skip
"""By reason, the plainest first: which byte of a status it is in, and its bits there."""
LOW = (2, 0x03)


def scale(frames: list[bytes], **settings: Any) -> dict[str, Any]:
    return {
        "driver": "scale", "settings": settings, "tell": ["Weigh()"],
        "frames": [frame.hex() for frame in frames],
    }  # fmt: skip


def weighed(grams: int) -> list[dict[str, Any]]:
    return [{"Weighed": {"grams": grams, "stable": True}}]


def weights(luck: random.Random) -> Iterator[Case]:
    for n in range(30):
        grams = luck.choice((0, 1, 999, luck.randrange(15_000)))
        answer = STX + b"%02d.%03d" % divmod(grams, 1000) + (b"N" if n % 3 == 0 else b"") + CR
        yield accept(f"scale-{n}", "serial", scale([answer]), weighed(grams))
        at = luck.randrange(1, len(answer))
        yield accept(f"scale-cut-{n}", "serial", scale([answer[:at], answer[at:]]), weighed(grams))
        inside = luck.randrange(1, len(answer) - 1)
        spoilt = bytearray(answer)
        spoilt[inside] |= 0x80
        yield reject(f"scale-parity-{n}", "serial", scale([bytes(spoilt)]), "Fault", "no scale")
        torn = scale([answer[: luck.randrange(len(answer) - 1)]])
        yield reject(f"scale-torn-{n}", "serial", torn, "Fault", "does not answer")


def no_weights() -> Iterator[Case]:
    for status, why in ((0x42, "too heavy"), (0x44, "below zero"), (0x46, "too heavy"),
                        (0x43, "too heavy"), (0x40, "no weight"), (0x48, "no zero"),
                        (0x50, "no weight"), (0x60, "no weight"), (0x45, "below zero"),
                        (0x41, "does not answer")):  # fmt: skip
        answer = STX + b"?" + bytes([status]) + CR
        yield reject(f"scale-status-{status:02x}", "serial", scale([answer]), "Fault", why)
    for n, said in enumerate(
        (
            b"12,345",
            b"12345",
            b"-0.100",
            b" 0.100",
            b"0x.100",
            b"?",
            b"??A",
            b"",
            b"1.2345678",
            b"123456.0",
            b"NN.NNN",
            b"00.100kg",
            b"?\x01",
        )
    ):
        odd = scale([STX + said + CR])
        yield reject(f"scale-odd-{n}", "serial", odd, "Fault", "no scale")
        bare = scale([said.strip(b"?") + b"0.100" + CR])
        yield reject(f"scale-no-stx-{n}", "serial", bare, "Fault", "no scale")
    yield reject("scale-endless", "serial", scale([STX + b"0" * 40]), "Fault", "without an end")
    finer = scale([STX + b"00435.5" + CR], unit="g")
    yield reject("scale-finer", "serial", finer, "Fault", "finer")


def printer(frames: list[bytes]) -> dict[str, Any]:
    frames_hex = [frame.hex() for frame in frames]
    return {"driver": "escpos_printer", "states": True, "frames": frames_hex}


def status(*bits: tuple[int, int]) -> bytes:
    made = [0x10, 0, 0, 0]
    for place, mask in bits:
        made[place] |= mask
    return bytes(made)


def state(name: str, reason: str = "") -> dict[str, Any]:
    return {"State": {"state": name, "reason": reason}}


def statuses(luck: random.Random) -> Iterator[Case]:
    reasons = list(WRONG)
    for n in range(40):
        chosen = luck.sample(reasons, luck.randint(1, 4))
        plainest = min(chosen, key=reasons.index)
        bad = status(*(WRONG[reason] for reason in chosen))
        what = [state("error", plainest)]
        yield accept(f"printer-{n}", "serial", printer([bad]), what)
        at = luck.randrange(1, 4)
        well = [*what, state("ready")]
        pieces = printer([bad[:at], bad[at:], status()])
        yield accept(f"printer-well-{n}", "serial", pieces, well)
        spoilt = bytearray(bad)
        spoilt[luck.randrange(1, 4)] |= luck.choice((0x80, 0x10))
        yield reject(
            f"printer-spoilt-{n}", "serial", printer([bytes(spoilt)]), "Fault", "no printer"
        )
        yield reject(f"printer-torn-{n}", "serial", printer([bad[:at]]), "Fault", "broke off")
    low = [state("ready", "paper low")]
    yield accept("printer-low", "serial", printer([status(LOW)]), low)
    yield accept("printer-fine", "serial", printer([status(), b"\x11", b"\x13", status()]), [])
    yield accept("printer-stale-job", "serial", printer([b"\x37\x22" + b"9999\x00"]), [])
    for n in range(10):
        noise = bytes([luck.randrange(0x80, 0x100) for _ in range(luck.randint(1, 40))])
        yield reject(f"printer-noise-{n}", "serial", printer([noise]), "Fault", "no printer")


def cases() -> Iterator[Case]:
    luck = random.Random(8217)
    yield from weights(luck)
    yield from no_weights()
    yield from statuses(luck)
