"""What the owner asks about the people who work here: list, add, a new PIN, remove."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from edge.access.staff import Staff
from edge.config import Id, StaffRight
from edge.desk.answer import OK, Answer, refuse
from edge.desk.staff.signing import StaffDesk
from edge.refusals import Language, Refusal

log = structlog.get_logger(__name__)


class Add(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody new."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    pin: str
    rights: frozenset[StaffRight] = frozenset()


class NewPin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another PIN for somebody."""

    id: Id
    pin: str


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody, by id."""

    id: Id


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as the owner sees them; `source` is "config" or "added"."""

    id: Id
    name: str
    rights: tuple[str, ...]
    source: str


Served = msgspec.Struct | tuple[Known, ...] | Refusal


class StaffOffice:
    """Answers the owner; `operations` says what can be asked."""

    def __init__(self, staff: Staff, desk: StaffDesk, lang: Language) -> None:
        self._staff, self._desk, self._lang = staff, desk, lang

    @property
    def operations(self) -> Mapping[str, Callable[[bytes], Awaitable[Answer]]]:
        """Each operation with whoever answers it."""
        asked = {
            "staff_list": self._list,
            "staff_add": self._add,
            "staff_pin": self._pin,
            "staff_remove": self._remove,
        }
        return {name: self._guarded(name, serve) for name, serve in asked.items()}

    def _guarded(
        self, name: str, serve: Callable[[bytes], Awaitable[Served]]
    ) -> Callable[[bytes], Awaitable[Answer]]:
        async def answer(payload: bytes) -> Answer:
            try:
                served = await serve(payload)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                # What was wrong is said; what was said is not: there is a PIN in it.
                where = str(error).rpartition(" - at ")[2]
                said = {"path": name, "cause": "other", "said": where}
                served = Refusal("E-MALFORMED", said)
            except OSError as error:
                log.error("registry_unwritable", number=error.errno)
                served = Refusal("E-STOPPING")
            if isinstance(served, Refusal):
                return refuse(served, self._lang)
            return Answer(OK, msgspec.json.encode(served))

        return answer

    async def _list(self, payload: bytes) -> Served:
        people = sorted(self._staff.people.values(), key=lambda one: one.id)
        return tuple(
            [
                Known(
                    id=one.id, name=one.name, rights=tuple(sorted(one.rights)),
                    source="config" if self._staff.is_configured(one.id) else "added",
                )
                for one in people
            ]
        )  # fmt: skip

    async def _add(self, payload: bytes) -> Served:
        new = msgspec.json.decode(payload, type=Add)
        if new.id in self._staff.people:
            return Refusal("E-CASHIER-TAKEN", {"name": new.id})
        return await self._staff.put(new.id, new.name, new.pin, new.rights) or Named(id=new.id)

    async def _pin(self, payload: bytes) -> Served:
        new = msgspec.json.decode(payload, type=NewPin)
        person = self._staff.people.get(new.id)
        if person is None:
            return Refusal("E-NO-CASHIER", {"name": new.id})
        return await self._staff.put(new.id, person.name, new.pin, person.rights) or Named(
            id=new.id
        )

    async def _remove(self, payload: bytes) -> Served:
        named = msgspec.json.decode(payload, type=Named)
        if no := self._staff.remove(named.id):
            return no
        await self._desk.removed(named.id)
        return named
