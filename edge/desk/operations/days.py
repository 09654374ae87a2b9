"""The business day at a terminal: opened, counted, looked at, and closed."""

from collections.abc import Callable
from functools import partial

import msgspec

from drivers import terminal as words
from edge import replies
from edge.config import Terminal
from edge.desk.closing import Closing, Count
from edge.desk.means import Job, Means, Outcome
from edge.refusals import Refusal
from edge.replies import Stamp
from edge.shop.facts import DayClosed, DrawerCounted


def open_day(means: Means, job: Job, asked: words.DayOpen) -> Outcome:
    """Open the business day."""
    opened = means.placing.open_day(job.request, replies.day_opened)
    return opened or Refusal("E-DAY-OPEN", {"day": means.placing.business_date or "-"})


async def x_report(means: Means, terminal: Terminal, asked: words.XReport) -> words.Reply | Refusal:
    """Answer how the day goes."""
    if means.days is None:
        return Refusal("E-FORBIDDEN")
    told = await means.days.sheet()
    if isinstance(told, Refusal):
        return told
    sheet, shifts = told
    return words.DayReport(
        kind="X",
        business_date=sheet.day.business_date,
        sheet=msgspec.Raw(msgspec.json.encode(sheet)),
        shifts=msgspec.Raw(msgspec.json.encode(shifts)),
        as_of=means.counter.as_of(),
    )


async def prepare_shift(
    means: Means, job: Job, asked: words.ShiftClose
) -> Callable[[], Outcome] | Refusal:
    """Add up what this terminal's drawer should hold."""
    if means.days is None:
        return Refusal("E-FORBIDDEN")
    drawer = f"cash:{job.terminal.id}"
    count = Count({drawer: asked.counted}, asked.change_money, asked.cashier)
    made = await means.days.counted(count)
    return made if isinstance(made, Refusal) else partial(_count, means, job, made)


def _count(means: Means, job: Job, made: Closing) -> Outcome:
    (counted,) = made.counts

    def tell(fact: DrawerCounted, stamp: Stamp) -> words.Reply:
        shift = made.shift(job.terminal.id, stamp.at_ms)
        assert shift.counted is not None, "it was counted just now"
        return words.ShiftClosed(
            key=stamp.key,
            business_date=fact.business_date,
            terminal=fact.terminal,
            cashier=fact.cashier,
            currency=fact.currency,
            expected=shift.expected,
            counted=shift.counted,
            over=shift.over,
            shift=msgspec.Raw(msgspec.json.encode(shift)),
            epoch=stamp.epoch,
            sequence=stamp.sequence,
        )

    return means.placing.told(job.request, counted, tell)


async def prepare_close(
    means: Means, job: Job, asked: words.ZClose
) -> Callable[[], Outcome] | Refusal:
    """Make the report that the day is closed with."""
    if means.days is None:
        return Refusal("E-FORBIDDEN")
    made = await means.days.closing(Count(asked.counted, asked.change_money, asked.cashier))
    return made if isinstance(made, Refusal) else partial(_close, means, job, asked, made)


def _close(means: Means, job: Job, asked: words.ZClose, made: Closing) -> Outcome:
    closed = msgspec.structs.replace(
        made.fact, cashier=asked.cashier, approved_by=asked.approved_by
    )

    def tell(fact: DayClosed, stamp: Stamp) -> words.Reply:
        return words.DayClosed(
            key=stamp.key,
            business_date=fact.business_date,
            epoch=stamp.epoch,
            sequence=stamp.sequence,
            sheet=msgspec.Raw(msgspec.json.encode(made.closed)),
        )

    return means.placing.told(job.request, closed, tell, *made.counts)
