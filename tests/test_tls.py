"""Encrypted doors: the box's own authority, real TLS clients, and those who never shake hands."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop
from msgspec.structs import replace

from edge.certificates import AUTHORITY_FILE, CA_FILE, SERVER_FILE, Authority, server_context
from edge.config import Config, ConfigError, Http
from edge.doors.listening import Entrance
from edge.doors.securing import Certificates
from simulators.premises import Plan, furnish
from tests.gate import HANDHELD, PC_POS, Gate, gate
from tests.mqtt_far import connected
from tests.owner import edgebox, process, report

NAME = "box.shop.example"
HOSTS = ("localhost", "127.0.0.1", NAME)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@contextlib.asynccontextmanager
async def secured(folder: Path, **changes: Any) -> AsyncIterator[Gate]:
    """A box whose doors are both encrypted, and what its clients trust."""
    certificates = folder / "tls"
    if not (certificates / AUTHORITY_FILE).exists():
        Authority.create(certificates, "s1", HOSTS)

    def adjust(config: Config) -> Config:
        return replace(
            config,
            secrets=replace(config.secrets, tls_folder=certificates),
            http=replace(config.http, tls=True, hosts=HOSTS, **changes),
            mqtt=replace(config.mqtt, tls=True, **changes),
        )

    async with gate(folder, adjust) as it:
        yield it._replace(trust=ssl.create_default_context(cafile=certificates / CA_FILE))


# --- the authority --------------------------------------------------------------------------------


def test_others_find_the_certificate_good(tmp_path: Path) -> None:
    Authority.create(tmp_path, "s1", HOSTS).issue(HOSTS, datetime.now(UTC))
    for kind, name in (("hostname", NAME), ("hostname", "localhost"), ("ip", "127.0.0.1")):
        subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile", tmp_path / CA_FILE, f"-verify_{kind}",
             name, tmp_path / SERVER_FILE],
            check=True, capture_output=True,
        )  # fmt: skip


@pytest.mark.parametrize("name", ["bank.example", "shop.example", "8.8.8.8", "xlocal"])
def test_it_signs_for_this_box_only(tmp_path: Path, name: str) -> None:
    authority = Authority.create(tmp_path, "s1", HOSTS)
    with pytest.raises(ConfigError, match="not a name the authority was made for"):
        authority.issue([name], NOW)
    for own in ("192.168.7.9", "till.local", f"a.{NAME}", "fd00::1"):
        assert authority.issue([own], NOW).hosts == (own,)


def test_nobody_else_can_read_the_keys(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    Authority.create(folder, "s1", HOSTS).issue(HOSTS, NOW)
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    assert b"PRIVATE" not in (folder / CA_FILE).read_bytes()


@pytest.mark.parametrize(
    ("days", "hosts", "is_due"),
    [(0, HOSTS, False), (59, HOSTS, False), (61, HOSTS, True), (-3, HOSTS, True),
     (1, ("localhost",), True)],
)  # fmt: skip
def test_it_is_renewed_in_time(
    tmp_path: Path, days: int, hosts: tuple[str, ...], is_due: bool
) -> None:
    served = Authority.create(tmp_path, "s1", HOSTS).issue(HOSTS, NOW)
    assert served.is_due(hosts, NOW + timedelta(days=days)) is is_due


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", b"\xff" * 99])
def test_a_damaged_authority_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / AUTHORITY_FILE).write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        Authority.open(tmp_path)


# --- at the doors ---------------------------------------------------------------------------------


async def test_both_doors_serve_it_by_name(tmp_path: Path) -> None:
    async with secured(tmp_path) as it:
        host, port = it.box.http.address
        reader, writer = await asyncio.open_connection(
            host, port, ssl=it.trust, server_hostname=NAME
        )
        writer.write(f"GET /v1/health HTTP/1.1\r\nHost: {NAME}:{port}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        writer.close()
        login = it.login(PC_POS)
        assert (await it.post("health", {}, login, host="localhost")).status == 200
        trusted = {"ssl": it.trust, "server_hostname": NAME}
        end = await it.handheld(HANDHELD, it.token(HANDHELD), **trusted)
        await connected(end)
        end.transport.close()
        await end.lost.wait()


async def test_what_to_trust_is_told_to_strangers_and_to_the_paired(tmp_path: Path) -> None:
    async with secured(tmp_path) as it:
        ca = (tmp_path / "tls" / CA_FILE).read_text()
        assert (await it.fetch("GET", "/ca.pem", {})).said == ca
        opened = (await it.office("terminals_pair", {})).said
        asked = {"code": opened["code"], "name": "till-9", "kind": "pc_pos"}
        welcome = (await it.post("pair", asked)).said
        assert welcome["ca_pem"] == ca
        assert welcome["fingerprint"] in opened["url"]
        assert welcome["mqtt"].startswith("mqtts://")


async def test_who_speaks_plainly_or_trusts_others_stays_outside(tmp_path: Path) -> None:
    async with secured(tmp_path) as it:
        for address in (it.box.http.address, it.box.mqtt.address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP" not in await reader.read()
            writer.close()
            for context in (ssl.create_default_context(), _old(it)):
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await asyncio.open_connection(*address, ssl=context, server_hostname=NAME)


def _old(it: Gate) -> ssl.SSLContext:
    """A client that speaks TLS 1.1 at most."""
    assert it.trust is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def test_a_running_box_serves_a_new_certificate(tmp_path: Path) -> None:
    async with secured(tmp_path) as it:
        before = await _serial(it)
        Authority.open(tmp_path / "tls").issue(HOSTS, datetime.now(UTC))
        certificates = it.box.doors._certificates
        assert isinstance(certificates, Certificates)
        certificates.look()
        assert await _serial(it) != before


async def _serial(it: Gate) -> object:
    host, port = it.box.http.address
    _, writer = await asyncio.open_connection(host, port, ssl=it.trust, server_hostname=NAME)
    serial = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    return serial


# --- those who never shake hands ------------------------------------------------------------------


class Greeter(asyncio.Protocol):
    """Says hello to whoever gets through."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast(asyncio.Transport, transport)  # uvloop has its own kind
        wire.write(b"hello")
        wire.close()


