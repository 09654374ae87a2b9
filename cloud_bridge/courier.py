"""When to send what, and what an answer means: pure, with time and chance as arguments.

Facts go strictly in sequence, one batch in flight. Nothing the cloud says can move the
bookmark but a receipt that names our own page's digest, so that an answer from somebody else's
journal, an old answer, or a login page in between is worth nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from cloud_bridge.contract import CloudProblem, Outcome, Receipt
from cloud_bridge.parcels import Written

SOON = 0.25
"""The part of the time allowed within which an answer has to come for twice as much to follow."""
CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at once, how soon again. Sizes are of the envelopes' JSON."""

    batch_count_max: int = 1000
    batch_bytes_max: int = 3 * 1024 * 1024
    delay_seconds_min: float = 0.25
    delay_seconds_base: float = 1.0
    delay_seconds_max: float = 300.0
    retry_after_seconds_max: float = 900.0
    failures_to_offline: int = 3
    successes_to_online: int = 2


# --- what an answer means -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The cloud has everything up to `sequence`; `outcomes` are of ours up to there, in order."""

    sequence: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """The cloud cannot now: 429, 5xx, or nothing came back. `retry_after` is its own wish."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """413: the same in smaller pieces."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """401, 403 and other 4xx: the cloud knows us and says no, or does not know us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Garbage:
    """Not the cloud speaking: a login page, a cut body, a status nobody agreed on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Alien:
    """A receipt for pages which are not ours: it acknowledges nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rewound:
    """The cloud has less than it once acknowledged; `high_water` is where it stands now."""

    reason: str
    high_water: int


