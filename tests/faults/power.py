"""Power cuts, as a disk sees them: what was flushed is there, of the rest any part in any order.

A box sells while every write to its journal is recorded on its way to the disk (an SQLite VFS,
https://www.sqlite.org/vfs.html). For a moment of that record an image is made: flushed writes
are in it; every later one is there, missing, or torn at a sector. The real journal opens the
image and must have all that had been told by then, and nothing but what was sold.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import apsw

from edge.book import Book
from edge.journal import Journal, Page, connect, log, pages
from edge.verify import verify
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.request_keys import new_key
from tests.faults.judging import Violation
from tests.stand import Stand, stand

NAME = "journal.db"
REAL = "unix"
"""SQLite's own way to the disk."""
MEMORY = "/dev/shm"
"""Where images lie while they are looked at: of them nothing need be kept."""
SECTOR_BYTES = 512
CHECKPOINT_PAGES = 24
"""In these short days the log is moved this early, so that cuts hit that too."""
SALES_A_DAY = 14
TOGETHER_MAX = 3
CLEAN = b""


class Op(NamedTuple):
    """One thing told to a file: a write at `offset`, a cut to that length, a flush, its end."""

    what: Literal["write", "cut", "flush", "remove"]
    file: str
    offset: int = 0
    data: bytes = CLEAN


Image = dict[str, bytearray]


