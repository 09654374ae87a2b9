"""Is an external broker safe? We try what a stranger would, and it has to say no.

At a broker the topic says who a terminal is. That is only true if the broker knows every client
by its password and lets each publish to its own topics. So the box comes a second time, as `dev`,
who may do nothing, and then as nobody at all.
"""

import asyncio
import hashlib
import hmac
from typing import Any, Final

from drivers.mqtt import Acknowledged, Client, ClientSettings, Connected, Message, Rejected, Topics
from edge.doors.broker_line import Address, Line

BOX: Final = "box"
STRANGER: Final = "dev"
"""The box's own names at the broker; no terminal can have them."""
PROBE_SECONDS_MAX: Final = 10.0
REFUSED: Final = 0x80
_WRONG: Final = "a wrong password"


class Unsure(Exception):
    """The broker went away before it had answered."""


def stranger_password(password: str) -> str:
    """Return the password of `dev`, which follows from the box's own."""
    return hmac.digest(password.encode(), STRANGER.encode(), hashlib.sha256).hex()


async def find_holes(address: Address, store: str, victim: str, password: str) -> tuple[str, ...]:
    """Return what a stranger could do there; nothing is what we want to hear.

    `victim` is a terminal's name; nothing is done in it if the broker is safe. Raises Unsure.
    """
    nameless = await _asked(address, ClientSettings(client_id="", username=None, password=None))
    holes = [] if nameless is None else ["it lets in who says no name"]
    wrong = await _asked(address, _settings(_WRONG))
    holes += [] if wrong is None else ["it lets in who has a wrong password"]
    topic = Topics(store, victim).request("health")
    code = await _asked(address, _settings(stranger_password(password)), topic)
    if code is None:
        raise Unsure("the broker does not know the user dev: run edgebox broker config again")
    holes += [] if code >= REFUSED else ["it lets a client publish what is another's"]
    return tuple(holes)


def _settings(password: str) -> ClientSettings:
    return ClientSettings(
        # Under the box's own client id: a broker that believes it would cut the box off.
        client_id=BOX,
        username=STRANGER,
        password=password.encode(),
        clean_start=True,
        session_seconds=0,
    )


async def _asked(address: Address, settings: ClientSettings, topic: str = "") -> int | None:
    """Return None if we are not let in; else the code of what we publish, 0 for nothing."""
    events: asyncio.Queue[object] = asyncio.Queue()
    try:
        line = await Line.open(address, Client(settings), events.put_nowait)
    except (OSError, TimeoutError) as error:
        raise Unsure(f"{type(error).__name__}") from error
    try:
        async with asyncio.timeout(PROBE_SECONDS_MAX):
            return await _answer(line, events, topic)
    except TimeoutError as error:
        raise Unsure("the broker is silent") from error
    finally:
        line.close()
        await line.over


async def _answer(line: Line, events: "asyncio.Queue[object]", topic: str) -> int | None:
    while True:
        coming = asyncio.ensure_future(events.get())
        ends: set[asyncio.Future[Any]] = {coming, line.over}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            coming.cancel()
            raise Unsure("the broker hung up")
        match coming.result():
            case Rejected():
                return None
            case Connected() if topic:
                line.publish(Message(topic=topic, payload=b"{}"))
            case Connected():
                return 0
            case Acknowledged(code):
                return code
