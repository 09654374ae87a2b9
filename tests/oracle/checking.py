"""The comparisons: what was told, the journal, the cloud. Each raises Violation by its name."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.oracle.model import Model
from tests.oracle.pages import FENCE, REFUSAL, SALE, Page, chained
from tests.oracle.programme import Programme
from tests.oracle.recorder import Recorder, must

OURSELVES = "box"

CloudFact = tuple[int, str, bytes]
"""What the cloud has recorded of a page: sequence, digest, body."""

CloudBooks = Mapping[str, Mapping[str, int]]
"""What the cloud's accounts hold, by account and unit."""


def check(
    recorder: Recorder,
    programme: Programme,
    pages: Sequence[Page],
    facts: Sequence[CloudFact],
    books: CloudBooks,
) -> None:
    """Hold everything against everything. Raises Violation."""
    chained(pages)
    by_key = one_effect(pages)
    told(recorder, by_key)
    lanes(recorder, pages)
    versions(recorder)
    model = followed(recorder, programme, pages)
    cloud(model, pages, facts, books)


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
        kind = SALE if "receipt" in said else REFUSAL
        must(page.kind == kind, "what was refused did not happen", key, page.kind)
    for key, terminal in recorder.never.items():
        page = by_key.get((terminal, key))
        must(page is not None and page.kind == FENCE, "never is written down", key)
    strangers = [
        page.key
        for page in by_key.values()
        if page.kind in {SALE, REFUSAL}
        and page.key not in recorder.asked
        and not page.origin.startswith("lane-")
    ]
    must(not strangers, "nobody asked for it", strangers)


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
            said = json.loads(page.answer[3:])["points_balance"]
            holds = model.holds(page.body["member"])
            must(said == holds, "a balance is its history", page.sequence, said, "for", holds)
        if page.kind == SALE:
            _answer_fits(page)
    return model


def _answer_fits(page: Page) -> None:
    said: Mapping[str, Any] = json.loads(page.answer[3:])
    body = page.body
    must(said["sequence"] == page.sequence, "an answer names its page", page.sequence)
    must(said["receipt"] == body["receipt"], "an answer names its receipt", page.sequence)
    must(said["total"] == body["total"], "what is told is what is booked", page.sequence)
    must(said["paid"] - said["change"] == said["total"], "change", page.sequence, said)


def cloud(
    model: Model, pages: Sequence[Page], facts: Sequence[CloudFact], books: CloudBooks
) -> None:
    """The cloud has every page, in order, and its accounts hold what the model's do."""
    ours = [(page.sequence, page.digest, page.raw) for page in pages]
    must(list(facts) == ours, "the cloud has what the store has", len(facts), "of", len(ours))
    theirs = {(account, unit): n for account, units in books.items() for unit, n in units.items()}
    apart = {name for name in theirs.keys() | model.books.keys()
             if theirs.get(name, 0) != model.books[name]}  # fmt: skip
    must(not apart, "both books agree", {n: (theirs.get(n), model.books[n]) for n in apart})
