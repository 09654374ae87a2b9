"""Member codes that the box can check by itself: each is used once, within minutes.

    EDGE:M1:  signed by the cloud (one of its member-code keys)
    EDGE:P1:  signed by the member's phone (its public key is in the directory)

What follows is base32 (RFC 4648 section 6, without padding), which fits the alphanumeric mode of
a QR code and survives any keyboard layout and Caps Lock. Of the bytes (numbers big-endian):

    M1   key hint 4 · issued at 4 (s since 1970) · life 2 (s) · nonce 8 · member 1 to 64 · signature
    P1                issued at 4                            · nonce 8 · member 1 to 64 · signature

The key hint is how the SHA-256 of the public key begins; the member's id is UTF-8; the signature is
Ed25519 (RFC 8032, 64 bytes) over the code's domain, a zero byte and all bytes before it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.clock import Reading
from edge.refusals import Refusal

CLOUD_PREFIX: Final = "EDGE:M1:"
PHONE_PREFIX: Final = "EDGE:P1:"
DOMAINS: Final = {
    "cloud": b"edgebox.member-code.cloud.1",
    "phone": b"edgebox.member-code.phone.1",
}
LIFE_SECONDS_MAX: Final = 600
"""No code lives longer, its clock's and the box's errors included; beyond, it only earns."""
PHONE_LIFE_SECONDS: Final = 120
PHONE_ERROR_SECONDS: Final = 30
"""How wrong the clock of a phone on a network may be."""
HINT_BYTES: Final = 4
MEMBER_BYTES_MAX: Final = 64
SIGNATURE_BYTES: Final = 64

_NONCE_BYTES: Final = 8
_BASE32: Final = re.compile(r"[A-Za-z2-7]+")

Strength = Literal["identify", "spend"]
"""What a credential is good for: identify is enough to earn, spend also to spend."""
MemberKey = Callable[[str], bytes | None]
"""The public key of a member's phone by member id, None where the directory has none."""


@dataclass(frozen=True, slots=True)
class MemberCode:
    """A code as read; `judge` says what it is worth. Times in seconds (since 1970)."""

    signer: Literal["cloud", "phone"]
    member: str
    issued_at: int
    life_seconds: int
    hint: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What tells this code from all others: 32 bytes, however it was spelled."""
        return hashlib.sha256(DOMAINS[self.signer] + b"\0" + self.signed).digest()

    @property
    def until_ms(self) -> int:
        """From when on (ms since 1970) no clock lets it spend any more."""
        return (self.issued_at + LIFE_SECONDS_MAX) * 1000


def read(text: str) -> MemberCode | None:
    """Return the member code a text is, its signature not yet checked; None for a broken one."""
    signer: Literal["cloud", "phone"] = "cloud" if text.startswith(CLOUD_PREFIX) else "phone"
    data = _from_base32(text[len(CLOUD_PREFIX) :])
    before_issued = HINT_BYTES if signer == "cloud" else 0
    before_nonce = before_issued + (6 if signer == "cloud" else 4)
    name = data[before_nonce + _NONCE_BYTES : -SIGNATURE_BYTES]
    if not 1 <= len(name) <= MEMBER_BYTES_MAX:
        return None
    try:
        member = name.decode("utf-8")
    except UnicodeDecodeError:
        return None
    life = int.from_bytes(data[before_nonce - 2 : before_nonce], "big")
    return MemberCode(
        signer,
        member,
        issued_at=int.from_bytes(data[before_issued : before_issued + 4], "big"),
        life_seconds=life if signer == "cloud" else PHONE_LIFE_SECONDS,
        hint=data[:before_issued],
        signed=data[:-SIGNATURE_BYTES],
        signature=data[-SIGNATURE_BYTES:],
    )


def key_hint(public_key: bytes) -> bytes:
    """Return how a code names the cloud's key that signed it."""
    return hashlib.sha256(public_key).digest()[:HINT_BYTES]


def judge(
    code: MemberCode, now: Reading, cloud_keys: Mapping[bytes, bytes], member_key: MemberKey
) -> Strength | Refusal:
    """Return what a code is good for at `now`.

    `cloud_keys` are raw public keys by hint. E-NEEDS-CLOUD when the key that signed it is not
    known here, E-CODE-INVALID for a signature that is not right or a life that no code has,
    E-CODE-EXPIRED when its time is over or has not come. On a clock nobody trusts, or one so
    wrong that the code would live for more than ten minutes, it only earns.
    """
    key = cloud_keys.get(code.hint) if code.signer == "cloud" else member_key(code.member)
    if key is None:
        return Refusal("E-NEEDS-CLOUD")
    if not _is_signed(code, key) or not 0 < code.life_seconds <= LIFE_SECONDS_MAX:
        return Refusal("E-CODE-INVALID")
    if now.error_ms is None:
        return "identify"
    error_ms = now.error_ms + (PHONE_ERROR_SECONDS * 1000 if code.signer == "phone" else 0)
    begins_ms = code.issued_at * 1000 - error_ms
    ends_ms = (code.issued_at + code.life_seconds) * 1000 + error_ms
    if not begins_ms <= now.at_ms <= ends_ms:
        return Refusal("E-CODE-EXPIRED")
    within = ends_ms - code.issued_at * 1000 <= LIFE_SECONDS_MAX * 1000
    return "spend" if within else "identify"


def _is_signed(code: MemberCode, key: bytes) -> bool:
    message = DOMAINS[code.signer] + b"\0" + code.signed
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(code.signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _from_base32(text: str) -> bytes:
    """Return the bytes, none for what is not base32. Unused last bits must be zero."""
    if not _BASE32.fullmatch(text):
        return b""
    upper = text.upper()
    try:
        data = base64.b32decode(upper + "=" * (-len(upper) % 8))
    except binascii.Error:
        return b""
    return data if base64.b32encode(data).decode().rstrip("=") == upper else b""
