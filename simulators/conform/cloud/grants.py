"""What a cloud promises of leases and holds: no part of a lot is ever in two places."""

import msgspec

from cloud_bridge.contract import (
    Hold,
    Lease,
    LeaseAsked,
    LeaseReturned,
    LeaseTaken,
    Move,
    Receipt,
    SignedTime,
)
from simulators.conform.cloud.far_box import must, read
from simulators.conform.cloud.stage import Case, Stage, give_up, hold, news, one

BEYOND = 10**11
"""More than anybody holds."""
DAY_MS = 24 * 3_600_000


async def hold_once(stage: Stage) -> None:
    """The same hold, asked twice, is granted once."""
    before = await stage.box.refused("/v1/holds", hold(stage, BEYOND), 409)
    asked = hold(stage, before.possible // 2)
    first = await stage.box.post("/v1/holds", asked, Hold)
    again = await stage.box.post("/v1/holds", asked, Hold)
    must(first.parts == again.parts, "the second answer grants other parts")
    granted = sum(part.amount for part in first.parts)
    must(granted == asked.amount, "the parts are not what was asked for")
    await give_up(stage.box, asked)
    after = await stage.box.refused("/v1/holds", hold(stage, BEYOND), 409)
    must(after.possible == before.possible, "what was given up is not free again, or only once")


async def hold_bounded(stage: Stage) -> None:
    """More than there is, is not held; the refusal says how much would be."""
    no = await stage.box.refused("/v1/holds", hold(stage, BEYOND), 409)
    must(no.code == "not-covered", f"the code is {no.code!r}, not 'not-covered'")
    must(no.possible > 0, "it does not say what is possible")


async def held_apart(stage: Stage) -> None:
    """Two boxes never hold the same part."""
    no = await stage.box.refused("/v1/holds", hold(stage, BEYOND), 409)
    mine = hold(stage, no.possible)
    await stage.box.post("/v1/holds", mine, Hold)
    theirs = await stage.other.refused("/v1/holds", hold(stage, 1), 409)
    await give_up(stage.box, mine)
    must(theirs.possible == 0, "what one box holds is possible for another")


async def hold_taken(stage: Stage) -> None:
    """What a box has taken stays there until it says that it gave it back."""
    no = await stage.box.refused("/v1/holds", hold(stage, BEYOND), 409)
    asked = hold(stage, no.possible)
    held = await stage.box.post("/v1/holds", asked, Hold)
    moves = tuple(Move(lot=p.lot.id, amount=p.amount, opens=p.lot) for p in held.parts)
    taken = LeaseTaken(lease=asked.id, way="hold", member=asked.member, kind="value",
                       store=stage.store, moves=moves)  # fmt: skip
    must((await one(stage, stage.box.page(taken))).outcome == "accepted", "it is an exception")
    await stage.other.refused("/v1/holds", hold(stage, 1), 409)
    back = tuple(Move(lot=p.lot.id, amount=-p.amount) for p in held.parts)
    returned = LeaseReturned(lease=asked.id, member=asked.member, kind="value", moves=back,
                             reason="unused")  # fmt: skip
    await one(stage, stage.box.page(returned))
    again = hold(stage, no.possible)
    await stage.other.post("/v1/holds", again, Hold)
    await give_up(stage.other, again)


async def hold_ends(stage: Stage) -> None:
    """A hold says until when it may be taken, which is not past and not for ever."""
    asked = hold(stage, 1)
    held = await stage.box.post("/v1/holds", asked, Hold)
    now = (await stage.box.get(f"/v1/time?nonce={stage.box.nonce()}", SignedTime)).at
    await give_up(stage.box, asked)
    must(now < held.until, "by the cloud's own clock it is over")
    must(held.until <= now + DAY_MS, "it outlives the day")


async def hold_of_nobody(stage: Stage) -> None:
    """Nothing is held of somebody unknown."""
    asked = msgspec.structs.replace(hold(stage, 1), member="nobody")
    no = await stage.box.refused("/v1/holds", asked, 409)
    codes = {"unknown", "blocked", "not-covered"}
    must(no.code in codes, f"the code is {no.code!r}, none of {sorted(codes)}")


async def lease_once(stage: Stage) -> None:
    """The same lease, asked twice, is one; only its box hears of it."""
    asked = _lease(stage)
    lease = await stage.box.post("/v1/leases", asked, Lease)
    again = await stage.box.post("/v1/leases", asked, Lease)
    mine, theirs = [
        {change.id for change in await news(box) if isinstance(change, Lease)}
        for box in (stage.box, stage.other)
    ]
    await _give_back(stage, lease)
    must(again == lease, "the second answer is another lease")
    must(sum(part.amount for part in lease.parts) > 0, "there is nothing in it")
    must(lease.id in mine, "the box that asked is not told of it in the news")
    must(lease.id not in theirs, "another box is told of it")


async def leased_apart(stage: Stage) -> None:
    """What is leased to one box is free for no other, and is free again when given back."""
    before = await stage.other.refused("/v1/holds", hold(stage, BEYOND), 409)
    lease = await stage.box.post("/v1/leases", _lease(stage), Lease)
    leased = sum(part.amount for part in lease.parts)
    during = await stage.other.refused("/v1/holds", hold(stage, BEYOND), 409)
    await _give_back(stage, lease)
    after = await stage.other.refused("/v1/holds", hold(stage, BEYOND), 409)
    must(during.possible == before.possible - leased, "another box may hold what is leased")
    must(after.possible == before.possible, "what was given back is not free again")


async def lease_of_nobody(stage: Stage) -> None:
    """Nothing is leased of somebody unknown."""
    asked = msgspec.structs.replace(_lease(stage), member="nobody")
    await stage.box.refused("/v1/leases", asked, 409)


def _lease(stage: Stage) -> LeaseAsked:
    return LeaseAsked(id=hold(stage, 0).id, member=stage.member, kind="value")


async def _give_back(stage: Stage, lease: Lease) -> None:
    """Say that a lease is not taken, and never will be."""
    late = LeaseReturned(lease=lease.id, member=lease.member, kind="value", moves=(),
                         reason="late")  # fmt: skip
    read(await stage.box.send([stage.box.page(late)]), Receipt)


async def hold_too_late(stage: Stage) -> None:
    """A hold that was given up before it was asked for is never granted."""
    asked = hold(stage, 1)
    await give_up(stage.box, asked)
    answer = await stage.box.ask("POST", "/v1/holds", msgspec.json.encode(asked))
    granted = read(answer, Hold).parts if answer.status == 200 else ()
    must(not granted, "it is granted all the same, to nobody")


CASES: tuple[Case, ...] = (
    hold_once, hold_bounded, held_apart, hold_taken, hold_ends, hold_of_nobody, hold_too_late,
    lease_once, leased_apart, lease_of_nobody,
)  # fmt: skip
