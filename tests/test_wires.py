"""Pipes, brokers and descriptors as wires: what they carry, and how they end."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.codec import BadSettings, LinkLost
from drivers.links import SCHEMES, from_url, scheme
from drivers.links.fifo import FifoLink
from drivers.links.mqtt import Account, MqttLink
from simulators.premises import free_ports
from tests.bench.references import mosquitto
from tests.test_links import Log

SECRET = "s3cret"


# --- named pipes ----------------------------------------------------------------------------------


@asynccontextmanager
async def pipe(folder: Path) -> AsyncIterator[tuple[Log, int, int]]:
    """A link on two pipes, and the far end's descriptors: into the link, and out of it."""
    paths = folder / "pipe", folder / "pipe.in"
    for path in paths:
        os.mkfifo(path)
    into = os.open(paths[0], os.O_RDWR | os.O_NONBLOCK)
    out = os.open(paths[1], os.O_RDWR | os.O_NONBLOCK)
    os.write(into, b"old")
    here = Log()
    await from_url(f"fifo:{paths[0]}", send_path=str(paths[1]), baud=9600).open(here)
    try:
        yield here, into, out
    finally:
        here.transport.abort()
        await here.lost.wait()
        os.close(out)


async def test_a_pipe_carries_bytes_both_ways_and_ends_with_its_writer(tmp_path: Path) -> None:
    async with pipe(tmp_path) as (here, into, out):
        os.write(into, b"new")
        assert await here.until(3) == b"new", "what was there before is not ours"
        here.transport.write(b"beep")
        assert os.read(out, 100) == b"beep"
        os.close(into)
        async with asyncio.timeout(10):
            await here.lost.wait()
        assert here.log[-1] == ("", "lost", LinkLost)
        here.transport.write(b"too late")


async def test_a_pipe_that_is_not_read_pauses_its_writer_and_loses_nothing(
    tmp_path: Path,
) -> None:
    every = bytes(range(256)) * 2000
    async with pipe(tmp_path) as (here, into, out):
        here.transport.write(every)
        assert here.log[-1] == ("", "pause")
        assert here.transport.get_write_buffer_size() > 0
        here.transport.close()
        read = bytearray()
        async with asyncio.timeout(10):
            while len(read) < len(every):
                await asyncio.sleep(0)
                try:
                    read += os.read(out, 65536)
                except BlockingIOError:
                    continue
            await here.lost.wait()
        assert read == every
        assert ("", "resume") in here.log
        os.close(into)


async def test_a_pipe_is_paused_by_its_reader(tmp_path: Path) -> None:
    async with pipe(tmp_path) as (here, into, _):
        here.transport.pause_reading()
        os.write(into, b"one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert here.data == b""
        here.transport.resume_reading()
        assert await here.until(3) == b"one"
        os.close(into)


async def test_what_is_no_pipe_may_become_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "deaf")
    for path, send_path, said in (
        ("gone", "", "No such file"),
        ("file", "", "is not a named pipe"),
        ("pipe", "deaf", "deaf: No such device or address"),
    ):
        send = str(tmp_path / send_path) if send_path else ""
        with pytest.raises(LinkLost, match=said):
            await FifoLink(str(tmp_path / path), send).open(Log())


# --- a broker -------------------------------------------------------------------------------------


def link(port: int, **changed: Any) -> MqttLink:
    account = Account(host="127.0.0.1", port=port, client_id=changed.pop("client_id", "here"))
    return MqttLink(
        account=account, **{"topic": "d/out", "send_topic": "d/in", "watched": "d/state", **changed}
    )


def device(port: int) -> MqttLink:
    return link(
        port, client_id="device", topic="d/in", send_topic="d/out", watched="", birth="d/state"
    )


