"""What a cloud promises of other stores: their receipts, and who owes whom."""

from urllib.parse import quote

from cloud_bridge.contract import Hold, HoldAsked, Receipt, ReceiptFound, SettlementStatement
from simulators.conform.cloud.far_box import must, problem, read
from simulators.conform.cloud.letters import sale
from simulators.conform.cloud.stage import Case, Stage, give_up, hold


async def receipts(stage: Stage) -> None:
    """Any box finds a sale by its id; nobody finds what was never sold."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    page = stage.box.page(sold)
    read(await stage.box.send([page]), Receipt)
    found = await stage.other.get(f"/v1/receipts/{quote(sold.sale, safe='')}", ReceiptFound)
    must((found.box, found.sale.hash) == (stage.box.name, page.hash), "it is another page")
    problem(await stage.other.ask("GET", "/v1/receipts/never-sold"), 404)


async def by_number(stage: Stage) -> None:
    """Any box finds a sale by the number on its receipt."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    page = stage.box.page(sold)
    read(await stage.box.send([page]), Receipt)
    found = await stage.other.get(f"/v1/receipts/{quote(sold.receipt, safe='')}", ReceiptFound)
    must(found.sale.hash == page.hash, "it is another page")


async def one_takes_back(stage: Stage) -> None:
    """One box at a time may take a receipt back."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    read(await stage.box.send([stage.box.page(sold)]), Receipt)
    asked = HoldAsked(id=hold(stage, 0).id, member=stage.member, kind="return", subject=sold.sale)
    await stage.other.post("/v1/holds", asked, Hold)
    second = HoldAsked(id=hold(stage, 0).id, member=stage.member, kind="return", subject=sold.sale)
    await stage.box.refused("/v1/holds", second, 409)
    await give_up(stage.other, asked)


async def settled(stage: Stage) -> None:
    """A month's settlement sums to zero in every currency."""
    found = await stage.box.get("/v1/statement?month=2026-11", SettlementStatement)
    sums: dict[str, int] = {}
    for share in found.shares:
        sums[share.currency] = sums.get(share.currency, 0) + share.pays
    must(not any(sums.values()), f"it sums to {sums}")


CASES: tuple[Case, ...] = (receipts, by_number, one_takes_back, settled)
