"""Kill -9 while a journal is written anew, and while a backup takes its place."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from edge import backup
from edge.book import Book
from edge.box import JOURNAL_FILE
from edge.config import Config
from edge.epochs import HistoryForked, Life
from edge.journal import Page, connect, pages
from edge.verify import verify
from edge.world import World
from simulators.cloud.weather import OFF
from tests import virtual_time
from tests.kill_points import killed_at, lines_of
from tests.lives import MORNING, Shop

POINTS = 25
FILES = ("edge/epochs", "edge/durable.py")


def still_world() -> World:
    return World(lambda: MORNING + 10**8, lambda: 0.0, Random(1))


def begin(state: Path) -> None:
    """Do what a start does before the journal is opened."""
    Life.open(state / JOURNAL_FILE, still_world(), "m1", Book)


def all_pages(state: Path) -> Sequence[Page]:
    db = connect(state / JOURNAL_FILE, writable=False)
    try:
        return pages(db, 0)
    finally:
        db.close()


def asked(found: Sequence[Page]) -> list[tuple[str, bytes, bytes]]:
    return [(page.key, page.body, page.answer) for page in found if page.origin != "box"]


async def forked(folder: Path) -> Path:
    """Return the state of a box that has just found its history forked."""
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(3)
    await box.settled()
    await box.stop()
    box.copy(folder / "copy")
    box.start()
    await box.sell(2)
    await box.settled()
    await box.stop()
    box.put_back(folder / "copy")
    shop.weather.sky = OFF
    box.start()
    await box.sell(3)
    await box.stop()
    life = Life(box.state, still_world(), "m1", was_mended=False)
    with pytest.raises(HistoryForked):
        life.parted(len(all_pages(folder / "copy")), shop.twin._head(shop.premises.box))
    return box.state


def test_a_journal_that_is_being_written_anew_survives_any_kill(tmp_path: Path) -> None:
    template = virtual_time.run(forked(tmp_path))
    before = asked(all_pages(template))
    state = tmp_path / "state"

    def fresh() -> None:
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(template, state)

    fresh()
    lines = lines_of(lambda: begin(state), FILES)
    assert lines > 3 * POINTS
    for point in range(POINTS):
        fresh()
        killed_at(1 + point * (lines - 1) // POINTS, lambda: begin(state), FILES)
        assert asked(all_pages(state)) == before, "a journal stands at every moment"
        begin(state)
        assert not (state / "fork.json").exists()
        found = all_pages(state)
        assert asked(found) == before
        assert next(page.kind for page in found if page.epoch == 2) == "epoch_opened.v1"
        assert verify(state / JOURNAL_FILE).books_agree
        begin(state)
        assert all_pages(state) == found, "it is written anew once"


async def backed_up(folder: Path) -> tuple[Config, Path]:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(3)
    backup.make(box.config, shop.premises.config_path, folder / "backup")
    await box.sell(2)
    await box.stop(crash=True)
    shop.twin.close()
    return box.config, box.state


def test_a_restore_is_done_whole_or_not_at_all_whenever_it_is_killed(tmp_path: Path) -> None:
    config, state = virtual_time.run(backed_up(tmp_path))
    template = tmp_path / "template"
    shutil.copytree(state, template)
    newer = all_pages(template)
    older = newer[: backup.read_manifest(tmp_path / "backup").facts]
    assert len(older) < len(newer)

    def fresh() -> None:
        shutil.rmtree(state)
        shutil.copytree(template, state)

    def restore() -> None:
        backup.restore(config, tmp_path / "backup")

    files = (*FILES, "edge/backup")
    fresh()
    lines, ends = lines_of(restore, files), set()
    for point in range(POINTS):
        fresh()
        killed_at(1 + point * (lines - 1) // POINTS, restore, files)
        begin(state)
        found = all_pages(state)
        assert found in (newer, older)
        if found == older:
            assert (state / "restored.json").exists(), "its next start opens an epoch"
            assert all_pages(state / "before-restore-1") == newer, "nothing is thrown away"
        ends.add(len(found))
    assert ends == {len(newer), len(older)}
