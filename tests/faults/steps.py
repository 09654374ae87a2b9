"""What a box is busy with when a fault hits it: its life, cut into steps that can be repeated.

A step ends when it is done. Whoever runs it ends it when the box dies.
"""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cloud_bridge.contract import Card, Member
from simulators import demo_data
from tests.faults.clocks import WallClock
from tests.faults.judging import must
from tests.faults.owner import FIRST
from tests.faults.scene import LOG_PAGES, POLL_SECONDS, Scene
from tests.faults.till import OK

DAY_SECONDS = 24 * 60 * 60
MARGIN_PAGES = 12
"""About as many as a sale and the cloud's bookmark add to the log."""
SALES_MAX = 100
MX_FRAME, BACKFILLED = slice(16, 20), slice(96, 100)
"""Where the index of a write-ahead log says how many pages it has, and how many were moved
(https://www.sqlite.org/walformat.html#the_wal_index_header)."""

Act = Callable[[Scene], Awaitable[None]]
Command = Callable[[Scene], Sequence[str]]


async def nothing(scene: Scene) -> None:
    """Needs no doing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a box does. `prepare` comes before anybody watches."""

    act: Act
    prepare: Act
    starts: bool = False
    """Whether it is watched from the first moment of its process."""
    ends: bool = False
    """Whether the process is to be gone afterwards."""
    command: Command | None = None
    """What is hit in the place of the box: another command, as it is typed."""
    mend: Act = nothing
    """What its owner does after the fault, before the box is started again."""
    judge: Act = nothing
    """What must hold once the box is back, beside what always must."""


async def sell(scene: Scene) -> None:
    """Sell one basket."""
    await scene.till.sell()


async def start(scene: Scene) -> None:
    """Come up, and sell."""
    await scene.ready()
    await scene.till.sell()


async def anew(scene: Scene) -> None:
    """Stop the box; the next one has an empty state folder."""
    await scene.box.stop()
    scene.forget()


async def stopped(scene: Scene) -> None:
    """Kill the box, so that the next start has something to mend."""
    await scene.till.sell()
    await scene.box.kill()


async def bundle(scene: Scene) -> None:
    """Switch to the cloud's next rules, and sell by them."""
    scene.publish()
    await scene.ready()
    await scene.till.sell()


async def directory(scene: Scene) -> None:
    """Take in a member the cloud has just told, and sell."""
    scene.members += 1
    index = 90_000 + scene.members
    number = demo_data.card_number(index)
    member = Member(id=f"m{index}", display="新**", tier="", points=0)
    scene.twin.seed_members([member], [Card(number=number, member=member.id)])
    asked = {"credential": {"kind": "card", "text": number}}
    while (found := await scene.till.attempt("identify", asked)) is None or found["status"] != OK:
        await asyncio.sleep(POLL_SECONDS)
    await scene.till.sell()


def day(clock: WallClock) -> Act:
    """Return the step in which the shop's clock passes midnight and it sells."""

    async def pass_midnight(scene: Scene) -> None:
        clock.set(clock.ahead_seconds + DAY_SECONDS)
        await scene.till.quote()
        await scene.till.sell()

    return pass_midnight


async def fill(scene: Scene) -> None:
    """Sell until the write-ahead log is almost long enough to be moved."""
    for _ in range(SALES_MAX):
        if _log_pages(scene) >= LOG_PAGES - MARGIN_PAGES:
            return
        await scene.till.sell()


async def checkpoint(scene: Scene) -> None:
    """Sell until the write-ahead log was moved into the journal's file."""
    before = _log_pages(scene)
    for _ in range(SALES_MAX):
        if not await scene.till.sell() or _log_pages(scene) < before:
            return


async def stop(scene: Scene) -> None:
    """End in good order."""
    os.kill(scene.box.pid, signal.SIGTERM)


def _log_pages(scene: Scene) -> int:
    """Return how many pages the write-ahead log has that were not moved yet."""
    index = (scene.state / "journal.db-shm").read_bytes()
    return int.from_bytes(index[MX_FRAME], "little") - int.from_bytes(index[BACKFILLED], "little")


