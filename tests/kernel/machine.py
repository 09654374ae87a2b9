"""The computer: QEMU without acceleration, its USB plugs, and what it prints on its console.

Whoever runs inside asks for something to be done outside by printing `HOST {...}`: a plug pulled,
a code sent by the scanner on the serial adapter, a card taken out. Results are `KERNEL {...}`.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.kernel.card import CardSlot
from tests.kernel.initrd import build
from tests.kernel.parts import PartMissing, kernel

BOOT = "console=ttyS0 quiet panic=-1 loglevel=3"
SECONDS_MAX = 400.0
REPO = Path(__file__).parents[2]


@dataclass(slots=True)
class Report:
    """What the guest said: a result for each scene, and every line of its console."""

    scenes: dict[str, dict[str, Any]] = field(default_factory=dict)
    console: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    """What was done outside on request, in order: the proof that plugs were really pulled."""

    def __str__(self) -> str:
        return "\n".join(self.console[-60:])


async def run(scenes: list[str], folder: Path) -> Report:
    """Boot, play scenes, and return the report. Raises PartMissing, or TimeoutError if it hangs."""
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None:
        raise PartMissing("qemu-system-x86_64 is missing: run scripts/install-test-parts")
    found, initrd = await asyncio.to_thread(kernel), folder / "initrd.gz"
    # All it sees of the host is read-only; only /run is its own.
    command = (
        f"/usr/bin/env HOME=/run/tmp TMPDIR=/run/tmp PYTHONDONTWRITEBYTECODE=1 {sys.executable} "
        f"{REPO / 'tests' / 'kernel' / 'guest.py'} {found.root} {' '.join(scenes)}"
    )
    await asyncio.to_thread(build, found, command, initrd)
    report = Report()
    async with asyncio.timeout(SECONDS_MAX), _Plugs(folder).listening() as plugs:
        process = await asyncio.create_subprocess_exec(
            qemu, *_options(found.image, initrd, folder),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            async for raw in process.stdout:
                await _hear(raw.decode("utf-8", "replace").strip(), plugs, report)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    return report


async def _hear(line: str, plugs: "_Plugs", report: Report) -> None:
    report.console.append(line)
    word, _, rest = line.partition(" ")
    if word == "HOST":
        asked = json.loads(rest)
        await plugs.do(asked)
        report.done.append(asked["do"])
    elif word == "KERNEL" and rest.startswith("{"):
        said = json.loads(rest)
        report.scenes[said.pop("scene")] = said


def _options(image: Path, initrd: Path, folder: Path) -> list[str]:
    def socket(name: str) -> str:
        return f"socket,id={name},path={folder / name},server=off"

    return [
        "-accel", "tcg", "-M", "q35", "-m", "512", "-smp", "1", "-display", "none",
        "-serial", "stdio", "-monitor", "none", "-no-reboot", "-nic", "none",
        "-kernel", str(image), "-initrd", str(initrd), "-append", BOOT,
        "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
        "-device", "qemu-xhci,id=usb",
        "-chardev", socket("scanner"), "-device", _SERIAL,
        "-chardev", socket("card"), "-device", "usb-ccid,id=reader,bus=usb.0",
        "-device", "ccid-card-passthru,chardev=card",
        "-qmp", f"unix:{folder / 'plugs'},server=off",
    ]  # fmt: skip


_SERIAL = "usb-serial,id=serial,chardev=scanner,bus=usb.0"


class _Plugs:
    """The machine's plugs. QEMU calls us, so that nothing has to be polled for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scanner: asyncio.StreamWriter | None = None
        self._monitor: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self._qmp: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._events: list[dict[str, Any]] = []
        self.slot = CardSlot()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["_Plugs"]:
        """Wait for QEMU on the sockets it is told to call."""
        doors: dict[str, Callable[[Any, Any], Awaitable[None]]] = {
            "scanner": self._take_scanner, "card": self.slot.serve, "plugs": self._take_monitor,
        }  # fmt: skip
        writers: list[asyncio.StreamWriter] = []

        async def called(
            door: Callable[[Any, Any], Awaitable[None]],
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
        ) -> None:
            writers.append(writer)
            await door(reader, writer)

        servers = [
            await asyncio.start_unix_server(partial(called, door), self._folder / name)
            for name, door in doors.items()
        ]
        try:
            yield self
        finally:
            for server in servers:
                server.close()
            for writer in writers:
                writer.close()
                with suppress(OSError):  # QEMU has gone first
                    await writer.wait_closed()

    async def do(self, asked: dict[str, str]) -> None:
        """Carry out what was asked for from inside."""
        match asked["do"]:
            case "scan":
                assert self._scanner is not None
                self._scanner.write(asked["code"].encode() + b"\r")
            case "pull serial":
                await self._ask("device_del", id="serial")
                await self._deleted("serial")
            case "push serial":
                driver, *options = _SERIAL.split(",")
                await self._ask("device_add", driver=driver, **dict(o.split("=") for o in options))
            case "insert card":
                self.slot.insert()
            case "take card":
                self.slot.take()
            case "pull reader":
                await self._ask("device_del", id="reader")
                await self._deleted("reader")
            case "push reader":
                await self._ask("device_add", driver="usb-ccid", id="reader", bus="usb.0")
                await self._ask("device_add", driver="ccid-card-passthru", chardev="card")
            case other:
                raise AssertionError(f"nobody here knows how to {other}")

    async def _take_scanner(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._scanner = writer
        await reader.read()

    async def _take_monitor(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._monitor.put_nowait((reader, writer))

    async def _ask(self, execute: str, **arguments: str) -> None:
        if self._qmp is None:
            self._qmp = await self._monitor.get()
            await self._qmp[0].readline()
            await self._command({"execute": "qmp_capabilities"})
        await self._command({"execute": execute, "arguments": arguments})

    async def _command(self, command: dict[str, Any]) -> None:
        assert self._qmp is not None
        reader, writer = self._qmp
        writer.write(json.dumps(command).encode() + b"\n")
        while "return" not in (said := json.loads(await reader.readline())):
            assert "error" not in said, said
            self._events.append(said)

    async def _deleted(self, device: str) -> None:
        """Wait until a plug is really out: only then may another go in."""
        assert self._qmp is not None
        while not any(_is_deleted(event, device) for event in self._events):
            self._events.append(json.loads(await self._qmp[0].readline()))
        self._events.clear()


def _is_deleted(event: dict[str, Any], device: str) -> bool:
    return bool(event["event"] == "DEVICE_DELETED" and event["data"].get("device") == device)
