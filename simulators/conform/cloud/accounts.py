"""What a cloud promises of accounts when a store answers for more, and when goods come back."""

from urllib.parse import quote

import msgspec

from cloud_bridge.contract import (
    CameBack,
    EpochOpened,
    LeaseReturned,
    LeaseTaken,
    Lot,
    Move,
    Outcome,
    Receipt,
    ReceiptFound,
    RecoveredFact,
)
from simulators.conform.cloud.far_box import must, read
from simulators.conform.cloud.letters import (
    DAY,
    count_card,
    paid_by_use,
    sale,
    taken_back,
    use_back,
)
from simulators.conform.cloud.stage import Case, Stage, hold, news, one, points

BEYOND = 10**11
"""More than anybody holds."""


async def overdraft_covered(stage: Stage) -> None:
    """What a store took at its own risk is covered by what is free, and is no exception."""
    before = await _possible(stage, "value")
    lot = _overdraft(stage)
    outcome = await _risked(stage, lot, before)
    during = await _possible(stage, "value")
    await _returned(stage, lot, before)
    after = await _possible(stage, "value")
    must(outcome.outcome == "accepted", f"it is {outcome.outcome}")
    must(during == 0, "another box may hold what covers it")
    must(after == before, "what was given back of it is not free again")


async def overdraft(stage: Stage) -> None:
    """What nothing covers is an exception: an overdraft, so much, for which the store is liable."""
    before = await _possible(stage, "value")
    lot = _overdraft(stage)
    outcome = await _risked(stage, lot, before + 100)
    await _returned(stage, lot, before + 100)
    must(outcome.outcome == "accepted_with_exception", f"it is {outcome.outcome}")
    must(outcome.kind == "overdraft", f"its kind is {outcome.kind!r}")
    must(outcome.liable == stage.store, f"liable is {outcome.liable!r}, not the store")
    must(outcome.amount == 100, f"{outcome.amount} are missing, not 100")


async def debts(stage: Stage) -> None:
    """What a member owes at one box is not granted to another."""
    before = await _possible(stage, "points")
    sold = sale(stage.box, stage.store, stage.member, points=50)
    lot = sold.moves[0].lot
    await one(stage, stage.box.page(sold))
    await one(stage, stage.box.page(_given_back(stage, "points", lot, 50)))
    earned = await _possible(stage, "points")
    back = taken_back(stage.box, stage.store, sold)
    await one(stage, stage.box.page(back))
    owing = await _possible(stage, "points")
    repaid = (Move(lot=back.moves[0].lot, amount=50),)
    more = sale(stage.box, stage.store, stage.member, points=50)
    await one(stage, stage.box.page(msgspec.structs.replace(more, moves=repaid)))
    must(earned == before + 50, "what a box gave back is not free")
    must(owing == before, "another box may hold what is owed")
    must(await _possible(stage, "points") == earned, "a debt that was repaid still counts")


async def uses_in_sales(stage: Stage) -> None:
    """Uses of a count card that pay in sales are gone, and come back with the goods."""
    before = await _possible(stage, "uses")
    card = count_card(stage.box, stage.store, stage.member)
    sales = [paid_by_use(stage.box, stage.store, card) for _ in range(3)]
    kinds = [(await one(stage, stage.box.page(fact))).outcome for fact in (card, *sales)]
    must(kinds[:3] == ["accepted"] * 3, f"they are {', '.join(kinds[:3])}")
    must(kinds[3] == "accepted_with_exception", f"the third of two uses is {kinds[3]}")
    for sold in sales[1:]:
        back = use_back(stage.box, stage.store, sold, card)
        await one(stage, stage.box.page(back))
    given = _given_back(stage, "uses", card.count_card, 1)
    given = msgspec.structs.replace(
        given, moves=(Move(lot=card.count_card, amount=-1, money=-100),)
    )
    await one(stage, stage.box.page(given))
    must(await _possible(stage, "uses") == before + 1, "what came back is not there again")


