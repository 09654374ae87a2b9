"""A store, furnished from nothing: configuration, secrets, tokens; and its box as a process.

What a shop's owner would do by hand with the README, for demos, tests and benchmarks.
"""

import asyncio
import base64
import hashlib
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulators import demo_data

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
"""Longer than a box takes to answer whoever is inside; then it is killed."""
POLL_SECONDS = 0.02
PORTS = range(11_000, 32_768)
"""Below Linux's own choice (ip_local_port_range), above what browsers refuse to open (10080)."""
RESERVE_BYTES = 1 << 20
"""Such stores are many, and none of them is where money depends on a full disk."""


class BoxFailed(Exception):
    """The box did not start, or stopped by itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to furnish. `limits` are raised by benchmarks, which ask more than people can."""

    cloud_url: str
    cloud_keys: Mapping[str, bytes]
    terminals: Mapping[str, str] = field(
        default_factory=lambda: {"handheld-1": "handheld", "pos-1": "pc_pos"}
    )
    """Terminal ids and their kinds."""
    scanner_url: str | None = None
    """The scanner of lane `lane-1`; None for no lane."""
    lane_devices: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What else stands at that lane: sections by the devices' names."""
    lang: str = "zh"
    requests_per_second_max: int = 1000
    changes_interval_seconds: float = 1.0
    bundle_interval_seconds: float = 2.0
    retry_seconds_max: float = 2.0
    timeout_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Premises:
    """A furnished store: where its files are, its ports, and its terminals' tokens."""

    folder: Path
    store: str
    box: str
    public_key: bytes
    mqtt_port: int
    http_port: int
    tokens: Mapping[str, str]

    @property
    def config_path(self) -> Path:
        """The store's configuration."""
        return self.folder / "store.toml"

    def token_path(self, terminal: str) -> Path:
        """Where a terminal's token stands, for whoever wants to play it by hand."""
        return self.folder / "secrets" / f"{terminal}.token"

    @property
    def http_url(self) -> str:
        """Where PC tills find the box."""
        return f"http://127.0.0.1:{self.http_port}"


