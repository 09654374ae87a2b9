"""Facts as boxes write them, with nothing in them that anybody would have to look up."""

from cloud_bridge.contract import (
    FeedbackGiven,
    Lot,
    Move,
    Posting,
    Refund,
    ReturnMade,
    SaleBasis,
    SaleFact,
    SaleTender,
)
from simulators.conform.cloud.far_box import FarBox

DAY = "2026-11-22"


def said(store: str) -> FeedbackGiven:
    """Return a fact that moves nothing."""
    return FeedbackGiven(
        feedback="f", kind="score", business_date=DAY, store=store, terminal="conform",
        member=None, about="", score=5, tags=(),
    )  # fmt: skip


def sale(box: FarBox, store: str, member: str, *, points: int) -> SaleFact:
    """Return a sale of 1.00 for cash that earns points."""
    deed = f"{box.name}:{box.epoch}:{box.nonce()[:12]}"
    lot = Lot(id=f"{deed}#1", member=member, unit="PTS", opened=DAY, active_from=DAY)
    return SaleFact(
        receipt=f"{box.name}-{box.epoch}S-{box.nonce()[:6]}", business_date=DAY, store=store,
        terminal="conform", lane=None, cashier="conform", seller=None, member=member, bundle="",
        postings=(
            Posting(account="cash:conform", unit="CNY", amount=100),
            Posting(account="sales:standard", unit="CNY", amount=-100),
            Posting(account=f"member:{member}", unit="PTS", amount=points),
            Posting(account="programme", unit="PTS", amount=-points),
        ),
        moves=(Move(lot=lot.id, amount=points, opens=lot),),
        sale=deed, terminal_kind="pc_pos", channel="till", region="", online=True, tier="",
        buyer=None, basis=SaleBasis(at_ms=box.now(), store=store, online=True), currency="CNY",
        exponent=2, lines=(), tenders=(SaleTender(kind="cash", amount=100),), handed=100, change=0,
        list_total=100, total=100, tax=(), points_earned=points, quote="", price_book=1,
    )  # fmt: skip


def taken_back(box: FarBox, store: str, sold: SaleFact) -> ReturnMade:
    """Return the return of all of a sale, wherever it was made: 1.00 in cash, and its points."""
    deed = f"{box.name}:{box.epoch}:{box.nonce()[:12]}"
    owed = Lot(id=f"{deed}#1", member=sold.member or "", unit="PTS", opened=DAY, active_from=DAY,
               kind="debt")  # fmt: skip
    return ReturnMade(
        receipt=f"{box.name}-{box.epoch}S-{box.nonce()[:6]}", business_date=DAY, store=store,
        terminal="conform", lane=None, cashier="conform", seller=None, member=sold.member,
        bundle="",
        postings=(
            Posting(account="cash:conform", unit="CNY", amount=-100),
            Posting(account="sales:standard", unit="CNY", amount=100),
            Posting(account=f"member:{sold.member}", unit="PTS", amount=-sold.points_earned),
            Posting(account="programme", unit="PTS", amount=sold.points_earned),
        ),
        moves=(Move(lot=owed.id, amount=-sold.points_earned, opens=owed),),
        reversal=deed, sale=sold.sale, sale_receipt=sold.receipt, sale_date=DAY, reason="guest",
        currency="CNY", exponent=2, lines=(), refunds=(Refund(tender=0, kind="cash", amount=100),),
        total=100, tax=(), points_taken=sold.points_earned, complete=True, policy="unit_net",
    )  # fmt: skip
