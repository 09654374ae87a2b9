"""A shop that had no cloud joins one: with all it ever did, and the same books on both sides."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge import config as settings
from edge.box import JOURNAL_FILE, Box
from edge.commands.clouds import cloud
from edge.desk.homes.home import MOVED
from edge.desk.homes.joining import JoinAsked
from edge.verify import verify
from simulators import demo_data
from simulators.cloud import CLEAR, CloudTwin, Weather
from simulators.cloud.weather import OFF
from simulators.keys import make_key
from tests.stand import MemoryFarSide
from tests.test_standalone import (
    CARD,
    DAY,
    MORNING,
    ask,
    become_member,
    brought_in,
    opened,
    rules,
    sell_ten,
)
from tests.virtual_time import run

PERSON = {"kind": "card", "text": CARD}
BOX = "s1-box-1"


class Town:
    """A shop without a cloud, where somebody bought something; and a cloud that it may join."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, brought_in(folder)
        self.began = 0.0
        self.twin = CloudTwin(make_key("owner", Random(1)), now=self.now)
        self.weather = Weather(Random(1), CLEAR)

    def now(self) -> int:
        """Return the time that boxes have a day after the first morning."""
        return MORNING + int((asyncio.get_running_loop().time() - self.began + DAY) * 1000)

    async def alone(self) -> None:
        """Live without a cloud for a while."""
        async with opened(self.path) as box:
            await become_member(box)
            await sell_ten(box, PERSON)

    def open_cloud(self, *, prices: bool = True) -> None:
        """Let the cloud know the box, and have prices and rules."""
        sign = settings.read_or_create_box_key(self.folder / "secrets" / "box.key")
        self.twin.register_box(BOX, sign.public_key().public_bytes_raw())
        if prices:
            self.twin.seed_products(demo_data.products())
        self.twin.publish_bundle(rules(2))

    def says(self, kind: str) -> None:
        """Write into the configuration what the box belongs to."""
        lines = self.path.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(("url = ", 'kind = "none"'))
                and line not in ('kind = "joining"', 'kind = "http"')]  # fmt: skip
        at = kept.index("[cloud]") + 1
        url = [] if kind == "none" else ['url = "http://127.0.0.1:1"']
        kept[at:at] = [f'kind = "{kind}"', *url]
        self.path.write_text("\n".join(kept) + "\n", "utf-8")

    @asynccontextmanager
    async def box(self, path: Path | None = None) -> AsyncIterator[Box]:
        """Run the box a day later."""
        self.began = asyncio.get_running_loop().time()
        far = MemoryFarSide(self.twin, self.weather)
        async with opened(path or self.path, days=1, far_side=far) as box:
            yield box

    def copied(self, name: str) -> Path:
        """Copy the box's files as they are, to another folder."""
        copy = self.folder / name
        for part in ("state", "secrets"):
            shutil.copytree(self.folder / part, copy / part)
        shutil.copy(self.path, copy)
        return copy

    def books_agree(self, box: Box) -> None:
        """Hold every account, lot and card of both sides against each other, entry by entry."""
        book, books = box.cloud.away._records.book, self.twin.books()
        members = book.subjects_after("member", "", 1000)
        lots = self.twin._tables.lots
        for member in members:
            ours = {f"member:{member}": {"PTS": book.gained(f"member:{member}", "PTS", 0)}}
            assert {name: books[name] for name in ours} == ours
            held = {one.lot.id: one.left for one in book.holdings(member).lots.values()}
            rows = lots._db.execute(
                "select lot.id, total from lot where member = ? and total <> 0", (member,)
            )
            assert {str(lot): int(total) for lot, total in rows} == held
        assert [str(one) for one in lots.holders("PTS")] == members
        sent = [(e.sequence, e.hash) for e in self.twin.facts(BOX)]
        pages = box.journal.after(0, len(sent))
        assert sent == [(page.sequence, page.digest) for page in pages]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Return a shop that has lived alone for a while."""
    made = Town(tmp_path)
    run(made.alone())
    made.open_cloud()
    yield made
    made.twin.close()


async def join(box: Box, step: Any) -> dict[str, Any]:
    """Return what the box answers, "code" if it refuses."""
    asked = JoinAsked(step=step, lang="en")
    answer = await box.cloud.joining.join(msgspec.json.encode(asked))
    content: dict[str, Any] = msgspec.json.decode(answer.body)
    return content


async def sent(box: Box) -> None:
    """Wait until the cloud has everything."""
    async with asyncio.timeout(3600):
        while box.health().waiting:
            await asyncio.sleep(1)


def test_it_joins_with_all_it_ever_did_and_sells_all_the_while(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            assert box.cloud.away.is_home, "not before it is told to"
            health = box.health()
            assert (health.state, health.cloud) == ("selling", "none")
            quoted = await ask(box, "quote", {"lines": [{"code": "apples", "quantity": "1"}]})
            assert quoted["total"] == 1180, "by its own price list, still"
            looked = await join(box, "look")
            assert (looked["facts"], looked["members"]) == (looked["acknowledged"], 1)
            assert looked["totals"] == [{"unit": "PTS", "lots": 1, "amount": 180}]
            compared = await join(box, "compare")
            assert (compared["compared"], compared["differences"]) == (1, [])
            assert not compared["moved"], "that was a dry run"
            moved = await join(box, "move")
            assert moved["moved"], moved
            assert (await join(box, "move"))["moved"], "once more changes nothing"
            await asyncio.sleep(120)
            assert not box.cloud.away.is_home
            assert (box.health().state, box.health().cloud) == ("selling", "up")
            assert {one.outcome for one in town.twin.outcomes(BOX)} == {"accepted"}
            town.books_agree(box)
            balance = await ask(box, "balance", {"credential": PERSON})
            assert balance["points"] == 180
            quoted = await ask(box, "quote", {"lines": [{"code": "apples", "quantity": "1"}]})
            assert quoted["total"] == 1180, "by the cloud's price book"
            assert not (town.folder / "state" / "price-list.json").exists()
        async with town.box() as box:
            assert not box.cloud.away.is_home, "whatever the file still says"
        town.says("http")
        async with town.box() as box:
            assert not box.cloud.away.is_home
        report = verify(town.folder / "state" / JOURNAL_FILE)
        assert report.books_agree, report.findings

    run(live())


def test_a_kill_at_any_moment_loses_and_doubles_nothing(town: Town) -> None:
    killed: list[tuple[Path, bytes]] = []

    def kill() -> None:
        """Keep the files as a kill leaves them, and the cloud as it is then."""
        killed.append((town.copied(f"killed-{len(killed)}"), town.twin.backup()))

    async def live() -> None:
        town.says("joining")
        text = town.path.read_text("utf-8")
        text = text.replace("[cloud]\n", "[cloud]\nbatch_count_max = 2\n")
        town.path.write_text(text, "utf-8")
        town.weather.sky = OFF
        async with town.box() as box:
            town.weather.sky, seen = CLEAR, -1
            while box.health().waiting:
                if town.twin._tables.head(BOX).sequence != seen:
                    seen = town.twin._tables.head(BOX).sequence
                    kill()
                await asyncio.sleep(0.001)
            honest = box.cloud.joining._on_moved

            async def right_after() -> None:
                kill()
                await honest()

            box.cloud.joining._on_moved = right_after
            assert (await join(box, "move"))["moved"]
            await sent(box)
            kill()
        assert len(killed) >= 4
        for copy, there in killed:
            town.twin.rewind(there)
            await survive(town, copy)

    run(live())


async def survive(town: Town, copy: Path) -> None:
    """Go on where a kill left off."""
    async with town.box(copy / town.path.name) as box:
        moved = box.journal.find("box", MOVED) is not None
        assert moved != box.cloud.away.is_home
        await sent(box)
        assert (await join(box, "move"))["moved"]
        await sent(box)
        town.books_agree(box)
    assert verify(copy / "state" / JOURNAL_FILE).books_agree


def test_an_old_backup_learns_that_the_home_had_moved(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            copy = town.copied("backup")
            assert (await join(box, "move"))["moved"]
            await sent(box)
        async with town.box(copy / town.path.name) as box:
            assert box.cloud.away.is_home, "it does not know better"
            await asyncio.sleep(60)  # it hears that the cloud has more, and ends
        async with town.box(copy / town.path.name) as box:
            assert box.journal.head.epoch > 1
            async with asyncio.timeout(3600):
                while box.cloud.away.is_home:
                    await asyncio.sleep(1)
            await sent(box)
            assert (await ask(box, "balance", {"credential": PERSON}))["points"] == 180
        assert verify(copy / "state" / JOURNAL_FILE).books_agree

    run(live())


def test_a_kill_on_the_way_goes_on_where_it_was(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        town.weather.sky = OFF
        async with town.box() as box:
            no = await join(box, "move")
            assert (no["code"], "facts wait" in no["detail"]) == ("E-JOIN-WAITS", True)
        town.weather.sky = CLEAR
        async with town.box() as box:
            await sent(box)
            town.weather.sky = OFF
            assert (await join(box, "move"))["code"] == "E-NEEDS-CLOUD"
            assert box.cloud.away.is_home, "nothing has changed"
            town.weather.sky = CLEAR
            await sent(box)
            assert (await join(box, "move"))["moved"]
            await sent(box)
            town.books_agree(box)

    run(live())


def test_books_that_differ_are_named_and_nothing_moves(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            [member] = town.twin._tables.lots.holders("PTS")
            town.twin._tables._db.execute("update account set total = total + 7 where unit = 'PTS'")
            told = await join(box, "compare")
            assert told["differences"] == [
                {"what": member, "unit": "PTS", "here": "180", "there": "187"}
            ]
            assert (await join(box, "move"))["code"] == "E-JOIN-DIFFERS"
            assert box.cloud.away.is_home
            town.twin._tables._db.execute("update account set total = total - 7 where unit = 'PTS'")
            town.twin._tables._db.execute("delete from news where kind = 'member'")
            told = await join(box, "compare")
            assert [one["what"] for one in told["differences"]] == [member], "nobody told of them"

    run(live())


def test_a_cloud_whose_lots_differ_says_so_of_the_fact_that_moves_the_home(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            town.twin._tables._db.execute("update part set amount = amount - 1")
            assert (await join(box, "move"))["moved"]
            await sent(box)
            [outcome] = [o for o in town.twin.outcomes(BOX) if o.outcome != "accepted"]
            assert (outcome.kind, outcome.reason) == (
                "home_differs", "home_differs: PTS 179, not 180",
            )  # fmt: skip

    run(live())


def test_a_cloud_without_prices_is_not_joined(tmp_path: Path) -> None:
    town = Town(tmp_path)

    async def live() -> None:
        await town.alone()
        town.open_cloud(prices=False)
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            assert (await join(box, "move"))["code"] == "E-NO-PRICES-THERE"
        town.says("none")
        async with opened(town.path, days=1) as box:
            assert (await join(box, "move"))["code"] == "E-NOT-JOINING"
            assert box.cloud.away.is_home, "until the home has moved one may think better of it"

    run(live())
    town.twin.close()


def test_there_is_no_way_round_and_no_way_back(town: Town) -> None:
    async def live() -> None:
        town.says("http")
        with pytest.raises(settings.ConfigError, match="edgebox cloud join"):
            await begin()
        town.says("joining")
        async with town.box() as box:
            await sent(box)
            assert (await join(box, "move"))["moved"]
        town.says("none")
        with pytest.raises(settings.ConfigError, match="at home in a cloud"):
            await begin()

    async def begin() -> None:
        async with town.box():
            pass

    run(live())


def test_the_command_says_how_far_it_is_and_joins(town: Town) -> None:
    async def live() -> None:
        town.says("joining")
        town.weather.sky = OFF
        async with town.box() as box:
            await box.admin.open()
            early = await command("--dry-run")
            assert (early.exit_code, early.output.startswith("0 of ")) == (1, True), early.output
            refused = await command()
            assert (refused.exit_code, "E-JOIN-WAITS" in refused.output) == (1, True)
            town.weather.sky = CLEAR
            await sent(box)
            dry = await command("--dry-run", "--json")
            assert dry.exit_code == 0, dry.output
            assert msgspec.json.decode(dry.output)["compared"] == 1
            assert box.cloud.away.is_home
            done = await command()
            assert done.exit_code == 0, done.output
            assert "1 members; lots: PTS 180 in 1" in done.output
            assert "the cloud is the home of all accounts" in done.output
            assert not box.cloud.away.is_home
            await box.admin.close()

    async def command(*words: str) -> Result:
        path = ["--config", str(town.path)]
        return await asyncio.to_thread(CliRunner().invoke, cloud, ["join", *words, *path])

    asyncio.run(live())
