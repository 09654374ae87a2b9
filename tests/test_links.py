"""Every wire gives a protocol what asyncio promises, and says clearly why it cannot."""

import asyncio
import os
import socket
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.codec import BadSettings, LinkLost
from drivers.links import Link, MemoryServer, SerialLink, TcpLink, from_url, memory_pair
from tests import virtual_time


class Log(asyncio.Protocol):
    """Writes down what happens to it."""

    def __init__(self, name: str = "", log: list[tuple[Any, ...]] | None = None) -> None:
        self.name, self.log = name, [] if log is None else log
        self.transport: Any = None
        self.lost = asyncio.Event()
        self.data = b""
        self.arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.log.append((self.name, "made"))

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.arrived.set()
        self.log.append((self.name, "data", data))

    def eof_received(self) -> None:
        self.log.append((self.name, "eof"))

    def pause_writing(self) -> None:
        self.log.append((self.name, "pause"))

    def resume_writing(self) -> None:
        self.log.append((self.name, "resume"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.log.append((self.name, "lost", type(exc) if exc else None))
        self.lost.set()

    async def until(self, size: int) -> bytes:
        async with asyncio.timeout(60):
            while len(self.data) < size:
                self.arrived.clear()
                await self.arrived.wait()
        return self.data


@contextmanager
def pty() -> Iterator[tuple[int, str]]:
    """A master, and the path of its port; both ends are open meanwhile."""
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


@asynccontextmanager
async def opened(link: Link) -> AsyncIterator[Log]:
    protocol = Log()
    transport = await link.open(protocol)
    assert protocol.transport is transport
    yield protocol
    transport.abort()
    async with asyncio.timeout(60):
        await protocol.lost.wait()


# --- serial ---------------------------------------------------------------------------------------


async def test_a_serial_port_carries_every_byte_both_ways(tmp_path: Path) -> None:
    every = bytes(range(256))
    with pty() as (master, path):
        by_id = tmp_path / "usb-scanner"
        by_id.symlink_to(path)
        async with opened(from_url(str(by_id), baud=115200, parity="even", stop_bits=2)) as here:
            os.write(master, every)
            assert await here.until(256) == every
            here.transport.write(every)
            assert os.read(master, 1000) == every


async def test_an_exclusive_port_is_not_opened_twice() -> None:
    with pty() as (_, path):
        async with opened(SerialLink(path)):
            with pytest.raises(LinkLost, match="in use by another program"):
                await SerialLink(path).open(Log())


async def test_an_unplugged_port_is_lost() -> None:
    master, slave = os.openpty()
    here = Log()
    await SerialLink(os.ttyname(slave)).open(here)
    os.close(slave)
    os.close(master)
    async with asyncio.timeout(60):
        await here.lost.wait()
    assert here.log == [("", "made"), ("", "lost", OSError)]


async def test_no_port_may_come_back_but_a_file_never_becomes_one(tmp_path: Path) -> None:
    with pytest.raises(LinkLost, match="No such file"):
        await SerialLink(str(tmp_path / "gone")).open(Log())
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path):
        with pytest.raises(BadSettings, match="not a serial port"):
            await SerialLink(str(path)).open(Log())


# --- TCP ------------------------------------------------------------------------------------------


async def test_tcp_carries_bytes_at_once_and_is_lost_with_its_server() -> None:
    far = Log()
    server = await asyncio.get_running_loop().create_server(lambda: far, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with opened(from_url(f"socket://127.0.0.1:{port}", baud=9600)) as here:
        sock = here.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        here.transport.write(b"ping")
        assert await far.until(4) == b"ping"
        far.transport.write(b"pong")
        assert await here.until(4) == b"pong"
        far.transport.abort()
    server.close()
    await server.wait_closed()
    with pytest.raises(LinkLost, match="refused"):
        await TcpLink("127.0.0.1", port).open(Log())


# --- settings are refused in words for people ----------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wire", "text"),
    [
        ("ttyUSB0", {}, "must start with /"),
        ("/dev/x", {"baud": 0}, "baud must be a whole number from 50"),
        ("/dev/x", {"baud": True}, "baud must be a whole number"),
        ("/dev/x", {"baud": "9600"}, "baud must be a whole number"),
        ("/dev/x", {"parity": "N"}, "parity must be one of none, even, odd, not 'N'"),
        ("/dev/x", {"data_bits": 9}, "data_bits must be one of 5, 6, 7, 8, not 9"),
        ("/dev/x", {"stop_bits": True}, "stop_bits must be one of 1, 2, not True"),
        ("/dev/x", {"exclusive": 1}, "exclusive must be one of True, False"),
        ("/dev/x", {"path": "/dev/y"}, "a wire setting must be one of baud"),
        ("/dev/x", {"bauds": 1}, "a wire setting must be one of baud"),
        ("http://x:1", {}, "neither a path such as"),
        ("socket://x", {}, "neither a path such as"),
        ("socket://:1", {}, "neither a path such as"),
        ("socket://x:0", {}, "port must be from 1 to 65535"),
        ("socket://x:65536", {}, "port must be from 1 to 65535"),
        ("socket://x:1", {"parity": "odder"}, "parity must be one of"),
    ],
)
def test_bad_settings(url: str, wire: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSettings, match=text):
        from_url(url, **wire)


def test_urls_name_links() -> None:
    assert from_url("/dev/ttyS0", baud=1200) == SerialLink("/dev/ttyS0", baud=1200)
    assert from_url("socket://scales.lan:4001") == TcpLink("scales.lan", 4001)
    assert from_url("socket://[::1]:4001/") == TcpLink("::1", 4001)


# --- memory ---------------------------------------------------------------------------------------


async def two_ends(log: list[tuple[Any, ...]]) -> tuple[Log, Log]:
    a, b = Log("a", log), Log("b", log)
    await MemoryServer(lambda: a).link("shop").open(b)
    return a, b


async def settle() -> None:
    await asyncio.sleep(1)


def test_close_delivers_what_was_written_and_ends_both() -> None:
    async def main() -> None:
        log: list[tuple[Any, ...]] = []
        a, b = await two_ends(log)
        assert a.transport.get_extra_info("peername") == "shop"
        assert a.transport.get_extra_info("socket") is None
        b.transport.write(bytearray(b"one"))
        b.transport.writelines([b"two", b"three"])
        assert log == [("a", "made"), ("b", "made")], "never in the same turn of the loop"
        b.transport.close()
        b.transport.write(b"too late")
        assert b.transport.is_closing()
        assert not a.transport.is_closing()
        await settle()
        assert log[2:] == [
            ("a", "data", b"one"),
            ("a", "data", b"twothree"),
            ("a", "eof"),
            ("b", "lost", None),
            ("a", "lost", None),
        ]
        a.transport.close()
        b.transport.abort()
        await settle()
        assert len(log) == 7, "the end comes once"

    virtual_time.run(main())


def test_abort_drops_what_was_written_and_resets_the_other_end() -> None:
    async def main() -> None:
        log: list[tuple[Any, ...]] = []
        _, b = await two_ends(log)
        b.transport.write(b"lost")
        b.transport.abort()
        await settle()
        assert log[2:] == [("b", "lost", None), ("a", "lost", ConnectionResetError)]

    virtual_time.run(main())


def test_a_slow_reader_pauses_the_writer() -> None:
    async def main() -> None:
        log: list[tuple[Any, ...]] = []
        a, b = await two_ends(log)
        b.transport.set_write_buffer_limits(high=10, low=2)
        a.transport.pause_reading()
        for _ in range(4):
            b.transport.write(b"12345")
        await settle()
        assert b.transport.get_write_buffer_size() == 20
        assert log[2:] == [("b", "pause")]
        b.transport.close()
        a.transport.resume_reading()
        await settle()
        data = ("a", "data", b"12345")
        assert log[3:] == [
            data, data, data, data, ("b", "resume"), ("a", "eof"), ("b", "lost", None),
            ("a", "lost", None),
        ]  # fmt: skip

    virtual_time.run(main())


def test_a_protocol_that_fails_loses_its_connection() -> None:
    class Fails(Log):
        def data_received(self, data: bytes) -> None:
            raise ValueError(data)

    async def main() -> None:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, c: told.append(c["exception"]))
        a, b = Fails(), Log()
        await MemoryServer(lambda: a).link().open(b)
        b.transport.write(b"x")
        await settle()
        assert repr(told) == "[ValueError(b'x')]"
        assert a.log[-1] == ("", "lost", ValueError)
        assert b.log[-1] == ("", "lost", ConnectionResetError)

    virtual_time.run(main())


