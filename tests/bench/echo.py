"""The far ends of the references: what is asked comes back, and nothing else happens.

Run as `python -m tests.bench.echo mqtt PORT`, `... http` or `... aiohttp`; prints the port it
listens on (of the broker, for MQTT) once it answers.
"""

import asyncio
import sys

import uvloop
from aiohttp import web

from tests.bench.wires import HttpWire, Message, MqttWire

TOPICS = ("echo/req/", "echo/rsp/")


async def mqtt(port: int) -> int:
    """Answer through the broker on this port."""

    def echo(message: Message) -> None:
        wire.publish(message.response_topic, message.payload)

    wire = await MqttWire.connect(("127.0.0.1", port), ("echo", ""), ("unused/", TOPICS[0]), echo)
    return port


async def http(_: int) -> int:
    """Answer on a bare asyncio protocol."""

    def connection() -> HttpWire:
        wire = HttpWire(lambda message: wire.reply(message.payload))
        return wire

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


async def aiohttp(_: int) -> int:
    """Answer on aiohttp's bare server: no routes, no middleware."""

    async def serve(request: web.BaseRequest) -> web.Response:
        return web.Response(body=await request.read(), content_type="application/json")

    server = web.Server(serve, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    return int(listener.sockets[0].getsockname()[1])


async def main(kind: str, port: int) -> None:
    """Answer until killed."""
    start = {"mqtt": mqtt, "http": http, "aiohttp": aiohttp}[kind]
    print(await start(port), flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
