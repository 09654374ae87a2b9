"""What the cloud alone can read: it opens what boxes have sealed, and forgets it when asked."""

import sqlite3
from collections.abc import Iterable

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cloud_bridge.contract import Enrolled, SealedBatch, SealedKept, sha256, unbase64
from cloud_bridge.sealing import SealBroken, unseal
from simulators.keys import KeyPair

SCHEMA = """
create table if not exists sealed(hash text primary key, body blob not null) strict;
"""


class Vault:
    """Sealed letters in an SQLite file, ":memory:" for none; its key follows from the cloud's."""

    def __init__(self, path: str, signing_key: KeyPair) -> None:
        seed = sha256(b"sealing" + signing_key.private_key.private_bytes_raw())
        self._key = X25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(SCHEMA)

    @property
    def public_key(self) -> bytes:
        """What boxes seal for: a raw X25519 key."""
        return self._key.public_key().public_bytes_raw()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def take(self, batch: SealedBatch) -> SealedKept:
        """Keep whatever can be opened and is what its hash says."""
        kept = []
        for letter in batch.letters:
            body = unbase64(letter.body)
            if body is not None and sha256(body) == letter.hash and self._opened(body):
                self._db.execute("insert or ignore into sealed values(?, ?)", (letter.hash, body))
                kept.append(letter.hash)
        return SealedKept(hashes=tuple(kept))

    def read(self, name: str) -> Enrolled | None:
        """Return what a letter says, or None where there is none."""
        row = self._db.execute("select body from sealed where hash = ?", (name,)).fetchone()
        return None if row is None else self._opened(row[0])

    def erase(self, hashes: Iterable[str]) -> None:
        """Forget letters."""
        self._db.executemany("delete from sealed where hash = ?", [(name,) for name in hashes])

    def _opened(self, body: bytes) -> Enrolled | None:
        try:
            return msgspec.json.decode(unseal(body, self._key), type=Enrolled)
        except (SealBroken, msgspec.DecodeError, UnicodeError):
            return None
