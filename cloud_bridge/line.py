"""A box's signed line to its cloud: one question, one answer, or nobody there."""

from collections.abc import Callable
from dataclasses import dataclass

from cloud_bridge.auth import write_auth
from cloud_bridge.courier import Later, WireAnswer
from cloud_bridge.http import Unreachable, Wire


@dataclass(frozen=True, slots=True)
class Line:
    """Who asks (`sign` is by the box's key), over which wire; `now` is in ms since 1970 UTC."""

    box: str
    sign: Callable[[bytes], bytes]
    wire: Wire
    now: Callable[[], int]

    async def ask(
        self, method: str, target: str, body: bytes, seconds_max: float
    ) -> WireAnswer | Later:
        """Return the cloud's answer to one request, or that there was none."""
        auth = write_auth(self.box, self.now(), self.sign, method, target, body)
        headers = {"Edge-Auth": auth}
        if body:
            headers["Content-Type"] = "application/json"
        try:
            return await self.wire.request(method, target, headers, body, seconds_max)
        except Unreachable as error:
            return Later(str(error))
