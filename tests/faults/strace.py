"""One system call of a running box is made to kill it, or to fail, by strace.

What strace was told to do is never believed: its log is read, and says whether it was done.
Never with `--seccomp-bpf`, under which it silently injects nothing.
"""

import asyncio
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

KILL = "signal=SIGKILL"
ATTACH_SECONDS_MAX = 60.0

_CALL = re.compile(r"^(\d+) +(\w+)\(")
_KILLED = re.compile(r"^\d+ +\+\+\+ killed by SIGKILL \+\+\+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Injection:
    """What happens at the `number`th `call` that any one thread makes.

    `effect` is as strace writes it: "signal=SIGKILL", "error=EIO".
    """

    call: str
    number: int
    effect: str

    def __str__(self) -> str:
        return f"{self.call}:{self.effect}:when={self.number}"


class Strace:
    """Follows process `pid` and its threads; `async with` begins and ends it.

    `calls` are watched; of `paths`, if any are given, only what touches these files. Threads
    count their calls apart, from the moment strace came.
    """

    def __init__(
        self,
        pid: int,
        log: Path,
        calls: Collection[str],
        injection: Injection | None = None,
        paths: Sequence[Path] = (),
    ) -> None:
        self._pid, self._log, self._injection = pid, log, injection
        self._options = ["-y", "-e", f"trace={','.join(calls)}"]
        for path in paths:
            self._options += ["-P", str(path)]
        if injection is not None:
            self._options += ["-e", f"inject={injection}"]
        self._process: Process | None = None

    async def __aenter__(self) -> "Strace":
        self._log.unlink(missing_ok=True)
        self._process = process = await create_subprocess_exec(
            "strace", "-f", "-p", str(self._pid), "-o", str(self._log), *self._options,
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        async with asyncio.timeout(ATTACH_SECONDS_MAX):
            said = b""
            while b"attached" not in said:
                said = await process.stderr.readline()
                assert said, "strace may not look at a process of ours"
                # With paths it first says of each what it resolves to.
        self._rest = asyncio.create_task(process.stderr.read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.end()

    async def end(self) -> None:
        """Let go of the process, if it still lives, and have the log complete."""
        assert self._process is not None
        if self._process.returncode is None:
            # Not by `terminate`, which would take its exit code away from whoever waits for it.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
        await self._rest
        await self._process.wait()

    def counts(self) -> Counter[str]:
        """Return how often the busiest thread made each call."""
        made: Counter[tuple[str, str]] = Counter()
        for line in self._log.read_text("utf-8", "replace").splitlines():
            if found := _CALL.match(line):
                made[found[1], found[2]] += 1
        busiest: Counter[str] = Counter()
        for (_, call), count in made.items():
            busiest[call] = max(busiest[call], count)
        return busiest

    def happened(self) -> bool:
        """Tell whether what was to be injected was."""
        assert self._injection is not None
        if self._injection.effect != KILL:
            return bool(self.refused())
        reached = self.counts()[self._injection.call] >= self._injection.number
        return reached and _KILLED.search(self._log.read_text("utf-8", "replace")) is not None

    def refused(self) -> str:
        """Return the call that failed as the log has it, with its file's name; "" for none."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return next((line for line in lines if "(INJECTED)" in line), "")
