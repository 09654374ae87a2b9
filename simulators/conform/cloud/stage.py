"""What cases are played on, and what they have in common."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from cloud_bridge.contract import (
    Changes,
    CloudHead,
    Envelope,
    HoldAsked,
    LeaseReturned,
    Member,
    Outcome,
    Receipt,
)
from simulators.conform.cloud.far_box import Broken, FarBox, must, read

PAGES_MAX = 10_000
"""Of a thousand changes each: more than any programme for tests has."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Two boxes of a tenant for tests, and somebody who holds stored value there.

    `keys` are the cloud's raw Ed25519 public keys by name.
    """

    box: FarBox
    other: FarBox
    store: str
    member: str
    keys: Mapping[str, bytes]
    luck: random.Random
    sealing_key: bytes | None = None
    """What is sealed for the cloud's eyes alone: a raw X25519 public key."""


Case = Callable[[Stage], Awaitable[None]]


async def one(stage: Stage, page: Envelope) -> Outcome:
    """Send one page, and return what is made of it."""
    receipt = read(await stage.box.send([page]), Receipt)
    return receipt.outcomes[-1]


async def changes(box: FarBox, cursor: str = "", limit: int = 1000) -> Changes:
    """Return one page of news."""
    return await box.get(f"/v1/changes?since={quote(cursor, safe='')}&limit={limit}", Changes)


async def pages_of(box: FarBox, limit: int = 1000) -> AsyncIterator[Changes]:
    """Yield all the news there is for a box, page by page."""
    cursor = ""
    for _ in range(PAGES_MAX):
        page = await changes(box, cursor, limit)
        must(not page.more or page.cursor != cursor, "more changes, and the cursor stands still")
        yield page
        cursor = page.cursor
        if not page.more:
            return
    raise Broken("the news never ends")


async def news(box: FarBox) -> list[object]:
    """Return all the news there is for a box."""
    return [change async for page in pages_of(box) for change in page.changes]


async def caught_up(box: FarBox) -> str:
    """Return the cursor of a box that has all the news."""
    return [page.cursor async for page in pages_of(box)][-1]


async def told_member(stage: Stage) -> Member:
    """Return the member of the stage as the news has them."""
    members = [each for each in await news(stage.box) if isinstance(each, Member)]
    found = [member for member in members if member.id == stage.member]
    must(len(found) == 1, f"the news has {stage.member} {len(found)} times")
    return found[0]


async def points(stage: Stage) -> int:
    """Return the points of the stage's member as the cloud tells them."""
    return (await told_member(stage)).points


def hold(stage: Stage, amount: int) -> HoldAsked:
    """Return a question for so much stored value."""
    id = f"conform:{stage.luck.getrandbits(64):016x}"
    return HoldAsked(id=id, member=stage.member, kind="value", amount=amount)


async def give_up(box: FarBox, asked: HoldAsked) -> None:
    """Say that a hold is not taken, and never will be."""
    late = LeaseReturned(lease=asked.id, member=asked.member, kind="value", moves=(),
                         reason="late")  # fmt: skip
    read(await box.send([box.page(late)]), Receipt)


def back_to(box: FarBox, head: CloudHead) -> None:
    """Forget pages that were refused."""
    box.sequence, box.previous = head.sequence, head.head
