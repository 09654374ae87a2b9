"""The cloud's side of the contract: who asks, what is recorded, what is told.

`handle` is all of it, without a transport. Every authentic fact is recorded once; a bad one is
recorded as such. Members' points follow from the postings of unit PTS, whatever deed they are of;
whom a box enrols is a member from then on, by the id the box gave them.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from cloud_bridge import bundle as bundles
from cloud_bridge.auth import auth_text, read_auth
from cloud_bridge.contract import (
    Batch,
    Card,
    Change,
    Changes,
    CloudProblem,
    DeedFact,
    Envelope,
    FactBody,
    Member,
    MemberEnrolled,
    Outcome,
    Posting,
    Product,
    Receipt,
    SignedBundle,
    check,
    head_text,
    sha256,
    unbase64,
)
from simulators.cloud.tables import Head, Judged, Tables, as_seen_by
from simulators.keys import KeyPair

CLOCK_SKEW_MS_MAX = 5 * 60 * 1000


def wall_clock() -> int:
    """Return milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Reply(NamedTuple):
    """An answer on its way out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """A whole request is refused."""

    def __init__(self, problem: CloudProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def refuse(status: int, code: str, title: str) -> Refused:
    """Return a refusal, to be raised."""
    return Refused(CloudProblem(code=code, status=status, title=title))


class CloudTwin:
    """A membership cloud for one programme.

    `signing_key` signs bundles. A batch of more than `batch_count_max` envelopes or a request
    of more than `request_bytes_max` bytes is answered 413.
    """

    def __init__(
        self,
        signing_key: KeyPair,
        path: str = ":memory:",
        *,
        now: Callable[[], int] = wall_clock,
        batch_count_max: int = 1000,
        request_bytes_max: int = 4 * 1024 * 1024,
    ) -> None:
        self.signing_key = signing_key
        self._tables = Tables(path)
        self._now = now
        self._batch_count_max = batch_count_max
        self._request_bytes_max = request_bytes_max

    def close(self) -> None:
        """Close the tables."""
        self._tables.close()

    # --- the merchant's hand ---------------------------------------------------------------------

    def register_box(self, box: str, public_key: bytes) -> None:
        """Let a box in by its raw Ed25519 public key."""
        self._tables.add_box(box, public_key)

    def seed_members(self, members: Iterable[Member], cards: Iterable[Card] = ()) -> None:
        """Add or change members and cards; `Member.points` is what they bring from before."""
        self._tables.tell([*members, *cards])

    def seed_products(self, products: Iterable[Product]) -> None:
        """Add or change articles of the price book."""
        self._tables.tell(products)

    def publish_bundle(self, bundle: Mapping[str, Any]) -> bytes:
        """Sign a rule bundle and make it the current one; return it as boxes get it."""
        raw = bundles.sign(bundle, self.signing_key.id, self.signing_key.private_key)
        self.publish_raw(raw)
        return raw

    def publish_raw(self, raw: bytes) -> None:
        """Publish bytes as they are, for bundles which no honest cloud would send."""
        try:
            digest = sha256(bytes(msgspec.json.decode(raw, type=SignedBundle).bundle))
        except msgspec.DecodeError:
            digest = sha256(raw)
        self._tables.publish(digest, raw)

    # --- what can be compared --------------------------------------------------------------------

    def books(self) -> dict[str, dict[str, int]]:
        """Return what every account holds, by unit, from recorded facts alone."""
        return self._tables.books()

    def facts(self, box: str) -> Sequence[Envelope]:
        """Return every fact recorded of a box, in sequence."""
        return self._tables.facts(box)

    def outcomes(self, box: str) -> Sequence[Outcome]:
        """Return what was made of every fact of a box, in sequence."""
        return self._tables.outcomes(box)

    # --- requests --------------------------------------------------------------------------------

    async def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Answer one request. `target` is the path with its query, as it was signed."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            if len(body) > self._request_bytes_max:
                raise refuse(413, "too-large", f"at most {self._request_bytes_max} bytes")
            box = self._authenticate(method, target, lower, body)
            return self._route(box, method, target, lower, body)
        except Refused as refused:
            text = msgspec.json.encode(refused.problem)
            media = {"Content-Type": "application/problem+json"}
            return Reply(refused.problem.status, media, text)

    def _authenticate(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> str:
        auth = read_auth(headers.get("edge-auth", ""))
        if auth is None:
            raise refuse(401, "no-auth", "the header Edge-Auth is missing or cannot be read")
        if not self._signed(auth.box, auth.signature, auth_text(method, target, auth.at, body)):
            raise refuse(401, "bad-auth", "no box known here has signed this request")
        if abs(self._now() - auth.at) > CLOCK_SKEW_MS_MAX:
            raise refuse(401, "clock", f"the box's clock is off: {auth.at}, here {self._now()}")
        return auth.box

    def _signed(self, box: str, signature: bytes, text: bytes) -> bool:
        public_key = self._tables.public_key(box)
        if public_key is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def _route(
        self, box: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        path, _, query = target.partition("?")
        match method, path:
            case "POST", "/v1/facts":
                return _json(self._take(box, body))
            case "GET", "/v1/changes":
                return _json(self._changes(box, dict(parse_qsl(query))))
            case "GET", "/v1/bundle":
                return self._bundle(headers.get("if-none-match", ""))
            case _:
                raise refuse(404, "not-found", f"{method} {path}")

    def _changes(self, box: str, query: Mapping[str, str]) -> Changes:
        since, limit = query.get("since", "") or "0", query.get("limit", "1000")
        if not (since.isdecimal() and limit.isdecimal() and int(limit)):
            raise refuse(400, "malformed", "since and limit are numbers")
        rows = self._tables.news(int(since), int(limit) + 1)
        page, more = rows[: int(limit)], len(rows) > int(limit)
        cursor = page[-1][0] if page else int(since)
        head = self._tables.head(box)
        return Changes(
            changes=tuple(
                self._member(change, head) if isinstance(change, Member) else change
                for _, change in page
            ),
            cursor=str(cursor),
            more=more,
            price_book=self._tables.price_book(cursor),
        )

    def _member(self, member: Member, head: Head) -> Member:
        return as_seen_by(head, member, self._tables.total(f"member:{member.id}", "PTS"))

    def _bundle(self, known: str) -> Reply:
        current = self._tables.bundle()
        if current is None:
            raise refuse(404, "no-bundle", "no rules have been published yet")
        digest, raw = current
        etag = {"ETag": f'"{digest}"'}
        if etag["ETag"] in known:
            return Reply(304, etag, b"")
        return Reply(200, {"Content-Type": "application/json", **etag}, raw)

    # --- facts -----------------------------------------------------------------------------------

    def _take(self, box: str, body: bytes) -> Receipt:
        """Record what is new of a batch, and answer for all of it as at the first time."""
        batch = self._read(box, body)
        head = self._tables.head(box)
        known = [e for e in batch.envelopes if e.sequence <= head.sequence]
        fresh = [e for e in batch.envelopes if e.sequence > head.sequence]
        outcomes = [self._remembered(box, envelope, head) for envelope in known]
        if fresh:
            self._must_follow(fresh[0], head)
            outcomes += self._tables.record(box, fresh, self._judge)
        head = self._tables.head(box)
        return Receipt(outcomes=tuple(outcomes), high_water=head.sequence, head=head.hash)

    def _read(self, box: str, body: bytes) -> Batch:
        """Return a batch whose every envelope is vouched for by the box."""
        try:
            batch = msgspec.json.decode(body, type=Batch)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise refuse(400, "malformed", str(error)) from error
        if batch.box != box:
            raise refuse(403, "other-box", f"{box} may not speak for {batch.box}")
        if not batch.envelopes:
            raise refuse(400, "malformed", "a batch has envelopes")
        if len(batch.envelopes) > self._batch_count_max:
            raise refuse(413, "too-many", f"at most {self._batch_count_max} envelopes")
        last = batch.envelopes[-1]
        signature = unbase64(batch.signature) or b""
        if not self._signed(box, signature, head_text(box, last.sequence, last.hash)):
            raise refuse(422, "forged", "the head is not signed by the box")
        if batch.head != last.hash or not _chained(batch.envelopes):
            raise refuse(422, "forged", "the envelopes do not lead to the head")
        return batch

    def _remembered(self, box: str, envelope: Envelope, head: Head) -> Outcome:
        outcome = self._tables.outcome(box, envelope.sequence)
        if outcome is None or outcome.hash != envelope.hash:
            raise _conflict(f"another fact is recorded at {envelope.sequence}", head)
        return outcome

    def _must_follow(self, first: Envelope, head: Head) -> None:
        if first.sequence != head.sequence + 1:
            raise _conflict(f"{first.sequence} does not follow {head.sequence}", head)
        if head.sequence and first.previous != head.hash:
            raise _conflict(f"{first.sequence} does not continue the recorded chain", head)

    def _judge(self, envelope: Envelope) -> Judged:
        """Return what is made of an authentic fact, all before it being recorded."""
        said = Outcome(sequence=envelope.sequence, hash=envelope.hash, outcome="accepted")
        try:
            fact = msgspec.json.decode(envelope.body, type=FactBody)
        except (msgspec.DecodeError, UnicodeError) as error:
            return Judged(replace(said, outcome="rejected_invalid", reason=str(error)))
        if fact.__struct_config__.tag != envelope.kind:
            reason = f"the body is no {envelope.kind}"
            return Judged(replace(said, outcome="rejected_invalid", reason=reason))
        if not isinstance(fact, DeedFact):
            return Judged(said)
        if not _balanced(fact.postings):
            reason = "the postings do not sum to zero"
            return Judged(replace(said, outcome="rejected_invalid", reason=reason))
        if fact.member is None or self._tables.knows(fact.member):
            return Judged(said, fact.postings)
        if isinstance(fact, MemberEnrolled):
            return Judged(said, fact.postings, _newcomer(fact.member, fact))
        reason = f"unknown member {fact.member}"
        said = replace(said, outcome="accepted_with_exception", reason=reason)
        return Judged(said, fact.postings)


def _chained(envelopes: Sequence[Envelope]) -> bool:
    """Tell whether each envelope is sound and continues the one before."""
    return all(check(e) for e in envelopes) and all(
        later.sequence == earlier.sequence + 1 and later.previous == earlier.hash
        for earlier, later in pairwise(envelopes)
    )


def _newcomer(id: str, fact: MemberEnrolled) -> Sequence[Change]:
    """Return what boxes are told of somebody who became a member at one of them."""
    member = Member(
        id=id,
        display=fact.display,
        tier=fact.tier,
        phone_hash=fact.phone.hash if fact.phone else None,
        phone_last4=fact.phone.last4 if fact.phone else None,
    )
    return (member, Card(number=fact.card, member=id)) if fact.card else (member,)


def _balanced(postings: Iterable[Posting]) -> bool:
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
    return not any(sums.values())


def _conflict(title: str, head: Head) -> Refused:
    return Refused(
        CloudProblem(
            code="conflict", status=409, title=title, high_water=head.sequence, head=head.hash
        )
    )


def _json(value: msgspec.Struct) -> Reply:
    return Reply(200, {"Content-Type": "application/json"}, msgspec.json.encode(value))
