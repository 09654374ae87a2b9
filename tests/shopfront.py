"""A whole shop in one process with both doors open on sockets; its clock stands still."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from edge.config import Config
from edge.world import World
from tests.http_house import http, reply_of, talk
from tests.mqtt_far import STORE, Far, far
from tests.stand import Stand, stand, until

NOW = 1_795_300_000_000
ONLINE = "offline.v1"
"""The last fact a new box writes by itself: how long it was without a cloud."""
PACKET_BYTES_MAX = 131_072
"""Room for a request that is too large, so that the desk and not the framing refuses it."""


class Said(NamedTuple):
    """An answer, whatever door it came through."""

    media: str
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content


class Shopfront:
    """Terminals are one id and one token, and may come through either door."""

    def __init__(self, shop: Stand) -> None:
        self.shop, self.box = shop, shop.box

    @asynccontextmanager
    async def at_mqtt(self, name: str = "pos-1", **settings: Any) -> AsyncIterator[Far]:
        """A terminal that is logged in at the MQTT door until the end of the block."""
        token, own = self.shop.premises.tokens[name], f"edge/v1/{STORE}/{name}"
        settings = {"subscriptions": (f"{own}/rsp/+", f"{own}/evt/+"), **settings}
        end = far(name, password=token.encode(), **settings)
        await asyncio.get_running_loop().create_connection(lambda: end, *self.box.mqtt.address)
        try:
            yield end
        finally:
            end.transport.close()
            await end.lost.wait()

    async def over_mqtt(self, end: Far, operation: str, payload: bytes) -> Said:
        end.ask(operation, payload, correlation=b"%d" % len(payload))
        answer = await end.answer()
        assert answer.topic == end.topics.response(operation)
        assert answer.correlation == b"%d" % len(payload)
        assert answer.content_type is not None
        return Said(answer.content_type, answer.payload)

    async def over_http(self, name: str, operation: str, payload: bytes) -> Said:
        headers = {
            "Host": "localhost",
            "Content-Type": "application/json",
            "Accept-Language": "en",
            "Authorization": f"Bearer {name}:{self.shop.premises.tokens[name]}",
        }
        raw = await talk(self.box.http, http("POST", f"/v1/{operation}", headers, payload))
        status, told, content = reply_of(raw)
        said = Said(told["content-type"], raw.partition(b"\r\n\r\n")[2])
        assert status == (content["status"] if said.media.endswith("problem+json") else 200)
        return said

    async def over_both(self, end: Far, operation: str, payload: bytes) -> Said:
        """Return the answer, which is the same through both doors."""
        first = await self.over_mqtt(end, operation, payload)
        second = await self.over_http(end.topics.terminal, operation, payload)
        assert first == second, f"the doors differ: {first} {second}"
        return first

    async def settled(self) -> int:
        """Return how many facts there are once the cloud has them all and nothing is under way."""
        await until(lambda: (how := self.box.health()).cloud == "up" and not how.waiting)
        return self.box.journal.committed


def unhurried(config: Config) -> Config:
    """Let a terminal ask as much as it likes, as large junk counts for many requests."""
    rate = 100_000
    return replace(
        config,
        http=replace(config.http, requests_per_second_max=rate),
        mqtt=replace(config.mqtt, requests_per_second_max=rate),
    )


def _adjusted(config: Config) -> Config:
    mqtt = replace(config.mqtt, listen="127.0.0.1:0", packet_bytes_max=PACKET_BYTES_MAX)
    return replace(config, mqtt=mqtt, http=replace(config.http, listen="127.0.0.1:0"))


@asynccontextmanager
async def open_shop(
    folder: Path,
    *,
    scanner_url: str | None = None,
    bundle: dict[str, Any] | None = None,
    adjust: Callable[[Config], Config] = lambda config: config,
) -> AsyncIterator[Shopfront]:
    """Run a box that sells, quietly: the cloud is asked for news once and not again."""
    world = World(lambda: NOW, asyncio.get_running_loop().time, Random(1))
    async with (
        asyncio.timeout(60),
        stand(
            folder,
            world=world,
            interval_seconds=7200,
            scanner_url=scanner_url,
            bundle=bundle,
            adjust=lambda config: _adjusted(adjust(config)),
        ) as shop,
    ):
        await shop.box.mqtt.open()
        await shop.box.http.open()
        try:
            await until(lambda: ONLINE in [page.kind for page in shop.box.journal.after(0, 10)])
            yield Shopfront(shop)
        finally:
            await shop.box.http.close()
            await shop.box.mqtt.close()
