"""The back office: what the owner's commands ask of a running box, and no terminal may.

    z_close   the business day is closed, with what was counted in the drawers
    import    rows of an old system's balances are judged, or brought in

Both are steps like any other: judged and placed without waiting, durable before they are told.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.book import Book
from edge.config import Store
from edge.desk.answer import OK, Answer, refuse
from edge.desk.closing import Count, Days
from edge.desk.counter import Counter, refused
from edge.desk.placing import OURSELVES, Placing, Request
from edge.journal import Journal, JournalBroken, Page
from edge.refusals import Language, Refusal, problem
from edge.shop.declined import Declined
from edge.shop.operations.bring_in import Carried, refusal

ROWS_MAX = 500
"""Rows of one request: so many facts wait for the disk at once, and sales pass between them."""
ROWS_AT_ONCE = 4
"""Rows in one turn of the loop, so that a scan never waits for more than a few milliseconds."""
ROWS_WAITING_MAX = 32
"""Rows that wait for the disk: a sale that is placed behind them shares their commits."""
WRONG_MAX = 100


class ZClose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close the business day. `counted` are minor units by account, "" for the only drawer."""

    counted: dict[str, int] = {}
    change_money: int = 0
    """What was in the drawer in the morning; only where one drawer was counted."""
    cashier: Annotated[str, Meta(max_length=64)] = ""
    lang: Language = "zh"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of an import by its number, from 1."""

    number: int
    carried: Carried


class Import(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of the import called `imported`. With `check` they are judged and nothing is placed."""

    imported: Annotated[str, Meta(pattern="^[a-z0-9-]{1,32}$")]
    rows: Annotated[tuple[Row, ...], Meta(max_length=ROWS_MAX)]
    check: bool = False
    lang: Language = "zh"


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with a row: a code of the catalogue, and its texts."""

    row: int
    code: str
    detail: str
    fix: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows. If any is wrong, none was placed.

    `exponent` is how many decimals the programme's currency has.
    """

    exponent: int
    placed: int
    known: int
    """Rows that had been imported before, with the same content."""
    wrong: tuple[Wrong, ...] = ()


