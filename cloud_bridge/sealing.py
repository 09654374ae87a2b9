"""How a letter is sealed so that the cloud alone can open it, and not even the box that wrote it.

    sealed  =  "EDGS" 0x01  |  ephemeral public key (32 bytes)  |  ciphertext and tag (16 bytes)

The shared secret is X25519 (RFC 7748) of a fresh ephemeral key and the cloud's sealing key. HKDF
with SHA-256 (RFC 5869), salt = ephemeral public key | cloud's public key, info =
"edgebox.sealed.v1", gives 44 bytes: the key and the nonce of ChaCha20-Poly1305 (RFC 8439), whose
associated data is everything before the ciphertext. A key seals once, so that its nonce is never
used again. The text is filled with spaces to a multiple of 256 bytes: its length tells nothing of
a name's.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"EDGS\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
BLOCK_BYTES = 256
INFO = b"edgebox.sealed.v1"


class SealBroken(Exception):
    """It was not sealed for this key, or it was changed since."""


def seal(text: bytes, recipient: bytes, ephemeral: bytes) -> bytes:
    """Return a text (JSON, say) sealed for a raw X25519 public key.

    `ephemeral` is 32 fresh random bytes; nobody may keep them. Raises ValueError for a `recipient`
    that is no key.
    """
    own = X25519PrivateKey.from_private_bytes(ephemeral)
    shared = own.exchange(X25519PublicKey.from_public_bytes(recipient))
    public = own.public_key().public_bytes_raw()
    key, nonce = _derived(shared, public, recipient)
    padded = text.ljust(-(-len(text) // BLOCK_BYTES) * BLOCK_BYTES)
    head = MAGIC + public
    return head + ChaCha20Poly1305(key).encrypt(nonce, padded, head)


def unseal(sealed: bytes, private: X25519PrivateKey) -> bytes:
    """Return what was sealed, filled with spaces at its end, or raise `SealBroken`."""
    head, ciphertext = sealed[: len(MAGIC) + KEY_BYTES], sealed[len(MAGIC) + KEY_BYTES :]
    public = head[len(MAGIC) :]
    if not head.startswith(MAGIC) or len(public) != KEY_BYTES:
        raise SealBroken("no sealed letter")
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
        key, nonce = _derived(shared, public, private.public_key().public_bytes_raw())
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, head)
    except (InvalidTag, ValueError):
        raise SealBroken("it was sealed for another, or changed") from None


def _derived(shared: bytes, public: bytes, recipient: bytes) -> tuple[bytes, bytes]:
    derive = HKDF(SHA256(), KEY_BYTES + NONCE_BYTES, salt=public + recipient, info=INFO).derive
    material = derive(shared)
    return material[:KEY_BYTES], material[KEY_BYTES:]
