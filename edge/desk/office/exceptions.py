"""What the cloud did not simply accept: listed, looked at, and resolved by somebody's choice.

    tray          what is open, or all of it
    tray_resolve  a choice is made for one of them: a fact

A choice charges nobody: whoever is charged or refunded is so by a deed that somebody makes.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from cloud_bridge.contract import Outcome
from edge import letters
from edge.book import Book
from edge.desk.answer import OK, Answer, refuse
from edge.desk.placing import Placing
from edge.journal import Journal, Page
from edge.letters import KINDS
from edge.refusals import Language, Refusal
from edge.shop.facts import Deed, ExceptionResolved
from edge.tray import Tray

Choice = Literal[
    "charge_store", "write_off", "contact_member", "merge", "keep_both", "ask_cloud", "dismiss",
]  # fmt: skip

CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "overdraft": ("charge_store", "contact_member", "write_off"),
    "coupon_twice": ("charge_store", "contact_member", "write_off"),
    "unknown_lot": ("charge_store", "ask_cloud", "write_off"),
    "returned_twice": ("charge_store", "contact_member", "write_off"),
    "served_twice": ("contact_member", "write_off", "dismiss"),
    "duplicate_member": ("merge", "keep_both", "contact_member"),
    "unknown_member": ("ask_cloud", "contact_member", "write_off"),
    "home_differs": ("ask_cloud", "dismiss"),
    "rejected": ("ask_cloud", "dismiss"),
}
"""What can be done about each kind of exception, the usual first."""
OTHERWISE: tuple[Choice, ...] = ("ask_cloud", "write_off", "dismiss")


class TrayAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """List what is open; with `all` also what was resolved."""

    all: bool = False
    lang: Language = "zh"


class Resolve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Choose for the exception about one fact."""

    sequence: int
    choice: str
    by: Annotated[str, Meta(min_length=1, max_length=64)]
    note: Annotated[str, Meta(max_length=500)] = ""
    lang: Language = "zh"


class Resolution(msgspec.Struct, frozen=True):
    """What was chosen, by whom."""

    choice: str
    by: str
    note: str
    at: int
    """When: ms since 1970 UTC."""


class TrayItem(msgspec.Struct, frozen=True, kw_only=True):
    """One exception: the fact it is about, what the cloud said, and what can be done."""

    sequence: int
    kind: str
    reason: str
    liable: str
    amount: int
    unit: str
    exponent: int
    """How many decimals money has."""
    fact: str
    """The kind of fact it is about, "" where its page is gone."""
    at: int
    receipt: str
    member: str
    choices: tuple[Choice, ...]
    resolved: Resolution | None = None


class _Noted(NamedTuple):
    outcome: Outcome
    page: Page | None
    resolved: Resolution | None


class ExceptionDesk:
    """Answers for the tray; used by the loop's thread alone."""

    def __init__(
        self,
        journal: Journal,
        book: Book,
        placing: Placing,
        tray: Tray,
        exponent: Callable[[], int],
    ) -> None:
        self._journal, self._book, self._placing, self._tray = journal, book, placing, tray
        self._exponent = exponent

    async def items(self, payload: bytes) -> Answer:
        """Return what is in the tray, oldest first."""
        asked = msgspec.json.decode(payload, type=TrayAsked)
        with self._journal.guard():
            noted = [one for one in self._noted() if asked.all or one.resolved is None]
        return Answer(OK, msgspec.json.encode([_item(one, self._exponent()) for one in noted]))

    async def resolve(self, payload: bytes) -> Answer:
        """Make a choice a fact. E-NO-EXCEPTION, E-RESOLVED or E-CHOICE if it cannot be."""
        asked = msgspec.json.decode(payload, type=Resolve)
        if blocked := self._placing.blocked():
            return refuse(blocked, asked.lang)
        with self._journal.guard():
            found = [one for one in self._noted() if one.outcome.sequence == asked.sequence]
        if not found:
            return refuse(Refusal("E-NO-EXCEPTION", {"sequence": asked.sequence}), asked.lang)
        last = found[-1]
        if last.resolved is not None:
            before = last.resolved.choice
            said = Refusal("E-RESOLVED", {"sequence": asked.sequence, "choice": before})
            return refuse(said, asked.lang)
        choices = choices_of(last.outcome)
        if asked.choice not in choices:
            named = {"choice": asked.choice, "choices": ", ".join(choices)}
            return refuse(Refusal("E-CHOICE", named), asked.lang)
        outcome = last.outcome
        await self._placing.own(
            ExceptionResolved(
                sequence=outcome.sequence, page=outcome.hash, kind=kind_of(outcome),
                choice=asked.choice, by=asked.by, note=asked.note,
            )
        )  # fmt: skip
        [now] = [one for one in self._noted() if one.outcome.hash == outcome.hash]
        return Answer(OK, msgspec.json.encode(_item(now, self._exponent())))

    def open(self) -> int:
        """Return how many exceptions nobody has chosen for."""
        with self._journal.guard():
            return sum(1 for one in self._noted() if one.resolved is None)

    def _noted(self) -> list[_Noted]:
        exceptions = self._tray.exceptions().values()
        return [
            _Noted(one, self._page(one), self._resolution(one.hash))
            for one in sorted(exceptions, key=lambda one: one.sequence)
        ]

    def _page(self, outcome: Outcome) -> Page | None:
        """Return the page an exception is about, if it is still that one."""
        found = self._journal.after(outcome.sequence - 1, 1)
        return found[0] if found and found[0].digest == outcome.hash else None

    def _resolution(self, page: str) -> Resolution | None:
        found = self._book.facts("exception", page, [KINDS[ExceptionResolved]], last=1)
        if not found or not isinstance(fact := found[0].fact, ExceptionResolved):
            return None
        return Resolution(fact.choice, fact.by, fact.note, found[0].at)


def kind_of(outcome: Outcome) -> str:
    """Return of which kind an exception is."""
    return "rejected" if outcome.outcome == "rejected_invalid" else outcome.kind


def choices_of(outcome: Outcome) -> tuple[Choice, ...]:
    """Return what can be done about an exception."""
    return CHOICES.get(kind_of(outcome), OTHERWISE)


def _item(noted: _Noted, exponent: int) -> TrayItem:
    outcome, page = noted.outcome, noted.page
    fact = letters.read(page.body) if page is not None else None
    return TrayItem(
        sequence=outcome.sequence, kind=kind_of(outcome), reason=outcome.reason,
        liable=outcome.liable, amount=outcome.amount, unit=outcome.unit, exponent=exponent,
        fact=page.kind if page else "", at=page.at if page else 0,
        receipt=fact.receipt if isinstance(fact, Deed) else "",
        member=getattr(fact, "member", None) or "",
        choices=choices_of(outcome), resolved=noted.resolved,
    )  # fmt: skip
