"""A store in virtual time, through crashes and restarts, and headquarters that change the rules."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.contract import LeaseAsked, Lot, SignedBundle, sha256
from drivers.device import Device
from drivers.lines_scanner import Settings as ScannerSettings
from drivers.links import Link, MemoryServer, memory_pair
from edge import config as settings
from edge.box import Box, Parts
from edge.config import Config
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.cloud.weather import CLEAR, Weather
from simulators.keys import make_key
from simulators.lines_scanner import Device as Scanner
from simulators.member_code import Minter
from simulators.premises import Plan, Premises, furnish
from tests.counter_kit import NEXT_TIME, REDEEM, TEN_OFF, trusting
from tests.oracle.programme import Programme
from tests.oracle.recorder import Recorder
from tests.stand import MemoryFarSide

MORNING = 1_795_300_000_000
"""When the day begins, ms since 1970 UTC: in November 2026."""
FLUSH_SECONDS = (0.004, 0.05, 1.5)
"""How long the disk takes for a commit: a good one, an old one, one that is dying."""
DAY_SECONDS = 10 * 3600
HANDHELDS = ("handheld-1", "handheld-2", "handheld-3")
TERMINALS = {name: "handheld" for name in HANDHELDS} | {"pos-1": "pc_pos"}
TOP_UP = {
    "offers": [
        {
            "id": "ten", "name_zh": "充送", "name_en": "Ten more",
            "steps": [{"at_least": 30_000, "bonus": 3_000}, {"at_least": 50_000, "bonus": 6_000}],
        },
    ],
}  # fmt: skip
GIFTS = [(f"m{n:04}", unit, 4_000 * n) for n in range(1, 6) for unit in ("PRN", "BON")]
"""What headquarters owe members when the day begins."""


class BusyWriter(SteppedWriter):
    """A writer that says when it has something to do."""

    def __init__(self, flush_seconds: float) -> None:
        super().__init__(flush_seconds)
        self.flush_seconds = flush_seconds
        self.busy = asyncio.Event()

    def put(self, job: object) -> "asyncio.Future[None]":
        """Queue a job; the future completes when it is durable."""
        self.busy.set()
        return super().put(job)


class Store:
    """The box and everything around it, through crashes and restarts."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.luck = random.Random(seed)
        self.loop = asyncio.get_running_loop()
        self.clock_offset_ms = 0
        self.knows_members = False
        """Whether the box has told anybody's balance yet."""
        key = make_key("cloud-1", random.Random(seed))
        self._minter = Minter(key.private_key)
        self.twin = CloudTwin(key, now=self.true_time)
        self.twin.seed_members(demo_data.members(), demo_data.cards())
        self.twin.seed_products(demo_data.products())
        self.programme = Programme.of(
            plain(demo_data.products()), plain(demo_data.members()), plain(demo_data.cards())
        )
        self._give()
        self.rules: list[bytes] = []
        self.publish_rules()
        self.weather = Weather(self.luck, CLEAR)
        plan = Plan(
            "http://127.0.0.1:1", {key.id: key.public_key}, TERMINALS, "/dev/scanner",
            changes_interval_seconds=300, bundle_interval_seconds=900,
            retry_seconds_max=300,
        )  # fmt: skip
        self.premises: Premises = furnish(folder, plan)
        self.twin.register_box(self.premises.box, self.premises.public_key)
        self._lease()
        self.config = lenient(settings.load(self.premises.config_path), self._minter)
        self.door = MemoryServer(self._connection)
        self.box_end, scanner_end = memory_pair()
        scanner = ScannerSettings(aim=True)
        self.scanner = Device("scanner", scanner_end, lambda: Scanner(scanner), lambda event: None)
        self.recorder = Recorder()
        self.died: asyncio.Future[None] = self.loop.create_future()
        """Ends with what ended a box that nobody had stopped."""
        self.is_open = False
        self._far_ends: list[asyncio.Task[None]] = []

    def _give(self) -> None:
        """Let headquarters owe some members value from before; boxes must ask for it."""
        for member, unit, amount in GIFTS:
            issuer, first = "hq", "2026-01-01"
            lot = Lot(
                id=f"cloud:{unit}:{member}", member=member, unit=unit, opened=first,
                active_from=first, issuer=issuer,
            )  # fmt: skip
            self.twin.keeping.give(lot, amount)
            self.programme.gifts.append((member, unit, amount))

    def _lease(self) -> None:
        """Let the cloud lease the box a part of what it owes."""
        for member in dict.fromkeys(member for member, _, _ in GIFTS):
            asked = LeaseAsked(id=f"lease-{member}", member=member, kind="value")
            self.twin.granting.lease(self.premises.box, asked)

    def true_time(self) -> int:
        """Return the time by which the cloud lives, ms since 1970 UTC."""
        return MORNING + int(self.loop.time() * 1000)

    def mint(self, member: str, seconds: int) -> str:
        """Return a code that a member's phone has from the cloud just now."""
        at, nonce = self.true_time() // 1000, self.luck.randbytes(8)
        code = self._minter.cloud_code(member, at, nonce, seconds)
        self.programme.cards[code] = member
        return code

    def look(self) -> None:
        """Write down by which rules the box sells, if it is running."""
        if self.is_open:
            self.recorder.rules_seen.append(self.box.health().bundle_version)

    def publish_rules(self) -> None:
        """Sign the next version of the rules; the amounts in them are other ones each time."""
        version = len(self.rules) + 1
        document = demo_data.bundle("s1", version)
        rules = [*document["rules"], TEN_OFF, {**NEXT_TIME, "amount": 4_000}, REDEEM]
        document["rules"] = [changed(rule, version) for rule in rules]
        document["programme"] = {"top_up": TOP_UP, "returns": {"window_days": 30}}
        raw = self.twin.publish_bundle(document)
        signed = bytes(msgspec.json.decode(raw, type=SignedBundle).bundle)
        self.rules.append(raw)
        self.programme.rules[sha256(signed)] = document

    def start_box(self) -> None:
        """Start a box on the files there are."""
        world = World(
            now=lambda: self.true_time() + self.clock_offset_ms,
            monotonic=self.loop.time,
            luck=self.luck,
        )
        self.writer = BusyWriter(self.luck.choice(FLUSH_SECONDS))
        self.codes_writer = SteppedWriter(self.writer.flush_seconds)
        far = MemoryFarSide(self.twin, self.weather)
        parts = Parts(self.writer, far, self.link, codes_writer=self.codes_writer)
        self.box = Box(self.config, world, parts)
        self.is_open = True
        self.running = asyncio.create_task(self._run(self.box), name="box")
        self.watching = asyncio.create_task(self._watch_lane(), name="lane watcher")
        self.door.plug()

    def link(self, device: settings.Device) -> Link:
        return self.box_end

    def _connection(self) -> asyncio.Protocol:
        return self.box.mqtt.connection()

    async def _run(self, box: Box) -> None:
        await box.begin()
        try:
            await box.run()
        except BaseExceptionGroup as group:
            if not self.died.done():
                self.died.set_exception(_first(group))

    async def _watch_lane(self) -> None:
        with self.box.feeds.subscribe("lane-1") as feed:
            async for kind, data in feed:
                self.recorder.counts[f"lane {kind}"] += 1
                if kind == "sold":
                    self.recorder.lane_sold.append(data)

    def keep_running(self, device: Device) -> None:
        """Run the far end of a wire until the store closes."""
        self._far_ends.append(asyncio.create_task(device.run(), name=device.name))

    async def close(self) -> None:
        """End the day in good order."""
        await end(self._far_ends)
        await self.stop_box(crash=False)
        self.died.cancel()

    async def give_up(self) -> None:
        """End a day that went wrong, whatever state it is in."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.died.cancel()
        if self.is_open:
            self.writer.abandon()
            self.codes_writer.abandon()
            self.door.unplug()
            await self.box.mqtt.close()
            await self.box.close()

    async def work_under_way(self) -> None:
        """Wait for a moment when something is on its way to the disk."""
        self.writer.busy.clear()
        await self.writer.busy.wait()
        await asyncio.sleep(self.luck.random() * 2 * self.writer.flush_seconds)

    async def stop_box(self, *, crash: bool) -> None:
        """End the box: in good order, or as a power cut does."""
        if crash:
            self.writer.abandon()
            self.codes_writer.abandon()
        self.door.unplug()
        await end([self.running, self.watching])
        self.is_open = False
        await self.box.mqtt.close()
        await self.box.close()


def lenient(config: Config, minter: Minter) -> Config:
    """Return a configuration under which cards are enough to spend, and codes are known."""
    cloud = msgspec.structs.replace(config.cloud, member_code_keys={"cloud-1": minter.public_key})
    return msgspec.structs.replace(trusting(config), cloud=cloud)


def _first(error: BaseException) -> BaseException:
    """Return what ended a run: the first error in a group, however deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def changed(rule: dict[str, Any], version: int) -> dict[str, Any]:
    """Return a rule as a version of the rules has it."""
    match rule["kind"]:
        case "percent_off":
            return {**rule, "basis_points": rule["basis_points"] + 7 * version}
        case "amount_off":
            return {**rule, "amount": rule["amount"] + 3 * version}
        case _:
            return rule


def plain(records: object) -> list[dict[str, Any]]:
    """Return records as dicts."""
    found: list[dict[str, Any]] = msgspec.to_builtins(records)
    return found


async def end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
