"""The comparisons: what was told, the journal, the cloud. Each raises Violation by its name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.oracle.model import Model
from tests.oracle.pages import FENCE, REFUSAL, SALE, Page, chained
from tests.oracle.programme import Programme
from tests.oracle.recorder import Recorder, must

OURSELVES = "box"

CloudBooks = Mapping[str, Mapping[str, int]]
"""What the cloud's accounts hold, by account and unit."""
CloudFact = tuple[int, str, bytes]
"""What the cloud has recorded of a page: sequence, digest, body."""

DONE: Mapping[str, frozenset[str]] = {
    "sell": frozenset({SALE}),
    "top_up": frozenset({"top_up.v1"}),
    "cancel_top_up": frozenset({"top_up_cancelled.v1"}),
    "return": frozenset({"return.v1"}),
    "void": frozenset({"void.v1", "return.v1"}),
    "park": frozenset({"basket_parked.v1"}),
    "recall": frozenset({"basket_recalled.v1"}),
}
"""What each operation leaves behind where it is done; a late void is a return."""
ASKED = frozenset({REFUSAL}).union(*DONE.values())
"""What nobody does without being asked."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the cloud has: a box's facts and what it made of them, accounts, lots, grants."""

    facts: Sequence[CloudFact]
    outcomes: Sequence[str]
    books: CloudBooks
    lots: Mapping[str, Mapping[str, int]]
    """What each member holds in all, by unit."""
    grants: Mapping[str, Mapping[str, int]]
    """The parts of each grant by lot; none of one that it no longer remembers."""


def check(
    recorder: Recorder,
    programme: Programme,
    pages: Sequence[Page],
    lots: Mapping[str, int],
    theirs: Cloud,
) -> None:
    """Hold everything against everything. Raises Violation."""
    chained(pages)
    by_key = one_effect(pages)
    told(recorder, by_key)
    codes(recorder, by_key)
    lanes(recorder, pages)
    versions(recorder)
    model = followed(recorder, programme, pages)
    apart = {name for name in lots.keys() | model.lots.left.keys()
             if lots.get(name, 0) != model.lots.left[name]}  # fmt: skip
    must(not apart, "the box's lots are their history", apart)
    cloud(model, pages, theirs)
    granted(model, theirs)


def one_effect(pages: Sequence[Page]) -> Mapping[tuple[str, str], Page]:
    """Check that no terminal's key has two pages; return the page of each."""
    by_key: dict[tuple[str, str], Page] = {}
    for page in pages:
        before = by_key.setdefault((page.origin, page.key), page)
        must(before is page, "one key, one effect", page.key, before.sequence, page.sequence)
    return by_key


def told(recorder: Recorder, by_key: Mapping[tuple[str, str], Page]) -> None:
    """Nothing told is lost, changed or invented, and nothing stays open."""
    must(not recorder.differing, "one key, one answer", recorder.differing)
    silent = recorder.asked.keys() - recorder.answers.keys()
    must(not silent, "every request is answered in the end", silent)
    for key, answer in recorder.answers.items():
        page = by_key.get((recorder.asked[key].terminal, key))
        must(page is not None, "what was told is on the disk", key, answer)
        assert page is not None
        must(page.answer[3:] == answer, "what was told is what is written", key)
        said = json.loads(answer)
        wanted = {REFUSAL} if "code" in said else DONE[recorder.asked[key].operation]
        must(page.kind in wanted, "what was refused did not happen", key, page.kind)
    for key, terminal in recorder.never.items():
        page = by_key.get((terminal, key))
        must(page is not None and page.kind == FENCE, "never is written down", key)
    strangers = [
        page.key
        for page in by_key.values()
        if page.kind in ASKED
        and page.key not in recorder.asked
        and not page.origin.startswith("lane-")
    ]
    must(not strangers, "nobody asked for it", strangers)


