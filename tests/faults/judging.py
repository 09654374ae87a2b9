"""What must hold, whatever happened: the record, the journal and the cloud say the same.

Reads the journal's file and what the cloud holds, adds up with integers of its own, and asks the
box over a plain wire. Raises Violation, with what is wrong.
"""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from msgspec.structs import replace

from edge.journal import Page, connect, pages
from edge.verify import verify
from simulators.cloud.twin import CloudTwin
from simulators.premises import Premises
from tests.faults.cashiers import Intent, Record

SALE, REFUSAL, FENCE, RECOVERED = "sale.v1", "refusal.v1", "fence.v1", "recovered.v1"
KINDS = {
    "sell": SALE, "return": "return.v1", "void": "void.v1", "top_up": "top_up.v1",
    "enrol": "enrolment.v1", "park": "basket_parked.v1", "recall": "basket_recalled.v1",
    "z_close": "day_closed.v1",
}  # fmt: skip
"""What each operation of a till becomes."""
OURSELVES = "box"
UPLOAD_SECONDS_MAX = 60.0
Books = Mapping[str, Mapping[str, int]]
NOTHING_GIVEN: Books = {}


class Violation(AssertionError):
    """A promise was broken."""


def must(held: bool, *what: object) -> None:
    """Raise Violation, with what is wrong, unless `held`."""
    if not held:
        raise Violation(" ".join(map(str, what)))


def journal_path(premises: Premises) -> Path:
    """Return where the box keeps its journal."""
    return premises.folder / "state" / "journal.db"


def read_pages(journal: Path) -> Sequence[Page]:
    """Return all durable pages."""
    db = connect(journal, writable=False)
    try:
        return pages(db, 0)
    finally:
        db.close()


def written_down(journal: Path, keys: Collection[str]) -> Collection[str]:
    """Return those of `keys` that a dead box left in its journal; its files are not touched."""
    with TemporaryDirectory() as folder:
        for file in (journal, journal.with_name(journal.name + "-wal")):
            if file.exists():
                shutil.copy(file, folder)
        db = connect(Path(folder) / journal.name, writable=True)
        marks = ",".join("?" * len(keys))
        found = {
            str(row[0])
            for row in db.execute(f"select key from page where key in ({marks})", tuple(keys))
        }
        db.close()
    return found


# --- the record and the journal -------------------------------------------------------------------


def judge_journal(record: Record, journal: Path) -> Sequence[Page]:
    """Hold the journal against what the terminals were told; return its pages."""
    found = read_pages(journal)
    must([p.sequence for p in found] == list(range(1, len(found) + 1)), "pages are missing")
    asked_for = [as_made(page) for page in found if page.origin != OURSELVES]
    times = Counter(page.key for page in asked_for)
    must(all(n == 1 for n in times.values()), "happened twice:", times.most_common(3))
    by_key = {page.key: page for page in asked_for}
    for intent in record.intents.values():
        _judge_intent(intent, by_key.get(intent.key))
    strangers = by_key.keys() - record.intents.keys()
    must(not strangers, "nobody asked for", strangers)
    _judge_sales(record, [page for page in asked_for if page.kind == SALE])
    _judge_numbers(asked_for)
    report = verify(journal)
    must(report.books_agree, "edgebox verify finds", report.findings)
    return found


def as_made(page: Page) -> Page:
    """Return a page as it was before it was lost and came back, if it was."""
    if page.kind != RECOVERED:
        return page
    lost = json.loads(page.body)
    return replace(page, kind=lost["kind"], epoch=lost["epoch"], body=lost["body"].encode())


def _judge_intent(intent: Intent, page: Page | None) -> None:
    must(not intent.open, "nobody knows what became of", intent.key)
    if page is None:
        raise Violation(f"told and lost: {intent.key} of {intent.terminal}: {intent.answer!r}")
    must(page.origin == intent.terminal, intent.key, "is filed under", page.origin)
    if intent.fate == "never":
        must(page.kind == FENCE, intent.key, "was never to happen and is a", page.kind)
        late = intent.late or {}
        must(late.get("code") == "E-FENCED", intent.key, "was never to happen; sent late:", late)
        return
    kind = KINDS[intent.operation] if intent.price_is_right else REFUSAL
    must(page.kind == kind, intent.key, "is", page.kind)
    same = page.answer == intent.answer
    must(same, intent.key, "was told otherwise:", intent.answer, page.answer)


def _judge_sales(record: Record, sales: Sequence[Page]) -> None:
    told = [json.loads((intent.answer or b"")[3:]) for intent in record.sold()]
    must(len(sales) == len(told), len(sales), "sales are in the journal, told were", len(told))
    printed = Counter(sale["receipt"] for sale in told)
    must(all(n == 1 for n in printed.values()), "two receipts have one number")


