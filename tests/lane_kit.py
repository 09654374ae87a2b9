"""A lane with a scanner, a display, a printer and a scale on memory wires, in virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from msgspec.structs import replace

import drivers
from drivers.codec import Codec, Send
from drivers.device import Device
from drivers.events import Keyed, OpenDrawer, Scan
from drivers.links import Link, MemoryLink, memory_pair
from edge import config as settings
from edge.box import Box, Parts
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, Weather
from simulators.customer_display import Device as Display
from simulators.escpos_printer import Device as Printer
from simulators.keys import make_key
from simulators.lines_scanner import Device as Scanner
from simulators.member_code import Minter
from simulators.premises import Plan, furnish
from simulators.scale import Device as Scale
from tests import virtual_time
from tests.counter_kit import rich
from tests.stand import MemoryFarSide

NOW = 1_795_300_000_000
DRIVERS = {
    "scanner-1": "lines_scanner",
    "display-1": "customer_display",
    "printer-1": "escpos_printer",
    "scale-1": "scale",
}
LANE = "lane-1"
MINTER = Minter.of(b"c" * 32)
CASH, CANCEL = "EDGE:PAY:CASH", "EDGE:CANCEL"
TEA, OOLONG = demo_data.ean(3), demo_data.ean(4)
COPY = "*** 补打小票 ***"
"""What a receipt that is printed again says."""


class Talking(Codec[bytes]):
    """A device that can also be made to send any bytes: tell it bytes."""

    def __init__(self, codec: Codec[bytes]) -> None:
        self._codec = codec

    def start(self, now: float) -> Iterable[object]:
        return self._codec.start(now)

    def receive(self, frame: bytes, now: float) -> Iterable[object]:
        return self._codec.receive(frame, now)

    def command(self, command: object, now: float) -> Iterable[object]:
        return [Send(command)] if isinstance(command, bytes) else self._codec.command(command, now)


class Lane:
    """The lane, its devices in somebody's hands, and the box behind it."""

    def __init__(
        self, folder: Path, names: tuple[str, ...], *, till: bool = True, lang: str = "zh"
    ) -> None:
        key = make_key("cloud-1", Random(1))
        self.twin = CloudTwin(key, now=lambda: NOW)
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.seed_products(demo_data.products())
        self.twin.publish_bundle(rich())
        plan = Plan("http://127.0.0.1:1", {key.id: key.public_key}, lang=lang)
        premises = furnish(folder, plan)
        self.twin.register_box(premises.box, premises.public_key)
        own = {"cashier": "anna", "terminal": "till-1"} if till else {}
        lane = settings.Lane(id=LANE, devices=names, lang=lang, **own)  # type: ignore[arg-type]
        devices = {name: _device(name) for name in names}
        config = settings.load(premises.config_path)
        cloud = replace(config.cloud, member_code_keys={"codes-1": MINTER.public_key})
        self.config = replace(config, cloud=cloud, lanes={LANE: lane}, devices=devices)
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.drawer = self._nonce = 0
        self.printer, self.display = (
            Printer(DRIVER_SETTINGS["printer-1"]),
            Display(DRIVER_SETTINGS["display-1"]),
        )
        self.scale = Scale(DRIVER_SETTINGS["scale-1"])
        self._codecs: dict[str, Codec[bytes]] = {
            "scanner-1": Scanner(DRIVER_SETTINGS["scanner-1"]), "display-1": self.display,
            "printer-1": self.printer, "scale-1": self.scale,
        }  # fmt: skip
        self._wires: dict[str, tuple[MemoryLink, MemoryLink]] = {}
        self.hands: dict[str, Device] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # --- the box -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Start a box on the files there are, and wait until it sells."""
        loop = asyncio.get_running_loop()
        self.writer = SteppedWriter(0.01)
        world = World(lambda: NOW + int(loop.time() * 1000), loop.time, Random(loop.time()))
        far_side = MemoryFarSide(self.twin, Weather(Random(1), CLEAR))
        for name in self.config.devices:
            self.plug(name)
        parts = Parts(self.writer, far_side, self._link, codes_writer=SteppedWriter(0.01))
        self.box = Box(self.config, world, parts)
        self._run("watcher", self._watch())
        await asyncio.sleep(0)
        await self.box.begin()
        self._run("box", self.box.run())
        while self.box.health().state == "not_selling":
            await asyncio.sleep(0.1)
        self.box.lanes.resume()
        await asyncio.sleep(1)

    async def stop(self, *, crash: bool = False) -> None:
        """End the box; a crash loses what is not on disk."""
        if crash:
            self.writer.abandon()
        for name in tuple(self._tasks):
            await self._end(name)
        await self.box.close()

    async def _watch(self) -> None:
        with self.box.feeds.subscribe(LANE) as feed:
            async for kind, data in feed:
                self.said.append((kind, json.loads(data)))

    # --- the devices -------------------------------------------------------------------------

    def plug(self, name: str) -> None:
        """Put a device's plug in."""
        self._wires.setdefault(name, memory_pair())
        far = Device(name, self._wires[name][1], lambda: Talking(self._codecs[name]), self._heard)
        self.hands[name] = far
        self._run(name, far.run())

    async def unplug(self, name: str) -> None:
        """Pull a device's plug."""
        await self._end(name)

    def _heard(self, event: object) -> None:
        self.drawer += isinstance(event, OpenDrawer)

    def _link(self, device: settings.Device) -> Link:
        return self._wires[device.name][0]

    def _run(self, name: str, work: Any) -> None:
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    # --- the people --------------------------------------------------------------------------

    async def scan(self, *codes: str) -> None:
        """Scan codes, one after the other."""
        for code in codes:
            assert self.hands["scanner-1"].tell(Scan(code))
            await asyncio.sleep(0.1)

    def member_code(self) -> str:
        """Return a fresh code of the first member, as their phone shows it."""
        self._nonce += 1
        now = self.box._world.clock.read().at_ms // 1000
        return MINTER.cloud_code("m0001", now, self._nonce.to_bytes(8, "big"))

    async def ask(self, operation: str, **body: object) -> dict[str, Any]:
        """Return what the desk answers the PC till."""
        content = json.dumps(body).encode()
        answer = await self.box.desk.handle(self.config.terminals["pos-1"], operation, content)
        said = json.loads(answer.body)
        assert isinstance(said, dict)
        return said

    async def key(self, *lines: str) -> None:
        """Type lines on the keypad."""
        for line in lines:
            self.box.lanes.hear("scanner-1", Keyed(line))
            await asyncio.sleep(0.1)

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """Return what the lane published of a kind."""
        return [said for one, said in self.said if one == kind]

    def heard_last(self, kind: str) -> dict[str, Any]:
        """Return the last thing of a kind that the lane published."""
        return self.heard(kind)[-1]

    @property
    def sales(self) -> list[str]:
        """The keys of this lane's sales in the journal."""
        pages = self.box.journal.after(0, 1000)
        return [page.key for page in pages if page.origin == "till-1"]


DRIVER_SETTINGS = {name: drivers.load(driver).settings() for name, driver in DRIVERS.items()}


def _device(name: str) -> settings.Device:
    return settings.Device(name, DRIVERS[name], "/dev/null", DRIVER_SETTINGS[name], {})


@asynccontextmanager
async def lane(
    folder: Path,
    names: tuple[str, ...] = ("scanner-1", "display-1", "printer-1", "scale-1"),
    **how: Any,
) -> AsyncIterator[Lane]:
    """Run a lane until the end of the block."""
    it = Lane(folder, names, **how)
    await it.start()
    try:
        yield it
    finally:
        await it.stop()
        it.twin.close()


def in_virtual_time(
    test: Callable[[Path], Coroutine[Any, Any, None]],
) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        virtual_time.run(test(tmp_path))

    run.__name__ = test.__name__
    return run


def memory_of(folder: Path) -> Path:
    [file] = folder.rglob(f"lanes/{LANE}.json")
    return file


def printed(it: Lane, what: str) -> int:
    return sum(row.strip() == what for row in it.printer.paper)


def cuts(it: Lane) -> int:
    return sum(row.endswith("8<") for row in it.printer.paper)