# --- what else is done at a till -----------------------------------------------------------------


async def bought(scene: Scene) -> None:
    """Sell a member's basket, so that it can be taken back."""
    while not await scene.till.sell(2):
        await asyncio.sleep(POLL_SECONDS)


def taken_back(operation: str) -> Act:
    """Return the step in which the last sale is taken back."""

    async def take_back(scene: Scene) -> None:
        sold = json.loads((scene.record.sold()[-1].answer or b"")[3:])
        await scene.till.do(operation, {"sale": sold["receipt"]})

    return take_back


async def pay_in(scene: Scene) -> None:
    """Put money into a member's account."""
    await scene.till.do("top_up", {"member": _card(2), "amount": 10_000})


async def spend(scene: Scene) -> None:
    """Sell for stored value that is the cloud's: it leases the box some, or answers for it."""
    await scene.till.sell_for_value(2)


async def put_aside(scene: Scene) -> None:
    """Put a basket aside, and take it up again."""
    parked = await scene.till.do("park", {"lines": [{"code": demo_data.ean(5)}]})
    if parked is not None:
        await scene.till.do("recall", {"ticket": parked["ticket"]})


async def close_day(scene: Scene) -> None:
    """Close the day and begin the next."""
    await scene.till.do("z_close", {})
    await scene.till.sell()


def _card(number: int) -> Mapping[str, str]:
    return {"kind": "card", "text": demo_data.card_number(number)}


# --- what its owner does to it ------------------------------------------------------------------


async def more(scene: Scene) -> None:
    """Make up a name for the next backup."""
    scene.copies += 1


def backing_up(scene: Scene) -> Sequence[str]:
    """Copy the books."""
    return "backup", str(scene.copy)


async def sell_on(scene: Scene) -> None:
    """Sell until the command has ended."""
    while scene.tool.runs:
        await scene.till.sell()


async def backed_up_whole(scene: Scene) -> None:
    """Make the backup, unless it is there: then it is whole."""
    if not scene.copy.exists():
        await _do(scene, backing_up(scene))
    await _do(scene, ("restore", "--dry-run", str(scene.copy)))


async def backed_up(scene: Scene) -> None:
    """Have a backup, and end the box: nothing was done since."""
    await scene.till.sell()
    await scene.box.stop()
    await _back_up(scene)


async def lost(scene: Scene) -> None:
    """Put a backup back after which the box had sold: what is missing, only the cloud knows."""
    await _back_up(scene)
    await scene.till.sell()
    await scene.till.sell()
    await scene.sent()
    await scene.box.stop()
    await _do(scene, restoring(scene))


async def _back_up(scene: Scene) -> None:
    await more(scene)
    await _do(scene, backing_up(scene))


async def _do(scene: Scene, command: Sequence[str]) -> None:
    must(await scene.tool.do(command) == 0, command[0], "is not done:", scene.log())


def again(command: Command) -> Act:
    """Return how a command is given once more: it must be done then."""

    async def once_more(scene: Scene) -> None:
        await _do(scene, command(scene))

    return once_more


def restoring(scene: Scene) -> Sequence[str]:
    """Put the last backup in the place of the books."""
    return "restore", str(scene.copy)


def rebuilding(scene: Scene) -> Sequence[str]:
    """Make the book anew from the pages."""
    return ("rebuild",)


async def ended(scene: Scene) -> None:
    """End the box in good order."""
    await scene.till.sell()
    await scene.box.stop()


async def listed(scene: Scene) -> None:
    """Write down what some members held in an old system, and end the box."""
    scene.copies += 1
    rows = [f"m{number:04},{number}" for number in range(1, 6)]
    _old_books(scene).write_text("\n".join(["member,points", *rows, ""]), "utf-8")
    await scene.box.stop()


def importing(scene: Scene) -> Sequence[str]:
    """Bring in what members held in an old system."""
    return "import", "--id", f"old-{scene.copies}", str(_old_books(scene))


