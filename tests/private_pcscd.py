"""A real pcscd with two virtual readers, for tests alone: own files, own ports, loopback only.

It needs no rights, and several may run on one machine; but the client library reads where its
daemon is once per process, so a process has one folder for all of them.
"""

import asyncio
import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from simulators.premises import free_ports

HERE = Path(__file__).parent
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
NAME = "Counter"
READERS = (f"{NAME} 00 00", f"{NAME} 00 01")
READY_SECONDS_MAX = 60.0


@cache
def claimed() -> Path:
    """Return where clients of this process look for a daemon, whether one runs or not.

    Their library reads the place once in the life of a process: this comes before any client.
    """
    made = Path(tempfile.mkdtemp(prefix="pcscd-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    os.environ["PCSCLITE_CSOCK_NAME"] = str(made / "run" / "pcscd.comm")
    return made


@cache
def folder() -> Path:
    """Return where the daemon of this process keeps its files; clients find it there."""
    made = claimed()
    (made / "run").mkdir()
    (made / "readers").mkdir()
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-o", made / "private.so",
         HERE / "private_pcscd.c", "-ldl"],
        check=True,
    )  # fmt: skip
    return made


class Pcscd:
    """Use it as a context manager: the daemon runs inside."""

    def __init__(self) -> None:
        self.folder = folder()
        self.port, _ = free_ports(2)  # the readers are in a row
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Pcscd":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, *, plugged: bool = True) -> None:
        """Run it, with the double reader plugged in or not; that cannot change while it runs."""
        self._plugged = plugged
        (self.folder / "readers" / "vpcd").write_text(
            f'FRIENDLYNAME "{NAME}"\nDEVICENAME /dev/null:0x{self.port:X}\n'
            f"LIBPATH {DRIVER}\nCHANNELID 0x{self.port:X}\n"
            if plugged
            else ""
        )
        run = self.folder / "run"
        for left in run.iterdir():  # by one that was killed
            left.unlink()
        preloaded = str(self.folder / "private.so")
        self._process = subprocess.Popen(
            ["pcscd", "--foreground", "--critical", "--config", self.folder / "readers"],
            env=os.environ | {"PCSCD_FOLDER": str(run), "LD_PRELOAD": preloaded},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    async def ready(self) -> None:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while not ((self.folder / "run" / "pcscd.comm").exists() and self._listens()):
                await asyncio.sleep(0.01)

    def _listens(self) -> bool:
        """Tell whether the readers that are plugged in wait for a card (state 0A in proc(5))."""
        ports = [self.port, self.port + 1] if self._plugged else []
        table = Path("/proc/net/tcp").read_text()
        return all(f":{port:04X} 00000000:0000 0A" in table for port in ports)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
