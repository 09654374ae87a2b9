"""What terminals can have done, a file for each area: one small handler an operation.

READS answers questions, LOOKS those that take longer. DEEDS decides in one step, PREPARED after
something was awaited. Every request of the vocabulary is in one of them, but for those that the
desk itself answers, and for sales, which are in both: only some have to wait (`awaited`).
"""

from collections.abc import Mapping

from drivers import terminal as words
from edge.desk.means import Decide, Look, Prepare, Read
from edge.desk.operations import (
    cards,
    counting,
    counts,
    days,
    exchanging,
    foreign,
    members,
    parking,
    people,
    returning,
    rewarding,
    selling,
    value,
)

READS: Mapping[type[words.Request], Read] = {
    words.Identify: members.identify,
    words.Balance: members.balance,
    words.CheckCoupon: members.check_coupon,
    words.Quote: selling.quote,
    words.ListParked: parking.list_parked,
    words.FindReceipt: returning.find_receipt,
    words.Reprint: returning.reprint,
}
LOOKS: Mapping[type[words.Request], Look] = {
    words.XReport: days.x_report,
}
DEEDS: Mapping[type[words.Request], Decide] = {
    words.Sell: selling.sell,
    words.Park: parking.park,
    words.Recall: parking.recall,
    words.DayOpen: days.open_day,
    words.BindCard: cards.bind,
    words.ReplaceCard: cards.replace,
    words.FreezeCard: cards.freeze,
    words.UnfreezeCard: cards.unfreeze,
    words.ActivateCard: cards.activate,
    words.ScanSession: counting.close_session,
    words.Feedback: counting.feedback,
    words.TopUp: value.pay_in,
    words.CancelTopUp: value.cancel,
    words.RefundCard: value.close,
    words.UndoExchange: rewarding.exchange_back,
    words.UndoDraw: rewarding.ticket_back,
    words.RefundTier: rewarding.tier_back,
    words.SellCard: value.sell_card,
    words.SellCountCard: counts.sell,
    words.ReturnUse: counts.give_use_back,
    words.GiveBackCountCard: counts.give_back,
}
PREPARED: Mapping[type[words.Request], Prepare] = {
    words.Sell: selling.prepare_sale,
    words.Return: foreign.prepare_return,
    words.Void: foreign.prepare_void,
    words.Enrol: people.prepare_enrolment,
    words.UpdateMember: people.prepare_update,
    words.ShiftClose: days.prepare_shift,
    words.ZClose: days.prepare_close,
    words.UseCount: counts.prepare_use,
    words.Exchange: exchanging.prepare,
    words.Draw: rewarding.prepare_draw,
    words.BuyTier: rewarding.prepare_tier,
}


def awaited(asked: words.Keyed) -> Prepare | None:
    """Return what must be awaited before a request is decided, None where nothing has to be."""
    if isinstance(asked, words.Sell) and not selling.may_spend(asked):
        return None
    return PREPARED.get(type(asked))
