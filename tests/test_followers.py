"""What follows from a deed by itself is durable with it, or neither is."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.journal import Journal, connect, pages
from edge.verify import verify
from edge.writer import BATCH_MAX, SteppedWriter, ThreadWriter, Writer
from tests import virtual_time
from tests.test_journal import draft
from tests.test_journal_waiting import Batches


@pytest.mark.parametrize(
    ("kind", "count", "follower"),
    [
        ("sale.v1", 2, "referral_rewarded.v1"),
        ("return.v1", 1, "referral_reversed.v1"),
        ("return.v1", 2, "welcome_reversed.v1"),
    ],
)
def test_a_kill_right_after_a_deed_s_commit_leaves_its_follower_there(
    tmp_path: Path, kind: str, count: int, follower: str
) -> None:
    died = subprocess.run(
        [sys.executable, "-m", "tests.cut_short", str(tmp_path), kind, str(count)],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
    journal = tmp_path / "state" / "journal.db"
    db = connect(journal, writable=False)
    kinds = [page.kind for page in pages(db, 0)]
    db.close()
    assert kinds[-2:] == [kind, follower]
    assert kinds.count(kind) == count
    assert verify(journal).books_agree


@pytest.mark.parametrize("stepped", [True, False])
def test_what_is_joined_is_in_one_batch_wherever_that_ends(
    tmp_path: Path, *, stepped: bool
) -> None:
    async def main() -> None:
        seen = Batches()
        writer: Writer = SteppedWriter(0.01) if stepped else ThreadWriter()
        journal = Journal(tmp_path / "journal.db", seen, writer)
        for number in range(BATCH_MAX + 3):
            joined = BATCH_MAX <= number < BATCH_MAX + 2
            journal.place(draft(number), None, number, joined=joined)
        await journal.close()
        assert seen.sizes == [BATCH_MAX + 2, 1]

    (virtual_time.run if stepped else asyncio.run)(main())
