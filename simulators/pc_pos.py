"""A PC till: the far end of the HTTP door, as a till's maker would write it.

It sends a request until it is answered, always with the same key, so that a sale happens once
however often the network fails.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any

import aiohttp

from simulators.answers import believed
from simulators.request_keys import new_key

KEYED_OPERATIONS = frozenset({"sell"})


class PcPos:
    """A till at `url`, known to the box as `terminal_id`. Use it as an async context manager."""

    def __init__(
        self,
        url: str,
        terminal_id: str,
        token: str,
        *,
        delay_seconds_max: float = 2.0,
        attempt_seconds_max: float = 15.0,
    ) -> None:
        self._delay_seconds_max = delay_seconds_max
        self._session = aiohttp.ClientSession(
            url,
            headers={"Authorization": f"Bearer {terminal_id}:{token}"},
            timeout=aiohttp.ClientTimeout(attempt_seconds_max),
        )

    async def __aenter__(self) -> "PcPos":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def request(
        self, operation: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Return the box's answer, a reply or a problem, however long it takes.

        Tries again with the same key while the box cannot be reached, fails, or says
        `retry: same`. A sale without a key gets a fresh one.
        """
        headers = {}
        if operation in KEYED_OPERATIONS:
            key = key or str(body.get("key") or new_key())
            body = {**body, "key": key}
            headers["Idempotency-Key"] = key
        delay_seconds = 0.05
        while True:
            answer = await self._attempt("POST", f"/v1/{operation}", headers, body)
            if answer is not None:
                return answer
            await asyncio.sleep(delay_seconds * random.random())
            delay_seconds = min(self._delay_seconds_max, delay_seconds * 2)

    async def known(self, key: str) -> dict[str, Any] | None:
        """Return what the box knows of `key`; None when it did not answer."""
        return await self._attempt("GET", f"/v1/requests/{key}", {}, None)

    async def lane_events(self, lane: str) -> AsyncIterator[tuple[str, Any]]:
        """Yield what happens on the till's lane as `(kind, content)`, until the box hangs up."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self._session.get(f"/v1/lanes/{lane}/events", timeout=timeout) as response:
            response.raise_for_status()
            kind = data = ""
            async for raw in response.content:
                name, _, value = raw.decode().rstrip("\r\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    data = value
                elif not name and data:
                    yield kind, json.loads(data)
                    kind = data = ""

    async def _attempt(
        self, method: str, path: str, headers: Mapping[str, str], body: Any
    ) -> dict[str, Any] | None:
        """Return a final answer, or None when it is worth trying again."""
        try:
            async with self._session.request(method, path, json=body, headers=headers) as response:
                answer = believed(await response.read(), headers.get("Idempotency-Key"))
        except (aiohttp.ClientError, TimeoutError):
            return None
        if answer is None:
            return None
        again = "code" in answer and answer.get("retry") == "same"
        return None if again else answer