async def earlier(stage: Stage) -> None:
    """A receipt comes with what came back of it, wherever that was."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    await one(stage, stage.box.page(sold))
    target = f"/v1/receipts/{quote(sold.sale, safe='')}"
    found = await stage.other.get(target, ReceiptFound)
    must(not found.earlier, "something came back before anything did")
    back = stage.other.page(taken_back(stage.other, stage.store, sold))
    read(await stage.other.send([back]), Receipt)
    found = await stage.box.get(target, ReceiptFound)
    must([each.hash for each in found.earlier] == [back.hash], "it comes without what came back")


async def told_of_returns(stage: Stage) -> None:
    """The box that sold is told what came back of it at another one; nobody else is."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    await one(stage, stage.box.page(sold))
    back = stage.other.page(taken_back(stage.other, stage.store, sold))
    read(await stage.other.send([back]), Receipt)
    mine, theirs = [
        [each for each in await news(box) if isinstance(each, CameBack) and each.sale == sold.sale]
        for box in (stage.box, stage.other)
    ]
    must([each.letter.hash for each in mine] == [back.hash], "its box is not told")
    must(not theirs, "the box that took it back is told of it")


async def earlier_epoch(stage: Stage) -> None:
    """A fact that was lost, and comes back in a later epoch, counts once."""
    before = await points(stage)
    kept = stage.box.page(sale(stage.box, stage.store, stage.member, points=2))
    sold = sale(stage.box, stage.store, stage.member, points=9)
    lost = stage.box.page(sold)
    read(await stage.box.send([kept, lost]), Receipt)
    stage.box.back(kept)
    stage.box.epoch += 1
    opened = EpochOpened(
        ordinal=stage.box.epoch, nonce=stage.box.nonce(), parent_ordinal=stage.box.epoch - 1,
        parent_sequence=kept.sequence, parent_head=kept.hash, software="conformance",
    )  # fmt: skip
    deed = {name: getattr(sold, name) for name in RecoveredFact.__struct_fields__
            if name in sold.__struct_fields__}  # fmt: skip
    recovered = RecoveredFact(
        **{**deed, "receipt": ""}, epoch=lost.epoch, sequence=lost.sequence, at=lost.at,
        origin=lost.origin, key=lost.key, content=lost.content, kind=lost.kind,
        body=bytes(lost.body).decode(), answer=lost.answer, previous=lost.previous, hash=lost.hash,
    )  # fmt: skip
    pages = [stage.box.page(opened), stage.box.page(recovered, key=lost.key)]
    receipt = read(await stage.box.send(pages), Receipt)
    must(receipt.outcomes[-1].outcome == "accepted", f"it is {receipt.outcomes[-1].outcome}")
    must(await points(stage) == before + 11, "it counts twice, or not at all")


async def _possible(stage: Stage, kind: str) -> int:
    """Return how much of a kind the other box could hold."""
    asked = msgspec.structs.replace(hold(stage, BEYOND), kind=kind)
    return (await stage.other.refused("/v1/holds", asked, 409)).possible


def _overdraft(stage: Stage) -> Lot:
    name = f"conform:{stage.luck.getrandbits(64):016x}#1"
    return Lot(id=name, member=stage.member, unit="PRN", opened=DAY, active_from=DAY,
               issuer="hq", terms="overdraft")  # fmt: skip


async def _risked(stage: Stage, lot: Lot, amount: int) -> Outcome:
    """Take so much at the store's own risk."""
    taken = LeaseTaken(
        lease=lot.id.partition("#")[0], way="risk", member=stage.member, kind="value",
        store=stage.store, moves=(Move(lot=lot.id, amount=amount, opens=lot),),
    )  # fmt: skip
    return await one(stage, stage.box.page(taken))


async def _returned(stage: Stage, lot: Lot, amount: int) -> None:
    await one(stage, stage.box.page(_given_back(stage, "value", lot.id, amount)))


def _given_back(stage: Stage, kind: str, lot: str, amount: int) -> LeaseReturned:
    return LeaseReturned(
        lease=f"conform:{stage.luck.getrandbits(64):016x}", member=stage.member, kind=kind,
        moves=(Move(lot=lot, amount=-amount),), reason="unused",
    )  # fmt: skip


CASES: tuple[Case, ...] = (
    overdraft_covered, overdraft, debts, uses_in_sales, earlier, told_of_returns, earlier_epoch,
)  # fmt: skip
