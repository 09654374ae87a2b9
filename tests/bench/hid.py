"""What HID readers cost: the kernel's bytes until the event, beside a bare reader of the same.

.venv/bin/python -m tests.bench.hid --rounds 40

`code` is an EAN-13 at once (28 changes of keys, each MSC_SCAN, KEY and SYN_REPORT; or one report),
`last key` the press of Enter, all that is left when a real scanner has typed, and `swipe` a card's
two tracks. The bare reader of keys unpacks each event and looks pressed keys up in a dict; that of
reports cuts the text out at a fixed place. Both run in turns; a figure is the median over all
rounds, in microseconds of processor time, and a ratio the median of the ratios of each round.
`on a pipe` is
the time on the clock from writing the last key into a pipe until the event is said by a device of
the box (uvloop), beside `add_reader` with the bare reader.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from struct import iter_unpack
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from drivers import hid_pos_scanner, keyboard_scanner, magstripe_hid, magstripe_keyboard
from drivers.codec import Send
from drivers.device import Device
from drivers.events import Scan, Swiped
from drivers.keyboard import LAYOUTS
from drivers.keyboard.keys import ENTER
from drivers.links.input import InputLink
from simulators import hid_pos_scanner as hid_pos_far
from simulators import keyboard_scanner as keyboard_far
from simulators import magstripe_hid as stripe_far
from simulators import magstripe_keyboard as typed_stripe_far

CODE = Scan("6901234567892")
CARD = Swiped("B2900000000018^LEE/ANN^4912", "2900000000018=4912")
REPEATS = 200
KEY_BYTES = 3 * 24
"""MSC_SCAN, KEY and SYN_REPORT."""

CHARS = {code: char for (code, level), char in LAYOUTS["us"].types.items() if not level}


def bare_keys(data: bytes) -> str:
    text = []
    for _, _, kind, code, value in iter_unpack("<qqHHi", data):
        if kind == 1 and value == 1:
            if code == ENTER:
                break
            text.append(CHARS.get(code, ""))
    return "".join(text)


def bare_report(data: bytes) -> str:
    return data[5 : 5 + data[1]].decode()


def bare_tracks(data: bytes) -> tuple[str, str]:
    return data[7 : 7 + data[3]].decode(), data[117 : 117 + data[4]].decode()


def microseconds(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    for _ in range(REPEATS):
        call()
    return (time.process_time_ns() - began) / REPEATS / 1000


class Reader:
    """A driver, and the frame that its device sends for one act."""

    def __init__(self, driver: Any, far: Any, act: object, last_key: bool = False) -> None:
        self.host, device = driver.Host(driver.Settings()), far.Device(driver.Settings())
        for out in device.start(0.0):
            assert list(self.host.receive(out.frame, 0.0)) == []
        (sent,) = device.command(act, 0.0)
        assert isinstance(sent, Send)
        self.before, self.frame = b"", sent.frame
        if last_key:  # its press; the event does not wait for the release
            self.before, self.frame = sent.frame[: -2 * KEY_BYTES], sent.frame[-2 * KEY_BYTES :]
            self.frame = self.frame[:KEY_BYTES]
        self.act = act

    def once(self) -> None:
        (heard,) = (e for e in self.host.receive(self.frame, 0.0) if not isinstance(e, Send))
        assert heard == self.act

    def last_key(self) -> float:
        """Return what the frame alone costs, each time after the keys before it."""
        taken = 0
        for _ in range(REPEATS):
            assert list(self.host.receive(self.before, 0.0)) == []
            began = time.process_time_ns()
            self.once()
            taken += time.process_time_ns() - began
        return taken / REPEATS / 1000


READERS: dict[str, tuple[Reader, Callable[[bytes], object]]] = {
    "keyboard code": (Reader(keyboard_scanner, keyboard_far, CODE), bare_keys),
    "keyboard last key": (Reader(keyboard_scanner, keyboard_far, CODE, last_key=True), bare_keys),
    "keyboard swipe": (Reader(magstripe_keyboard, typed_stripe_far, CARD), bare_keys),
    "report code": (Reader(hid_pos_scanner, hid_pos_far, CODE), bare_report),
    "report swipe": (Reader(magstripe_hid, stripe_far, CARD), bare_tracks),
}


def measure(reader: Reader, bare: Callable[[bytes], object], rounds: int) -> dict[str, float]:
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(microseconds(lambda: bare(reader.frame)))
        ours.append(reader.last_key() if reader.before else microseconds(reader.once))
    ratios = [mine / alone for mine, alone in zip(ours, theirs, strict=True)]
    return {
        "bare_us": round(statistics.median(theirs), 2),
        "ours_us": round(statistics.median(ours), 2),
        "ratio": round(statistics.median(ratios), 2),
    }


class Pipe:
    """A named pipe with one reader at its end, who calls `heard`."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path, self._out = str(path), os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._heard: asyncio.Future[None] | None = None

    def heard(self, event: object) -> None:
        if isinstance(event, Scan | str) and self._heard is not None:
            self._heard.set_result(None)
            self._heard = None

    def listen_bare(self, read: Callable[[bytes], str]) -> None:
        end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        loop.add_reader(end, lambda: self.heard(read(os.read(end, 65536))))

    async def microseconds(self, before: bytes, last: bytes) -> float:
        """Return how long the last bytes took, after those before them had been read."""
        os.write(self._out, before)
        await asyncio.sleep(0.002)
        self._heard = heard = asyncio.get_running_loop().create_future()
        began = time.perf_counter_ns()
        os.write(self._out, last)
        await asyncio.wait_for(heard, 10)
        return (time.perf_counter_ns() - began) / 1000


async def on_a_pipe(folder: Path, rounds: int) -> dict[str, float]:
    reader, bare = READERS["keyboard last key"]
    ours, theirs = Pipe(folder / "ours"), Pipe(folder / "bare")
    theirs.listen_bare(bare)  # type: ignore[arg-type] # this one returns the text it read
    codec = keyboard_scanner.Host(keyboard_scanner.Settings())
    device = Device("scanner", InputLink(ours.path), lambda: codec, ours.heard)
    running = asyncio.create_task(device.run())
    await asyncio.sleep(0.1)
    pairs = [
        (await theirs.microseconds(b"", reader.frame),
         await ours.microseconds(reader.before, reader.frame))
        for _ in range(10 * rounds)
    ]  # fmt: skip
    running.cancel()
    await asyncio.wait((running,))
    return {
        "bare_us": round(statistics.median(bare for bare, _ in pairs), 1),
        "ours_us": round(statistics.median(mine for _, mine in pairs), 1),
        "ratio": round(statistics.median(mine / bare for bare, mine in pairs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    found = {name: measure(*one, rounds) for name, one in READERS.items()}
    with TemporaryDirectory() as folder:
        found["keyboard last key on a pipe"] = uvloop.run(on_a_pipe(Path(folder), rounds))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
