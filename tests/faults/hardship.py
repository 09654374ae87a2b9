"""Hard times for a running box: a clock that jumps, a process that is held, too few of everything.

Each trial but the first finds a box that sells, and leaves one; each returns figures. Raises
Violation.
"""

import asyncio
import os
import random
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import aiohttp
import apsw

from edge.journal import Page
from simulators import demo_data
from simulators.cloud.twin import wall_clock
from tests.faults.boxes import PYTHON_PATH
from tests.faults.clocks import FakedClock, WallClock
from tests.faults.judging import journal_path, must
from tests.faults.scene import Scene, scene

DECADE_SECONDS = 10 * 365 * 24 * 60 * 60
SALES_A_JUMP = 3
RESTART_ONE_IN = 3
SKEW_MS = 60_000
GUESTS = 40
CROWDS = (100, 200, 400, 800)
"""What a box has freed it can use again: so each crowd is larger, until it is too large."""
SALES_IN_A_CROWD = 10
BASKET = 100
EXIT_BROKEN = 70
SECOND_SECONDS_MAX = 60.0
NEWER = 99
_STARTED = re.compile(r'"doors_open".*"timestamp": "([^"]+)"')


# --- the clock ------------------------------------------------------------------------------------


async def jump(folder: Path, seed: int, jumps: int) -> Mapping[str, int]:
    """Set the clock of a selling box by up to ten years either way, again and again."""
    luck = random.Random(f"jumps {seed}")
    clock = FakedClock(folder / "clock")
    restarts = 0
    highest = 0
    async with scene(folder / "store", seed, clock) as shop:
        await shop.start()
        for _ in range(jumps):
            clock.set(luck.randint(-DECADE_SECONDS, DECADE_SECONDS))
            highest = max(highest, clock.ahead_seconds)
            if luck.randrange(RESTART_ONE_IN) == 0:
                await shop.stop()
                await shop.start()
                _lives_by(clock, shop)
                restarts += 1
            await shop.till.quote()
            for _ in range(SALES_A_JUMP):
                await shop.till.sell()
            await shop.till.settle()
        await shop.stop()
        found = shop.judge()
    _sane(found, wall_clock() + 1000 * highest)
    sales = sum(page.kind == "sale.v1" for page in found)
    must(sales > 0, "nothing was sold")
    return {"jumps": jumps, "restarts": restarts, "sales": sales, "facts": len(found)}


def _lives_by(clock: WallClock, shop: Scene) -> None:
    """See in the box's own log that it believes the clock it was given."""
    log = (shop.premises.folder / "box.log").read_text("utf-8", "replace")
    said = _STARTED.findall(log)[-1]
    off = datetime.fromisoformat(said).timestamp() * 1000 - wall_clock()
    assert abs(off - 1000 * clock.ahead_seconds) < SKEW_MS, "the clock was not set"


def _sane(found: Sequence[Page], latest: int) -> None:
    """See that time only goes forward in a journal, and never beyond what the clock has shown."""
    times = [page.at for page in found]
    must(times == sorted(times), "time falls from page to page")
    must(times[-1] <= latest + SKEW_MS, "a page is from later than any clock has shown")
    days = [page.body for page in found if page.kind == "day_opened.v1"]
    must(days == sorted(days), "a business day comes after a later one:", days)


# --- the process ----------------------------------------------------------------------------------


async def hold(shop: Scene, seconds: float) -> Mapping[str, float]:
    """Stop the process with a sale under way, for `seconds`, and let it go on."""
    os.kill(shop.box.pid, signal.SIGSTOP)
    selling = asyncio.create_task(shop.till.sell())
    await asyncio.sleep(seconds)
    assert _stands_still(shop.box.pid), "it was not stopped"
    os.kill(shop.box.pid, signal.SIGCONT)
    await selling
    return {"seconds": seconds, "asked": await _sells_again(shop)}