def _judge_numbers(asked_for: Iterable[Page]) -> None:
    """Receipts of a box and an epoch are numbered without a gap, whatever they are of."""
    numbers: dict[str, list[int]] = {}
    for page in asked_for:
        series, _, number = json.loads(page.body).get("receipt", "").rpartition("-")
        if number:
            numbers.setdefault(series, []).append(int(number))
    for given in numbers.values():
        must(given == list(range(1, len(given) + 1)), "receipt numbers leave a gap", given)


# --- the journal and the cloud --------------------------------------------------------------------


async def judge_cloud(
    record: Record, premises: Premises, twin: CloudTwin, given: Books = NOTHING_GIVEN
) -> int:
    """Wait until the cloud has everything, then compare all; return the number of facts.

    `given` is what the cloud's books held before anything was sold.
    """
    try:
        async with (
            asyncio.timeout(UPLOAD_SECONDS_MAX),
            aiohttp.ClientSession(premises.http_url) as session,
        ):
            while await _waiting(session):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Violation("the box does not upload") from None
    found = judge_journal(record, journal_path(premises))
    ours = [(page.sequence, page.digest, page.body) for page in found]
    theirs = [(fact.sequence, fact.hash, bytes(fact.body)) for fact in twin.facts(premises.box)]
    must(theirs == ours[: len(theirs)], "the cloud has other facts than the store")
    # "The cloud is back" may have been written a moment ago, and is still on its way there.
    late = found[len(theirs) :]
    must(all(page.origin == OURSELVES for page in late), "the cloud has not what was sold")
    books = twin.books()
    must(books == add_up(found, given), "the cloud's books differ from the journal's", books)
    takings, points = expected(record)
    for terminal, total in takings.items():
        must(books[f"cash:{terminal}"]["CNY"] == total, terminal, "took", total, "of", books)
    must(-books.get("programme", {}).get("PTS", 0) == points, "members were told", points, books)
    return len(found)


def add_up(found: Iterable[Page], given: Books = NOTHING_GIVEN) -> Books:
    """Return what every account holds, by unit, from the journal's pages on top of `given`."""
    books = {account: Counter(units) for account, units in given.items()}
    for page in found:
        for posting in json.loads(page.body).get("postings", ()):
            books.setdefault(posting["account"], Counter())[posting["unit"]] += posting["amount"]
    return books


def expected(record: Record) -> tuple[Mapping[str, int], int]:
    """Return each terminal's takings and all points given, from what customers agreed to."""
    takings: Counter[str] = Counter()
    points = 0
    for intent in record.sold():
        takings[intent.terminal] += intent.body["expected_total"]
        points += json.loads((intent.answer or b"")[3:])["points_earned"]
    return takings, points


async def _waiting(session: aiohttp.ClientSession) -> bool:
    async with session.get("/v1/health") as response:
        return bool((await response.json())["waiting"])


# --- the record and the box -----------------------------------------------------------------------


async def ask_again(intents: Sequence[Intent], premises: Premises) -> None:
    """Send every request once more, look it up and ask for it: the same bytes, or still never."""
    by_terminal: dict[str, list[Intent]] = {}
    for intent in intents:
        by_terminal.setdefault(intent.terminal, []).append(intent)
    await asyncio.gather(
        *(_ask_terminal(premises, terminal, some) for terminal, some in by_terminal.items())
    )


async def _ask_terminal(premises: Premises, terminal: str, intents: Sequence[Intent]) -> None:
    headers = {"Authorization": f"Bearer {terminal}:{premises.tokens[terminal]}"}
    async with aiohttp.ClientSession(premises.http_url, headers=headers) as session:
        for intent in intents:
            again = await _exchange(session, "POST", "/v1/sell", intent.body)
            known = await _exchange(session, "GET", f"/v1/requests/{intent.key}", None)
            fate = await _exchange(session, "POST", "/v1/ask", {"key": intent.key})
            if intent.fate == "never":
                must(json.loads(again[3:])["code"] == "E-FENCED", "sold after all:", again)
                must(json.loads(known[3:])["state"] == "unknown", intent.key, "has", known)
                must(json.loads(fate[3:])["fate"] == "never", intent.key, "is after all", fate)
            else:
                assert intent.answer is not None
                tail = b'"answer":' + intent.answer[3:] + b"}"
                must(again == intent.answer, intent.key, "is answered otherwise:", again)
                must(known.endswith(tail), intent.key, "is known otherwise:", known)
                must(fate.endswith(tail), intent.key, "is told otherwise:", fate)


async def _exchange(
    session: aiohttp.ClientSession, method: str, path: str, body: Mapping[str, Any] | None
) -> bytes:
    async with session.request(method, path, json=body) as response:
        return b"%03d" % response.status + await response.read()