def furnish(folder: Path, plan: Plan) -> Premises:
    """Write a new store's files into `folder`, which is made if need be."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_secret(secrets / "box.key", pem)
    _write_secret(secrets / "phone.key", base64.b64encode(demo_data.PHONE_KEY) + b"\n")
    mqtt_port, http_port = free_ports(2)
    premises = Premises(
        folder=folder,
        store="s1",
        box="s1-box-1",
        public_key=key.public_key().public_bytes_raw(),
        mqtt_port=mqtt_port,
        http_port=http_port,
        tokens={terminal: os.urandom(24).hex() for terminal in plan.terminals},
    )
    for terminal, token in premises.tokens.items():
        _write_secret(premises.token_path(terminal), token.encode())
    premises.config_path.write_text(_toml(premises, plan), "utf-8")
    return premises


def free_ports(count: int) -> Sequence[int]:
    """Return that many loopback ports in a row, on which nobody listens just now.

    They are not among those that the kernel hands out by itself. So they stay free until their
    owner listens, and while a box is started anew, whatever else connects on this machine.
    """
    while True:
        first = PORTS.start + int.from_bytes(os.urandom(4), "big") % (len(PORTS) - count)
        ports = range(first, first + count)
        if all(_is_free(port) for port in ports):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write_secret(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _toml(premises: Premises, plan: Plan) -> str:
    keys = {name: base64.b64encode(key).decode() for name, key in plan.cloud_keys.items()}
    sections: dict[str, Mapping[str, Any]] = {
        "store": {
            "id": premises.store, "name_zh": "街角小店", "name_en": "Corner Shop",
            "currency": demo_data.CURRENCY, "zone": "Asia/Shanghai", "lang": plan.lang,
            "state_dir": "state", "card_prefixes": [demo_data.CARD_RANGE[:4]],
        },
        "secrets": {"box_key_file": "secrets/box.key", "phone_key_file": "secrets/phone.key"},
        "cloud": {
            "url": plan.cloud_url, "box": premises.box,
            "changes_interval_seconds": plan.changes_interval_seconds,
            "hot_interval_seconds": max(0.05, plan.changes_interval_seconds / 3),
            "bundle_interval_seconds": plan.bundle_interval_seconds,
            "timeout_seconds": plan.timeout_seconds,
            "retry_seconds_max": plan.retry_seconds_max,
        },
        "cloud.keys": keys,
        "disk": {"reserve_bytes": RESERVE_BYTES},
        "mqtt": {
            "listen": f"127.0.0.1:{premises.mqtt_port}",
            "requests_per_second_max": plan.requests_per_second_max,
        },
        "http": {
            "listen": f"127.0.0.1:{premises.http_port}",
            "requests_per_second_max": plan.requests_per_second_max,
        },
    }  # fmt: skip
    for terminal, kind in plan.terminals.items():
        digest = hashlib.sha256(premises.tokens[terminal].encode()).hexdigest()
        sections[f"terminal.{terminal}"] = {
            "kind": kind, "token_sha256": digest, "lang": plan.lang,
        }  # fmt: skip
    if plan.scanner_url is not None:
        sections["device.scanner-1"] = {
            "driver": "lines_scanner", "url": plan.scanner_url, "aim": True,
        }  # fmt: skip
        sections |= {f"device.{name}": more for name, more in plan.lane_devices.items()}
        sections["lane.lane-1"] = {
            "devices": ["scanner-1", *plan.lane_devices],
            "cashier": "lane", "terminal": "lane-till-1",
            "lang": plan.lang,
        }  # fmt: skip
        for terminal, kind in plan.terminals.items():
            if kind == "pc_pos":
                sections[f"terminal.{terminal}"] = {
                    **sections[f"terminal.{terminal}"], "lane": "lane-1",
                }  # fmt: skip
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


class BoxProcess:
    """`edgebox run` as a process of its own, as in a real store. `log_path` gets its log.

    `module` is what Python runs in the place of `edge`, with the same arguments. With
    `own_group` a Ctrl-C at the terminal does not reach it.
    """

    def __init__(
        self,
        premises: Premises,
        log_path: Path | None = None,
        environment: Mapping[str, str] | None = None,
        module: str = "edge",
        own_group: bool = False,
    ) -> None:
        self._premises = premises
        self._log_path = log_path or premises.folder / "box.log"
        self._environment = {**os.environ, **(environment or {})}
        self._module = module
        self._own_group = own_group
        self._log: IO[bytes] | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The running box's process id."""
        assert self._process is not None
        return self._process.pid

    async def start(self, *, selling: bool = True) -> None:
        """Start the box and wait until it answers (and sells). Raises BoxFailed."""
        await self.spawn()
        assert self._process is not None
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + READY_SECONDS_MAX
        while True:
            health = await self.health()
            if health is not None and (not selling or health["state"] != "not_selling"):
                return
            if self._process.returncode is not None or loop.time() > give_up_at:
                await self.kill()
                tail = self._log_path.read_text("utf-8", "replace")[-2000:]
                raise BoxFailed(f"the box did not get ready; its log ends:\n{tail}")
            await asyncio.sleep(POLL_SECONDS)

    async def spawn(self) -> None:
        """Start the box without waiting for it."""
        assert self._process is None, "one box at a time"
        self._log = self._log_path.open("ab")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, "run",
            "--config", str(self._premises.config_path),
            stdin=DEVNULL, stdout=self._log, stderr=self._log, env=self._environment,
            start_new_session=self._own_group,
        )  # fmt: skip

    async def health(self) -> dict[str, Any] | None:
        """Return what the box says of itself, None if it does not answer."""
        return await asyncio.to_thread(_get_json, f"{self._premises.http_url}/v1/health")

    async def kill(self) -> int:
        """Kill -9: no goodbye, nothing flushed. Return the exit code: -9, if it was still there."""
        return await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask the box to end in good order; return its exit code, -9 if it had to be killed."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
        assert self._log is not None
        self._log.close()
        return code


def _get_json(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback url
            content = json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
