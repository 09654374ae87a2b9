"""What the cloud does with the facts of its boxes: who vouches for them, where they belong.

A box's facts form a tree of epochs: an epoch begins with the fact that opens it, on top of a page
that is recorded already. The cloud puts them in order: an epoch opens only above all that it has
of the box, and from then on nothing new is taken of those before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from cloud_bridge.contract import (
    Batch,
    Card,
    CardBound,
    CardReplaced,
    CardStateChanged,
    Change,
    CloudHead,
    CloudProblem,
    DeedFact,
    Envelope,
    EpochOpened,
    FactBody,
    Member,
    MemberEnrolled,
    OpeningBalance,
    Outcome,
    Posting,
    Receipt,
    RecordedFacts,
    RecoveredFact,
    check,
    fact_identity,
    head_text,
    unbase64,
)
from simulators.cloud.keeping import told
from simulators.cloud.tables import Head, Judged, Tables

Status = Literal["active", "frozen", "lost", "replaced", "inactive"]
OPENING = str(EpochOpened.__struct_config__.tag)
PAGE_COUNT_MAX = 1000
STATUS: Mapping[str, Status] = {
    "active": "active", "inactive": "inactive", "frozen": "frozen", "lost": "lost",
    "dead": "replaced",
}  # fmt: skip
"""What a card's state is called in the news."""