def _stands_still(pid: int) -> bool:
    """Tell whether a process is stopped (proc(5), the third field of stat)."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].startswith("T")


def _memory(pid: int) -> int:
    """Return how many bytes of addresses a process has (proc(5), the first field of statm)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()


async def few_files(shop: Scene) -> Mapping[str, int]:
    """Let a box open no file and take no connection more than it has, then again."""
    pid = shop.box.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (held + 2, before[1]))
    served = Counter(await _crowd(shop))
    assert served[""], "there were files enough for everybody"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    await _sells_again(shop)
    return {"guests": GUESTS, "turned_away": served[""]}


async def _crowd(shop: Scene) -> Sequence[str]:
    """Have many guests at once keep a connection each; return how the box answered each."""
    async with aiohttp.ClientSession(
        shop.premises.http_url,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(2),
    ) as session:

        async def look() -> str:
            try:
                async with session.get("/v1/health") as response:
                    return str((await response.json())["state"])
            except (aiohttp.ClientError, OSError, TimeoutError):
                return ""

        return await asyncio.gather(*(look() for _ in range(GUESTS)))


async def little_memory(shop: Scene) -> Mapping[str, int]:
    """Let a box have no more memory than it has, under many big requests at once, then again.

    Where C code gets no memory the process may die of it: that is one more kill.
    """
    pid = shop.box.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (_memory(pid), before[1]))
    big = {"lines": [{"code": demo_data.ean(1 + n % 13)} for n in range(BASKET)]}
    turned_away = 0
    for crowd in CROWDS:
        answers, _ = await asyncio.gather(
            asyncio.gather(*(shop.till.attempt("quote", big) for _ in range(crowd))),
            asyncio.gather(*(shop.till.sell() for _ in range(SALES_IN_A_CROWD))),
        )
        turned_away += sum(answer is None or "quote" not in answer for answer in answers)
        if turned_away:
            break
    died = await shop.till.health() is None
    if died:
        await shop.box.ended()
        await shop.box.spawn()
    else:
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    asked = await _sells_again(shop)
    assert turned_away, "there was memory enough for everybody"
    return {"turned_away": turned_away, "died": int(died), "asked": asked}


async def _sells_again(shop: Scene) -> int:
    """See that all is well; return how many sales had not been answered."""
    await shop.ready()
    asked = await shop.till.settle()
    must(await shop.till.sell(), "it does not sell any more:", shop.till.refused)
    shop.judge()
    return asked


# --- the state folder -----------------------------------------------------------------------------


async def two_daemons(shop: Scene) -> str:
    """Start a second box on the state folder of one that sells; return what it says."""
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "edge", "run", "--config", str(shop.premises.config_path)],
        env={**os.environ, **PYTHON_PATH}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=SECOND_SECONDS_MAX, check=False,
    )  # fmt: skip
    must(second.returncode == EXIT_BROKEN, "the second box ended with", second.returncode)
    await _sells_again(shop)
    return second.stderr


async def newer_layout(shop: Scene) -> str:
    """Start a box on a journal that a newer one wrote; return the end of its log."""
    await shop.stop()
    journal = journal_path(shop.premises)
    known = _layout(journal, NEWER)
    before = journal.read_bytes()
    await shop.box.spawn()
    code = await shop.box.ended()
    must(code == EXIT_BROKEN, "on a newer journal it ended with", code)
    must(journal.read_bytes() == before, "a newer journal was touched")
    beside = {path.name for path in shop.state.glob("journal.db*")}
    must(beside == {"journal.db"}, "something was left beside it:", beside)
    said = shop.log()
    _layout(journal, known)
    await shop.box.spawn()
    await _sells_again(shop)
    return said


def _layout(journal: Path, version: int) -> int:
    """Have a journal say that it is of this layout; return of which it was."""
    with closing(apsw.Connection(str(journal))) as db:
        db.pragma("journal_mode", "delete")
        known = int(db.pragma("user_version"))
        db.pragma("user_version", version)
    return known