def _old_books(scene: Scene) -> Path:
    return scene.premises.folder / f"old-{scene.copies}.csv"


# --- what its owner asks it for ------------------------------------------------------------------


async def noticed(scene: Scene) -> None:
    """Sell to somebody who became a member here, and whom the cloud has forgotten since."""
    new = await scene.till.do("enrol", {})
    await scene.sent()
    must(new is not None, "nobody becomes a member:", scene.till.refused)
    assert new is not None
    scene.twin.erase(new["member"])
    asked = {
        "lines": [{"code": demo_data.ean(5)}],
        "member": {"kind": "member", "text": new["member"]},
    }
    quoted = await scene.till.attempt("quote", asked)
    must(quoted is not None and quoted["status"] == OK, "no price for a new member:", quoted)
    assert quoted is not None
    paid = [{"kind": "cash", "amount": quoted["total"]}]
    agreed = {"quote": quoted["quote"], "expected_total": quoted["total"], "tenders": paid}
    await scene.till.do("sell", {**asked, **agreed})
    await scene.sent()
    must(await scene.owner.notice(), "the cloud knows whom it has forgotten")


async def choose(scene: Scene) -> None:
    """Choose what is done about an exception."""
    await scene.owner.choose()


async def chosen_once(scene: Scene) -> None:
    """See that the choice was taken or not, and that it is there once."""
    await scene.owner.judge_choice()


async def shut(scene: Scene) -> None:
    """Have an exception, and end the box: its owner chooses all the same."""
    await noticed(scene)
    await scene.box.stop()


def choosing(scene: Scene) -> Sequence[str]:
    """Choose what is done about an exception, while no box runs."""
    return "tray", "resolve", str(scene.owner.sequence), "--choice", FIRST, "--by", "anna"


async def expect(scene: Scene) -> None:
    """Have a terminal come that nobody knows."""
    scene.owner.expect()


async def let_in(scene: Scene) -> None:
    """Pair a terminal, change its token, and send it away."""
    await scene.owner.guest.live()


async def in_or_out(scene: Scene) -> None:
    """See that each token works, or is refused, as it was told."""
    await scene.owner.guest.judge()


NAMES = (
    "first start", "start", "sale", "checkpoint", "bundle", "directory", "day", "stop",
    "return", "void", "top-up", "stored value", "park", "close",
    "recovery", "backup", "restore", "rebuild", "import",
    "tray", "tray by hand", "pairing",
)  # fmt: skip


def steps(clock: WallClock) -> Mapping[str, Step]:
    """Return all steps by name; the box lives by `clock`."""
    return {
        "first start": Step(start, anew, starts=True),
        "start": Step(start, stopped, starts=True),
        "sale": Step(sell, nothing),
        "checkpoint": Step(checkpoint, fill),
        "bundle": Step(bundle, nothing),
        "directory": Step(directory, nothing),
        "day": Step(day(clock), nothing),
        "stop": Step(stop, sell, ends=True),
        "return": Step(taken_back("return"), bought),
        "void": Step(taken_back("void"), bought),
        "top-up": Step(pay_in, nothing),
        "stored value": Step(spend, nothing),
        "park": Step(put_aside, nothing),
        "close": Step(close_day, sell),
        "recovery": Step(start, lost, starts=True),
        "backup": _by_hand(sell_on, more, backing_up, backed_up_whole),
        "restore": _by_hand(nothing, backed_up, restoring, again(restoring)),
        "rebuild": _by_hand(nothing, ended, rebuilding, again(rebuilding)),
        "import": _by_hand(nothing, listed, importing, again(importing)),
        "tray": Step(choose, noticed, judge=chosen_once),
        "tray by hand": replace(_by_hand(nothing, shut, choosing, nothing), judge=chosen_once),
        "pairing": Step(let_in, expect, judge=in_or_out),
    }


def _by_hand(act: Act, prepare: Act, command: Command, mend: Act) -> Step:
    return Step(act, prepare, starts=True, ends=True, command=command, mend=mend)