async def test_a_device_behind_a_broker_is_there_while_it_says_so(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as (port, _):
        with pytest.raises(LinkLost, match="no online on d/state"):
            await link(port).open(Log())
        far, here = Log(), Log()
        await device(port).open(far)
        await link(port).open(here)
        far.transport.write(b"690")
        assert await here.until(3) == b"690"
        here.transport.write(b"beep")
        assert await far.until(4) == b"beep"
        far.transport.abort()  # without a goodbye: its will says so
        async with asyncio.timeout(10):
            await here.lost.wait()
        assert here.log[-1] == ("", "lost", LinkLost)

        again, here = Log(), Log()
        await device(port).open(again)
        await link(port).open(here)
        again.transport.close()
        async with asyncio.timeout(10):
            await here.lost.wait()
            await again.lost.wait()


async def test_what_was_retained_is_not_taken_for_what_just_happened(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as (port, _):
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-p", str(port), "-t", "d/out", "-m", "old", "-r"
        )
        assert await process.wait() == 0
        far, here = Log(), Log()
        await device(port).open(far)
        await link(port).open(here)
        far.transport.write(b"new")
        assert await here.until(3) == b"new"
        for end in (here, far):
            end.transport.abort()
            await end.lost.wait()


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[int]:
    """A broker that lets in those who know the password."""
    (port,) = free_ports(1)
    settings, passwords = folder / "guarded.conf", folder / "passwords"
    making = await asyncio.create_subprocess_exec(
        "mosquitto_passwd", "-c", "-b", str(passwords), "shop", SECRET,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await making.wait() == 0
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
        f"user root\nlog_type none\n"
    )
    process = await asyncio.create_subprocess_exec("mosquitto", "-c", str(settings))
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.02)
        writer.close()
        await writer.wait_closed()
        yield port
    finally:
        process.terminate()
        await process.wait()


async def test_a_broker_that_refuses_says_so_and_the_password_is_a_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    async with guarded(tmp_path) as port:
        url = f"mqtt://127.0.0.1:{port}/d"
        asked = {"username": "shop", "password_file": str(password), "state_topic": ""}
        with pytest.raises(LinkLost, match="password: No such file"):
            await from_url(url, **asked).open(Log())
        password.write_text("wrong\n")
        with pytest.raises(LinkLost, match="the broker refuses us"):
            await from_url(url, **asked).open(Log())
        password.write_text(f"{SECRET}\n")
        here = Log()
        await from_url(url, **asked).open(here)
        here.transport.close()
        await here.lost.wait()
    with pytest.raises(LinkLost, match="refused"):
        await from_url(url, **asked).open(Log())


# --- urls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wire", "said"),
    [
        ("fifo:", {}, "needs a path"),
        ("fifo:pipe", {}, "must start with /"),
        ("fifo:/pipe", {"send_path": 1}, "send_path must be a text"),
        ("fifo:/pipe", {"baud": 1}, "baud must be"),
        ("fifo:/pipe", {"username": "x"}, "a wire setting must be one of"),
        ("mqtt:x", {}, "is not mqtt://host:port/topic"),
        ("mqtt://x:0/t", {}, "port must be from 1"),
        ("mqtt://x/a/#", {}, "is not mqtt://"),
        ("mqtt://me:secret@x/t", {}, "is not mqtt://"),
        ("mqtt://x/t", {"username": ""}, "username must be a text"),
        ("mqtt://x/t", {"parity": "odder"}, "parity must be"),
    ],
)
def test_bad_urls(url: str, wire: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        from_url(url, **wire)


def test_every_scheme_shows_an_example_that_works() -> None:
    for name in SCHEMES:
        known = scheme(f"{name}:x" if name else "/x")
        from_url(known.example)
        assert known.carries
        assert known.options or name == "pcsc"


def test_an_mqtt_url_names_its_topics() -> None:
    found = from_url("mqtt://[::1]:2883/shop/scanner-1", send_topic="beep", baud=9600)
    assert isinstance(found, MqttLink)
    assert (found.topic, found.send_topic) == ("shop/scanner-1/out", "beep")
    assert found.watched == "shop/scanner-1/state"
    assert (found.account.host, found.account.port) == ("::1", 2883)
    assert found.account.client_id == "edgebox-shop-scanner-1"