def codes(recorder: Recorder, by_key: Mapping[tuple[str, str], Page]) -> None:
    """A code on a phone is good for one sale."""
    used: dict[str, str] = {}
    for key, asked in recorder.asked.items():
        member = asked.request.get("member") or {}
        page = by_key.get((asked.terminal, key))
        if member.get("kind") == "code" and page is not None and page.kind == SALE:
            first = used.setdefault(member["text"], key)
            must(first == key, "a code is used once", first, key)


def lanes(recorder: Recorder, pages: Sequence[Page]) -> None:
    """A lane sells what somebody paid for, and shows only what is written."""
    sold = {page.key for page in pages if page.origin.startswith("lane-") and page.kind == SALE}
    shown = {json.loads(body)["key"] for body in recorder.lane_sold}
    must(shown <= sold, "what a lane showed is on the disk", shown - sold)
    must(len(sold) <= recorder.lane_paid, "a lane sells when paid", len(sold), recorder.lane_paid)


def versions(recorder: Recorder) -> None:
    """Rules only get newer."""
    seen = recorder.rules_seen
    falls = [(a, b) for a, b in pairwise(seen) if b < a]
    must(not falls, "rules only get newer", falls)


def followed(recorder: Recorder, programme: Programme, pages: Sequence[Page]) -> Model:
    """Return the model after all pages; what a guest was told to hold is what it says then."""
    model = Model(programme)
    for page in pages:
        model.follow(page, recorder.asked.get(page.key))
        if page.kind == SALE and page.body["member"] is not None:
            said = page.told["points_balance"]
            holds = model.holds(page.body["member"])
            must(said == holds, "a balance is its history", page.sequence, said, "for", holds)
        if page.kind == SALE:
            _answer_fits(page)
        if page.kind == "top_up.v1":
            _value_fits(page, model)
    return model


def _value_fits(page: Page, model: Model) -> None:
    member, told = page.body["member"], page.told
    said = told["principal_balance"], told["bonus_balance"]
    holds = model.lots.balance(member, "PRN"), model.lots.balance(member, "BON")
    must(said == holds, "a balance is its history", page.sequence, said, "for", holds)


def _answer_fits(page: Page) -> None:
    said, body = page.told, page.body
    must(said["sequence"] == page.sequence, "an answer names its page", page.sequence)
    must(said["receipt"] == body["receipt"], "an answer names its receipt", page.sequence)
    must(said["total"] == body["total"], "what is told is what is booked", page.sequence)
    must(said["paid"] - said["change"] == said["total"], "change", page.sequence, said)


def cloud(model: Model, pages: Sequence[Page], theirs: Cloud) -> None:
    """The cloud has every page, in order, and its accounts hold what the model's do."""
    ours = [(page.sequence, page.digest, page.raw) for page in pages]
    must(list(theirs.facts) == ours, "the cloud has what the store has", len(ours))
    odd = [outcome for outcome in theirs.outcomes if outcome != "accepted"]
    must(not odd, "the cloud accepts what the store did", odd)
    books = {(account, unit): n for account, units in theirs.books.items()
             for unit, n in units.items()}  # fmt: skip
    apart = {name for name in books.keys() | model.books.keys()
             if books.get(name, 0) != model.books[name]}  # fmt: skip
    must(not apart, "both books agree", {n: (books.get(n), model.books[n]) for n in apart})


def granted(model: Model, theirs: Cloud) -> None:
    """What came to the box is what the cloud gave it, and both say what members hold in all."""
    for name, parts in model.lots.grants.items():
        given = theirs.grants.get(name) or parts
        must(parts == given, "a grant is what the cloud gave", name, parts, given)
    for member, about in model.programme.members.items():
        held = {**theirs.lots.get(member, {})}
        before = {"PTS": about.get("points", 0)}
        for unit in ("PTS", "PRN", "BON", "CPN"):
            wanted = model.lots.owned[member, unit] + before.get(unit, 0)
            must(held.get(unit, 0) == wanted, "both know what is held", member, unit, wanted, held)