class Refused(Exception):
    """A whole request is refused."""

    def __init__(self, problem: CloudProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def refuse(status: int, code: str, title: str) -> Refused:
    """Return a refusal, to be raised."""
    return Refused(CloudProblem(code=code, status=status, title=title))


class Recording:
    """The part of a cloud that records facts."""

    def __init__(self, tables: Tables, batch_count_max: int) -> None:
        self._tables = tables
        self._batch_count_max = batch_count_max

    # --- GET /v1/head and GET /v1/facts ----------------------------------------------------------

    def _head(self, box: str) -> CloudHead:
        head = self._tables.head(box)
        return CloudHead(epoch=head.epoch, sequence=head.sequence, head=head.hash)

    def _recorded(self, box: str, query: Mapping[str, str]) -> RecordedFacts:
        asked = [query.get(name, "") for name in ("epoch", "after", "limit")]
        if not all(text.isascii() and text.isdecimal() and len(text) < 17 for text in asked):
            raise refuse(400, "malformed", "epoch, after and limit are numbers")
        epoch, after, limit = map(int, asked)
        limit = min(limit, PAGE_COUNT_MAX)
        found = self._tables.facts_after(box, epoch, after, limit + 1)
        return RecordedFacts(envelopes=tuple(found[:limit]), more=len(found) > limit)

    # --- POST /v1/facts --------------------------------------------------------------------------

    def _take(self, box: str, body: bytes) -> Receipt:
        """Record what is new of a batch, and answer for all of it as at the first time."""
        batch = self._read(box, body)
        head = self._tables.head(box)
        count = self._known(box, batch.envelopes)
        known, fresh = batch.envelopes[:count], batch.envelopes[count:]
        outcomes = [self._remembered(box, envelope, head) for envelope in known]
        if fresh:
            self._must_follow(box, fresh, head)
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

    def _signed(self, box: str, signature: bytes, text: bytes) -> bool:
        public_key = self._tables.public_key(box)
        if public_key is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def _known(self, box: str, envelopes: Sequence[Envelope]) -> int:
        """Return how many of a batch are recorded; another page in a place is a fork."""
        for count, envelope in enumerate(envelopes):
            there = self._tables.outcome(box, envelope.epoch, envelope.sequence)
            if there is None:
                return count
            if there.hash != envelope.hash:
                title = f"another fact is recorded at {envelope.sequence}"
                raise _conflict("forked", title, self._tables.head(box))
        return len(envelopes)

    def _remembered(self, box: str, envelope: Envelope, head: Head) -> Outcome:
        outcome = self._tables.outcome(box, envelope.epoch, envelope.sequence)
        assert outcome is not None, "it is recorded"
        return outcome

    def _must_follow(self, box: str, fresh: Sequence[Envelope], head: Head) -> None:
        """Refuse what continues neither the latest epoch nor opens one above it."""
        last = head
        for envelope in fresh:
            if last.sequence and envelope.epoch != last.epoch:
                last = self._opened(box, envelope, last, head)
            if envelope.sequence > last.sequence + 1:
                raise _conflict("gap", f"{envelope.sequence} does not follow", head)
            if envelope.sequence <= last.sequence or (
                last.sequence and envelope.previous != last.hash
            ):
                raise _conflict("forked", f"{envelope.sequence} is not what comes next", head)
            last = Head(envelope.sequence, envelope.epoch, envelope.hash)

    def _opened(self, box: str, first: Envelope, last: Head, head: Head) -> Head:
        """Return the page on which an epoch opens, which is recorded or the one just before."""
        if first.epoch < last.epoch:
            raise _conflict("fenced", f"epoch {first.epoch} is over", head)
        if first.kind != OPENING:
            raise _conflict("gap", f"epoch {first.epoch} has not been opened", head)
        if first.previous == last.hash or first.sequence == 1:
            return Head(first.sequence - 1, first.epoch, first.previous)
        parent = self._tables.place_of(box, first.previous)
        if parent is None or parent.sequence != first.sequence - 1:
            raise _conflict("gap", f"epoch {first.epoch} opens on a page unknown here", head)
        return Head(parent.sequence, first.epoch, parent.hash)

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
        inner = _inner(fact)
        if not isinstance(fact, DeedFact):
            return Judged(said, fact=inner)
        if not _balanced(fact.postings):
            reason = "the postings do not sum to zero"
            return Judged(replace(said, outcome="rejected_invalid", reason=reason))
        lost = ""
        if isinstance(fact, RecoveredFact):
            lost = fact_identity(fact.origin, fact.key, fact.body.encode())
        if fact.member is None or self._tables.knows(fact.member):
            return Judged(said, fact.postings, _changed(fact, inner), lost=lost, fact=inner)
        if isinstance(fact, MemberEnrolled):
            said = self._enrolled_twice(said, fact)
            changes = (*_newcomer(fact.member, fact), *_changed(fact, inner))
            return Judged(said, fact.postings, changes, fact=inner)
        reason = f"unknown member {fact.member}"
        said = replace(
            said, outcome="accepted_with_exception", reason=reason, kind="unknown_member"
        )
        return Judged(said, fact.postings, lost=lost, fact=inner)

    def _enrolled_twice(self, said: Outcome, fact: MemberEnrolled) -> Outcome:
        """Report who may be a member already: by the same phone."""
        others = self._tables.by_phone(fact.phone.hash) if fact.phone else []
        if not others:
            return said
        reason = f"{fact.member} has the phone of {', '.join(others)}"
        return replace(
            said, outcome="accepted_with_exception", reason=reason, kind="duplicate_member"
        )


def _chained(envelopes: Sequence[Envelope]) -> bool:
    """Tell whether each envelope is sound and continues the one before."""
    return all(check(e) for e in envelopes) and all(
        later.sequence == earlier.sequence + 1 and later.previous == earlier.hash
        for earlier, later in pairwise(envelopes)
    )


def _inner(fact: object) -> object:
    """Return the fact itself, also of one that was lost and came back."""
    if not isinstance(fact, RecoveredFact):
        return fact
    try:
        return msgspec.json.decode(fact.body, type=FactBody)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _changed(fact: DeedFact, inner: object) -> Sequence[Change]:
    """Return what a deed changes of cards and coupons, for boxes to know."""
    found: list[Change] = [*_cards(inner)]
    for move in fact.moves:
        lot = move.opens
        if lot is not None and lot.unit == "CPN":
            found.append(told(lot, max(0, move.amount)))
    return found


def _cards(fact: object) -> Iterator[Card]:
    match fact:
        case OpeningBalance() if fact.card and fact.member:
            yield Card(number=fact.card, member=fact.member)
        case CardBound() if fact.member:
            yield Card(number=fact.card, member=fact.member)
        case CardReplaced() if fact.member:
            yield Card(number=fact.old, member=fact.member, status="replaced")
            yield Card(number=fact.new, member=fact.member)
        case CardStateChanged() if fact.member:
            yield Card(number=fact.card, member=fact.member, status=STATUS[fact.state])


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


def _conflict(code: str, title: str, head: Head) -> Refused:
    return Refused(
        CloudProblem(
            code=code, status=409, title=title, high_water=head.sequence, head=head.hash,
            epoch=head.epoch,
        )
    )  # fmt: skip
