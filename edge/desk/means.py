"""What the handlers of operations work with, and the forms of what they come to."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.closing import Days
from edge.desk.counter import Counter
from edge.desk.homes.away import Away
from edge.desk.homes.elsewhere import Elsewhere
from edge.desk.keys import Placed
from edge.desk.placing import Placing, Request, Seller
from edge.enrolments import Enrolments
from edge.refusals import Refusal
from edge.shop.declined import Declined


class Means(NamedTuple):
    """All that a handler may reach."""

    counter: Counter
    placing: Placing
    away: Away | None = None
    """What is asked before a member spends; None where nothing is real, as in practice."""
    elsewhere: Elsewhere | None = None
    """Who asks for other stores' receipts; None where nobody can."""
    enrolments: Enrolments | None = None
    """Where people's own data is sealed; None where nobody may enrol, as in practice."""
    days: Days | None = None
    """The day's reports; None where there are none, as in practice."""

    @property
    def is_home(self) -> bool:
        """Whether no cloud knows more than this box: it belongs to none, or it is practice."""
        return self.away is None or self.away.is_home


class Job(NamedTuple):
    """A request that changes something, from this terminal. `request` says whose key it is."""

    terminal: Terminal
    request: Request

    @property
    def origin(self) -> str:
        """What marks all that is done for this very request, whenever it is sent again."""
        return f"{self.request.origin}/{self.request.key}"

    def by(self, asked: words.Deed, *, flags: tuple[str, ...] = ()) -> Seller:
        """Return by whom and where it is done."""
        return Seller(
            self.terminal.id, self.terminal.kind, asked.cashier,
            seller=getattr(asked, "seller", None), lane=self.terminal.lane,
            approved_by=getattr(asked, "approved_by", None), flags=flags,
        )  # fmt: skip


Outcome = Placed | Declined | Refusal
"""Placed, or the shop's no, or the box's."""

Read = Callable[[Means, Terminal, Any], words.Reply | Refusal]
"""Answers a question. It reads what is durable, and waits for nothing."""

Look = Callable[[Means, Terminal, Any], Awaitable[words.Reply | Refusal]]
"""Answers a question that takes longer, beside the loop."""

Decide = Callable[[Means, Job, Any], Outcome]
"""Decides a deed in one step: it reads the book, asks the shop and places, without awaiting."""

Prepare = Callable[[Means, Job, Any], Awaitable["Callable[[], Outcome] | Refusal"]]
"""Awaits what must be awaited before a deed, such as the cloud's word; then the book is read
anew by the step that it returns."""
