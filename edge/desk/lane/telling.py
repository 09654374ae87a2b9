"""What a lane tells: by its events, on the guest's display, on paper, and by a sound."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from drivers import terminal as words
from edge import replies
from edge.config import Lane
from edge.desk.answer import Answer, refuse
from edge.desk.counter import Counter
from edge.desk.lane.outputs import Outputs
from edge.desk.saying import in_words
from edge.refusals import Refusal, problem
from edge.shop import till as tills

Publish = Callable[[str, bytes], None]
"""Show something on the lane: a kind (shown, sold, declined, recovered) and its JSON."""


class Telling:
    """Tells of what happened on one lane. `source` is the device that was heard last."""

    def __init__(self, lane: Lane, counter: Counter, outputs: Outputs, publish: Publish) -> None:
        self._lane, self._counter = lane, counter
        self._outputs, self._publish = outputs, publish
        self.source: str | None = None

    def yes(self) -> None:
        """Say that an input was understood."""
        self._outputs.signal(self.source, good=True)

    def no(self, refusal: Refusal) -> None:
        """Say why nothing happens."""
        refusal = in_words(self._counter, refusal, self._lane.lang)
        self._publish("declined", refuse(refusal, self._lane.lang).body)
        self._outputs.declined(problem(refusal, self._lane.lang).title)
        self._outputs.signal(self.source, good=False)

    def shown(self, shown: tills.Shown, now: int) -> None:
        """Show what the basket costs by now (ms since 1970 UTC)."""
        names = self._counter.names(shown.quote, self._lane.lang)
        said = replies.quoted(shown.quote, now, now, self._counter.as_of(), names)
        self._publish("shown", words.encode(msgspec.structs.replace(said, **self._uses(shown))))
        self._outputs.shown(shown)
        self.yes()

    def _uses(self, shown: tills.Shown) -> replies.PaidByUses | dict[str, Any]:
        """Return what a quote says otherwise because uses pay for a part of it."""
        quote = shown.quote
        if not shown.uses or quote.member is None:
            return {}
        held = self._counter.members.holdings(quote.member.id)
        bundle = self._counter.rules.bundle
        return replies.paid_by_uses(quote, shown.uses, bundle, held, self._lane.lang)

    def sold(self, sold: tills.Sold, key: str, answer: Answer, *, is_last: bool) -> None:
        """Tell of a sale that is on disk; its change is shown while nobody else is served."""
        self._publish("sold", answer.body)
        self.yes()
        self._outputs.sold(sold.quote, sold.paid, is_last=is_last)
        self._outputs.print(key)

    def parked(self, answer: Answer, *, is_last: bool) -> None:
        """Tell of a basket that is on the shelf."""
        parked = msgspec.json.decode(answer.body, type=words.Parked)
        said = {"number": parked.number, "ticket": parked.ticket}
        self._publish("parked", msgspec.json.encode(said))
        if is_last:
            self._outputs.show(self._outputs.faces.parked(parked.number))
        self.yes()

    def found(self, answer: Answer) -> None:
        """Tell of a sale that was made before a crash, and of which nobody had heard."""
        self._publish("sold", answer.body)

    def recovered(self, lines: int, lost: list[str]) -> None:
        """Say how much of a basket came back, and the codes of what did not."""
        self._publish("recovered", msgspec.json.encode({"lines": lines, "lost": lost}))

    def two_members(self, shown: list[str], counts: str) -> None:
        """Say that two members were shown for one basket, both masked, and which one counts."""
        self._publish("two_members", msgspec.json.encode({"shown": shown, "counts": counts}))

    def not_printed(self, key: str, reason: str) -> None:
        """Say that a receipt stays in the box until somebody asks for it."""
        refused = refuse(Refusal("E-NOT-PRINTED", {"reason": reason}), self._lane.lang, key)
        self._publish("declined", refused.body)


def once(durable: "asyncio.Future[None]", told: Callable[[], None]) -> None:
    """Tell of something as soon as it is on disk, and never if it does not get there."""

    def done(future: "asyncio.Future[None]") -> None:
        if not future.cancelled() and future.exception() is None:
            told()

    durable.add_done_callback(done)
