"""Signing on and approving at a terminal, and what nobody may do without either."""

import msgspec

from drivers import terminal as words
from edge.access.staff import APPROVED_SECONDS, Staff
from edge.config import Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.rights import may_approve
from edge.refusals import Refusal
from edge.world import World

StaffRequest = words.SignOn | words.SignOff | words.Approve
UNATTENDED = "unattended"
"""The kind of terminal nobody stands at, so that nobody can sign on there."""


class StaffDesk:
    """Answers what people ask with a PIN. Nothing of it is a fact, and a PIN is never kept."""

    def __init__(self, staff: Staff, world: World) -> None:
        self._staff, self._world = staff, world

    async def answer(self, terminal: Terminal, asked: StaffRequest) -> Answer:
        """Answer one request."""
        match asked:
            case words.SignOn():
                told = await self._sign_on(terminal, asked)
            case words.SignOff():
                told = words.SignedOff(cashier=self._staff.sign_off(terminal.id))
            case words.Approve():
                told = await self._approve(terminal, asked)
        return refuse(told, terminal.lang) if isinstance(told, Refusal) else reply(told)

    def objection(self, terminal: Terminal, operation: str, asked: words.Keyed) -> Refusal | None:
        """Return why a request that nobody has decided yet may not be: a person is missing."""
        manager = getattr(asked, "approved_by", None)
        if not may_approve(terminal, asked) and not self._staff.approved(
            str(manager), terminal.id, asked.key, words.content_hash(operation, asked),
            self._world.monotonic(),
        ):  # fmt: skip
            return Refusal("E-NOT-APPROVED")
        cashier = getattr(asked, "cashier", None)
        if cashier is None or terminal.kind == UNATTENDED or not self._staff.people:
            return None
        if not self._staff.works_at(terminal.id, cashier):
            return Refusal("E-NOT-SIGNED-ON", {"cashier": cashier})
        return None

    async def _sign_on(self, terminal: Terminal, asked: words.SignOn) -> words.Reply | Refusal:
        now = self._world.monotonic()
        person = await self._staff.check(asked.cashier, asked.pin, terminal.id, now)
        if isinstance(person, Refusal):
            return person
        self._staff.sign_on(terminal.id, person.id)
        return words.SignedOn(
            cashier=person.id, name=person.name, rights=tuple(sorted(person.rights))
        )

    async def _approve(self, terminal: Terminal, asked: words.Approve) -> words.Reply | Refusal:
        now = self._world.monotonic()
        person = await self._staff.check(asked.manager, asked.pin, terminal.id, now)
        if isinstance(person, Refusal):
            return person
        if "approve" not in person.rights:
            return Refusal("E-NO-MANAGER")
        try:
            meant = words.decode(asked.operation, msgspec.json.encode(asked.request))
        except words.Malformed as malformed:
            return Refusal(malformed.code, malformed.params)
        if getattr(meant, "approved_by", None) != person.id or not isinstance(meant, words.Keyed):
            return Refusal("E-APPROVED-BY", {"manager": person.id})
        sender = asked.terminal or terminal.id
        content = words.content_hash(asked.operation, meant)
        self._staff.approve(person.id, sender, meant.key, content, now)
        return words.Approved(
            manager=person.id, terminal=sender, key=meant.key, seconds=APPROVED_SECONDS
        )
