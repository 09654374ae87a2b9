"""What honest tills notice while somebody on the shop's network is rude; prints JSON.

    .venv/bin/python -m tests.bench.rude --rounds 5

Eight tills, half over MQTT and half over HTTP, sell at a steady pace while one attack after the
other runs in a process of its own, from an address of its own. `quiet` is without any; `p99_ms`
and `worst_ms` are of whole sales, from request to durable answer. The attacker shares the box's
cores, so that some of what is seen is the machine and not the box.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import mqtt5
import uvloop

from simulators import demo_data
from tests.bench.load import quantile
from tests.bench.report import spread
from tests.bench.shop import TERMINALS, Shop, is_sold, open_shop, sale
from tests.bench.wires import Caller

RUDE = "127.0.0.2"
TILLS = 8
QUIET = "quiet"
SALES_PER_SECOND = 5.0
"""Of each till."""
RATE_MAX = 50
CONNECTIONS = 40
TEA = {"lines": [{"code": demo_data.ean(3), "quantity": "1"}]}
INSIDER = TERMINALS[-1]
"""A terminal whose token the attacker has."""
LINES_MAX = 500
"""What a basket may have."""
PING = mqtt5.PingReqPacket().write()


class Target(NamedTuple):
    """Where the box is, and the token that was stolen."""

    http: int
    mqtt: int
    token: str


async def _flood(port: int, greeting: bytes, again: bytes, pause: float) -> None:
    """Connect, send, read and send again; come back when cut off."""
    while True:
        with contextlib.suppress(OSError, RuntimeError):  # uvloop's for a wire that is cut
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(RUDE, 0))
            with contextlib.closing(writer):
                writer.write(greeting)
                while await _answered(reader, pause):
                    writer.write(again)
                    await writer.drain()
        await asyncio.sleep(0.01)


async def _ask_on(port: int, request: bytes) -> None:
    """Send sixteen requests at once, and again when there is an answer."""
    await _flood(port, request * 16, request * 16, 1.0)


async def _answered(reader: asyncio.StreamReader, pause: float) -> bool:
    """Wait for an answer, or for so long; tell whether the connection still stands."""
    try:
        async with asyncio.timeout(pause):
            return bool(await reader.read(65_536))
    except TimeoutError:
        return True


def _get(path: str, token: str = "") -> bytes:
    login = f"Authorization: Bearer {INSIDER}:{token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{login}\r\n".encode()


def _connect(token: str) -> bytes:
    return mqtt5.ConnectPacket(INSIDER, username=INSIDER, password=token.encode()).write()


def _basket(lines: int) -> bytes:
    """Return a quote's payload with so many things in it, a dozen of them different."""
    said = [{"code": demo_data.ean(1 + number % 12)} for number in range(lines)]
    return json.dumps({"lines": said}).encode()


def _quote(payload: bytes) -> bytes:
    base = f"edge/v1/s1/{INSIDER}"
    return mqtt5.PublishPacket(
        f"{base}/req/quote", payload, response_topic=f"{base}/rsp/quote"
    ).write()


def _post(token: str, payload: bytes) -> bytes:
    return (
        "POST /v1/quote HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {INSIDER}:{token}\r\nContent-Length: {len(payload)}\r\n\r\n"
    ).encode() + payload


Attack = Callable[[Target], Awaitable[None]]
ATTACKS: Mapping[str, Attack] = {
    "strangers ask for health": lambda at: _ask_on(at.http, _get("/v1/health")),
    "strangers guess tokens": lambda at: _ask_on(at.http, _get("/metrics", "guess")),
    "heads that drip": lambda at: _flood(at.http, b"GET /v1/health HTTP/1.1\r\nX: ", b"y", 0.05),
    "half a CONNECT": lambda at: _flood(at.mqtt, _connect("guess")[:-1], b"", 1.0),
    "wrong passwords": lambda at: _flood(at.mqtt, _connect("guess"), b"", 1.0),
    "junk": lambda at: _flood(at.mqtt, b"\x10\x7f" + bytes(200), b"\xff" * 200, 1.0),
    "a terminal pings on and on": lambda at: _flood(
        at.mqtt, _connect(at.token), PING * 20_000, 0.001
    ),
    "a terminal asks on and on": lambda at: _flood(
        at.mqtt, _connect(at.token), _quote(_basket(1)) * 500, 0.001
    ),
    "a terminal asks on and on over HTTP": lambda at: _ask_on(at.http, _post(at.token, _basket(1))),
    "a terminal sends large requests": lambda at: _flood(
        at.mqtt, _connect(at.token), _quote(_basket(1) + b" " * 60_000) * 20, 0.001
    ),
    "a terminal fills large baskets": lambda at: _flood(
        at.mqtt, _connect(at.token), _quote(_basket(LINES_MAX)) * 20, 0.001
    ),
    "a terminal fills large baskets over HTTP": lambda at: _ask_on(
        at.http, _post(at.token, _basket(LINES_MAX))
    ),
}


