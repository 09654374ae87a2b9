"""Pages: facts in their places, chained by their digests."""

from collections.abc import Iterator, Sequence

import apsw
import msgspec

from cloud_bridge.contract import seal, sha256

GENESIS = "0" * 64
COLUMNS = "sequence, epoch, at, origin, key, content, kind, body, answer, digest"


class Draft(msgspec.Struct, frozen=True):
    """A fact that wants a place. `key` belongs to `origin`: the terminal, the lane or "box".

    `content` is the hash of the request it answers, `answer` what was (or will be) told. Pages are
    never removed, so that keys and answers are kept for ever; 400 days are promised for answers.
    """

    origin: str
    key: str
    content: str
    kind: str
    body: bytes
    answer: bytes = b""


class Page(msgspec.Struct, frozen=True):
    """One fact in its place. `at` is ms since 1970 UTC and never falls from page to page."""

    sequence: int
    epoch: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    body: bytes
    answer: bytes
    digest: str

    def sealed_after(self, previous: str) -> str:
        """Return the digest this page must have, given the digest of the page before it."""
        return seal(
            previous, self.sequence, self.epoch, self.at, self.origin, self.key, self.content,
            self.kind, sha256(self.body), sha256(self.answer),
        )  # fmt: skip


class Head(msgspec.Struct, frozen=True):
    """Where the journal ends."""

    sequence: int
    epoch: int
    at: int
    digest: str


def pages(db: apsw.Connection, after: int, limit: int = -1) -> Sequence[Page]:
    """Return up to `limit` pages after sequence `after`, in order."""
    return list(each_page(db, after, limit))


def each_page(db: apsw.Connection, after: int, limit: int = -1) -> Iterator[Page]:
    """Yield the same, each read when it is asked for."""
    for row in db.execute(
        f"select {COLUMNS} from page where sequence > ? order by sequence limit ?",
        (after, limit),
    ):
        yield Page(*row)


def find_key(db: apsw.Connection, key: str) -> Sequence[Page]:
    """Return the facts that carry `key`, one for each terminal that used it."""
    return [
        Page(*row)
        for row in db.execute(
            f"select {COLUMNS} from page where key = ? order by sequence",
            (key,),
        )
    ]


def find_last(db: apsw.Connection) -> Head:
    """Return where the journal ends; an empty one ends before it began."""
    row = db.execute(
        "select sequence, epoch, at, digest from page order by sequence desc limit 1"
    ).fetchone()
    return Head(*row) if row else Head(0, 0, 0, GENESIS)
