"""A fact that came back to the box that had made and lost it."""

import msgspec

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.post import Envelope
from cloud_bridge.contract.words import sha256


class RecoveredFact(DeedFact, frozen=True, kw_only=True, tag="recovered.v1"):
    """A page of another epoch, which the box had lost and the cloud gave back.

    As a deed it moves what the lost one moved. Whoever has recorded that one already, by its
    `hash`, has counted it. The fields from `epoch` on are the lost page's; `body` is its JSON.
    """

    epoch: int
    sequence: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    body: str
    answer: str
    previous: str
    hash: str


def original(envelope: Envelope) -> Envelope:
    """Return the page that was lost first: what came back once may be lost again.

    That is the envelope itself if it is of no fact that came back, or cannot be read.
    """
    if envelope.kind != RecoveredFact.__struct_config__.tag:
        return envelope
    try:
        lost = msgspec.json.decode(envelope.body, type=RecoveredFact)
    except (msgspec.DecodeError, UnicodeError):
        return envelope
    return Envelope(
        sequence=lost.sequence, epoch=lost.epoch, at=lost.at, origin=lost.origin, key=lost.key,
        content=lost.content, kind=lost.kind, body=msgspec.Raw(lost.body.encode()),
        answer=lost.answer, previous=lost.previous, hash=lost.hash,
    )  # fmt: skip


def fact_identity(origin: str, key: str, body: bytes) -> str:
    """Return what a fact is known by, in whatever page of whatever life: it counts once."""
    return sha256(f"{origin}\n{key}\n{sha256(body)}".encode())
