"""A list of people becomes members: a company's staff, a school's parents, at the owner's word.

Each row is an enrolment like any other, by a key that follows from what it says: a list that is
sent again enrols nobody twice. A row that was refused is tried anew each time it is sent, by the
next key that follows: what was in its way may be gone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from drivers import terminal as words
from edge.desk.answer import OK, Answer, refuse
from edge.desk.members import Members
from edge.desk.terminals import Desk
from edge.refusals import Language, Refusal

ROWS_MAX = 200
"""Rows of one request: so many wait for the disk one after the other."""
TRIES_MAX = 100
"""After so many refusals a row has its last answer for good."""


class GroupRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row by its number, from 1; `fields` are those of an enrolment."""

    number: int
    fields: dict[str, Any]


class EnrolGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People of one group; `common` is said of all of them, such as what they agreed to."""

    group: Annotated[str, Meta(min_length=1, max_length=64)]
    cashier: Annotated[str, Meta(min_length=1, max_length=64)] = "office"
    common: dict[str, Any] = {}
    rows: Annotated[tuple[GroupRow, ...], Meta(max_length=ROWS_MAX)]
    lang: Language = "zh"


class RowRefused(msgspec.Struct, frozen=True):
    """Why somebody is no member: a code of the catalogue, and its texts."""

    row: int
    code: str
    detail: str
    fix: str


class GroupEnrolled(msgspec.Struct, frozen=True, kw_only=True):
    """How many are members by this list, and who is not."""

    members: int
    refused: tuple[RowRefused, ...] = ()


class _Bound(msgspec.Struct, frozen=True):
    """What is read of `words.Known`, or of a problem instead of it."""

    state: str = ""
    status: int | None = None


class GroupOffice:
    """Answers the owner; `operations` says what can be asked."""

    def __init__(self, desk: Desk, members: Members, lang: Language) -> None:
        self._desk, self._members, self._lang = desk, members, lang

    @property
    def operations(self) -> Mapping[str, Callable[[bytes], Awaitable[Answer]]]:
        """Each operation with whoever answers it."""
        return {"enrol_group": self._enrol}

    async def _enrol(self, payload: bytes) -> Answer:
        try:
            asked = msgspec.json.decode(payload, type=EnrolGroup)
        except msgspec.MsgspecError as error:
            said = {"path": "enrol_group", "cause": "other", "said": str(error)}
            return refuse(Refusal("E-MALFORMED", said), self._lang)
        refused: list[RowRefused] = []
        for row in asked.rows:
            answer = await self._enrolled(asked, row)
            if answer.status != OK:
                refused.append(_refused(row.number, answer))
            await asyncio.sleep(0)  # whoever scans meanwhile comes first
        told = GroupEnrolled(members=len(asked.rows) - len(refused), refused=tuple(refused))
        return Answer(OK, msgspec.json.encode(told))

    async def _enrolled(self, asked: EnrolGroup, row: GroupRow) -> Answer:
        told = {**asked.common, **row.fields, "group": asked.group, "cashier": asked.cashier}
        said = msgspec.json.encode(told, order="deterministic").decode()
        for number in range(TRIES_MAX):
            key = key_of(self._members.blind(f"{said}{number or ''}"))
            if not self._refused_before(key, asked.lang):
                break
        return await self._desk.own("enrol", msgspec.json.encode({**told, "key": key}), asked.lang)

    def _refused_before(self, key: str, lang: Language) -> bool:
        """Return whether a key is bound to a no; who cannot tell says so when it is asked."""
        known = msgspec.json.decode(self._desk.own_known(key, lang).body, type=_Bound)
        return known.status not in (None, OK) and known.state == "done"


def key_of(digest: str) -> str:
    """Return a request key (RFC 9562 section 5.7 by its form) that follows from a digest."""
    variant = "89ab"[int(digest[16], 16) % 4]
    return "-".join(
        (digest[:8], digest[8:12], f"7{digest[13:16]}", variant + digest[17:20], digest[20:32])
    )


def _refused(number: int, answer: Answer) -> RowRefused:
    problem = msgspec.json.decode(answer.body, type=words.Problem)
    return RowRefused(number, problem.code, problem.detail, problem.fix)
