"""Power cuts while a journal is put back, written anew, brought up to date, or its book rebuilt.

Nothing that had been told may be missing afterwards, whatever was done to the file meanwhile: the
next start finds the books as they were before, or as they were to be, and what was returned from
is done.
"""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from edge import backup
from edge.book.rebuild import fit, rebuild
from edge.box import JOURNAL_FILE
from edge.journal import Journal, Page, connect
from edge.journal.reserve import Reserve
from edge.verify import verify
from edge.writer import SteppedWriter
from tests import big_journal, virtual_time
from tests.faults.disk import Tree, images, record
from tests.faults.judging import Violation, must
from tests.faults.power import MEMORY
from tests.test_epochs_killed import all_pages, asked, backed_up, begin, forked

ZONE = "Asia/Shanghai"
OLD_PAGES = 120
FIRST = {"page_is_never_changed", "page_is_never_removed"}
"""All the triggers that a journal of the first version had."""
RESERVE_BYTES, PIECE_BYTES = 1 << 20, 1 << 18

Books = Sequence[Page]
Judge = Callable[[Path, bool], None]
"""Looks at the state folder of an image; told whether the work had ended. Raises Violation."""


@dataclass(frozen=True, slots=True)
class Mending:
    """Some work on the state folder `state`, and what must hold after any power cut."""

    state: Path
    work: Callable[[], object]
    judge: Judge


@dataclass(slots=True)
class Mended:
    """What became of the images of each work."""

    images: int = 0
    events: int = 0
    by_work: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def started(state: Path) -> Books:
    """Begin as a box does, open and close the journal, prove it, and return its pages."""
    begin(state)
    journal = state / JOURNAL_FILE

    async def opened() -> None:
        await Journal(journal, fit(journal, ZONE), SteppedWriter(0.0)).close()

    asyncio.run(opened())
    report = verify(journal)
    must(report.books_agree, "verify finds", report.findings)
    return all_pages(state)


def restoring(folder: Path) -> Mending:
    """Put a backup in the place of newer books."""
    config, state = virtual_time.run(backed_up(folder))
    newer = all_pages(state)
    older = newer[: backup.read_manifest(folder / "backup").facts]

    def judge(image: Path, ended: bool) -> None:
        found = started(image)
        must(found == older or (found == newer and not ended), "neither the old nor the new books")
        if found == older:
            (aside,) = image.glob("before-restore-*")
            must(all_pages(aside) == newer, "what was there is not kept")

    return Mending(state, lambda: backup.restore(config, folder / "backup"), judge)


def forking(folder: Path) -> Mending:
    """Write a journal anew that went on somewhere else."""
    state = virtual_time.run(forked(folder))
    before = asked(all_pages(state))

    def judge(image: Path, ended: bool) -> None:
        found = started(image)
        must(asked(found) == before, "what was asked for is not what it was")
        opened = next(page.kind for page in found if page.epoch == 2)
        must(opened == "epoch_opened.v1", "epoch 2 begins with", opened)
        must(not (image / "fork.json").exists(), "it is not over")

    return Mending(state, partial(begin, state), judge)


def _grown(folder: Path) -> Path:
    state = folder / "state"
    state.mkdir(parents=True)
    big_journal.write(state / JOURNAL_FILE, OLD_PAGES)
    return state


def _same(before: Books) -> Judge:
    def judge(image: Path, ended: bool) -> None:
        must(started(image) == before, "other pages than there were")

    return judge


def migrating(folder: Path) -> Mending:
    """Bring a journal of the first version up to date."""
    state = _grown(folder)
    journal = state / JOURNAL_FILE
    before = all_pages(state)
    db = apsw.Connection(str(journal))
    named = db.execute("select name from sqlite_schema where type = 'trigger'").fetchall()
    for (trigger,) in named:
        if trigger not in FIRST:
            db.execute(f"drop trigger {trigger}")
    db.pragma("user_version", 1)
    db.close()
    return Mending(state, lambda: connect(journal, writable=True).close(), _same(before))


def rebuilding(folder: Path) -> Mending:
    """Make the book anew from the pages."""
    state = _grown(folder)
    journal = state / JOURNAL_FILE
    return Mending(state, lambda: rebuild(journal, _quietly), _same(all_pages(state)))


def _quietly(at: int, end: int) -> None:
    """Nobody looks."""


def giving_up(folder: Path) -> Mending:
    """Give up pieces of the reserve, and make it whole again, while pages are written."""
    state = _grown(folder)
    before = all_pages(state)

    def work() -> None:
        free = 1 << 40
        reserve = Reserve(state / "reserve", RESERVE_BYTES, PIECE_BYTES, lambda _: free)
        reserve.refill()
        free = 0
        reserve.make_room()
        free = 1 << 40
        reserve.refill()
        reserve.close()

    def judge(image: Path, ended: bool) -> None:
        Reserve(image / "reserve", RESERVE_BYTES, PIECE_BYTES).close()
        must(started(image) == before, "other pages than there were")

    return Mending(state, work, judge)


MENDINGS: Mapping[str, Callable[[Path], Mending]] = {
    "restore": restoring, "forked history": forking, "migration": migrating,
    "rebuild": rebuilding, "reserve": giving_up,
}  # fmt: skip


def cut(folder: Path, seed: int, count: int, names: Sequence[str] = tuple(MENDINGS)) -> Mended:
    """Do each work once in `folder` and cut its power `count` times. Does not raise."""
    began, mended = time.monotonic(), Mended()
    for name in names:
        luck = random.Random(f"mended {seed} {name}")
        mending = MENDINGS[name](folder / name.replace(" ", "-"))
        done = record(mending.work, mending.state)
        mended.events += len(done.events)
        with TemporaryDirectory(dir=MEMORY) as place:
            for moment, image in images(done, luck, count):
                mended.images += 1
                mended.by_work[name] += 1
                wrong = _judged(mending, image, Path(place), moment == len(done.events))
                mended.wrong[f"{name}: {wrong}"] += bool(wrong)
    mended.wrong = +mended.wrong
    mended.seconds = round(time.monotonic() - began, 1)
    return mended


def _judged(mending: Mending, image: Tree, place: Path, ended: bool) -> str:
    """Return what is wrong with an image, "" for nothing."""
    state = place / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    image.write(state)
    try:
        mending.judge(state, ended)
    except Violation as violation:
        return str(violation)
    except Exception as error:  # whatever it is: this is no journal
        return f"broken: {type(error).__name__}: {error}"
    return ""
