"""The people at the tills: a hand with a scanner at the lane, and clerks at terminals."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

import aiohttp

from simulators import demo_data
from simulators.demo.guests import Guest
from simulators.demo.scene import Answer, Scene, Who
from simulators.demo.words import money
from simulators.lines_scanner import ScannerOnPty
from simulators.request_keys import new_key

ANSWER_SECONDS_MAX = 60.0
LISTEN_AGAIN_SECONDS = 0.1
OPEN_POLL_SECONDS = 0.1
NOTE = 1000
"""Guests pay with the next ten: amounts are rounded up to this many minor units."""

Pause = Callable[[float], Awaitable[None]]
"""Wait as long as people take: so many seconds at normal speed."""


class DemoFailed(Exception):
    """The demo cannot go on. `str()` says what happened."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what)
        self.why, self.fix = why, fix


class Terminal(Protocol):
    """A terminal's program, whatever wire it is on."""

    async def request(
        self, operation: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Return the box's answer, a reply or a problem."""
        ...


class LaneDisplay(Protocol):
    """A program that may watch a lane."""

    def lane_events(self, lane: str) -> AsyncIterator[tuple[str, Any]]:
        """Yield what happens on the lane as `(kind, content)`."""
        ...


def is_problem(answer: Answer) -> bool:
    """Tell a refusal from a reply (RFC 9457)."""
    return str(answer.get("type", "")).startswith("urn:edge:error:")


class Clerk:
    """Somebody who sells at a terminal, one guest after the other."""

    def __init__(self, who: Who, terminal: Terminal, scene: Scene, pause: Pause) -> None:
        self._who: Who = who
        self._terminal, self._scene, self._pause = terminal, scene, pause
        self._spot = scene.spots[who]
        self._refusal: Answer = {}

    async def serve(self, guest: Guest, *, twice: bool = False) -> None:
        """Identify, quote, sell, look at the balance. `twice` sends the sale once more.

        Raises DemoFailed if the second answer differs from the first.
        """
        quote = await self._quote(guest)
        if quote is None:
            return
        key = new_key()
        sold = await self._sell(guest, quote, quote["total"], key)
        if sold is None:
            return
        if twice:
            await self._again(guest, quote, key, sold)
        if guest.credential is not None:
            await self._pause(1.5)
            balance = await self._ask("balance", {"credential": guest.credential})
            if balance is not None:
                self._tell("balance", display=balance["display"], points=balance["points"])

    async def serve_at_old_price(self, guest: Guest) -> None:
        """Promise a total that is not today's, be refused, and sell at the price that is."""
        quote = await self._quote(guest)
        if quote is None:
            return
        sold = await self._sell(guest, quote, quote["total"] + 100, new_key())
        offered = None if sold is not None else self._refusal.get("quote")
        if offered is not None:
            await self._pause(3)
            await self._sell(guest, offered, offered["total"], new_key())

    async def serve_stranger(self) -> None:
        """Have somebody show a card that nobody was given."""
        self._spot.clear()
        stranger = {"kind": "card", "text": demo_data.card_number(90_000)}
        await self._ask("identify", {"credential": stranger})

    async def _quote(self, guest: Guest) -> Answer | None:
        self._spot.clear()
        body: dict[str, Any] = {"lines": guest.lines}
        if guest.credential is not None:
            body["member"] = guest.credential
            member = await self._ask("identify", {"credential": guest.credential})
            if member is None:
                return None
            self._spot.member = member
            self._tell("identified", display=member["display"], points=member["points"])
            await self._pause(1.5)
        quote = await self._ask("quote", body)
        if quote is not None:
            self._spot.quote = quote
            saved = money(quote["discount_total"])
            self._tell("quoted", total=money(quote["total"]), saved=saved)
            await self._pause(2)
        return quote

    async def _sell(self, guest: Guest, quote: Answer, total: int, key: str) -> Answer | None:
        sold = await self._ask("sell", self._sale(guest, quote, total), key)
        if sold is not None:
            self._scene.sold(self._who, sold)
        return sold

    def _sale(self, guest: Guest, quote: Answer, total: int) -> dict[str, Any]:
        body = {
            "cashier": "anna",
            "lines": guest.lines,
            "quote": quote["quote"],
            "expected_total": total,
            "tenders": [{"kind": "cash", "amount": -(-total // NOTE) * NOTE}],
        }
        return body if guest.credential is None else {**body, "member": guest.credential}

    async def _again(self, guest: Guest, quote: Answer, key: str, sold: Answer) -> None:
        await self._pause(1)
        again = await self._ask("sell", self._sale(guest, quote, quote["total"]), key)
        if again != sold:
            raise DemoFailed(
                f"{self._who}: the same request was answered twice, and not the same",
                f"first {sold}, then {again}",
                "this is a mistake of the box: please report it with this output",
            )
        self._tell("again", quiet=True)

    async def _ask(
        self, operation: str, body: Mapping[str, Any], key: str | None = None
    ) -> Answer | None:
        """Return the box's reply; None after a refusal, which is shown."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                answer = await self._terminal.request(operation, body, key=key)
        except TimeoutError as error:
            raise DemoFailed(
                f"{self._who}: no answer to {operation!r}",
                f"the box said nothing for {ANSWER_SECONDS_MAX:g} s",
                "look at the box's log below; is this machine very busy?",
            ) from error
        if is_problem(answer):
            self._refusal = answer
            self._scene.refused(self._who, answer)
            return None
        return answer

    def _tell(self, happened: str, *, quiet: bool = False, **params: object) -> None:
        self._scene.tell(self._who, happened, "quiet" if quiet else "plain", **params)


class Lane:
    """A lane where the box itself is the till: a hand scans, a display watches.

    `async with` watches the display.
    """

    def __init__(
        self, lane: str, scanner: ScannerOnPty, display: LaneDisplay, scene: Scene, pause: Pause
    ) -> None:
        self._lane, self._scanner, self._display = lane, scanner, display
        self._scene, self._pause = scene, pause
        self._spot = scene.spots["lane"]
        self._shown: asyncio.Queue[tuple[str, Answer]] = asyncio.Queue()
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Lane":
        """Watch, and cancel whatever was on the lane, until the display shows an empty basket."""
        self._watching = asyncio.create_task(self._watch(), name="lane display")
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                while self._shown.empty():
                    self._scanner.scan("EDGE:CANCEL", "C0")
                    await asyncio.sleep(OPEN_POLL_SECONDS)
        except BaseException as error:
            await self._end()
            if isinstance(error, TimeoutError):
                raise _deaf("the till's cancel barcode") from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watch no more."""
        await self._end()

    async def serve(self, guest: Guest) -> None:
        """Scan a basket, a card, and the barcode that pays."""
        self._spot.clear()
        scanned = 0
        for code, quantity in guest.basket:
            for _ in range(int(quantity)):
                scanned += await self._product(code, scanned + 1)
                await self._pause(1.4)
        if guest.card is not None:
            shown = await self._scan(guest.card, "E0", lambda said: said["member"] is not None)
            if shown is not None:
                self._scene.tell("lane", "carded", total=money(shown["total"]))
            await self._pause(1.8)
        self._scene.tell("lane", "paid", "quiet")
        sold = await self._scan("EDGE:PAY:CASH", "C0", lambda said: "receipt" in said)
        if sold is None:
            await self._scan("EDGE:CANCEL", "C0", lambda said: said["lines"] == [])
        else:
            self._scene.sold("lane", sold)

    async def scan_unknown(self) -> None:
        """Scan an article that this shop does not have."""
        self._spot.clear()
        await self._scan(demo_data.ean(90_000), "E0", lambda said: False)

    async def _product(self, code: str, count: int) -> bool:
        """Scan an article, the lane's `count`-th; return whether the lane took it."""
        shown = await self._scan(code, "E0", lambda said: _pieces(said["lines"]) == count)
        if shown is not None:
            line = next(line for line in shown["lines"] if line["code"] == code)
            self._scene.tell(
                "lane", "scanned", name=line["name"], quantity=line["quantity"],
                total=money(shown["total"]),
            )  # fmt: skip
        return shown is not None

    async def _scan(
        self, text: str, symbology: str, wanted: Callable[[Answer], bool]
    ) -> Answer | None:
        """Pull the trigger; return what the lane then shows, None after a refusal."""
        self._scanner.scan(text, symbology)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                while True:
                    kind, said = await self._shown.get()
                    if kind == "declined":
                        self._scene.refused("lane", said)
                        return None
                    if wanted(said):
                        return said
        except TimeoutError as error:
            raise _deaf(text) from error

    async def _watch(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async for kind, said in self._display.lane_events(self._lane):
                    if kind == "shown":
                        self._spot.quote = said
                    self._shown.put_nowait((kind, said))
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    async def _end(self) -> None:
        assert self._watching is not None
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching


def _pieces(lines: Sequence[Answer]) -> int:
    return sum(int(line["quantity"]) for line in lines)


def _deaf(text: str) -> DemoFailed:
    return DemoFailed(
        f"lane: {text!r} was scanned and the lane showed nothing",
        f"no lane event for {ANSWER_SECONDS_MAX:g} s",
        "look at the box's log below; is this machine very busy?",
    )
