"""Member codes as the cloud's app and a member's phone show them; the box itself makes none.

Written from the format alone (see edge's member codes): base32 in a QR code, Ed25519.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LIFE_SECONDS: Final = 90


@dataclass(frozen=True, slots=True)
class Minter:
    """Somebody with a private key: the cloud, or the phone of a member."""

    key: Ed25519PrivateKey

    @classmethod
    def of(cls, seed: bytes) -> "Minter":
        """Return the minter whose private key is these 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that everybody may know."""
        return self.key.public_key().public_bytes_raw()

    def cloud_code(
        self, member: str, issued_at: int, nonce: bytes, life_seconds: int = LIFE_SECONDS
    ) -> str:
        """Return a code signed by the cloud at `issued_at` (s since 1970); `nonce` is 8 bytes."""
        hint = hashlib.sha256(self.public_key).digest()[:4]
        issued = issued_at.to_bytes(4, "big") + life_seconds.to_bytes(2, "big")
        return self._sign("EDGE:M1:", b"edgebox.member-code.cloud.1", hint + issued + nonce, member)

    def phone_code(self, member: str, issued_at: int, nonce: bytes) -> str:
        """Return a code that the member's own phone signs."""
        issued = issued_at.to_bytes(4, "big")
        return self._sign("EDGE:P1:", b"edgebox.member-code.phone.1", issued + nonce, member)

    def _sign(self, prefix: str, domain: bytes, head: bytes, member: str) -> str:
        signed = head + member.encode()
        signature = self.key.sign(domain + b"\0" + signed)
        return prefix + base64.b32encode(signed + signature).decode().rstrip("=")
