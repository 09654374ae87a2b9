"""Signing on and approving at a terminal, and what nobody may do without either."""

import asyncio

import msgspec

from drivers import terminal as words
from edge.access.staff import APPROVED_SECONDS, Staff
from edge.book.people import People
from edge.config import Cashier, Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.placing import Placing
from edge.desk.posts import Posts
from edge.desk.rights import may_approve
from edge.refusals import Refusal
from edge.shop.facts import PinDelayed
from edge.world import World

StaffRequest = words.SignOn | words.SignOff | words.Approve
UNATTENDED = "unattended"
"""The kind of terminal nobody stands at, so that nobody can sign on there."""


class StaffDesk:
    """Answers what people ask with a PIN.

    Who works where is a fact, and so is a delay because of wrong PINs. A PIN is never kept.
    """

    def __init__(self, staff: Staff, world: World) -> None:
        self._staff, self._world, self._posts = staff, world, Posts()

    def resume(self, terminal: str, past: People, placing: Placing) -> None:
        """Let whoever was signed on at a terminal when the box stopped work on."""
        self._posts.resume(terminal, past, placing)

    async def answer(self, terminal: Terminal, asked: StaffRequest, placing: Placing) -> Answer:
        """Answer one request; its facts go the way of `placing`. Raises JournalBroken."""
        # Who closes the books on a disk that is nearly full has to be signed on for it.
        blocked = placing.blocked(closing=True)
        told = blocked or await self._answer(terminal, asked, placing)
        return refuse(told, terminal.lang) if isinstance(told, Refusal) else reply(told)

    async def _answer(
        self, terminal: Terminal, asked: StaffRequest, placing: Placing
    ) -> words.Reply | Refusal:
        match asked:
            case words.SignOn():
                return await self._sign_on(terminal, asked, placing)
            case words.SignOff():
                cashier = self._posts.at(terminal.id)
                await _durable(self._posts.sign_off(terminal.id, "left"))
                return words.SignedOff(cashier=cashier)
            case words.Approve():
                return await self._approve(terminal, asked, placing)

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
        if cashier not in self._staff.people or self._posts.at(terminal.id) != cashier:
            return Refusal("E-NOT-SIGNED-ON", {"cashier": cashier})
        return None

    async def removed(self, cashier: str) -> None:
        """Sign somebody off everywhere who does not work here any more. Raises JournalBroken."""
        for terminal in self._posts.of(cashier):
            await _durable(self._posts.sign_off(terminal, "removed"))

    def revoked(self, terminal: str) -> None:
        """Sign off whoever works at a terminal that may not come in any more."""
        self._posts.sign_off(terminal, "revoked")

    async def _sign_on(
        self, terminal: Terminal, asked: words.SignOn, placing: Placing
    ) -> words.Reply | Refusal:
        person = await self._person(asked.cashier, asked.pin, terminal, placing)
        if isinstance(person, Refusal):
            return person
        await _durable(self._posts.sign_on(terminal.id, person.id, placing))
        return words.SignedOn(
            cashier=person.id, name=person.name, rights=tuple(sorted(person.rights))
        )

    async def _approve(
        self, terminal: Terminal, asked: words.Approve, placing: Placing
    ) -> words.Reply | Refusal:
        person = await self._person(asked.manager, asked.pin, terminal, placing)
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
        self._staff.approve(person.id, sender, meant.key, content, self._world.monotonic())
        return words.Approved(
            manager=person.id, terminal=sender, key=meant.key, seconds=APPROVED_SECONDS
        )

    async def _person(
        self, cashier: str, pin: str, terminal: Terminal, placing: Placing
    ) -> Cashier | Refusal:
        """Return whose PIN this is; that somebody has to wait for the next guess is a fact."""
        person = await self._staff.check(cashier, pin, terminal.id, self._world.monotonic())
        if isinstance(person, Refusal) and person.code == "E-PIN" and person.retry_after:
            known = cashier if cashier in self._staff.people else ""
            fact = PinDelayed(
                store=placing.store, terminal=terminal.id, cashier=known,
                seconds=person.retry_after,
            )  # fmt: skip
            await _durable(placing.own(fact))
        return person


async def _durable(future: "asyncio.Future[None] | None") -> None:
    """Wait until it is on disk. It may be others' too, so that nothing here may cancel it."""
    if future is not None:
        await asyncio.wait((future,))
        future.result()