def test_an_unplugged_server_cuts_and_refuses() -> None:
    async def main() -> None:
        server = MemoryServer(Log)
        here = Log()
        await server.link().open(here)
        server.unplug()
        await settle()
        assert here.log[-1] == ("", "lost", ConnectionResetError)
        with pytest.raises(LinkLost, match="unplugged"):
            await server.link().open(Log())
        server.plug()
        await server.link().open(Log())

    virtual_time.run(main())


def test_a_pair_meets_whoever_comes_first_and_again_after_the_end() -> None:
    async def main() -> None:
        a, b = memory_pair()
        for first, second in ((a, b), (b, a)):
            waiting = asyncio.create_task(first.open(one := Log()))
            await settle()
            assert not waiting.done()
            await second.open(two := Log())
            (await waiting).write(b"hello")
            await settle()
            assert two.data == b"hello"
            one.transport.abort()
            await settle()

    virtual_time.run(main())


def test_a_pair_forgets_who_gave_up_waiting() -> None:
    async def main() -> None:
        a, b = memory_pair()
        gave_up = asyncio.create_task(a.open(Log()))
        await settle()
        with pytest.raises(LinkLost, match="already"):
            await a.open(Log())
        gave_up.cancel()
        await settle()
        waiting = asyncio.create_task(b.open(Log()))
        await settle()
        assert not waiting.done()
        await a.open(Log())
        await waiting

        late = asyncio.create_task(a.open(Log()))
        await settle()
        await b.open(there := Log())
        late.cancel()  # connected already, but it never saw its transport
        await settle()
        assert there.log[-1] == ("", "lost", ConnectionResetError)

    virtual_time.run(main())
