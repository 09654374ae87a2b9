"""A box behind bad wires: each fault does what it says, and none takes or doubles a fact."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.broken_clouds import counts_again
from tests.faults.judging import Violation
from tests.faults.proxy import BOTH, CLEAR, DOWN, FAULTS, UP, Fault, Proxy
from tests.faults.wires import EACH, Spell, mix, suffer

SAID = bytes(range(256)) * 20


@asynccontextmanager
async def echo(fault: Fault) -> AsyncIterator[tuple[Proxy, str, int]]:
    """A server behind a proxy that says everything again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy = Proxy(random.Random(1))
    proxy.fault = fault
    async with proxy.before(f"http://{host}:{port}") as url:
        yield proxy, "127.0.0.1", int(url.rpartition(":")[2])
    server.close()


async def said_again(fault: Fault) -> tuple[bytes, str, Proxy]:
    """Say something over a bad wire; return what came back, how it ended, and the wire."""
    async with echo(fault) as (proxy, host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(SAID)
        heard, end = b"", "all"
        try:
            async with asyncio.timeout(60):
                while len(heard) < len(SAID):
                    piece = await reader.read(1000)
                    if not piece:
                        end = "closed"
                        break
                    heard += piece
        except ConnectionResetError:
            end = "reset"
        writer.transport.abort()
        return heard, end, proxy


@pytest.mark.parametrize(
    "fault",
    [CLEAR, Fault("late", delay_seconds=0.01), Fault("bits", delay_seconds=0.001, piece_bytes=64)],
)
async def test_a_slow_wire_carries_every_byte(fault: Fault) -> None:
    heard, end, proxy = await said_again(fault)
    assert (heard, end) == (SAID, "all")
    assert bool(proxy.struck[fault.name]) is (fault is not CLEAR)


@pytest.mark.parametrize(("then", "end"), [("close", "closed"), ("reset", "reset")])
@pytest.mark.parametrize("ways", [UP, DOWN, BOTH])
async def test_a_wire_that_breaks_tells_both_ends_how(then: str, end: str, ways: object) -> None:
    fault = Fault("broken", ways, then=then, after_bytes_max=3000)  # type: ignore[arg-type]
    heard, ended, proxy = await said_again(fault)
    assert ended == end
    assert len(heard) <= 3000
    assert SAID.startswith(heard)
    assert proxy.struck["broken"] == 1


@pytest.mark.parametrize("ways", [UP, DOWN])
async def test_garbage_has_the_length_of_what_it_replaces(ways: object) -> None:
    fault = Fault("garbage", ways, then="garbage", after_bytes_max=100)  # type: ignore[arg-type]
    heard, end, _ = await said_again(fault)
    assert (len(heard), end) == (len(SAID), "all")
    assert heard != SAID


async def test_a_line_that_lost_bytes_stays_dead_and_a_new_one_works() -> None:
    async with echo(Fault("half open", UP, then="silence")) as (proxy, host, port):
        dead_reader, dead = await asyncio.open_connection(host, port)
        dead.write(b"hello")
        async with asyncio.timeout(60):
            while not proxy.struck:
                await asyncio.sleep(0.001)
        proxy.fault = CLEAR
        dead.write(b"hello?")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"hello!")
        assert await reader.readexactly(6) == b"hello!"
        dead.write_eof()
        assert await dead_reader.read() == b"", "it was open until we gave it up"
        writer.close()
        dead.close()


async def test_a_box_sells_over_every_bad_wire_and_the_cloud_gets_every_fact_once(
    tmp_path: Path,
) -> None:
    spells = [*EACH, *mix(random.Random(2), 4)]
    assert not all(spell.mended for spell in spells), "one bad wire follows another"
    suffered = await suffer(tmp_path, 1, spells)
    print(suffered)
    assert set(suffered.strikes) == {fault.name for fault in FAULTS}
    assert suffered.wires == len(spells)
    assert suffered.sold == sum(spell.sales for spell in spells)
    assert suffered.facts > suffered.sold


async def test_a_cloud_that_counts_twice_what_comes_twice_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts_again(monkeypatch)
    answers_lost = Spell(Fault("answers lost", DOWN, then="close"), sales=1)
    with pytest.raises(Violation, match="books differ"):
        await suffer(tmp_path, 3, [answers_lost])
