"""An MQTT door with a desk that echoes behind it, in memory or on sockets."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from drivers.links import MemoryServer
from drivers.mqtt import Message
from edge.config import Mqtt
from edge.doors.asking import PROBLEM
from edge.doors.mqtt import MqttDoor
from tests import virtual_time
from tests.fake_desk import FakeDesk, access
from tests.mqtt_far import STORE, Far, connected


class House:
    """A door with a desk behind it, reached in memory."""

    def __init__(self, **changes: Any) -> None:
        self.desk = FakeDesk()
        settings = Mqtt(listen="127.0.0.1:0", **changes)
        self.door = MqttDoor(self.desk, access(), STORE, settings)
        self.server = MemoryServer(self.door.connection)

    async def come(self, end: Far) -> Far:
        await self.server.link().open(end)
        return await connected(end)


def in_memory(test: Callable[[House], Awaitable[None]], **changes: Any) -> None:
    """Run `test` in virtual time against a house, and close its door."""

    async def main() -> None:
        house = House(**changes)
        try:
            await test(house)
        finally:
            await house.door.close()

    virtual_time.run(main())


def code(message: Message) -> str:
    assert message.content_type == PROBLEM
    problem = json.loads(message.payload)
    assert problem["fix"]
    return str(problem["code"])


@contextlib.asynccontextmanager
async def on_sockets(**changes: Any) -> AsyncIterator[House]:
    house = House(**changes)
    await house.door.open()
    try:
        yield house
    finally:
        await house.door.close()