class _File(apsw.VFSFile):
    def __init__(self, ops: list[Op], name: str | apsw.URIFilename, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._ops, self._name = ops, Path(path).name
        super().__init__(REAL, name, flags)

    def xLock(self, level: int) -> None:  # noqa: N802
        try:
            super().xLock(level)
        except apsw.IOError as error:
            # Who may only read cannot lock for writing. SQLite tries, and does not mind.
            raise apsw.BusyError from error

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's names
        self._ops.append(Op("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._ops.append(Op("cut", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._ops.append(Op("flush", self._name))


class _Disk(apsw.VFS):
    """The real disk, and beside it the record of all that the journal's files were told."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        super().__init__("recorded", REAL, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if name is None or not Path(path or "").name.startswith(NAME):
            return apsw.VFSFile(REAL, name, flags)
        return _File(self.ops, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.ops.append(Op("remove", Path(filename).name))


@dataclass(slots=True)
class Day:
    """What a box did to its journal: `told` says after how many operations which page was told."""

    ops: Sequence[Op]
    told: Sequence[tuple[int, int]]
    pages: Sequence[Page]


@dataclass(slots=True)
class Cuts:
    """What became of the images of some days."""

    days: int = 0
    images: int = 0
    operations: int = 0
    flushes: int = 0
    told: int = 0
    """Facts that had been told, over all images."""
    states: int = 0
    """Different books found in images; each was verified."""
    wrong: Counter[str] = field(default_factory=Counter)
    """Images that lost what was told, or were no journal any more."""
    seconds: float = 0.0


@contextmanager
def _recorded() -> Iterator[list[Op]]:
    """Record what is told to journals that are opened inside."""
    patience, log.WAL_PAGES_PASSIVE = log.WAL_PAGES_PASSIVE, CHECKPOINT_PAGES
    disk = _Disk()
    try:
        yield disk.ops
    finally:
        disk.unregister()
        log.WAL_PAGES_PASSIVE = patience


def live(folder: Path, luck: random.Random, spoil: Callable[[Stand], None]) -> Day:
    """Sell a few baskets at a box in `folder`, and return the record of its disk.

    `spoil` may do to the open box what no box should do.
    """
    state = folder / "state"

    async def sell() -> Day:
        told: list[tuple[int, int]] = []
        with _recorded() as ops:
            async with stand(folder) as shop:
                spoil(shop)
                await _trade(shop, ops, told, luck)
                everything = pages(connected := connect(state / NAME, writable=False), 0)
                connected.close()
        return Day(ops, told, everything)

    return asyncio.run(sell())


async def _trade(
    shop: Stand, ops: Sequence[Op], told: list[tuple[int, int]], luck: random.Random
) -> None:
    async def one() -> None:
        lines = [
            {"code": demo_data.ean(1 + luck.randrange(13)), "quantity": "1"}
            for _ in range(luck.randint(1, 6))
        ]
        member = {"kind": "card", "text": demo_data.card_number(1 + luck.randrange(20))}
        request = await shop.sale(new_key(), lines, luck.choice([None, member]))
        answer = await shop.ask("sell", request)
        told.append((len(ops), answer["sequence"]))

    sold = 0
    while sold < SALES_A_DAY:
        together = luck.randint(1, TOGETHER_MAX)
        await asyncio.gather(*(one() for _ in range(together)))
        sold += together


# --- images -------------------------------------------------------------------------------------


def images(
    day: Day, luck: random.Random, count: int, *, lying: bool
) -> Iterator[tuple[int, Image]]:
    """Yield `count` images, each with the number of operations after which the power went.

    The moments go from the day's beginning to its end. A `lying` disk never flushes.
    """
    moments = sorted(luck.randint(0, len(day.ops)) for _ in range(count))
    durable: Image = {}  # the day begins with the box's very first start
    pending: dict[str, list[Op]] = {}
    done = 0
    for moment in moments:
        for op in day.ops[done:moment]:
            _hear(op, durable, pending, lying=lying)
        done = moment
        image = {name: bytearray(data) for name, data in durable.items()}
        for ops in pending.values():
            for op in survivors(ops, luck):
                apply(image, op)
        yield moment, image


def _hear(op: Op, durable: Image, pending: dict[str, list[Op]], *, lying: bool) -> None:
    """Go one operation on: `durable` is what was flushed, `pending` what came after, by file."""
    if op.what != "flush":
        before = pending.setdefault(op.file, [])
        if before and before[-1].what == "remove":  # from now on this is another file
            durable.pop(op.file, None)
            before.clear()
        before.append(op)
    elif not lying:
        for written in pending.pop(op.file, ()):
            apply(durable, written)
        if op.file != NAME:  # SQLite flushes the folder with its first flush of a new log
            for name in [name for name, ops in pending.items() if ops[-1].what == "remove"]:
                del pending[name]
                durable.pop(name, None)


def survivors(ops: Sequence[Op], luck: random.Random) -> Iterator[Op]:
    """Yield those of the operations since the last flush that reached the disk after all."""
    how = luck.choice(("none", "all", "some", "first", "last", "torn"))
    edge = luck.randint(0, len(ops))
    for number, op in enumerate(ops):
        if (
            how == "none"
            or (how == "first" and number >= edge)
            or (how == "last" and number < edge)
        ):
            continue
        if how in ("some", "torn") and luck.random() < 0.5:
            continue
        if how == "torn" and op.what == "write" and len(op.data) > SECTOR_BYTES:
            start = luck.randrange(0, len(op.data), SECTOR_BYTES)
            front = luck.random() < 0.5
            data = op.data[:start] if front else op.data[start:]
            yield op._replace(data=data, offset=op.offset if front else op.offset + start)
            continue
        yield op


def apply(image: Image, op: Op) -> None:
    """Do an operation to an image; a file that is cut beyond its end becomes longer."""
    if op.what == "remove":
        image.pop(op.file, None)
        return
    content = image.setdefault(op.file, bytearray())
    if op.what == "cut":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


# --- what is in them ----------------------------------------------------------------------------


def judge(day: Day, moment: int, image: Image, folder: Path, seen: dict[bytes, int]) -> str:
    """Open an image with the real journal; return what is wrong with it, "" for nothing.

    `seen` holds the books that were found good, by the hash of their file.
    """
    path = folder / NAME
    for name in (NAME, f"{NAME}-wal", f"{NAME}-shm"):
        (folder / name).unlink(missing_ok=True)
    for name, content in image.items():
        (folder / name).write_bytes(content)
    try:
        asyncio.run(_open(path))
        found = hashlib.sha256(path.read_bytes()).digest()
        if found not in seen:
            seen[found] = _verified(path, day.pages)
    except Exception as error:  # whatever it is: this is no journal
        return f"broken: {type(error).__name__}"
    told = max((sequence for at, sequence in day.told if at <= moment), default=0)
    return "" if seen[found] >= told else "lost"


async def _open(path: Path) -> None:
    """Open the journal as a box does, and close it."""
    await Journal(path, Book(), SteppedWriter(0.0)).close()


def _verified(path: Path, expected: Sequence[Page]) -> int:
    """Return how many pages there are. Raises Violation if anything but the end is missing."""
    db = connect(path, writable=False)
    found = pages(db, 0)
    db.close()
    if found != list(expected[: len(found)]):
        raise Violation("other pages than were written")
    report = verify(path)
    if not report.books_agree:
        raise Violation("verify finds", report.findings)
    return len(found)


def nothing(shop: Stand) -> None:
    """Leave the box as it is."""


def flush_seldom(shop: Stand) -> None:
    """Have SQLite flush only when the log is moved: what a box must never do."""
    shop.box.journal._write.pragma("synchronous", "normal")


def cut(
    folder: Path,
    seed: int,
    count: int,
    *,
    spoil: Callable[[Stand], None] = nothing,
    lying: bool = False,
) -> Cuts:
    """Live through one day in `folder` and cut its power `count` times. Does not raise."""
    began = time.monotonic()
    luck = random.Random(f"power {seed}")
    day = live(folder / "day", luck, spoil)
    flushes = sum(op.what == "flush" for op in day.ops)
    cuts = Cuts(days=1, operations=len(day.ops), flushes=flushes)
    seen: dict[bytes, int] = {}
    with TemporaryDirectory(dir=MEMORY) as copy:
        for moment, image in images(day, luck, count, lying=lying):
            cuts.images += 1
            cuts.told += sum(at <= moment for at, _ in day.told)
            if wrong := judge(day, moment, image, Path(copy), seen):
                cuts.wrong[wrong] += 1
    cuts.states = len(seen)
    cuts.seconds = round(time.monotonic() - began, 1)
    return cuts
