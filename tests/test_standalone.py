"""A box that belongs to no cloud: the same software, and the home of every account."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
from click.testing import CliRunner

from cloud_bridge import bundle as bundles
from cloud_bridge.http import NoWire
from edge import config as settings
from edge.box import JOURNAL_FILE, Box, Parts
from edge.commands.books import verify as verify_command
from edge.commands.bundles import bundle
from edge.commands.explaining import explain
from edge.commands.price_lists import products
from edge.commands.reports import x_report
from edge.shop.operations.enrol import EnrolAsked, enrol
from edge.verify import verify
from edge.world import World
from edge.writer import SteppedWriter
from simulators import demo_data
from simulators.keys import make_key
from simulators.premises import Plan, furnish
from tests.away_kit import LATTE
from tests.stand import MemoryFarSide
from tests.virtual_time import run

T = TypeVar("T")
MORNING = 1_795_300_000_000
DAY = 86_400
CARD = demo_data.card_number(50)
PRICES = """id,gtins,name_zh,name_en,price,tax_class,unit
latte,6970000000017,拿铁,Latte,18.00,standard,
apples,,苹果,Apples,11.80,reduced,kg
"""
EARN = {
    "kind": "points_earn", "id": "points", "name_zh": "积分", "name_en": "Points",
    "points": 1, "per": 100,
}  # fmt: skip


def rules(version: int = 1) -> dict[str, Any]:
    """Return rules under which points grow by a tenth a month, and expire after 40 days."""
    document = demo_data.bundle("s1", version)
    document["rules"] = [EARN]
    document["programme"] = {
        "growth": {"rate": 1000},
        "points": {"expiry": {"is": "days", "days": 400}},
    }
    return document


def alone(folder: Path) -> Path:
    """Furnish a store without a cloud; return its configuration."""
    key = make_key("owner", Random(1))
    premises = furnish(folder, Plan("", {key.id: key.public_key}))
    text = premises.config_path.read_text("utf-8").replace('url = ""', 'kind = "none"')
    premises.config_path.write_text(text, "utf-8")
    (folder / "rules.json").write_bytes(bundles.sign(rules(), key.id, key.private_key))
    (folder / "prices.csv").write_text(PRICES, "utf-8")
    return premises.config_path


def brought_in(folder: Path, *, furnished: bool = False) -> Path:
    """Furnish such a store, if it is not yet, and bring in rules and prices as its owner does."""
    path = folder / "store.toml" if furnished else alone(folder)
    for command, words in (
        (bundle, ["install", str(folder / "rules.json")]),
        (products, ["import", str(folder / "prices.csv")]),
    ):
        done = CliRunner().invoke(command, [*words, "--config", str(path)])
        assert done.exit_code == 0, done.output
    return path


class Nowhere:
    """No cloud; blocking work simply blocks."""

    wire = NoWire()

    async def offload(self, call: Callable[[], T]) -> T:
        return call()

    async def close(self) -> None:
        pass


@asynccontextmanager
async def opened(
    path: Path, days: float = 0, far_side: Nowhere | MemoryFarSide | None = None
) -> AsyncIterator[Box]:
    """Run a box in virtual time, some days after the first morning."""
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    world = World(
        lambda: MORNING + int((loop.time() - began + days * DAY) * 1000), loop.time, Random(1)
    )
    writers = [SteppedWriter(0.01) for _ in range(3)]
    parts = Parts(
        writer=writers[0],
        training_writer=writers[1],
        codes_writer=writers[2],
        far_side=far_side or Nowhere(),
    )
    box = Box(settings.load(path), world, parts)
    try:
        await box.begin()
    except settings.ConfigError:
        await box.close()
        raise
    running = asyncio.create_task(box.run())
    try:
        await asyncio.sleep(1)
        yield box
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await box.close()


async def ask(box: Box, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what a terminal is answered."""
    terminal = settings.load(box._config.store.state_dir.parent / "store.toml").terminals["pos-1"]
    answer = await box.desk.handle(terminal, operation, msgspec.json.encode(body))
    content: dict[str, Any] = msgspec.json.decode(answer.body)
    return {"status": answer.status, **content}


