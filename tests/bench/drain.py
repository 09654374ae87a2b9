"""A backlog on its way to the cloud, as ratios within a round; and what the box weighs meanwhile.

    python -m tests.bench.drain --out drain.json
    python -m tests.bench.drain --out drain.json --facts 1000000 --whole

The box is `edgebox run`, a process of its own, over HTTP on loopback. Its cloud is
`tests.bench.receiver`, another process, which knows every digest beforehand: it forgets the last
facts of the journal, and the box brings them again. R5 is a bare blocking socket that sends the
same facts to the same receiver, in batches of 1,000 made beforehand, each after the answer to the
one before. "R5 made" is the same socket when it has to make them, as the contract wants them: rows
read, answers and bodies hashed, JSON written, nothing ahead of time; no box can do with less of
one core. Speeds are from the first acknowledgement to the last.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
import msgspec
import uvloop

from cloud_bridge.contract import Batch, Envelope, sha256
from edge.journal import connect
from edge.journal.page import Page, pages
from tests import big_journal
from tests.bench.costs import at_least, at_most
from tests.bench.load import quantile
from tests.bench.receiver import Told
from tests.bench.report import spread
from tests.bench.shop import BASKET, Shop, is_sold, open_shop, sale

BATCH = 1000
RTT_MS = 50
IN_FLIGHT = 1
QUOTE_SECONDS = 2.0
QUOTE_PAUSE_SECONDS = 0.01
DRAIN_SECONDS_MAX = 1200.0
Round = Mapping[str, float]
"""Facts a second, microseconds for a quote, by the cell's name."""


class Cloud:
    """The receiver, and the bare socket that talks to it."""

    def __init__(self, port: int, journal: Path, batches: Sequence[bytes], last: int) -> None:
        self.last = last
        """The last fact of the journal as the receiver has read it."""
        self._journal = journal
        self._requests = [request(body) for body in batches]
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def forget(self, facts: int, rtt_ms: int = 0) -> None:
        """Let the receiver forget the last facts of the journal."""
        self._get(f"/forget/{facts}?{rtt_ms}")

    def told(self) -> Told:
        """Return what has come since."""
        return Told(**json.loads(self._get("/told")))

    def raw(self) -> float:
        """Return how many facts a second a bare socket brings."""
        return self._bring(self._requests)

    def made(self) -> float:
        """Return how many it brings if it has to make the batches."""
        db = connect(self._journal, writable=False)
        first = self.last - len(self._requests) * BATCH
        try:
            return self._bring(
                request(batch(*rows(db, at, BATCH))) for at in range(first, self.last, BATCH)
            )
        finally:
            db.close()

    def _bring(self, requests: Iterable[bytes]) -> float:
        self.forget(len(self._requests) * BATCH)
        self._get("/v1/head")
        for one in requests:
            self._ask(one)
        told = self.told()
        return told.facts / told.seconds

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _get(self, target: str) -> bytes:
        return self._ask(f"GET {target} HTTP/1.1\r\n\r\n".encode())

    def _ask(self, request: bytes) -> bytes:
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._socket.recv(1 << 18)
        length = end + 4 + int(data[:end].lower().rpartition(b"content-length:")[2])
        pieces, held = [data], len(data)
        while held < length:
            pieces.append(self._socket.recv(1 << 18))
            held += len(pieces[-1])
        return b"".join(pieces)[end + 4 :]


def made_beforehand(journal: Path, facts: int) -> tuple[list[bytes], int]:
    """Return the journal's last facts in batches as a box sends them, and the last one's place."""
    db = connect(journal, writable=False)
    ((last,),) = db.execute("select max(sequence) from page")
    made = [batch(*rows(db, at, BATCH)) for at in range(last - facts, last, BATCH)]
    db.close()
    return made, last


def rows(db: apsw.Connection, after: int, count: int) -> tuple[str, Sequence[Page]]:
    """Return so many pages after one, and that one's digest."""
    ((previous,),) = db.execute("select digest from page where sequence = ?", (after,))
    return previous, pages(db, after, count)


def batch(previous: str, found: Sequence[Page]) -> bytes:
    """Return pages as the contract's batch, but for the signature."""
    letters = []
    for page in found:
        letters.append(Envelope(
            sequence=page.sequence, epoch=page.epoch, at=page.at, origin=page.origin, key=page.key,
            content=page.content, kind=page.kind, body=msgspec.Raw(page.body),
            answer=sha256(page.answer), previous=previous, hash=page.digest,
        ))  # fmt: skip
        previous = page.digest
    return msgspec.json.encode(
        Batch(box=big_journal.BOX, envelopes=tuple(letters), head=previous, signature="A" * 88)
    )


def request(body: bytes) -> bytes:
    """Return the request that brings a batch, with the hash of it that a box has to sign."""
    head = b"POST /v1/facts HTTP/1.1\r\nBody: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (sha256(body).encode(), len(body)) + body


