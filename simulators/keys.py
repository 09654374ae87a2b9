"""Ed25519 key pairs for far ends: a cloud that signs rules, a box that signs requests."""

import random
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and the name it is known by."""

    id: str
    private_key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes that others check signatures with."""
        return self.private_key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """Return the raw signature of `text`."""
        return self.private_key.sign(text)


def make_key(name: str, luck: random.Random) -> KeyPair:
    """Return a fresh pair; from `random.SystemRandom()` a safe one, from a seed the same one."""
    return KeyPair(name, Ed25519PrivateKey.from_private_bytes(luck.randbytes(32)))
