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
from tests.bench.references import mosquitto
from tests.guarded_broker import SECRET, USER, guarded
from tests.test_links import Log

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
        async with asyncio.timeout(60):
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
        async with asyncio.timeout(60):
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
        async with asyncio.timeout(60):
            await here.lost.wait()
        assert here.log[-1] == ("", "lost", LinkLost)

        again, here = Log(), Log()
        await device(port).open(again)
        await link(port).open(here)
        again.transport.close()
        async with asyncio.timeout(60):
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


async def test_a_broker_that_refuses_says_so_and_the_password_is_a_file(tmp_path: Path) -> None:
    settings, access = await guarded(tmp_path)
    password = tmp_path / "password"
    async with mosquitto(tmp_path, settings) as (port, _):
        url = f"mqtts://127.0.0.1:{port}/d"
        asked = {"username": USER, "password_file": str(password), "state_topic": "",
                 "ca_file": access["ca_file"]}  # fmt: skip
        with pytest.raises(LinkLost, match="password: No such file"):
            await from_url(url, **asked).open(Log())
        password.write_text("wrong\n")
        password.chmod(0o640)
        with pytest.raises(LinkLost, match="open to others: chmod 600"):
            await from_url(url, **asked).open(Log())
        password.chmod(0o600)
        with pytest.raises(LinkLost, match="the broker refuses us"):
            await from_url(url, **asked).open(Log())
        password.write_text(f"{SECRET}\n")
        here = Log()
        await from_url(url, **asked).open(here)
        here.transport.close()
        await here.lost.wait()
    with pytest.raises(LinkLost, match="refused"):
        await from_url(url, **asked).open(Log())


async def test_a_broker_that_cannot_prove_who_it_is_gets_no_password(tmp_path: Path) -> None:
    settings, access = await guarded(tmp_path)
    (tmp_path / "other").mkdir()
    stranger = await guarded(tmp_path / "other")
    (tmp_path / "noise").write_text("no certificate")
    asked = {"username": USER, "password_file": access["password_file"], "state_topic": ""}
    async with mosquitto(tmp_path, settings) as (port, _):
        for ca_file, said in (
            (stranger.access["ca_file"], "127.0.0.1:.* is not to be trusted: "),
            (str(tmp_path / "gone"), "gone: No such file"),
            (str(tmp_path / "noise"), "noise holds no certificate"),
        ):
            with pytest.raises(LinkLost, match=said):
                await from_url(f"mqtts://127.0.0.1:{port}/d", ca_file=ca_file, **asked).open(Log())
        with pytest.raises(LinkLost, match="is not to be trusted: "):
            await from_url(f"mqtts://127.0.0.1:{port}/d", **asked).open(Log())
        with pytest.raises(LinkLost, match="the broker hung up"):
            await from_url(f"mqtt://127.0.0.1:{port}/d", **asked).open(Log())
    async with mosquitto(tmp_path) as (port, _):
        with pytest.raises(LinkLost):
            await from_url(f"mqtts://127.0.0.1:{port}/d", ca_file=access["ca_file"], **asked).open(
                Log()
            )


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
        ("mqtt://x/t", {"ca_file": "/ca.pem"}, "ca_file is for mqtts://"),
        ("mqtts://x/t", {"ca_file": ""}, "ca_file must be a text"),
        ("mqtt://../t", {}, "cannot be the name of a computer"),
        (f"socket://{'a' * 64}.lan:80", {}, "cannot be the name of a computer"),
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
    encrypted = from_url("mqtts://broker.lan/shop/scanner-1", ca_file="/ca.pem")
    assert isinstance(encrypted, MqttLink)
    assert (encrypted.account.port, encrypted.account.tls) == (8883, True)
    assert encrypted.account.ca_file == "/ca.pem"
