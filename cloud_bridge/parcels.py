"""Facts on their way: an envelope's JSON is written once, and spliced into its batch as bytes."""

import base64
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from cloud_bridge.contract import Batch, Envelope, head_text, sha256

_encode = msgspec.json.Encoder().encode


class Written(NamedTuple):
    """An envelope as it travels: its place, its page's digest, and its JSON."""

    sequence: int
    hash: str
    json: bytes


class Parcel(NamedTuple):
    """A batch as it travels: what is in it, the JSON of a `Batch`, and that JSON's SHA-256."""

    facts: Sequence[Written]
    body: bytes
    body_hash: str


def write(envelope: Envelope) -> Written:
    """Return an envelope as it travels."""
    return Written(envelope.sequence, envelope.hash, _encode(envelope))


def bind(box: str, sign: Callable[[bytes], bytes], facts: Sequence[Written]) -> Parcel:
    """Return facts, at least one, as a batch that is signed over its head."""
    last = facts[-1]
    signature = base64.b64encode(sign(head_text(box, last.sequence, last.hash))).decode()
    empty = _encode(Batch(box=box, envelopes=(), head=last.hash, signature=signature))
    before, _, after = empty.partition(b'"envelopes":[')
    letters = b",".join([fact.json for fact in facts])
    body = b"".join((before, b'"envelopes":[', letters, after))
    return Parcel(facts, body, sha256(body))
