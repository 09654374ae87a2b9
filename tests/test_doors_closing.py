"""Clients that come while a door closes: each is told so, and no socket is left to nobody."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from edge.doors.http import HttpDoor
from edge.doors.mqtt import MqttDoor
from tests.http_house import house as http_house
from tests.mqtt_house import on_sockets as mqtt_house

CLIENTS = 3
PATIENCE_SECONDS = 60
TURNS = range(6)
"""asyncio needs three turns of its loop from the kernel's word to the protocol's."""

Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
any_moment = pytest.mark.parametrize("turns", TURNS)


async def hears_the_end(client: socket.socket) -> None:
    """Read whatever there is until the door hangs up."""
    loop = asyncio.get_running_loop()
    with client:
        try:
            while await loop.sock_recv(client, 1024):
                pass
        except ConnectionError:
            return


async def close_around_clients(door: HttpDoor | MqttDoor, turns: int) -> None:
    """Close the door `turns` after clients reached the kernel; all of them must hear of it."""
    clients = [socket.create_connection(door.address) for _ in range(CLIENTS)]
    for client in clients:
        client.setblocking(False)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(door.close(), *map(hears_the_end, clients))


@both_loops
@any_moment
def test_mqtt_clients_half_way_in_hear_that_the_door_closes(run: Run, turns: int) -> None:
    async def main() -> None:
        async with mqtt_house() as house:
            await close_around_clients(house.door, turns)

    run(main())


@both_loops
@any_moment
def test_http_clients_half_way_in_hear_that_the_door_closes(run: Run, turns: int) -> None:
    async def main() -> None:
        async with http_house() as house:
            await close_around_clients(house.door, turns)
            assert house.door.connections == 0

    run(main())