class Office:
    """Answers the admin door. `baskets` names the lanes with goods that are not paid for."""

    def __init__(
        self,
        store: Store,
        path: Path,
        counter: Counter,
        placing: Placing,
        journal: Journal,
        book: Book,
        baskets: Callable[[], Sequence[str]],
    ) -> None:
        self._store, self._counter, self._placing = store, counter, placing
        self._journal = journal
        self.days = Days(store, path, placing, journal, book, baskets)
        self.more: dict[str, Callable[[bytes], Awaitable[Answer]]] = {}
        """What others answer here, by operation."""

    async def handle(self, operation: str, payload: bytes) -> Answer:
        """Answer one request. Bad input is answered, never raised."""
        try:
            if operation in self.more:
                return await self.more[operation](payload)
            match operation:
                case "z_close":
                    return await self._z_close(msgspec.json.decode(payload, type=ZClose))
                case "import":
                    return await self._import(msgspec.json.decode(payload, type=Import))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            said = {"path": operation, "cause": "other", "said": str(error)}
            return refuse(Refusal("E-MALFORMED", said), self._store.lang)
        except JournalBroken:
            return refuse(Refusal("E-STOPPING"), self._store.lang)
        known = {"operation": operation, "suggestion": ", ".join(["z_close", "import", *self.more])}
        return refuse(Refusal("E-UNKNOWN-OPERATION", known), self._store.lang)

    # --- closing the day ---------------------------------------------------------------------

    async def _z_close(self, asked: ZClose) -> Answer:
        """Close the day with the report of all that was sold on it."""
        count = Count(asked.counted, asked.change_money, asked.cashier)
        made = await self.days.closing(count)
        if isinstance(made, Refusal):
            return refuse(made, asked.lang)
        closed = msgspec.structs.replace(made.fact, cashier=asked.cashier)
        await self._placing.close_day(made.counts, closed)
        return _yes(made.closed)

    # --- bringing balances in ----------------------------------------------------------------

    async def _import(self, asked: Import) -> Answer:
        if no := self._placing.blocked() or self._counter.closed():
            return refuse(no, asked.lang)
        known: set[int] = set()
        wrong: list[Wrong] = []
        async with aclosing(_turns(asked.rows)) as turns:
            async for some in turns:
                with self._counter.steady():
                    bound = self._bound(asked.imported, some)
                    for row in some:
                        said = self._judge(asked.imported, row, bound)
                        if isinstance(said, Refusal):
                            wrong.append(_wrong(row.number, said, asked.lang))
                        elif said:
                            known.add(row.number)
        if wrong or asked.check:
            return _yes(self._imported(0, len(known), wrong))
        return await self._bring_in(asked, [row for row in asked.rows if row.number not in known])

    def _bound(self, imported: str, rows: Sequence[Row]) -> Mapping[str, Page]:
        """Return the facts that some of these rows became before, by key."""
        return self._journal.find_some(OURSELVES, [_key(imported, row) for row in rows])

    def _judge(self, imported: str, row: Row, bound: Mapping[str, Page]) -> bool | Refusal:
        """Return whether a row is known, or what is wrong with it."""
        page = bound.get(_key(imported, row))
        if page is not None:
            if page.content == _content(row):
                return True
            return Refusal("E-IMPORT-CHANGED", {"imported": imported, "row": row.number})
        rules, carried = self._counter.rules, row.carried
        declined = refusal(carried, rules.bundle, self._counter.today().isoformat())
        if declined is not None:
            return refused(declined, rules.bundle.exponent)
        if cause := self._counter.unfit_to_carry(carried.member, carried.card):
            field = "card" if cause == "card_taken" else "member"
            return Refusal("E-IMPORT-ROW", {"field": field, "cause": cause})
        return False

    async def _bring_in(self, asked: Import, rows: Sequence[Row]) -> Answer:
        """Place rows that are right, and answer when the last of them is durable.

        Between two turns whoever sells comes first, and so few rows wait for the disk at any
        time that what is sold meanwhile hardly waits for them.
        """
        waiting = deque[asyncio.Future[None]]()
        placed = 0
        async with aclosing(_turns(rows)) as turns:
            async for some in turns:
                if no := self._placing.blocked():
                    return refuse(no, asked.lang)
                bound = {*self._bound(asked.imported, some)}  # another command may be at them, too
                for row in some:
                    key = _key(asked.imported, row)
                    if key in bound:
                        continue
                    bound.add(key)
                    done = self._place(asked, row)
                    if isinstance(done, Refusal):
                        return refuse(done, asked.lang)
                    waiting.append(done)
                    placed += 1
                if len(waiting) > ROWS_WAITING_MAX:
                    await _durable(waiting[-ROWS_WAITING_MAX])
                while waiting and waiting[0].done():
                    waiting.popleft().result()
        if waiting:
            await _durable(waiting[-1])
        return _yes(self._imported(placed, len(asked.rows) - placed))

    def _place(self, asked: Import, row: Row) -> "asyncio.Future[None] | Refusal":
        key = _key(asked.imported, row)
        request = Request(OURSELVES, key, _content(row), "import", asked.lang)
        named = asked.imported, row.number
        done = self._placing.opening(request, named, row.carried, self._counter.rules)
        return refused(done, self._counter.exponent) if isinstance(done, Declined) else done[1]

    def _imported(self, placed: int, known: int, wrong: Sequence[Wrong] = ()) -> Imported:
        some = tuple(wrong[:WRONG_MAX])
        return Imported(exponent=self._counter.exponent, placed=placed, known=known, wrong=some)


async def _durable(future: "asyncio.Future[None]") -> None:
    """Wait for the disk; that never cancels what others wait for, too. Raises JournalBroken."""
    await asyncio.wait((future,))
    future.result()


async def _turns(rows: Sequence[Row]) -> AsyncGenerator[Sequence[Row], None]:
    """Yield some rows for each turn of the loop, and rest for twice as long as they took.

    A sale needs many turns: whoever only stood back for one of them would come before it again.
    """
    now = asyncio.get_running_loop().time
    for at in range(0, len(rows), ROWS_AT_ONCE):
        began = now()
        yield rows[at : at + ROWS_AT_ONCE]
        await asyncio.sleep(2 * (now() - began))


def _key(imported: str, row: Row) -> str:
    return f"import/{imported}/{row.number}"


def _content(row: Row) -> str:
    return hashlib.sha256(msgspec.json.encode(row.carried)).hexdigest()


def _wrong(number: int, said: Refusal, lang: Language) -> Wrong:
    text = problem(said, lang)
    return Wrong(number, said.code, text.detail, text.fix)


def _yes(body: Any) -> Answer:
    return Answer(OK, msgspec.json.encode(body))
