"""One box as a cloud sees it: a key, a chain of pages, and signed requests."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge.auth import write_auth
from cloud_bridge.contract import (
    Batch,
    CloudHead,
    CloudProblem,
    Envelope,
    EpochOpened,
    head_text,
    seal,
    sha256,
)
from cloud_bridge.courier import WireAnswer
from cloud_bridge.http import Unreachable, Wire

SECONDS_MAX = 15.0
NOBODY = "0" * 64
"""What the first page of a box follows."""

T = TypeVar("T")


class Broken(Exception):
    """A promise was not kept; says what happened instead."""


class FarBox:
    """A box called `name`; `now` is in milliseconds since 1970 UTC, `nonce` gives hex digits."""

    def __init__(
        self,
        name: str,
        key: Ed25519PrivateKey,
        wire: Wire,
        now: Callable[[], int],
        nonce: Callable[[], str],
    ) -> None:
        self.name, self.now, self.nonce = name, now, nonce
        self._key, self._wire = key, wire
        self.epoch = self.sequence = 0
        self.previous = NOBODY

    # --- asking ----------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        at: int | None = None,
    ) -> WireAnswer:
        """Return what comes back of a signed request."""
        auth = self.sign(method, target, body, at=at)
        media = {"Content-Type": "application/json"} if body else {}
        return await self.bare(method, target, {**auth, **media, **(headers or {})}, body)

    def sign(
        self, method: str, target: str, body: bytes = b"", *, name: str = "", at: int | None = None
    ) -> Mapping[str, str]:
        """Return the header that says who asks; as somebody else, or at another time."""
        stamp = self.now() if at is None else at
        said = write_auth(name or self.name, stamp, self._key.sign, method, target, body)
        return {"Edge-Auth": said}

    async def bare(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> WireAnswer:
        """Ask, saying nothing of who asks but what is in the headers."""
        try:
            return await self._wire.request(method, target, headers or {}, body, SECONDS_MAX)
        except Unreachable as error:
            raise Broken(f"no answer to {method} {target}: {error}") from error

    async def get(self, target: str, kind: type[T]) -> T:
        """Return what a question is answered with."""
        return read(await self.ask("GET", target), kind)

    async def post(self, target: str, asked: msgspec.Struct, kind: type[T]) -> T:
        """Return what a request is answered with."""
        return read(await self.ask("POST", target, msgspec.json.encode(asked)), kind)

    async def refused(self, target: str, asked: msgspec.Struct, status: int) -> CloudProblem:
        """Return the problem that a request is refused with."""
        answer = await self.ask("POST", target, msgspec.json.encode(asked))
        return problem(answer, status)

    # --- pages -----------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Go on where the cloud has this box: in a new epoch, above all that is recorded."""
        head = await self.get("/v1/head", CloudHead)
        self.epoch, self.sequence = head.epoch + 1, head.sequence
        self.previous = head.head or NOBODY
        opened = EpochOpened(
            ordinal=self.epoch, nonce=self.nonce(), parent_ordinal=head.epoch or None,
            parent_sequence=head.sequence, parent_head=head.head, software="conformance",
        )  # fmt: skip
        answer = await self.send([self.page(opened)])
        if answer.status != 200:
            raise Broken(f"a new epoch is answered {answer.status}")

    def page(self, fact: Any, *, key: str = "", kind: str = "", body: bytes = b"") -> Envelope:
        """Return the next page of this box."""
        body = body or msgspec.json.encode(fact)
        kind = kind or str(type(fact).__struct_config__.tag)
        key = key or f"conform/{self.nonce()}"
        self.sequence += 1
        envelope = self.sealed(self.sequence, self.previous, key, kind, body)
        self.previous = envelope.hash
        return envelope

    def sealed(self, sequence: int, previous: str, key: str, kind: str, body: bytes) -> Envelope:
        """Return a page with its digest, wherever it would stand."""
        at, content, answer = self.now(), sha256(body), sha256(b"")
        digest = seal(
            previous, sequence, self.epoch, at, "box", key, content, kind, sha256(body), answer
        )
        return Envelope(
            sequence=sequence, epoch=self.epoch, at=at, origin="box", key=key, content=content,
            kind=kind, body=msgspec.Raw(body), answer=answer, previous=previous, hash=digest,
        )  # fmt: skip

    def back(self, to: Envelope) -> None:
        """Forget pages that were never sent: the next one follows this."""
        self.sequence, self.previous = to.sequence, to.hash

    def batch(self, pages: Sequence[Envelope], **changed: Any) -> Batch:
        """Return a signed batch; `changed` fields are as somebody else would write them."""
        last = pages[-1]
        signature = self._key.sign(head_text(self.name, last.sequence, last.hash))
        whole = Batch(
            box=self.name, envelopes=tuple(pages), head=last.hash,
            signature=base64.b64encode(signature).decode(),
        )  # fmt: skip
        return msgspec.structs.replace(whole, **changed)

    async def send(self, pages: Sequence[Envelope], **changed: Any) -> WireAnswer:
        """Send pages, and return what comes back."""
        body = msgspec.json.encode(self.batch(pages, **changed))
        return await self.ask("POST", "/v1/facts", body)


def read(answer: WireAnswer, kind: type[T]) -> T:
    """Return what an answer carries, which is what the contract says; else it is broken."""
    if answer.status != 200:
        raise Broken(f"answered {answer.status} where 200 was due: {answer.body[:200]!r}")
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Broken(f"answered with {media or 'no type'} where JSON was due")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Broken(f"not the contract's {kind.__name__}: {error}") from error


def problem(answer: WireAnswer, status: int) -> CloudProblem:
    """Return the problem of a refusal that has to have this status; else it is broken."""
    if answer.status != status:
        raise Broken(f"answered {answer.status} where {status} was due: {answer.body[:200]!r}")
    try:
        return msgspec.json.decode(answer.body, type=CloudProblem)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Broken(f"a refusal without a problem: {error}") from error


def must(is_so: bool, reason: str) -> None:
    """Call it broken unless it is so."""
    if not is_so:
        raise Broken(reason)
