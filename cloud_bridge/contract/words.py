"""What all words to and from the cloud have in common."""

import base64
import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""An integer every JSON software and every database can hold; the cloud may send no other."""

Price = Annotated[int, Meta(ge=0, le=10**9)]
"""A unit price in minor units: a basket of 500 lines of 9,999 such units still fits 64 bits."""


class CloudError(Exception):
    """Base of everything that can go wrong between us and the cloud."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all words: unknown fields are ignored, so that the cloud may grow before us."""


def sha256(data: bytes) -> str:
    """Return the lower-case hex SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def unbase64(text: str) -> bytes | None:
    """Return the bytes of `text` (RFC 4648 section 4, strictly), or None."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
