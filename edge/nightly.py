"""Once a night the books are checked in full, by a process of its own that nobody waits for."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import structlog

from edge.verify import Report

Books = Literal["unchecked", "agree", "disagree"]

MEEKEST = 19
"""The priority of a process that runs when nothing else wants to."""
FINDINGS_LOGGED = 5

log = structlog.get_logger(__name__)


class Nightly:
    """`run` it as a task. `books` and `checked` are what the last check found, and up to where."""

    def __init__(self, journal: Path, at: str, zone: ZoneInfo, now: Callable[[], int]) -> None:
        self._journal, self._at, self._zone, self._now = journal, at, zone, now
        self.books: Books = "unchecked"
        self.checked = 0

    async def run(self) -> None:
        """Check every night until cancelled."""
        while True:
            await asyncio.sleep(seconds_until(self._at, self._zone, self._now()))
            await self.check()

    async def check(self) -> None:
        """Check the books now, in a process that gives way to all others."""
        command = sys.executable, "-m", "edge", "verify", "--json", "--journal", str(self._journal)
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, MEEKEST)
            said, wrong = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            self._judge(msgspec.json.decode(said, type=Report))
        except msgspec.MsgspecError:
            self.books = "disagree"
            log.error("books_unreadable", reason=wrong.decode(errors="replace")[-500:])

    def _judge(self, report: Report) -> None:
        self.checked = report.facts
        self.books = "agree" if report.books_agree else "disagree"
        if report.books_agree:
            log.info("books_agree", facts=report.facts, facts_per_second=report.facts_per_second)
        for finding in report.findings[:FINDINGS_LOGGED]:
            log.error("books_disagree", page=finding.sequence, findings=len(report.findings))


def seconds_until(at: str, zone: ZoneInfo, now: int) -> float:
    """Return how long it is from `now` (ms since 1970 UTC) to the next local time `at` (HH:MM).

    A time that summer time leaves out is an hour later on that day.
    """
    hours, minutes = at.split(":")
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    then = here.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0, fold=0)
    if then.timestamp() * 1000 <= now:
        then = (then.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return then.timestamp() - now / 1000
