"""Facts as boxes write them, with nothing in them that anybody would have to look up."""

import msgspec

from cloud_bridge.contract import (
    CountCardSold,
    FeedbackGiven,
    Lot,
    Move,
    Posting,
    Refund,
    ReturnMade,
    SaleBasis,
    SaleCardUses,
    SaleFact,
    SaleTender,
    SoldPlan,
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


def count_card(box: FarBox, store: str, member: str) -> CountCardSold:
    """Return the sale of a count card: two uses for 2.00."""
    deed = f"{box.name}:{box.epoch}:{box.nonce()[:12]}"
    lot = Lot(id=f"{deed}#1", member=member, unit="CNT", opened=DAY, active_from=DAY, terms="two")
    plan = SoldPlan(
        id="two", name_zh="两次卡", name_en="Two visits", uses=2, price=200, list_price=100,
        guest="at_list", merchant="pro_rata",
    )  # fmt: skip
    return CountCardSold(
        receipt=f"{box.name}-{box.epoch}S-{box.nonce()[:6]}", business_date=DAY, store=store,
        terminal="conform", lane=None, cashier="conform", seller=None, member=member, bundle="",
        postings=(
            Posting(account="cash:conform", unit="CNY", amount=200),
            Posting(account=f"deferred:{member}", unit="CNY", amount=-200),
            Posting(account=f"member:{member}", unit="CNT", amount=2),
            Posting(account="programme", unit="CNT", amount=-2),
        ),
        moves=(Move(lot=lot.id, amount=2, money=200, opens=lot),),
        count_card=lot.id, plan=plan, currency="CNY", exponent=2, tender="cash", expires="",
    )  # fmt: skip


def paid_by_use(box: FarBox, store: str, card: CountCardSold) -> SaleFact:
    """Return a sale of 1.20 that a use of a card paid, worth 1.00: it earns nothing."""
    uses = SaleCardUses(
        count_card=card.count_card, plan="two", name_zh="两次卡", name_en="Two visits", line=0,
        units=(0,), values=(100,), left=1,
    )  # fmt: skip
    sold = sale(box, store, card.member or "", points=0)
    return msgspec.structs.replace(
        sold, postings=_by_use(card, 1), moves=(Move(lot=card.count_card, amount=-1, money=-100),),
        tenders=(SaleTender(kind="uses", amount=120, uses=uses),), handed=120, list_total=120,
        total=120,
    )  # fmt: skip


def use_back(box: FarBox, store: str, sold: SaleFact, card: CountCardSold) -> ReturnMade:
    """Return the return of all of that sale: the use goes back, and no money."""
    back = Refund(tender=0, kind="uses", amount=120, uses=1)
    return msgspec.structs.replace(
        taken_back(box, store, sold), postings=_by_use(card, -1),
        moves=(Move(lot=card.count_card, amount=1, money=100),), refunds=(back,), total=120,
        points_taken=0,
    )  # fmt: skip


def _by_use(card: CountCardSold, uses: int) -> tuple[Posting, ...]:
    """Return the legs of so many uses that paid for 1.20 each; below zero, that came back."""
    return (
        Posting(account=f"deferred:{card.member}", unit="CNY", amount=100 * uses),
        Posting(account="uses", unit="CNY", amount=20 * uses),
        Posting(account="sales:standard", unit="CNY", amount=-120 * uses),
        Posting(account=f"member:{card.member}", unit="CNT", amount=-uses),
        Posting(account="programme", unit="CNT", amount=uses),
    )


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
