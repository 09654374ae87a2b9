"""A box with its doors open on free ports, and whoever wants to come in."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from msgspec.structs import replace

from edge.box import Box
from edge.config import Config
from simulators.premises import Premises
from tests.mqtt_far import Far, far
from tests.stand import stand

HANDHELD, PC_POS = "handheld-1", "pos-1"


class Told(NamedTuple):
    """What an HTTP door answered."""

    status: int
    said: Any

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.said["code"])


class Gate(NamedTuple):
    """A box, its folder, and clients for its doors."""

    box: Box
    config: Config
    premises: Premises
    trust: ssl.SSLContext | None = None

    @property
    def config_path(self) -> Path:
        """The configuration's file, for commands."""
        return self.premises.config_path

    async def post(
        self, operation: str, body: Any, login: str = "", host: str = "127.0.0.1", **headers: str
    ) -> Told:
        """Ask over HTTP; `login` is "name:token"."""
        sent = {"Authorization": f"Bearer {login}"} if login else {}
        return await self.fetch("POST", f"/v1/{operation}", sent | headers, host, json=body)

    async def fetch(
        self, method: str, path: str, headers: dict[str, str], host: str = "127.0.0.1", **more: Any
    ) -> Told:
        """Ask for any path."""
        scheme = "https" if self.config.http.tls else "http"
        url = f"{scheme}://{host}:{self.box.http.address[1]}{path}"
        connector = aiohttp.TCPConnector(ssl=self.trust or True, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, url, headers=headers, **more) as answer,
        ):
            raw = await answer.read()
        return Told(answer.status, json.loads(raw) if raw[:1] == b"{" else raw.decode())

    async def office(self, operation: str, request: Any) -> Told:
        """Ask as the owner does."""
        answer = await self.box.doors.registrar.handle(operation, json.dumps(request).encode())
        return Told(answer.status, json.loads(answer.body))

    async def handheld(self, name: str, token: str, **more: Any) -> Far:
        """Connect over MQTT; the caller waits for what becomes of it."""
        end = far(name, password=token.encode(), subscriptions=more.pop("subscriptions", ()))
        host, port = self.box.mqtt.address
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: end, more.pop("host", host), port, **more)
        return end

    def token(self, name: str) -> str:
        """Return the token of a terminal of the configuration."""
        return self.premises.tokens[name]

    def login(self, name: str) -> str:
        """Return what a terminal of the configuration says over HTTP."""
        return f"{name}:{self.token(name)}"


@asynccontextmanager
async def gate(
    folder: Path, adjust: Callable[[Config], Config] = lambda config: config
) -> AsyncIterator[Gate]:
    """Open a box's doors until the end of the block."""

    def open_ports(config: Config) -> Config:
        anywhere = "127.0.0.1:0"
        doors = {
            "http": replace(config.http, listen=anywhere, requests_per_second_max=1000),
            "mqtt": replace(config.mqtt, listen=anywhere),
        }
        return adjust(replace(config, **doors))

    async with stand(folder, adjust=open_ports, scanner_url="socket://127.0.0.1:9") as shop:
        await shop.box.doors.open()
        try:
            yield Gate(shop.box, shop.config, shop.premises)
        finally:
            await shop.box.doors.close()
