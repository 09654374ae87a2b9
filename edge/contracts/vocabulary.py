"""Each operation of the vocabulary: what is asked, what is answered, and examples of both."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec

from drivers import terminal as words
from drivers.terminal import OPERATIONS, examples

ANSWERS: Final[Mapping[type[words.Request], type[words.Reply]]] = {
    words.ActivateCard: words.CardChanged,
    words.Approve: words.Approved,
    words.Ask: words.Fate,
    words.Balance: words.Balances,
    words.BindCard: words.CardChanged,
    words.BuyTier: words.TierChanged,
    words.CancelTopUp: words.PaidOut,
    words.CheckCoupon: words.CouponChecked,
    words.DayOpen: words.DayOpened,
    words.Draw: words.Drawn,
    words.Enrol: words.Enrolled,
    words.Exchange: words.Exchanged,
    words.Feedback: words.FeedbackTaken,
    words.FindReceipt: words.FoundReceipts,
    words.FreezeCard: words.CardChanged,
    words.GiveBackCountCard: words.PaidOut,
    words.Health: words.HealthReport,
    words.Identify: words.Identified,
    words.ListParked: words.ParkedBaskets,
    words.Park: words.Parked,
    words.Quote: words.Quoted,
    words.Recall: words.Recalled,
    words.RefundCard: words.PaidOut,
    words.RefundTier: words.TierChanged,
    words.ReplaceCard: words.CardChanged,
    words.Reprint: words.Reprinted,
    words.Return: words.Returned,
    words.ReturnUse: words.CountUsed,
    words.ScanSession: words.SessionClosed,
    words.Sell: words.Sold,
    words.SellCard: words.ToppedUp,
    words.SellCountCard: words.CountCardSold,
    words.ShiftClose: words.ShiftClosed,
    words.SignOff: words.SignedOff,
    words.SignOn: words.SignedOn,
    words.TopUp: words.ToppedUp,
    words.UndoDraw: words.DrawUndone,
    words.UndoExchange: words.ExchangeUndone,
    words.UnfreezeCard: words.CardChanged,
    words.UpdateMember: words.MemberUpdated,
    words.UseCount: words.CountUsed,
    words.Void: words.Returned,
    words.XReport: words.DayReport,
    words.ZClose: words.DayClosed,
}
"""What each request is answered with when the answer is no refusal."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `area` is the file of words it stands in, `is_keyed` whether it has a key."""

    name: str
    request: type[words.Request]
    reply: type[words.Reply]
    examples: tuple["Example", ...]

    @property
    def area(self) -> str:
        """The file of words it stands in."""
        return self.request.__module__.rpartition(".")[2]

    @property
    def is_keyed(self) -> bool:
        """Whether it changes something, and so needs a request key."""
        return issubclass(self.request, words.Keyed)

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        return self._said[0]

    @property
    def description(self) -> str:
        """What more there is to say, or ""."""
        return self._said[2].strip()

    @property
    def _said(self) -> tuple[str, str, str]:
        return inspect.cleandoc(self.request.__doc__ or "").partition("\n")


@dataclass(frozen=True, slots=True)
class Example:
    """A request as it may be sent, and the answer it had: a reply, or a problem from 400 on."""

    title: str
    request: Any
    status: int
    answer: Any


@cache
def operations() -> tuple[Operation, ...]:
    """Return all operations, in the order of the vocabulary."""
    shown = examples.load()
    return tuple(
        Operation(name, request, ANSWERS[request], tuple(map(_example, shown.get(name, ()))))
        for name, request in OPERATIONS.items()
    )


def _example(shown: examples.Example) -> Example:
    return Example(
        shown.title, msgspec.json.decode(shown.request), shown.status,
        msgspec.json.decode(shown.answer),
    )  # fmt: skip
