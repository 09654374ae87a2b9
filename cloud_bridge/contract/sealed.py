"""What only the cloud may read: POST /v1/sealed. How it is sealed says `cloud_bridge.sealing`.

It travels beside the facts, in any order: a fact names it by its hash. The cloud answers with the
hashes of all it keeps; what no fact ever names, it may throw away.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from cloud_bridge.contract.words import Words

SEALED_COUNT_MAX = 100


class Sealed(Words, frozen=True, kw_only=True):
    """One sealed letter: base64, and the hash of its bytes."""

    hash: str
    body: str


class SealedBatch(Words, frozen=True, kw_only=True):
    """Sealed letters that the cloud has not confirmed yet."""

    letters: Annotated[tuple[Sealed, ...], Meta(min_length=1, max_length=SEALED_COUNT_MAX)]


class SealedKept(Words, frozen=True, kw_only=True):
    """The cloud has these, durably, and could open them."""

    hashes: tuple[str, ...]


class Enrolled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sealed of a person: the JSON inside. It never shows itself in a log."""

    name: Annotated[str, Meta(max_length=200)] = ""
    phone: Annotated[str, Meta(max_length=32)] = ""
    birthday: Annotated[str, Meta(max_length=16)] = ""
    """With its year, where the person gave one."""
    address: Annotated[str, Meta(max_length=500)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""

    def __repr__(self) -> str:
        return "Enrolled(...)"