@asynccontextmanager
async def receiver(journal: Path, port: int) -> AsyncIterator[None]:
    """Run the receiver as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.receiver", str(journal), str(port),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def stand(folder: Path, journal: Path, drained: int) -> AsyncIterator[tuple[Shop, Cloud]]:
    """Run a box on this journal, which is moved there for as long, and its cloud."""
    batches, last = made_beforehand(journal, drained)
    async with open_shop(folder) as shop:
        await shop.box.stop()
        text = shop.premises.config_path.read_text("utf-8")
        found = re.search(r'url = "http://127.0.0.1:(\d+)"', text)
        assert found is not None
        there = folder / "state" / "journal.db"
        shutil.move(journal, there)
        try:
            async with receiver(there, int(found[1])):
                cloud = Cloud(int(found[1]), there, batches, last)
                await shop.box.start()
                yield shop, cloud
                cloud.close()
            await shop.box.stop()
        finally:
            shutil.move(there, journal)


# --- cells ----------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has had (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def bring(shop: Shop, cloud: Cloud, facts: int, rtt_ms: int = 0) -> dict[str, float]:
    """Let the box bring the last facts again."""
    cloud.forget(facts, rtt_ms)
    began = cpu_seconds(shop.box.pid)
    seller = await shop.caller("http", "t01")
    sold = await seller.ask("sell", (await sale(seller))())  # news: else the box has none to bring
    assert is_sold(sold), sold
    seller.close()
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        while (told := cloud.told()).sequence < cloud.last:
            await asyncio.sleep(0.05)
    taken = cpu_seconds(shop.box.pid) - began
    return {
        "per_second": told.facts / told.seconds,
        "batch": told.facts / told.batches,
        "cpu_us": taken * 1e6 / facts,
    }


async def quoting(shop: Shop, enough: Callable[[], bool]) -> list[float]:
    """Ask for prices, with a pause after each, until it is enough; return seconds for each."""
    taken: list[float] = []
    caller = await shop.caller("http", "t02")
    payload = json.dumps(BASKET).encode()
    while not enough():
        asked = perf_counter()
        said = await caller.ask("quote", payload)
        taken.append(perf_counter() - asked)
        assert b'"quote":"' in said, said
        await asyncio.sleep(QUOTE_PAUSE_SECONDS)
    caller.close()
    return taken


def p99_us(taken: Sequence[float]) -> float:
    """Return the 99th percentile in microseconds."""
    return quantile(sorted(taken), 0.99) * 1e6


async def one_round(shop: Shop, cloud: Cloud, facts: int) -> Round:
    """Measure every cell once."""
    until = perf_counter() + QUOTE_SECONDS
    idle = await quoting(shop, lambda: perf_counter() > until)
    raw, made = cloud.raw(), cloud.made()
    alone = await bring(shop, cloud, facts)
    far = await bring(shop, cloud, facts, RTT_MS)
    again = cloud.raw()
    busy = asyncio.create_task(bring(shop, cloud, facts))
    meanwhile = await quoting(shop, busy.done)
    await busy
    return {
        "R5": (raw + again) / 2, "R5 made": made,
        "drain": alone["per_second"], "drain cpu us": alone["cpu_us"], "batch": alone["batch"],
        f"drain at {RTT_MS} ms": far["per_second"],
        "quote p99 idle": p99_us(idle), "quote p99 meanwhile": p99_us(meanwhile),
        "quotes meanwhile": len(meanwhile),
    }  # fmt: skip


def goals(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the ratios within rounds against their goals."""
    far = [one[f"drain at {RTT_MS} ms"] / (BATCH * IN_FLIGHT * 10 / RTT_MS) for one in rounds]
    quotes = [one["quote p99 meanwhile"] / one["quote p99 idle"] for one in rounds]
    near = [one["drain"] / one["R5"] * 100 for one in rounds]
    return {
        "drain / R5, percent": at_least(near, 40, 50),
        "drain / R5 made, percent": spread(
            [one["drain"] / one["R5 made"] * 100 for one in rounds], 1
        ),
        f"drain at {RTT_MS} ms / (batch x in flight / RTT), percent": at_least(far, 70, 85),
        "quote p99, meanwhile / idle": at_most(quotes, 2, 1.5),
    }


async def measure(
    folder: Path, journal: Path, drained: int, rounds: int, *, whole: bool
) -> dict[str, Any]:
    """Return the whole report."""
    async with stand(folder, journal, drained) as (shop, cloud):
        done: list[Round] = []
        for number in range(1, rounds + 1):
            done.append(await one_round(shop, cloud, drained))
            told = {name: round(value, 1) for name, value in done[-1].items()}
            print(number, told, file=sys.stderr, flush=True)
        backlog = await bring(shop, cloud, cloud.last) if whole else {}
        return {
            "header": header(cloud.last, drained, rounds),
            "goals": goals(done),
            "cells": {name: spread([one[name] for one in done], 1) for name in done[0]},
            "whole backlog": {name: round(value, 1) for name, value in backlog.items()},
        }


def header(facts: int, drained: int, rounds: int) -> dict[str, Any]:
    """Return what must be known to read the figures."""
    return {
        "what": "facts of 2.6 kB brought to the cloud, one batch in flight",
        "units": "facts a second; microseconds",
        "cloud": "tests.bench.receiver, a process of its own, with nothing to do",
        "R5": "a blocking socket that sends the same batches, made beforehand",
        "R5 made": "the same, which has to read, hash and write them",
        "batch_max": BATCH, "in_flight": IN_FLIGHT, "rtt_ms": RTT_MS,
        "facts": facts, "drained": drained, "rounds": rounds,
        "cores": os.cpu_count(), "load_average_at_end": round(os.getloadavg()[0], 2),
        "python": platform.python_version(), "kernel": platform.release(),
    }  # fmt: skip


def main() -> None:
    """Read the arguments, write the journal if it is missing, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.drain", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--facts", type=int, default=100_000, help="in the journal")
    parser.add_argument("--drained", type=int, default=50_000, help="of them in a cell")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--whole", action="store_true", help="drain the whole journal at the end")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="on the disk")
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    asked = parser.parse_args()
    if asked.quick:
        asked.facts, asked.drained, asked.rounds = 6_000, 5_000, 1
    journal = asked.folder / f"shop-{asked.facts}.db"
    if not journal.exists():
        big_journal.write(journal, asked.facts)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-bench-") as folder:
        run = measure(Path(folder), journal, asked.drained, asked.rounds, whole=asked.whole)
        report = uvloop.run(run)
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
