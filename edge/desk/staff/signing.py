"""Signing on and approving at a terminal, and what nobody may do without either.

Both are facts, so that a restart of the box changes nothing: who worked works on, and what a
manager let through may still come, for as long as it might have without the restart. A key has
one effect, so that nothing comes twice.
"""

import asyncio
from collections.abc import Callable, Container, Mapping

import msgspec

from drivers import terminal as words
from edge.access.staff import APPROVED_SECONDS, Staff
from edge.book.people import People
from edge.config import Cashier, Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.placing import Placing
from edge.desk.staff.posts import Posts
from edge.desk.staff.rights import may_approve
from edge.refusals import Refusal
from edge.shop.facts import PinDelayed, RequestApproved
from edge.world import World

StaffRequest = words.SignOn | words.SignOff | words.Approve
UNATTENDED = "unattended"
"""The kind of terminal nobody stands at, so that nobody can sign on there."""


class StaffDesk:
    """Answers what people ask with a PIN.

    A delay because of wrong PINs is a fact, too. A PIN is never kept. `terminals` are those that
    may come in; `blind` makes of a digest one that nobody can guess the request from.
    """

    def __init__(
        self, staff: Staff, world: World, terminals: Container[str], blind: Callable[[str], str]
    ) -> None:
        self._staff, self._world, self._blind, self._posts = staff, world, blind, Posts()
        self._terminals = terminals

    def resume(self, terminal: str, past: People, placing: Placing) -> None:
        """Let whoever was signed on at a terminal when the box stopped work on.

        What was approved for it may still come; where nobody can tell how long ago that was, a
        manager approves again.
        """
        self._posts.resume(terminal, past, placing)
        clock, now = self._world.clock, self._world.monotonic()
        time = clock.read()
        is_told = clock.goes_on or time.quality != "unknown"
        for told in past.approvals(terminal) if is_told else ():
            given, passed = told.fact, (time.at_ms - told.at) / 1000
            assert isinstance(given, RequestApproved), "the trail says what it is"
            if 0 <= passed < APPROVED_SECONDS:
                self._staff.approve(given.manager, terminal, given.key, given.content, now - passed)

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

    def objection(self, terminal: Terminal, content: str, asked: words.Keyed) -> Refusal | None:
        """Return why a request that nobody has decided yet may not be: a person is missing.

        `content` is the request's blind digest.
        """
        manager = getattr(asked, "approved_by", None)
        if not may_approve(terminal, asked) and not self._staff.approved(
            str(manager), terminal.id, asked.key, content, self._world.monotonic()
        ):
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
            return Refusal(malformed.code, _inside(malformed.params))
        if getattr(meant, "approved_by", None) != person.id or not isinstance(meant, words.Keyed):
            return Refusal("E-APPROVED-BY", {"manager": person.id})
        fact = RequestApproved(
            store=placing.store, terminal=asked.terminal or terminal.id, manager=person.id,
            at_terminal=terminal.id, operation=asked.operation, key=meant.key,
            content=self._blind(words.content_hash(asked.operation, meant)),
        )  # fmt: skip
        given = self._world.monotonic()
        await _durable(placing.own(fact))
        self._staff.approve(person.id, fact.terminal, fact.key, fact.content, given)
        return words.Approved(
            manager=person.id, terminal=fact.terminal, key=fact.key, seconds=APPROVED_SECONDS
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
        if terminal.id not in self._terminals:  # it was sent away meanwhile
            return Refusal("E-UNAUTHORIZED")
        return person


def _inside(params: Mapping[str, str | int]) -> dict[str, str | int]:
    """Return what is wrong with the request that is to be approved, as seen from outside of it."""
    path = params.get("path")
    return {**params, **({"path": f"$.request{str(path)[1:]}"} if path else {})}


async def _durable(future: "asyncio.Future[None] | None") -> None:
    """Wait until it is on disk. It may be others' too, so that nothing here may cancel it."""
    if future is not None:
        await asyncio.wait((future,))
        future.result()
