"""What the device layer costs: bytes on a pty until the event, beside a bare reader of the same
bytes, and what one device's babble costs another.

    python -m tests.bench.devices                                       one JSON document
    python -m tests.bench.devices --evidence tests/evidence/devices.json
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import uvloop

from drivers.codec import Codec
from drivers.device import Device
from drivers.events import Scan, State
from drivers.lines_scanner import Host, Settings
from drivers.links import SerialLink
from simulators.far_end import OnPty
from tests.bench.report import spread

CODE = b"6901234567892\r"
SCAN = Scan("6901234567892")
NOISE = b"\x01\r"
SCANS_A_ROUND = 120
PACED_A_ROUND = 400
WARM_UP = 30
"""Fewer together than a device may say in a burst."""
NOISES_A_TIME = 100
BABBLE_SECONDS = 0.01
MUST, STRETCH = 2.0, 1.3


class Timed:
    """Sends one code at a time and notes how long it takes to be heard."""

    def __init__(self, far: OnPty) -> None:
        self._far = far
        self._heard: asyncio.Future[None] | None = None

    def heard(self) -> None:
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    async def measure(self, count: int) -> list[float]:
        """Return the microseconds of each scan."""
        taken = []
        for _ in range(count):
            self._heard = asyncio.get_running_loop().create_future()
            began = perf_counter()
            self._far.send(CODE)
            async with asyncio.timeout(10):
                await self._heard
            taken.append((perf_counter() - began) * 1e6)
        return taken


class Bare(asyncio.Protocol):
    """Reads the same bytes from the same kind of port, and does nothing else."""

    def __init__(self) -> None:
        self.heard: Callable[[], None] = lambda: None

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r"):
            self.heard()


async def bare(folder: Path, run: Callable[[Timed], Awaitable[list[float]]]) -> list[float]:
    """Measure with a bare reader."""
    async with OnPty(folder / "bare", Codec[bytes], print) as far:
        timed, protocol = Timed(far), Bare()
        protocol.heard = timed.heard
        transport = await SerialLink(str(far.path)).open(protocol)
        try:
            return await run(timed)
        finally:
            transport.abort()


async def ours(folder: Path, run: Callable[[Timed], Awaitable[list[float]]]) -> list[float]:
    """Measure with a device: link, pump and driver."""
    async with OnPty(folder / "ours", Codec[bytes], print) as far:
        timed, ready = Timed(far), asyncio.Event()

        def say(event: object) -> None:
            if event == SCAN:
                timed.heard()
            elif event == State("ready"):
                ready.set()

        device = Device("ours", SerialLink(str(far.path)), partial(Host, Settings()), say)
        running = asyncio.create_task(device.run())
        try:
            await ready.wait()
            return await run(timed)
        finally:
            running.cancel()
            await asyncio.wait((running,))


async def babbling(folder: Path, run: Callable[[Timed], Awaitable[list[float]]]) -> list[float]:
    """Measure with a device while another one says ten thousand faulty codes a second."""
    async with OnPty(folder / "babbler", Codec[bytes], print) as far:
        device = Device("babbler", SerialLink(str(far.path)), partial(Host, Settings()), _nobody)
        running = asyncio.create_task(device.run())
        noise = asyncio.create_task(_babble(far))
        try:
            return await ours(folder, run)
        finally:
            for task in (running, noise):
                task.cancel()
            await asyncio.wait((running, noise))


async def _babble(far: OnPty) -> None:
    while True:
        far.send(NOISE * NOISES_A_TIME)
        await asyncio.sleep(BABBLE_SECONDS)


def _nobody(_: object) -> None:
    """Hear an event and do nothing."""


async def paced(timed: Timed, count: int) -> list[float]:
    """Scan a hundred times a second, so that babble has its turns between."""
    taken = []
    for _ in range(count):
        taken += await timed.measure(1)
        await asyncio.sleep(BABBLE_SECONDS)
    return taken


async def round_of(folder: Path) -> dict[str, list[float]]:
    """Measure everything once."""

    async def closed(timed: Timed) -> list[float]:
        return (await timed.measure(WARM_UP + SCANS_A_ROUND))[WARM_UP:]

    async def by_hand(timed: Timed) -> list[float]:
        return (await paced(timed, WARM_UP + PACED_A_ROUND))[WARM_UP:]

    return {
        "bare": await bare(folder, closed),
        "ours": await ours(folder, closed),
        "alone": await ours(folder, by_hand),
        "babble": await babbling(folder, by_hand),
    }


def report(rounds: list[dict[str, list[float]]]) -> dict[str, Any]:
    """Return the figures of all rounds; ratios are within a round."""
    ratio = spread([_p(one["ours"], 50) / _p(one["bare"], 50) for one in rounds], 2)
    usual = spread([_p(one["babble"], 50) / _p(one["alone"], 50) for one in rounds], 2)
    late = spread([_p(one["babble"], 99) / _p(one["alone"], 99) for one in rounds], 2)
    return {
        "header": {
            "made_with": "python -m tests.bench.devices --evidence tests/evidence/devices.json",
            "what": "14 bytes written into a pty until the Scan is said; one scan in flight",
            "bare": "the same port and loop, and a protocol that only looks for the CR",
            "babble": "another pty with 10,000 faulty codes a second, read by its own device",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
            "load_average": round(os.getloadavg()[0], 2),
            "rounds": len(rounds),
            "scans_a_round": SCANS_A_ROUND,
        },
        "bytes on a pty to event, p50 / bare reader p50": {
            **ratio, "must": MUST, "stretch": STRETCH, "must_met": ratio["median"] <= MUST,
        },
        "scan to event p50 while another babbles / alone": usual,
        "scan to event p99 while another babbles / alone": late,
        "cells": {
            f"{cell} {name}": spread([_p(one[cell], at) for one in rounds], 1)
            for cell in ("bare", "ours", "alone", "babble")
            for name, at in (("p50_us", 50), ("p99_us", 99))
        },
    }  # fmt: skip


def _p(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--evidence", type=Path, metavar="FILE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = [uvloop.run(round_of(Path(folder))) for _ in range(asked.rounds)]
    text = json.dumps(report(rounds), indent=1)
    if asked.evidence:
        asked.evidence.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
