"""The owner at the command line, beside a box that runs in the same process or in its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from click.testing import CliRunner, Result

from edge.__main__ import main
from simulators import demo_data
from tests.shopfront import open_shop
from tests.stand import Stand
from tests.test_desk_rude import key

ROOT = Path(__file__).parent.parent


class Said(NamedTuple):
    """What a command said as a process of its own."""

    code: int
    out: str
    err: str


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the box's log out of what commands print while both are in one process."""
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.reset_defaults()


def _drop(_logger: object, _method: str, _event: object) -> Any:
    raise structlog.DropEvent


def edgebox(*arguments: object, given: str | None = None) -> Result:
    """Run a command here and now; the box must not be in this process, or in another thread."""
    return CliRunner().invoke(main, [str(one) for one in arguments], input=given)


async def command(*arguments: object, given: str | None = None) -> Result:
    """Run a command while a box goes on in this process."""
    return await asyncio.to_thread(edgebox, *arguments, given=given)


async def process(*arguments: object, cwd: Path = ROOT) -> Said:
    """Run a command as a process of its own."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", *(str(one) for one in arguments), cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await running.communicate()
    assert running.returncode is not None
    return Said(running.returncode, out.decode(), err.decode())


class Owned(NamedTuple):
    """A box that sells with its admin socket open, and its configuration's file."""

    shop: Stand
    config: Path

    @property
    def state(self) -> Path:
        """The box's state folder."""
        return self.shop.config.store.state_dir

    async def sell(self, number: int, quantity: int = 1, member: int | None = None) -> Any:
        """Sell some green tea (4.50) for cash, perhaps to a member."""
        lines = [{"code": demo_data.ean(3), "quantity": str(quantity)}]
        who = {"kind": "card", "text": demo_data.card_number(member)} if member else None
        return await self.shop.ask("sell", await self.shop.sale(key(number), lines, who))

    def kinds(self) -> list[str]:
        """Return the kinds of all durable facts."""
        return [page.kind for page in self.shop.box.journal.after(0, 100_000)]


@asynccontextmanager
async def owned(folder: Path, *, scanner_url: str | None = None) -> AsyncIterator[Owned]:
    """Run a box until the end of the block; the owner's commands may ask it."""
    with quiet():
        async with open_shop(folder, scanner_url=scanner_url) as front:
            await front.box.admin.open()
            try:
                yield Owned(front.shop, front.shop.premises.config_path)
            finally:
                await front.box.admin.close()


def report(result: Result) -> Any:
    """Return the JSON a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