def test_it_makes_its_phone_key_itself_and_never_another(tmp_path: Path) -> None:
    path, secret = alone(tmp_path), tmp_path / "secrets" / "phone.key"
    secret.unlink()
    brought_in(tmp_path, furnished=True)
    made = settings.read_phone_key(secret)
    assert made != demo_data.PHONE_KEY

    async def day() -> None:
        async with opened(path) as box:
            assert box.journal.head.sequence > 0

    run(day())
    assert settings.read_phone_key(secret) == made
    secret.unlink()
    words = ["install", str(tmp_path / "rules.json"), "--config", str(path)]
    lost = CliRunner().invoke(bundle, words)
    assert (lost.exit_code, "put the secret there" in lost.output) == (2, True)
    assert not secret.exists(), "members who are hidden by the first would not be found"


def test_rules_and_prices_are_brought_in_by_hand(tmp_path: Path) -> None:
    path = alone(tmp_path)
    config = ["--config", str(path)]
    done = CliRunner().invoke(
        products, ["import", str(tmp_path / "prices.csv"), "--dry-run", *config]
    )
    assert done.output == "2 products; nothing is wrong with them\n"
    brought_in(tmp_path / "again")
    again = CliRunner().invoke(
        bundle,
        ["install", str(tmp_path / "rules.json"), "--config", str(tmp_path / "again/store.toml")],
    )
    assert again.exit_code == 0, "the same rules once more change nothing"
    other = make_key("stranger", Random(9))
    (tmp_path / "forged.json").write_bytes(bundles.sign(rules(2), "owner", other.private_key))
    forged = CliRunner().invoke(bundle, ["install", str(tmp_path / "forged.json"), *config])
    assert forged.exit_code == 1
    assert "E-BUNDLE-REFUSED" in forged.output


def test_a_wrong_price_list_changes_nothing_and_says_all_that_is_wrong(tmp_path: Path) -> None:
    path = alone(tmp_path)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(
        "id,name_zh,name_en,price,tax_class,discountable\n"
        "tea,茶,Tea,12.505,standard,\n"
        "tea,茶,Tea,12,standard,maybe\n"
        ",茶,Tea,12,standard,\n"
    )
    done = CliRunner().invoke(products, ["import", str(wrong), "--config", str(path)])
    assert done.exit_code == 1
    assert [line[:6] for line in done.output.splitlines()[:3]] == ["row 2:", "row 3:", "row 4:"]
    wrong.write_text("id,name_zh,name_en,price,tax_class,colour\n")
    done = CliRunner().invoke(products, ["import", str(wrong), "--config", str(path)])
    assert (done.exit_code, "colour" in done.output) == (2, True)


def test_it_sells_and_is_not_offline(tmp_path: Path) -> None:
    path = brought_in(tmp_path)

    async def sell() -> None:
        async with opened(path) as box:
            health = box.health()
            assert (health.state, health.cloud, health.reason) == ("selling", "none", "")
            assert health.sequence > health.waiting == 0, "nothing waits for a cloud there is not"
            quoted = await ask(box, "quote", {"lines": [{"code": LATTE, "quantity": "1"}]})
            assert quoted["total"] == 1800
            assert box.cloud.away.is_home

    run(sell())


def test_a_receipt_that_nobody_knows_is_unknown_and_no_cloud_is_waited_for(tmp_path: Path) -> None:
    path = brought_in(tmp_path)
    keyed = {"key": key(3), "cashier": "anna"}
    wants = {
        "find_receipt": {},
        "reprint": {},
        "return": keyed,
        "void": keyed | {"key": key(4)},
    }

    async def look() -> None:
        async with opened(path) as box:
            for operation, more in wants.items():
                no = await ask(box, operation, {"sale": "s9-box-1-1S-000001", **more})
                assert (no["code"], no["retry"]) == ("E-UNKNOWN-RECEIPT", "never"), operation
                assert "s9-box" not in no["detail"], "what was typed may be anything"

    run(look())


