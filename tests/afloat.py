"""A store in virtual time, through crashes and restarts; and the recorder of what was told."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from drivers.device import Device
from drivers.lines_scanner import Settings as ScannerSettings
from drivers.links import Link, MemoryServer, memory_pair
from edge import config as settings
from edge.box import Box, Parts
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, Weather
from simulators.keys import make_key
from simulators.lines_scanner import Device as Scanner
from simulators.premises import Plan, Premises, furnish
from tests.stand import MemoryFarSide

MORNING = 1_795_300_000_000
"""When the day begins, ms since 1970 UTC: in November 2026."""
DAY_SECONDS = 10 * 3600
HANDHELDS = ("handheld-1", "handheld-2", "handheld-3")
TERMINALS = {name: "handheld" for name in HANDHELDS} | {"pos-1": "pc_pos"}


@dataclass(slots=True)
class Recorder:
    """What was asked and answered, key by key."""

    answers: dict[str, bytes] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def answered(self, key: str, body: bytes) -> None:
        """Write down an answer; a key's second answer must be its first, byte for byte."""
        if self.answers.setdefault(key, body) != body:
            self.differing.append(key)


class Store:
    """The box and everything around it, through crashes and restarts."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.luck = random.Random(seed)
        self.loop = asyncio.get_running_loop()
        self.clock_offset_ms = 0
        key = make_key("cloud-1", random.Random(seed))
        self.twin = CloudTwin(key, now=self.true_time)
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.seed_products(demo_data.products())
        self.twin.publish_bundle(demo_data.bundle("s1"))
        self.weather = Weather(self.luck, CLEAR)
        plan = Plan(
            "http://127.0.0.1:1", {key.id: key.public_key}, TERMINALS, "/dev/scanner",
            changes_interval_seconds=300, bundle_interval_seconds=900,
            retry_seconds_max=300,
        )  # fmt: skip
        self.premises: Premises = furnish(folder, plan)
        self.twin.register_box(self.premises.box, self.premises.public_key)
        self.config = settings.load(self.premises.config_path)
        self.door = MemoryServer(self._connection)
        self.box_end, scanner_end = memory_pair()
        scanner = ScannerSettings(aim=True)
        self.scanner = Device("scanner", scanner_end, lambda: Scanner(scanner), lambda event: None)
        self.recorder = Recorder()
        self.lane_sold: list[bytes] = []

    def true_time(self) -> int:
        """Return the time by which the cloud lives, ms since 1970 UTC."""
        return MORNING + int(self.loop.time() * 1000)

    def start_box(self) -> None:
        """Start a box on the files there are."""
        world = World(
            now=lambda: self.true_time() + self.clock_offset_ms,
            monotonic=self.loop.time,
            luck=self.luck,
        )
        self.writer = SteppedWriter(flush_seconds=0.004)
        parts = Parts(self.writer, MemoryFarSide(self.twin, self.weather), self.link)
        self.box = Box(self.config, world, parts)
        self.running = asyncio.create_task(self._run(self.box), name="box")
        self.watching = asyncio.create_task(self._watch_lane(), name="lane watcher")
        self.door.plug()

    def link(self, device: settings.Device) -> Link:
        return self.box_end

    def _connection(self) -> asyncio.Protocol:
        return self.box.mqtt.connection()

    async def _run(self, box: Box) -> None:
        await box.begin()
        await box.run()

    async def _watch_lane(self) -> None:
        with self.box.feeds.subscribe("lane-1") as feed:
            async for kind, data in feed:
                self.recorder.counts[f"lane {kind}"] += 1
                if kind == "sold":
                    self.lane_sold.append(data)

    async def stop_box(self, *, crash: bool) -> None:
        """End the box: in good order, or as a power cut does."""
        if crash:
            self.writer.abandon()
        self.door.unplug()
        await end([self.running, self.watching])
        await self.box.mqtt.close()
        await self.box.close()


async def end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