def attack(name: str, target: Target) -> None:
    """Be rude until killed."""

    async def all_at_once() -> None:
        await asyncio.gather(*(ATTACKS[name](target) for _ in range(CONNECTIONS)))

    uvloop.run(all_at_once())


async def _sell(caller: Caller, seconds: float, delay: float) -> list[float]:
    """Sell at a steady pace; return what each sale took, in seconds."""
    request, taken = await sale(caller, TEA), []
    await asyncio.sleep(delay)
    due = perf_counter()
    until = due + seconds
    while (due := due + 1 / SALES_PER_SECOND) < until:
        await asyncio.sleep(max(0.0, due - perf_counter()))
        answer = await caller.ask("sell", request())
        taken.append(perf_counter() - due)
        if not is_sold(answer):
            raise RuntimeError(answer.decode(errors="replace")[:300])
    return taken


async def measure(shop: Shop, seconds: float) -> Mapping[str, float]:
    """Let all tills sell for so long."""
    callers = [
        await shop.caller("mqtt" if number % 2 else "http", TERMINALS[number])
        for number in range(TILLS)
    ]
    paces = [1 / SALES_PER_SECOND / TILLS * number for number in range(TILLS)]
    sold = await asyncio.gather(
        *(_sell(caller, seconds, pace) for caller, pace in zip(callers, paces, strict=True))
    )
    for caller in callers:
        caller.close()
    taken = sorted(each for one in sold for each in one)
    figures = {
        "p50_ms": quantile(taken, 0.5),
        "p99_ms": quantile(taken, 0.99),
        "worst_ms": taken[-1],
    }
    return {"sales": len(taken), **{name: round(each * 1e3, 1) for name, each in figures.items()}}


async def run(folder: Path, rounds: int, seconds: float) -> Mapping[str, Any]:
    """Measure in quiet, then under each attack, round after round; return the report."""
    done: list[Mapping[str, Mapping[str, float]]] = []
    async with open_shop(folder, requests_per_second_max=RATE_MAX) as shop:
        for number in range(1, rounds + 1):
            done.append(await _round(shop, seconds))
            sys.stderr.write(f"round {number} of {rounds}: {done[-1]}\n")
    return {
        "p99, under attack / quiet": {
            name: spread([one[name]["p99_ms"] / one[QUIET]["p99_ms"] for one in done], 2)
            for name in ATTACKS
        },
        "cells": {
            name: {figure: spread([one[name][figure] for one in done], 1) for figure in one_of}
            for name, one_of in done[0].items()
        },
    }


async def _round(shop: Shop, seconds: float) -> Mapping[str, Mapping[str, float]]:
    premises = shop.premises
    target = Target(premises.http_port, premises.mqtt_port, premises.tokens[INSIDER])
    found = {QUIET: await measure(shop, seconds)}
    for name in ATTACKS:
        rude = multiprocessing.get_context("spawn").Process(target=attack, args=(name, target))
        rude.start()
        try:
            await asyncio.sleep(1)
            found[name] = await measure(shop, seconds)
        finally:
            rude.kill()
            rude.join()
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rude", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each cell of a round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="edgebox-bench-") as folder:
        found = uvloop.run(run(Path(folder), asked.rounds, asked.seconds))
    head = {
        "what": f"{TILLS} tills, half over MQTT and half over HTTP, {SALES_PER_SECOND:g} sales a"
        " second each; the attacker in a process of its own shares the cores",
        "units": "milliseconds from a request to its durable answer",
        "rounds": asked.rounds,
    }
    print(
        json.dumps({"made_with": "python -m tests.bench.rude", "header": head, **found}, indent=1)
    )


if __name__ == "__main__":
    main()
