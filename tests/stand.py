"""A box with its cloud in the same process: everything but the doors' sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from cloud_bridge.http import Wire
from edge import config as settings
from edge.box import Box, Parts
from edge.config import Config, Terminal
from edge.journal import free_bytes
from edge.world import World, real_world
from edge.writer import Writer
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, MemoryWire, Weather
from simulators.keys import make_key
from simulators.premises import Plan, Premises, furnish

T = TypeVar("T")


class MemoryFarSide:
    """The cloud twin in the same process; blocking work simply blocks."""

    def __init__(self, twin: CloudTwin, weather: Weather) -> None:
        self.wire: Wire = MemoryWire(twin, weather)

    async def offload(self, call: Callable[[], T]) -> T:
        return call()

    async def close(self) -> None:
        pass


class Stand:
    """A box that has its rules and prices, and short words for asking it."""

    def __init__(
        self, box: Box, twin: CloudTwin, weather: Weather, config: Config, premises: Premises
    ) -> None:
        self.box, self.twin, self.weather, self.config = box, twin, weather, config
        self.premises = premises

    def terminal(self, name: str = "pos-1") -> Terminal:
        return self.config.terminals[name]

    async def ask(
        self, operation: str, body: dict[str, Any] | bytes, name: str = "pos-1"
    ) -> dict[str, Any]:
        """Return the desk's answer; "status" is the HTTP status unless the body has one."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.box.desk.handle(self.terminal(name), operation, payload)
        content = json.loads(answer.body)
        assert isinstance(content, dict)
        return {"status": answer.status, **content}

    async def quote(
        self, lines: list[dict[str, Any]], member: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return await self.ask("quote", {"lines": lines, "member": member})

    async def sale(
        self,
        key: str,
        lines: list[dict[str, Any]],
        member: dict[str, Any] | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        """Return a sell request that fits a fresh quote, but for what is `changed`."""
        quoted = await self.quote(lines, member)
        request = {
            "key": key, "cashier": "anna", "lines": lines, "member": member,
            "quote": quoted["quote"], "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": quoted["total"]}],
        }  # fmt: skip
        return {**request, **changed}


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that is under way."""
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def stand(
    folder: Path,
    *,
    world: World | None = None,
    writer: Writer | None = None,
    seed: int = 1,
    bundle: dict[str, Any] | None = None,
    interval_seconds: float = 1.0,
    scanner_url: str | None = None,
    adjust: Callable[[Config], Config] = lambda config: config,
    free: Callable[[Path], int] = free_bytes,
) -> AsyncIterator[Stand]:
    """Run a box on fresh files (or those there are) until the end of the block.

    `adjust` has the last word on the configuration; `free` says how much room its disk has.
    """
    world = world or real_world()
    key = make_key("cloud-1", Random(seed))
    twin = CloudTwin(key, now=world.now)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_products(demo_data.products())
    twin.publish_bundle(bundle or demo_data.bundle("s1"))
    weather = Weather(Random(seed), CLEAR)
    plan = Plan(
        "http://127.0.0.1:1", {key.id: key.public_key},
        changes_interval_seconds=interval_seconds, bundle_interval_seconds=interval_seconds,
        scanner_url=scanner_url,
    )  # fmt: skip
    premises = furnish(folder, plan)
    twin.register_box(premises.box, premises.public_key)
    config = adjust(settings.load(premises.config_path))
    box = Box(config, world, Parts(writer, MemoryFarSide(twin, weather), free=free))
    await box.begin()
    running = asyncio.create_task(box.run(), name="box")
    try:
        await until(lambda: box.health().state != "not_selling")
        yield Stand(box, twin, weather, config, premises)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await box.close()
        twin.close()
