"""The store as it stands: a box as a process, and everything around it, opened and closed."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

from drivers.lines_scanner import Settings
from simulators import demo_data
from simulators.cloud import CLEAR, OFF, CloudServer, CloudTwin, Weather
from simulators.demo import books
from simulators.demo.counter import counter
from simulators.demo.scene import Scene
from simulators.demo.tills import Clerk, DemoFailed, Lane, Pause
from simulators.handheld import Handheld
from simulators.keys import make_key
from simulators.lines_scanner import ScannerOnPty
from simulators.pc_pos import PcPos
from simulators.premises import BoxProcess, Plan, Premises, furnish

LANE = "lane-1"
VISITOR = "visitor"
"""The terminal nobody plays: it is for whoever looks on and wants to try."""
TERMINALS = {"handheld-1": "handheld", "pos-1": "pc_pos", VISITOR: "pc_pos"}
POLL_SECONDS = 0.1
LOG = "box.log"


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Its box sells; `scene` shows it."""

    premises: Premises
    box: BoxProcess
    twin: CloudTwin
    weather: Weather
    scene: Scene
    lane: Lane
    handheld: Clerk
    pos: Clerk

    @property
    def journal(self) -> Path:
        """The box's books, as a file."""
        return self.premises.folder / "state" / "journal.db"

    async def look(self) -> None:
        """Ask the box how it is, and show it."""
        self.scene.checked(await self.box.health())

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(POLL_SECONDS)

    async def look_until(self, wanted: Callable[[], bool], seconds_max: float) -> bool:
        """Look until it is as wanted; return False if that took too long."""
        try:
            async with asyncio.timeout(seconds_max):
                while True:
                    await self.look()
                    if wanted():
                        return True
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False

    def cut_cloud(self) -> None:
        """Let the cloud be unreachable."""
        self.weather.sky = OFF
        self.scene.tell("cloud", "went_away", "bad")

    def mend_cloud(self) -> None:
        """Let the cloud be reachable, if it was not."""
        if self.weather.sky.off:
            self.weather.sky = CLEAR
            self.scene.tell("cloud", "came_back", "good")

    def recorded(self) -> int:
        """Return how many of the box's facts the cloud has."""
        return len(self.twin.facts(self.premises.box))

    def books_agree(self) -> bool:
        """Tell whether the cloud has everything, and adds it up to what the box says."""
        return books.agree(self.journal, self.twin, self.premises.box)

    async def verify(self) -> dict[str, Any]:
        """Return what `edgebox verify --json` reports, run as its own process.

        Raises DemoFailed when it has nothing to report.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge", "verify", "--json",
            "--config", str(self.premises.config_path),
            stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        try:
            report: dict[str, Any] = json.loads(out)
        except ValueError as error:
            raise DemoFailed(
                f"edgebox verify ended with {process.returncode} and no report",
                err.decode("utf-8", "replace").strip(),
                "run it by hand with --keep FOLDER",
            ) from error
        return report


@asynccontextmanager
async def open_store(
    folder: Path, luck: random.Random, scene: Scene, pause: Pause
) -> AsyncIterator[Store]:
    """Furnish a new store in `folder`, open it, and close it in good order.

    Raises BoxFailed when the box does not come up. The box's log is in `folder / LOG`.
    """
    async with AsyncExitStack() as stack:
        twin = _cloud(folder)
        stack.callback(twin.close)
        weather = Weather(luck)
        cloud = await stack.enter_async_context(CloudServer(twin, weather=weather))
        scanner = await stack.enter_async_context(
            ScannerOnPty(folder / "scanner-1", Settings(aim=True))
        )
        devices = await stack.enter_async_context(counter(folder, scene))
        premises = _furnish(folder, cloud.url, twin, scene.lang, devices)
        box = BoxProcess(premises, folder / LOG, own_group=True)
        stack.push_async_callback(box.stop)
        await box.start()
        tokens = premises.tokens
        pos = await stack.enter_async_context(PcPos(premises.http_url, "pos-1", tokens["pos-1"]))
        handheld = await stack.enter_async_context(
            Handheld(
                "127.0.0.1", premises.mqtt_port, premises.store, "handheld-1",
                tokens["handheld-1"],
            )
        )  # fmt: skip
        lane = await stack.enter_async_context(Lane(LANE, scanner, pos, scene, pause))
        store = Store(
            premises, box, twin, weather, scene, lane,
            handheld=Clerk("handheld", handheld, scene, pause),
            pos=Clerk("pos", pos, scene, pause),
        )  # fmt: skip
        await store.look()
        yield store


def _cloud(folder: Path) -> CloudTwin:
    twin = CloudTwin(make_key("cloud-1", random.SystemRandom()), str(folder / "cloud.db"))
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_products(demo_data.products())
    twin.publish_bundle(demo_data.bundle("s1"))
    return twin


def _furnish(
    folder: Path,
    cloud_url: str,
    twin: CloudTwin,
    lang: str,
    lane_devices: dict[str, dict[str, object]],
) -> Premises:
    plan = Plan(
        cloud_url=cloud_url,
        cloud_keys={twin.signing_key.id: twin.signing_key.public_key},
        terminals=TERMINALS,
        scanner_url=str(folder / "scanner-1"),
        lane_devices=lane_devices,
        lang=lang,
        changes_interval_seconds=0.5,
        bundle_interval_seconds=1.0,
    )
    premises = furnish(folder, plan)
    twin.register_box(premises.box, premises.public_key)
    return premises