@dataclass(frozen=True, slots=True)
class Forked:
    """409: the cloud's history of this box goes on otherwise than ours."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """A bundle that came and was refused; the last good one stays."""

    reason: str


Failure = Later | TooLarge | Denied | Garbage | Alien | Rewound | Forked
Verdict = Acknowledged | Failure


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What came back: `headers` have lower-case names, `body` is decoded from no encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def judge(
    answer: WireAnswer, batch: Sequence[Written], hash_at: Callable[[int], str | None]
) -> Verdict:
    """Tell what the answer to a batch of facts means.

    `hash_at` gives our own digest at a sequence, None where we have no page.
    """
    bookmark = batch[0].sequence - 1
    if answer.status == 409:
        return _conflict(answer, bookmark)
    sent = {fact.sequence: fact.hash for fact in batch}

    def ours(sequence: int) -> str | None:
        return sent[sequence] if sequence in sent else hash_at(sequence)

    receipt = read(answer, Receipt)
    if not isinstance(receipt, Receipt):
        return receipt
    if receipt.high_water < bookmark:
        return Rewound(f"has {receipt.high_water} of {bookmark}", receipt.high_water)
    if receipt.high_water == bookmark:
        return Garbage("a receipt that records nothing")
    if ours(receipt.high_water) != receipt.head:
        return Alien(f"page {receipt.high_water} is not {receipt.head[:12] or 'anything'!r} here")
    return _count(receipt, bookmark, ours)


def read(answer: WireAnswer, kind: type[T]) -> T | Failure:
    """Return what an answer carries, or why it is no success."""
    if answer.status != 200:
        return _refused(answer)
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        return Garbage(f"{media or 'nothing'} where JSON was due")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Garbage(str(error))


def _refused(answer: WireAnswer) -> Failure:
    reason = f"{answer.status} {code_of(answer)}".strip()
    match answer.status:
        case 413:
            return TooLarge(reason)
        case 408 | 425 | 429:
            return Later(reason, retry_after(answer.headers))
        case status if 400 <= status < 500:
            return Denied(reason)
        case status if 500 <= status < 600:
            return Later(reason, retry_after(answer.headers))
        case _:
            return Garbage(reason)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After (RFC 9110 section 10.2.3); a date counts as no wish."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


def _count(
    receipt: Receipt, bookmark: int, hash_at: Callable[[int], str | None]
) -> Acknowledged | Garbage | Alien:
    """Count the outcomes that follow the bookmark without a gap.

    A receipt may know of more pages than it has outcomes for, when the answer to a larger batch
    was lost: those are sent again, so that no outcome is missed.
    """
    told = {outcome.sequence: outcome for outcome in receipt.outcomes}
    counted: list[Outcome] = []
    for sequence in range(bookmark + 1, receipt.high_water + 1):
        outcome = told.get(sequence)
        if outcome is None:
            break
        if outcome.hash != hash_at(sequence):
            return Alien(f"outcome {sequence} is of {outcome.hash[:12]!r}, which is not ours")
        counted.append(outcome)
    if not counted:
        return Garbage("a receipt without outcomes")
    return Acknowledged(counted[-1].sequence, tuple(counted))


def _conflict(answer: WireAnswer, bookmark: int) -> Rewound | Forked | Alien | Garbage:
    problem = _problem(answer)
    if problem is None or problem.high_water is None:
        return Garbage("409 without a high_water")
    if problem.code in {"forked", "fenced"}:
        return Forked(f"409 {problem.code}: {problem.title}")
    if problem.high_water < bookmark:
        return Rewound(f"409 has {problem.high_water} of {bookmark}", problem.high_water)
    return Alien(f"409 {problem.title or problem.code}, at {problem.high_water}")


def _problem(answer: WireAnswer) -> CloudProblem | None:
    try:
        return msgspec.json.decode(answer.body, type=CloudProblem)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def is_unknown_cursor(answer: WireAnswer) -> bool:
    """Tell whether a cloud, restored from a backup, does not know a cursor of its earlier life."""
    return (answer.status, code_of(answer)) == (409, "unknown-cursor")


def code_of(answer: WireAnswer) -> str:
    """Return a problem's code, "" for what is none.

    Its title is the cloud's: it may quote what we had sent.
    """
    problem = _problem(answer)
    return "" if problem is None or not CODE.fullmatch(problem.code) else problem.code


# --- when to send what ----------------------------------------------------------------------------


class Backoff:
    """How long to leave the cloud alone: exponential with full jitter, Retry-After obeyed."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._failures = 0
        self._wished_until = 0.0
        self.not_before = 0.0
        """In the same seconds as `now`."""

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0
        self._wished_until = self.not_before = 0.0

    def shorten(self) -> None:
        """Wait no longer than the cloud itself has asked for."""
        self._failures = 0
        self.not_before = min(self.not_before, self._wished_until)

    def failed(self, now: float, jitter: float, wish: float | None = None) -> None:
        """Wait longer than last time; `jitter` in [0, 1) says how much of the limit it is.

        With a `wish` (Retry-After, capped) the jitter comes on top, so that a hundred boxes
        which were told the same do not come back at the same moment.
        """
        assert 0.0 <= jitter < 1.0
        pace = self._pace
        limit = min(pace.delay_seconds_max, pace.delay_seconds_base * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        delay = max(pace.delay_seconds_min, limit * jitter)
        self.not_before = now + delay
        if wish is not None:
            self.not_before += min(wish, pace.retry_after_seconds_max)
            self._wished_until = self.not_before


class Courier:
    """Packs batches and learns from answers."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._backoff = Backoff(pace)
        self._count = pace.batch_count_max

    @property
    def not_before(self) -> float:
        """When the next batch may leave, in the same seconds as `now`."""
        return self._backoff.not_before

    def cloud_is_back(self) -> None:
        """Learn, from other traffic, that waiting on is pointless."""
        self._backoff.shorten()

    def pack(self, pending: Iterable[Written]) -> Sequence[Written]:
        """Return the next batch: the first of `pending` within the limits, at least one.

        No more of it is read than is needed to know that.
        """
        batch: list[Written] = []
        size = 0
        for fact in pending:
            size += len(fact.json) + 1
            if batch and size > self._pace.batch_bytes_max:
                break
            batch.append(fact)
            if len(batch) >= self._count:
                break
        return batch

    def heard(
        self, verdict: Verdict, sent: int, now: float, jitter: float, taken: float = 0.0
    ) -> None:
        """Learn what became of a batch of `sent` envelopes.

        `taken` is the part of the time allowed that the answer took. What is answered soon grows;
        what is not answered is tried smaller, as a thin line may not carry it in time.
        """
        match verdict:
            case Acknowledged():
                self._backoff.succeeded()
                if taken <= SOON:
                    self._count = min(self._pace.batch_count_max, self._count * 2)
            case TooLarge() if sent > 1:
                self._count = sent // 2
            case Later(retry_after=wish):
                self._count = max(1, sent // 2) if sent else self._count
                self._backoff.failed(now, jitter, wish)
            case _:
                self._backoff.failed(now, jitter)


class Presence:
    """Whether the cloud counts as there, with hysteresis: one lost answer is not yet offline."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._streak = 0
        """Successes in a row (positive) or failures in a row (negative)."""
        self.up = False

    def saw(self, success: bool) -> bool:
        """Count one exchange; return whether `up` has just changed."""
        self._streak = max(self._streak, 0) + 1 if success else min(self._streak, 0) - 1
        before = self.up
        if self._streak >= self._pace.successes_to_online:
            self.up = True
        elif -self._streak >= self._pace.failures_to_offline:
            self.up = False
        return self.up != before
