"""The terminal under test, as a process that is told what its cashier wants.

It reads one JSON object a line and writes one a line; `README` of what it must understand is
`PROTOCOL`. Killing it is killing the process: what it has not kept by then is gone.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

PROTOCOL: Final = """\
The terminal is a program. It is started with EDGEBOX_CONFORM in its environment, a JSON object:
  door "mqtt" or "http" · host, mqtt_port, http_port · store, terminal, token · folder, where it
  may keep what must survive its own end.
When it can sell it writes {"ready": true}. Then it reads a line for each wish of its cashier:
  {"do": "sell", "id": "1", "code": "6970000000031", "quantity": "2", "cash": 2000}
and writes a line when it is certain, and not before:
  {"id": "1", "outcome": "sold", "receipt": "000001", "text": "...", "total": 1000, "change": 1000}
  {"id": "1", "outcome": "refused", "code": "E-..."}
  {"id": "1", "outcome": "not sold"}        it asked, and was told that it never happened
  {"do": "give up", "id": "1"}              the cashier waits no longer: find out what happened
A program that is started again in the same folder brings what it left open to its outcome by
itself. A price that has changed is a refusal: nobody pays what he was not told.
"""

START_SECONDS_MAX, OUTCOME_SECONDS_MAX = 30.0, 30.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal tells its cashier of one wish."""

    id: str
    outcome: Literal["sold", "refused", "not sold"]
    code: str = ""
    receipt: str = ""
    text: str = ""
    total: int = 0
    change: int = 0


class Fell(Exception):
    """The terminal ended, hung, or said what is not in the protocol; `str()` says which."""


class UnderTest:
    """One terminal. `command` starts it; `where` is what EDGEBOX_CONFORM says."""

    def __init__(
        self,
        command: Sequence[str],
        where: Mapping[str, object],
        folder: Path,
        seconds_max: float = OUTCOME_SECONDS_MAX,
    ) -> None:
        self._command, self._where, self._folder = command, where, folder
        self._process: asyncio.subprocess.Process | None = None
        self._seconds_max, self._wishes = seconds_max, 0

    async def start(self) -> None:
        """Start it, and wait until it can sell. Raises Fell."""
        said = json.dumps({**self._where, "folder": str(self._folder)})
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "EDGEBOX_CONFORM": said},
        )  # fmt: skip
        first = await self._line(START_SECONDS_MAX)
        if not (isinstance(first, dict) and first.get("ready") is True):
            raise Fell(f'said {first!r} before {{"ready": true}}')

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def sell(self, quantity: str = "1", cash: int = 2000) -> str:
        """Wish for a sale; return the wish's id."""
        self._wishes += 1
        self._tell({
            "do": "sell", "id": str(self._wishes), "code": "6970000000031",
            "quantity": quantity, "cash": cash,
        })  # fmt: skip
        return str(self._wishes)

    def give_up(self, wish: str) -> None:
        """Let the cashier wait no longer."""
        self._tell({"do": "give up", "id": wish})

    async def outcome(self, wish: str) -> Outcome:
        """Return what becomes of a wish. Raises Fell when nothing does in time."""
        said = await self._line(self._seconds_max)
        try:
            outcome = msgspec.convert(said, Outcome)
        except msgspec.ValidationError as error:
            raise Fell(f"said {said!r}, which is no outcome: {error}") from error
        if outcome.id != wish:
            raise Fell(f"told the outcome of {outcome.id!r} when only {wish!r} was open")
        return outcome

    async def silent(self) -> bool:
        """Tell whether nothing is waiting to be read from it."""
        try:
            await self._line(0.05)
        except Fell:
            return True
        return False

    def _tell(self, wish: dict[str, object]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")

    async def _line(self, seconds_max: float) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds_max):
                raw = await self._process.stdout.readline()
        except TimeoutError:
            raise Fell(f"said nothing for {seconds_max:g} s") from None
        if not raw:
            raise Fell(f"ended with {await self._process.wait()}")
        try:
            return json.loads(raw)
        except ValueError:
            raise Fell(f"said {raw[:80]!r}, which is not JSON") from None
