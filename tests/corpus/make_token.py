"""Member codes: signed by the cloud or by a phone, read on every kind of clock, bent and forged.

The format is written down here a second time; the keys are the corpus's own.
"""

import base64
import hashlib
import random
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.corpus.truth import Case, accept, reject

AT = 1_795_300_000
CLOUD = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
PHONE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
KEYS = {"codes-1": CLOUD.public_key().public_bytes_raw().hex()}
CODE_KEY = PHONE.public_key().public_bytes_raw().hex()


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def cloud_code(
    nonce: bytes, member: bytes = b"m-1", life: int = 90, issued: int = AT, key: Any = CLOUD
) -> bytes:
    hint = hashlib.sha256(key.public_key().public_bytes_raw()).digest()[:4]
    signed = hint + issued.to_bytes(4, "big") + life.to_bytes(2, "big") + nonce + member
    return signed + bytes(key.sign(b"edgebox.member-code.cloud.1\x00" + signed))


def phone_code(nonce: bytes, member: bytes = b"m-1", issued: int = AT, key: Any = PHONE) -> bytes:
    signed = issued.to_bytes(4, "big") + nonce + member
    return signed + bytes(key.sign(b"edgebox.member-code.phone.1\x00" + signed))


def given(text: str, after: float = 0, error_ms: int | None = 0) -> dict[str, Any]:
    quality = "unknown" if error_ms is None else "trusted" if error_ms < 1000 else "holdover"
    clock = {"quality": quality, "at_ms": AT * 1000 + round(after * 1000), "error_ms": error_ms}
    return {"text": text, "clock": clock, "keys": KEYS, "code_key": CODE_KEY}


def worth(strength: str, member: str = "m-1") -> dict[str, Any]:
    return {"Credential": {"member": member, "strength": strength}}


def fresh(luck: random.Random) -> Iterator[Case]:
    for n in range(12):
        member = ("m-1", "会员-88", "x" * 64)[n % 3]
        text = "EDGE:M1:" + base32(cloud_code(luck.randbytes(8), member.encode(), 60 + 5 * n))
        spelled = text if n % 2 else text[:8] + text[8:].lower()
        yield accept(f"token-{n}", "token", given(spelled, 60 + 5 * n), worth("spend", member))
        text = "EDGE:P1:" + base32(phone_code(luck.randbytes(8), member.encode()))
        yield accept(f"phone-code-{n}", "token", given(text, 10 * n), worth("spend", member))
    text = "EDGE:M1:" + base32(cloud_code(bytes(8)))
    yield accept("token-slow-clock", "token", given(text, -5, 5000), worth("spend"))
    yield accept("token-fast-clock", "token", given(text, 95, 5000), worth("spend"))
    yield accept("token-ten-minutes", "token", given(text, 300, 510_000), worth("spend"))
    yield accept("token-over-ten", "token", given(text, 300, 510_001), worth("identify"))
    yield accept("token-no-clock", "token", given(text, -(10**6), None), worth("identify"))
    phone = "EDGE:P1:" + base32(phone_code(bytes(8)))
    yield accept("phone-code-ahead", "token", given(phone, -30), worth("spend"))
    yield accept("phone-code-late", "token", given(phone, 150), worth("spend"))


def stale(luck: random.Random) -> Iterator[Case]:
    text = "EDGE:M1:" + base32(cloud_code(bytes(8)))
    phone = "EDGE:P1:" + base32(phone_code(bytes(8)))
    for n, (after, error_ms) in enumerate(((90.001, 0), (-0.001, 0), (96, 5000), (10**6, 1))):
        yield reject(f"token-stale-{n}", "token", given(text, after, error_ms), "E-CODE-EXPIRED")
    for n, after in enumerate((150.001, -30.001, 86400)):
        yield reject(f"phone-code-stale-{n}", "token", given(phone, after), "E-CODE-EXPIRED")
    for n, life in enumerate((0, 601, 65535)):
        text = "EDGE:M1:" + base32(cloud_code(luck.randbytes(8), life=life))
        yield reject(f"token-life-{n}", "token", given(text), "E-CODE-INVALID")


def forged(luck: random.Random) -> Iterator[Case]:
    for n in range(40):
        whole = cloud_code(luck.randbytes(8))
        bent = bytearray(whole)
        bent[4 + n * (len(whole) - 5) // 40] ^= 1 << n % 8
        text = "EDGE:M1:" + base32(bytes(bent))
        case = reject(f"token-bent-{n}", "token", given(text), "E-CODE-INVALID")
        # A bent byte of the member's id may be no UTF-8 at all.
        try:
            bytes(bent[18:-64]).decode()
        except UnicodeDecodeError:
            case["expect"] = {"reject": "member_code"}
        yield case
        whole = phone_code(luck.randbytes(8))
        text = "EDGE:P1:" + base32(whole[: -1 - n])
        want = "E-CODE-INVALID" if len(whole) - 1 - n > 76 else "member_code"
        if want == "member_code":
            yield reject(f"phone-code-cut-{n}", "token", given(text), want)
    for n in range(5):
        nonce = luck.randbytes(8)
        text = "EDGE:M1:" + base32(cloud_code(nonce, key=STRANGER))
        yield reject(f"token-stranger-{n}", "token", given(text), "E-NEEDS-CLOUD")
        text = "EDGE:P1:" + base32(phone_code(nonce, key=STRANGER))
        yield reject(f"phone-code-stranger-{n}", "token", given(text), "E-CODE-INVALID")
        lied = cloud_code(nonce)[:4] + cloud_code(nonce, key=STRANGER)[4:]
        yield reject(f"token-lied-{n}", "token", given("EDGE:M1:" + base32(lied)), "E-CODE-INVALID")
        text = "EDGE:P1:" + base32(phone_code(nonce, b"m-2"))
        unknown = {**given(text), "code_key": ""}
        yield reject(f"phone-code-no-key-{n}", "token", unknown, "E-NEEDS-CLOUD")


def garbled(luck: random.Random) -> Iterator[Case]:
    whole = base32(cloud_code(bytes(8)))
    texts = ("", "1", "A", whole + "=", whole + "A" * 7, whole[:-1] + "0", whole[:9] + " " + whole)
    for n, text in enumerate(texts):
        yield reject(f"token-garbled-{n}", "token", given(f"EDGE:M1:{text}"), "member_code")
    for n, size in enumerate((0, 81, 82, 83, 200)):
        text = base32(luck.randbytes(size))
        want = "E-NEEDS-CLOUD" if size == 83 else "member_code"
        if size != 83:
            yield reject(f"token-noise-{n}", "token", given(f"EDGE:M1:{text}"), want)
    nobody = "EDGE:M1:" + base32(cloud_code(bytes(8), b""))
    yield reject("token-nobody", "token", given(nobody), "member_code")
    long = "EDGE:M1:" + base32(cloud_code(bytes(8), b"m" * 65))
    yield reject("token-long-name", "token", given(long), "member_code")


def cases() -> Iterator[Case]:
    luck = random.Random(25519)
    for part in (fresh, stale, forged, garbled):
        yield from part(luck)
