"""Clouds that break one promise each: our own, patched."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from cloud_bridge.auth import read_auth
from cloud_bridge.contract import (
    Changes,
    Enrolled,
    Hold,
    Member,
    Move,
    Posting,
    Receipt,
    ReceiptFound,
    RecordedFacts,
    SealedKept,
    SignedTime,
)
from simulators.cloud.granting import Granting
from simulators.cloud.lots import Lots, Short
from simulators.cloud.news import News
from simulators.cloud.receipts import Receipts
from simulators.cloud.recording import Recording, Refused, refuse
from simulators.cloud.tables import Tables
from simulators.cloud.twin import CloudTwin, Reply
from simulators.cloud.vault import Vault

Breakage = Callable[[pytest.MonkeyPatch], None]


def counts_again(patch: pytest.MonkeyPatch) -> None:
    honest = Recording._take

    def take(self: Recording, box: str, body: bytes) -> Receipt:
        before = self._tables.head(box)
        receipt = honest(self, box, body)
        if self._tables.head(box) == before:
            for page in json.loads(body)["envelopes"]:
                for posting in page["body"].get("postings", ()):
                    self._tables.post(Posting(**posting))
        return receipt

    patch.setattr(Recording, "_take", take)


def takes_gaps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recording, "_must_follow", lambda *_: None)


def believes_any_signature(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recording, "_signed", lambda *_: True)


def holds_without_carving(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_place", lambda *_: None)


def forgets_holds(patch: pytest.MonkeyPatch) -> None:
    honest = Granting.hold

    def hold(self: Granting, box: str, asked: Any) -> Hold:
        self._tables._db.execute("delete from granted where id = ?", (asked.id,))
        return honest(self, box, asked)

    patch.setattr(Granting, "hold", hold)


def invalid_facts_block(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulators.cloud.recording._balanced", lambda _: True)


def says_nothing_of_what_it_counted(patch: pytest.MonkeyPatch) -> None:
    def member(self: CloudTwin, member: Member, head: Any) -> Member:
        return member

    patch.setattr(CloudTwin, "_member", member)


def tells_the_hot_list_again(patch: pytest.MonkeyPatch) -> None:
    honest = News.hot

    def hot(self: News, since: int, limit: int) -> Any:
        self._db.execute("insert or ignore into hot values(1, 'card', 'x', 1)")
        return honest(self, 0, limit)

    patch.setattr(News, "hot", hot)


def answers_an_old_nonce(patch: pytest.MonkeyPatch) -> None:
    honest = CloudTwin._time

    def told(self: CloudTwin, query: Any) -> SignedTime:
        return honest(self, {**query, "nonce": "ab" * 8})

    patch.setattr(CloudTwin, "_time", told)


def sends_rules_every_time(patch: pytest.MonkeyPatch) -> None:
    honest = CloudTwin._bundle

    def bundle(self: CloudTwin, known: str) -> Reply:
        return honest(self, "")

    patch.setattr(CloudTwin, "_bundle", bundle)


def signs_for_anybody(patch: pytest.MonkeyPatch) -> None:
    def authenticate(self: CloudTwin, method: str, target: str, headers: Any, body: bytes) -> str:
        found = read_auth(headers.get("edge-auth", ""))
        return found.box if found else "a"

    patch.setattr(CloudTwin, "_authenticate", authenticate)


def has_no_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulators.cloud.twin.CLOCK_SKEW_MS_MAX", 10**18)


def fails_at_nonsense(patch: pytest.MonkeyPatch) -> None:
    honest = CloudTwin._route

    def route(self: CloudTwin, box: str, method: str, *rest: Any) -> Reply:
        try:
            return honest(self, box, method, *rest)
        except Refused as refused:
            if refused.problem.status != 400:
                raise
            return Reply(500, {}, b"Traceback")

    patch.setattr(CloudTwin, "_route", route)


def calls_too_much_malformed(patch: pytest.MonkeyPatch) -> None:
    honest = Recording._read

    def read(self: Recording, box: str, body: bytes) -> Any:
        try:
            return honest(self, box, body)
        except Refused as refused:
            raise refuse(400, "malformed", "too many") from refused

    patch.setattr(Recording, "_read", read)


def takes_unopened_epochs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Recording, "_opened", lambda self, box, first, last, head: replace(last, epoch=first.epoch)
    )


def gives_facts_to_anybody(patch: pytest.MonkeyPatch) -> None:
    honest = Recording._recorded

    def recorded(self: Recording, box: str, query: Any) -> RecordedFacts:
        return honest(self, "a", query)

    patch.setattr(Recording, "_recorded", recorded)


def skips_news_between_pages(patch: pytest.MonkeyPatch) -> None:
    honest = CloudTwin._changes

    def changes(self: CloudTwin, box: str, query: Any) -> Changes:
        told = honest(self, box, query)
        return structs.replace(told, cursor=str(int(told.cursor) + 1)) if told.more else told

    patch.setattr(CloudTwin, "_changes", changes)


def tells_everybody_of_leases(patch: pytest.MonkeyPatch) -> None:
    honest = Tables.tell

    def tell(self: Tables, changes: Any, box: str = "") -> None:
        honest(self, changes)

    patch.setattr(Tables, "tell", tell)


def leases_without_carving(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_place", lambda *_: None)


def lets_everybody_take_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Receipts, "reserve", lambda *_: True)


def holds_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulators.cloud.granting.HOLD_MS", 10**12)


def forgives_overdrafts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_risked", lambda *_: None)


def covers_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_cover", lambda *_: 0)


def forgets_debts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lots, "_owed", lambda *_: 0)


def forgets_uses_in_sales(patch: pytest.MonkeyPatch) -> None:
    honest = Lots._moved

    def moved(self: Lots, box: str, move: Move) -> Short | None:
        return None if move.money < 0 else honest(self, box, move)

    patch.setattr(Lots, "_moved", moved)


def forgets_what_came_back(patch: pytest.MonkeyPatch) -> None:
    honest = Granting.receipt

    def receipt(self: Granting, name: str) -> ReceiptFound:
        return structs.replace(honest(self, name), earlier=())

    patch.setattr(Granting, "receipt", receipt)


def keeps_returns_to_itself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tables, "_tell_seller", lambda *_: None)


def counts_what_was_lost_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tables, "_is_fresh", lambda *_: True)


def loses_letters(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Vault, "take", lambda *_: SealedKept(hashes=()))


def keeps_what_it_cannot_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Vault, "_opened", lambda *_: Enrolled())


BROKEN: list[tuple[str, Breakage, str]] = [
    ("twice", counts_again, "counts twice"),
    ("gaps", takes_gaps, "answered 200 where 409 was due"),
    ("forged", believes_any_signature, "answered 200 where 422 was due"),
    ("held_apart", holds_without_carving, "answered 200 where 409 was due"),
    ("hold_once", forgets_holds, "is not free again"),
    ("unbalanced", invalid_facts_block, "it is accepted"),
    ("as_of", says_nothing_of_what_it_counted, "they say nothing of the kind"),
    ("hot_list", tells_the_hot_list_again, "old entries are told again"),
    ("the_time", answers_an_old_nonce, "it is the answer to another question"),
    ("rules", sends_rules_every_time, "answered 200 where 304 was due"),
    ("another_body", signs_for_anybody, "answered 200 where 401 was due"),
    ("another_key", signs_for_anybody, "answered 200 where 401 was due"),
    ("early", has_no_clock, "answered 200 where 401 was due"),
    ("malformed", fails_at_nonsense, "/v1/facts answers b'nonsense' with 500"),
    ("too_large", calls_too_much_malformed, "answered 400 where 200 was due"),
    ("unopened", takes_unopened_epochs, "answered 200 where 409 was due"),
    ("own_facts", gives_facts_to_anybody, "it gets them"),
    ("resumed", skips_news_between_pages, "in small pages the news is another one"),
    ("lease_once", tells_everybody_of_leases, "another box is told of it"),
    ("leased_apart", leases_without_carving, "another box may hold what is leased"),
    ("one_takes_back", lets_everybody_take_back, "answered 200 where 409 was due"),
    ("hold_ends", holds_for_ever, "it outlives the day"),
    ("overdraft", forgives_overdrafts, "it is accepted"),
    ("overdraft_covered", covers_nothing, "it is accepted_with_exception"),
    ("debts", forgets_debts, "another box may hold what is owed"),
    ("uses_in_sales", forgets_uses_in_sales, "the third of two uses is accepted"),
    ("earlier", forgets_what_came_back, "it comes without what came back"),
    ("told_of_returns", keeps_returns_to_itself, "its box is not told"),
    ("earlier_epoch", counts_what_was_lost_again, "it counts twice"),
    ("sealed_kept", loses_letters, "it confirms 0 of 1"),
    ("sealed_unopened", keeps_what_it_cannot_open, "it confirms what it cannot open"),
]
"""The case that finds it, the breakage, and a part of the reason that is given."""