@contextlib.asynccontextmanager
async def entrance(folder: Path, **limits: Any) -> AsyncIterator[tuple[Entrance, ssl.SSLContext]]:
    authority = Authority.create(folder, "s1", HOSTS)
    authority.issue(HOSTS, datetime.now(UTC))
    context = server_context()
    authority.load(context)
    it = Entrance(Greeter, Http(listen="127.0.0.1:0", tls=True, **limits), context)
    await it.open()
    try:
        yield it, ssl.create_default_context(cafile=folder / CA_FILE)
    finally:
        await it.stop()
        await it.wait_closed()


async def test_who_does_not_shake_hands_is_hung_up_on(tmp_path: Path) -> None:
    async with entrance(tmp_path, handshake_seconds_max=0.3) as (it, _):
        reader, writer = await asyncio.open_connection(*it.address)
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_idlers_take_their_own_places_only(tmp_path: Path) -> None:
    limits = {"handshake_seconds_max": 60.0, "handshakes_per_address_max": 3}
    async with entrance(tmp_path, **limits) as (it, trust):
        idle = [await asyncio.open_connection(*it.address) for _ in range(3)]
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection(*it.address)
            assert await reader.read() == b""  # a fourth from there
            writer.close()
        elsewhere = socket.create_connection(it.address, source_address=("127.0.0.2", 0))
        reader, writer = await asyncio.open_connection(
            sock=elsewhere, ssl=trust, server_hostname="localhost"
        )
        assert await reader.read() == b"hello"
        for _, one in [*idle, (reader, writer)]:
            one.close()


def test_the_daemon_s_own_loop_does_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        for number, scene in enumerate(
            (test_both_doors_serve_it_by_name, test_a_running_box_serves_a_new_certificate,
             test_who_does_not_shake_hands_is_hung_up_on, test_idlers_take_their_own_places_only)
        ):  # fmt: skip
            (tmp_path / str(number)).mkdir()
            await scene(tmp_path / str(number))

    uvloop.run(main())


# --- the owner's commands -------------------------------------------------------------------------


def test_the_owner_s_commands(tmp_path: Path) -> None:
    config = _furnished(tmp_path)
    missing = edgebox("tls", "show", "--config", config)
    assert (missing.exit_code, "tls init" in missing.output) == (1, True)
    made = edgebox("tls", "init", "--config", config)
    assert (made.exit_code, "hosts: localhost" in made.output) == (0, True)
    again = edgebox("tls", "init", "--config", config)
    assert (again.exit_code, "--force" in again.output) == (1, True)
    shown = report(edgebox("tls", "show", "--json", "--config", config))
    assert edgebox("tls", "renew", "--config", config).exit_code == 0
    renewed = report(edgebox("tls", "show", "--json", "--config", config))
    assert shown["fingerprint"] == renewed["fingerprint"]
    assert shown["serial"] != renewed["serial"]
    assert edgebox("tls", "init", "--force", "--config", config).exit_code == 0
    other = report(edgebox("tls", "show", "--json", "--config", config))
    assert shown["fingerprint"] != other["fingerprint"]


async def test_a_box_without_an_authority_says_what_to_do(tmp_path: Path) -> None:
    config = _furnished(tmp_path)
    config.write_text(config.read_text().replace("[http]", "[http]\ntls = true"))
    said = await process("run", "--config", config)
    assert said.code == 2
    assert "edgebox tls init" in said.err


def _furnished(folder: Path) -> Path:
    config = furnish(folder, Plan("http://127.0.0.1:1", {"cloud-1": bytes(32)})).config_path
    text = config.read_text().replace("[secrets]", '[secrets]\ntls_folder = "secrets/tls"')
    config.write_text(text)
    return config
