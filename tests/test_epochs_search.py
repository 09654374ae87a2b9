"""Lives at random: sell, lose power, copy, put back, clone, move; then both books have to agree."""

import asyncio
import shutil
from pathlib import Path
from random import Random

import pytest

from simulators.cloud.weather import CLEAR, OFF, STORM
from tests import virtual_time
from tests.lives import Body, Shop, merged_books_agree

SEEDS = 30
STEPS = 10


class Mischief:
    """Whoever has access to the boxes, their disks and their cloud."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.luck = Random(seed)
        self.folder, self.shop = folder, Shop(folder / "shop", seed)
        self.bodies = [self.shop.box("a")]
        self.copies: list[Path] = []
        self.told: dict[str, str] = {}

    async def go_on(self) -> None:
        step = self.luck.choice(
            [self.sell, self.sell, self.sell, self.wait, self.restart, self.copy, self.put_back,
             self.clone, self.weather]
        )  # fmt: skip
        await step(self.luck.choice(self.bodies))

    async def sell(self, body: Body) -> None:
        for key in await body.sell(self.luck.randint(1, 3)):
            self.told[key] = "done"

    async def wait(self, body: Body) -> None:
        await asyncio.sleep(self.luck.choice([1, 60, 5000]))

    async def restart(self, body: Body) -> None:
        await body.stop(crash=self.luck.random() < 0.7)
        body.machine = self.luck.choice(["m1", "m1", "m1", "m2"])
        body.start()

    async def copy(self, body: Body) -> None:
        await body.stop()
        self.copies.append(self.folder / f"copy-{len(self.copies)}")
        body.copy(self.copies[-1])
        body.start()

    async def put_back(self, body: Body) -> None:
        """Put back an old copy, but only if the cloud has what that loses."""
        if self.copies and body.is_settled():
            await body.stop()
            body.put_back(self.luck.choice(self.copies))
            body.start()

    async def clone(self, body: Body) -> None:
        if self.copies and len(self.bodies) < 2:
            shutil.copytree(self.luck.choice(self.copies), self.folder / "shop" / "b")
            self.bodies.append(self.shop.box("b"))
            self.bodies[-1].start()

    async def weather(self, body: Body) -> None:
        self.shop.weather.sky = self.luck.choice([CLEAR, CLEAR, STORM, OFF])


async def lives(folder: Path, seed: int) -> None:
    mischief = Mischief(folder, seed)
    shop, first = mischief.shop, mischief.bodies[0]
    first.start()
    await first.sell(1)
    for _ in range(STEPS):
        await mischief.go_on()
    shop.weather.sky = CLEAR
    for body in mischief.bodies:
        await body.stop()
    for body in reversed(mischief.bodies):
        body.start()
        await body.settled()
        if body is not first:
            await body.stop()
    for key in mischief.told:
        assert (await first.fate(key))["fate"] == "done"
    await first.stop()
    merged_books_agree(*mischief.bodies)
    shop.twin.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_books_agree_after_any_lives(seed: int, tmp_path: Path) -> None:
    virtual_time.run(lives(tmp_path, seed))
