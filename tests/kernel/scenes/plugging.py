"""What every plugged thing has to show: it is heard, missed when it is pulled, and back."""

from collections.abc import Callable
from typing import Any, Protocol

from drivers.codec import Codec, Send
from drivers.events import Scan
from drivers.links import from_url
from tests.kernel.scenes.listening import listening, until

CODE = "6901234567892"


class Plug(Protocol):
    """A device made by hand in the kernel."""

    def path(self) -> Any:
        """Return its file, None until there is one."""
        ...

    def play(self, frame: bytes) -> None:
        """Let it send one frame."""
        ...

    def pull(self) -> None:
        """Pull the plug."""
        ...


async def plugging(
    driver: str,
    url: str,
    plugged: Callable[[], Plug],
    stranger: Callable[[], Plug],
    device: Codec[bytes],
) -> dict[str, Any]:
    """Plug, scan, unplug, replug and scan, by the device's identity and not by its number.

    A stranger takes the number while the plug is out, so that the device comes back renamed.
    """
    plug = plugged()
    paths = [await until(plug.path)]
    async with listening(driver, from_url(url)) as scanner:
        await scanner.state("ready")
        scan(plug, device)
        assert await scanner.next() == Scan(CODE)
        plug.pull()
        lost = await scanner.state("lost")
        other = stranger()
        await until(other.path)
        plug = plugged()
        paths.append(await until(plug.path))
        back = await scanner.state("ready")
        scan(plug, device)
        assert await scanner.next() == Scan(CODE)
    plug.pull()
    other.pull()
    assert paths[0] != paths[1], "it was to come back under another name"
    return {"paths": [str(path) for path in paths], "lost_seconds": lost, "back_seconds": back}


def scan(plug: Plug, device: Codec[bytes]) -> None:
    """Pull the trigger."""
    for out in device.command(Scan(CODE), 0.0):
        assert isinstance(out, Send)
        plug.play(out.frame)
