"""The wire to the cloud: one request, one answer, or nobody there.

`Wire` is what the bridge needs; `HttpWire` is the real one. The answer's size and time are
limited, redirects are not followed (a captive portal loves them), cookies are not kept.
"""

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol

import aiohttp
from yarl import URL

from cloud_bridge.contract import CloudError
from cloud_bridge.courier import WireAnswer

CONNECT_SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024


class Unreachable(CloudError):
    """No answer, or none that can be read; what became of the request is not known."""


class Wire(Protocol):
    """A way to the cloud."""

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        """Return the cloud's answer to one request, or raise `Unreachable`.

        `target` is the path with its query, already quoted. Ends within `timeout_seconds`.
        """
        ...


class NoWire:
    """The wire of a box that belongs to no cloud: nobody is ever there."""

    async def close(self) -> None:
        """Do nothing."""

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        """Raise `Unreachable`."""
        raise Unreachable("this box belongs to no cloud")


class HttpWire:
    """HTTP/1.1 over one kept connection. `base_url` is without a trailing slash.

    With https the certificate is always verified, against `tls` or the system's store.
    """

    def __init__(
        self,
        base_url: str,
        tls: ssl.SSLContext | None = None,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._tls = tls
        self._answer_bytes_max = answer_bytes_max
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "HttpWire":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; a later request opens it again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        """See `Wire`."""
        if self._session is None:
            self._session = self._open()
        limits = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(CONNECT_SECONDS_MAX, timeout_seconds)
        )
        try:
            async with self._session.request(
                method,
                URL(self._base_url + target, encoded=True),
                headers=headers,
                data=body or None,
                timeout=limits,
                allow_redirects=False,
            ) as answer:
                names = {name.lower(): value for name, value in answer.headers.items()}
                return WireAnswer(answer.status, names, await self._body(answer))
        except TimeoutError as error:
            raise Unreachable(f"no answer within {timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=True if self._tls is None else self._tls, limit=4),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
        )

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        pieces = bytearray()
        async for piece in answer.content.iter_any():
            pieces += piece
            if len(pieces) > self._answer_bytes_max:
                raise Unreachable(f"the answer is longer than {self._answer_bytes_max} bytes")
        return bytes(pieces)
