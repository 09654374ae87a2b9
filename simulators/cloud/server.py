"""The cloud on a real socket, so that a box meets it as it meets any cloud."""

from types import TracebackType

from aiohttp import web

from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import Weather

REQUEST_BYTES_MAX = 16 * 1024 * 1024


class CloudServer:
    """HTTP for a twin; `weather` stands between (none: always fine). `async with` runs it."""

    def __init__(
        self,
        twin: CloudTwin,
        host: str = "127.0.0.1",
        port: int = 0,
        weather: Weather | None = None,
    ) -> None:
        self._twin = twin
        self._host = host
        self._port = port
        self._weather = weather
        self._runner: web.AppRunner | None = None
        self.url = ""
        """Where it listens, once started: "http://host:port"."""

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=REQUEST_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> "CloudServer":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = (request.method, request.raw_path, dict(request.headers), body)
        reply = (
            await self._twin.handle(*call)
            if self._weather is None
            else await self._weather.carry(self._twin, *call)
        )
        if reply is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=504)
        return web.Response(status=reply.status, headers=dict(reply.headers), body=reply.body)
