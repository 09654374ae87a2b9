"""Boxes that can be started and killed, slowly as in a store or quickly as a fork."""

import os
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from simulators.premises import BoxProcess, Premises

ROOT = Path(__file__).parents[2]
PYTHON_PATH = {"PYTHONPATH": str(ROOT)}
RUN = ("run",)


class Box(Protocol):
    """What a killer needs of a box. `simulators.premises.BoxProcess` is one."""

    async def spawn(self) -> None:
        """Start it without waiting until it is ready."""

    async def kill(self) -> int:
        """Kill -9 and wait until it is dead; return -9, or how it had ended by itself."""

    async def stop(self) -> int:
        """End it in good order; return its exit code."""


class ForkedBox:
    """The same `edgebox run`, but forked from a process that has done all the importing.

    It starts in a tenth of the time, so that kills while starting hit the opening of the files.
    Any other command that `tests.faults.starter` knows can be started like a box. Use it as an
    async context manager.
    """

    def __init__(self, premises: Premises, environment: Mapping[str, str] | None = None) -> None:
        self._premises = premises
        self._environment = {**os.environ, **PYTHON_PATH, **(environment or {})}
        self._starter: Process | None = None
        self._pid: int | None = None

    async def __aenter__(self) -> "ForkedBox":
        with (self._premises.folder / "box.log").open("ab") as log:
            self._starter = await create_subprocess_exec(
                sys.executable, "-m", "tests.faults.starter", stdin=PIPE,
                stdout=PIPE, stderr=log, env=self._environment,
            )  # fmt: skip
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()
        assert self._starter is not None
        assert self._starter.stdin is not None
        self._starter.stdin.close()
        await self._starter.communicate()

    @property
    def pid(self) -> int:
        """The running box's process id."""
        assert self._pid is not None
        return self._pid

    @property
    def runs(self) -> bool:
        """Whether there is a process, for all that is known here."""
        return self._pid is not None

    async def spawn(self) -> None:
        """Start it without waiting until it is ready."""
        await self.hold()
        self.release()

    async def hold(self, command: Sequence[str] = RUN) -> None:
        """Make its process, which does nothing before its `release`."""
        assert self._pid is None, "one at a time"
        words = ["hold", *command, "--config", str(self._premises.config_path)]
        self._say(f"{shlex.join(words)}\n".encode())
        self._pid = await self._number()

    async def do(self, command: Sequence[str]) -> int:
        """Have a command done to its end; return its exit code."""
        await self.hold(command)
        self.release()
        return await self.ended()

    def release(self) -> None:
        """Let a held process begin."""
        self._say(b"go\n")

    async def ended(self) -> int:
        """Wait until it has ended by itself; return its exit code, or the negated signal."""
        code = await self._number()
        self._pid = None
        return code

    async def kill(self) -> int:
        """Kill -9 and wait until it is dead; return -9, or how it had ended by itself."""
        return await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it in good order; return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self._pid is None:
            return 0
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)
        return await self.ended()

    def _say(self, word: bytes) -> None:
        assert self._starter is not None
        assert self._starter.stdin is not None
        self._starter.stdin.write(word)

    async def _number(self) -> int:
        assert self._starter is not None
        assert self._starter.stdout is not None
        return int(await self._starter.stdout.readline())


@asynccontextmanager
async def real_box(premises: Premises) -> AsyncIterator[Box]:
    """Offer a box as a store runs it."""
    async with _ended(BoxProcess(premises)) as box:
        yield box


@asynccontextmanager
async def broken_box(premises: Premises) -> AsyncIterator[Box]:
    """Offer a box that answers before its facts are on disk."""
    process = BoxProcess(premises, environment=PYTHON_PATH, module="tests.faults.broken_box")
    async with _ended(process) as box:
        yield box


@asynccontextmanager
async def _ended(box: BoxProcess) -> AsyncIterator[Box]:
    try:
        yield box
    finally:
        await box.kill()


Program = Callable[[Premises], AbstractAsyncContextManager[Box]]
"""Offers a box that is not running yet, and sees to it that none is left."""