def test_a_damaged_directory_is_made_again_from_the_last_price_list(tmp_path: Path) -> None:
    path = brought_in(tmp_path)
    (tmp_path / "state" / "directory.db").write_bytes(b"rubbish" * 1000)
    for tail in ("-wal", "-shm"):
        (tmp_path / "state" / f"directory.db{tail}").unlink(missing_ok=True)

    async def look() -> None:
        async with opened(path) as box:
            quoted = await ask(box, "quote", {"lines": [{"code": "apples", "quantity": "0.5"}]})
            assert quoted["total"] == 590

    run(look())


def test_points_are_earned_grow_are_spent_and_expire_without_any_cloud(tmp_path: Path) -> None:
    path = brought_in(tmp_path)
    person = {"kind": "card", "text": CARD}

    async def live() -> None:
        async with opened(path) as box:
            await become_member(box)
            await sell_ten(box, person)
            assert await points(box) == 180
        async with opened(path, days=70) as box:
            assert await points(box) == 198, "a whole month was over, and a tenth came on top"
            assert await box.cloud.keeping.keep() == 0, "once a day"
        async with opened(path, days=70) as box:
            assert await points(box) == 198, "nor again after a restart"
        async with opened(path, days=500) as box:
            left = await points(box)
            book = box.cloud.away._records.book
            [member] = book.subjects_after("member", "", 10)
            held = [one for one in book.holdings(member).lots.values() if one.left]
            assert {one.lot.kind for one in held} == {"growth"}, "the rest is gone after 400 days"
            assert left == sum(one.left for one in held)

    async def points(box: Box) -> int:
        await asyncio.sleep(120)
        answer = await ask(box, "balance", {"credential": person})
        assert answer["status"] == 200, answer
        found: int = answer["points"]
        return found

    run(live())
    report = verify(tmp_path / "state" / JOURNAL_FILE)
    assert report.books_agree, report.findings


def test_no_report_says_that_something_waits_for_a_cloud(tmp_path: Path) -> None:
    path = brought_in(tmp_path)
    lines = [{"code": LATTE, "quantity": "10"}]
    sold = {"key": key(2), "cashier": "anna", "lines": lines, "expected_total": 18_000}

    async def sell() -> None:
        async with opened(path) as box:
            quoted = await ask(box, "quote", {"lines": lines})
            paid = {"quote": quoted["quote"], "tenders": [{"kind": "cash", "amount": 18_000}]}
            assert (await ask(box, "sell", sold | paid))["status"] == 200

    run(sell())
    for command, words in ((x_report, []), (verify_command, []), (explain, [key(2)])):
        done = CliRunner().invoke(command, [*words, "--config", str(path)])
        assert done.exit_code == 0, done.output
        assert "待上传" not in done.output, done.output
        assert "waiting" not in done.output, done.output
    assert "本店未接云端" in done.output


async def sell_ten(box: Box, person: dict[str, str]) -> None:
    """Sell ten lattes to somebody, for cash."""
    lines = [{"code": LATTE, "quantity": "10"}]
    quoted = await ask(box, "quote", {"lines": lines, "member": person})
    sold = await ask(box, "sell", {
        "key": key(2), "cashier": "anna", "lines": lines, "member": person,
        "quote": quoted["quote"], "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    })  # fmt: skip
    assert sold["status"] == 200, sold


async def become_member(box: Box) -> None:
    """Let somebody become a member here, by a card."""
    current = box._bundles.current
    assert current is not None
    asked = EnrolAsked(display="王**", card=CARD)
    durable = box._placing.unasked("enrol/1", current, lambda made: enrol(asked, current, made))
    assert durable is not None
    await durable


def key(number: int) -> str:
    """Return a request key of the first morning: a UUIDv7 (RFC 9562)."""
    time = f"{MORNING + 60_000:012x}"
    return f"{time[:8]}-{time[8:]}-7000-8000-{number:012}"
