"""`edgebox journal`: the last pages, a certain one, or all of them."""

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from edge.commands.pages import COLUMNS, csv_row, one_line
from edge.journal import Page, connect, pages
from simulators import demo_data
from tests.owner import ROOT, command, edgebox, owned
from tests.test_desk_rude import key

SALES = 12


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a shop that sold something and is closed."""
    folder = tmp_path_factory.mktemp("shop")

    async def sell() -> None:
        async with owned(folder) as box:
            for number in range(SALES):
                await box.sell(number, member=1 + number % 3)

    asyncio.run(sell())
    return folder


def config(shop: Path) -> Path:
    return shop / "store.toml"


def lines(shop: Path, *arguments: object) -> list[dict[str, Any]]:
    result = edgebox("journal", *arguments, "--config", config(shop))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def whole(shop: Path) -> Sequence[Page]:
    db = connect(shop / "state" / "journal.db", writable=False)
    try:
        return pages(db, 0)
    finally:
        db.close()


# --- tail -----------------------------------------------------------------------------------------


def test_the_last_pages_come_in_order(shop: Path) -> None:
    told = lines(shop, "tail", "-n", "3", "--json")
    assert [page["sequence"] for page in told] == [p.sequence for p in whole(shop)[-3:]]
    result = edgebox("journal", "tail", "-n", "3", "--config", config(shop))
    assert [int(line.split()[0]) for line in result.stdout.splitlines()] == [
        page["sequence"] for page in told
    ]
    assert "sale.v1" in result.stdout
    assert edgebox("journal", "tail", "-n", "0", "--config", config(shop)).stdout == ""


def test_a_line_says_who_signed_on_where(shop: Path) -> None:
    body = b'{"type":"signed_on.v1","store":"s1","terminal":"pos-1","cashier":"amy"}'
    page = msgspec.structs.replace(
        whole(shop)[-1], origin="box", kind="signed_on.v1", body=body, answer=b""
    )
    assert one_line(page).split()[-3:] == ["box", "pos-1", "amy"]


async def test_new_pages_are_followed_while_the_box_sells(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge", "journal", "tail", "-n", "1", "-f", "--json",
            "--config", str(box.config), cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            async with asyncio.timeout(60):
                first = json.loads(await running.stdout.readline())
                for number in (2, 3):
                    sold = await box.sell(number)
                    while True:  # the box writes facts of its own
                        page = json.loads(await running.stdout.readline())
                        assert page["sequence"] == first["sequence"] + 1
                        first = page
                        if page["kind"] == "sale.v1":
                            break
                    assert page["body"]["receipt"] == sold["receipt"]
        finally:
            running.terminate()
            await running.communicate()


# --- show -----------------------------------------------------------------------------------------


def test_a_page_is_shown_by_number_and_by_key(shop: Path) -> None:
    sale = next(page for page in whole(shop) if page.key == key(3))
    by_key = json.loads(
        edgebox("journal", "show", key(3), "--json", "--config", config(shop)).stdout
    )
    by_number = json.loads(
        edgebox("journal", "show", sale.sequence, "--json", "--config", config(shop)).stdout
    )
    assert by_key == by_number
    assert by_key[0]["digest"] == sale.digest
    assert by_key[0]["chain"] == "good"
    assert (
        "good, before and after" in edgebox("journal", "show", 1, "--config", config(shop)).stdout
    )


@pytest.mark.parametrize("name", ["0", "999999", "9" * 40, "１２", "nothing", ""])
def test_a_page_that_is_not_there_is_not_shown(shop: Path, name: str) -> None:
    result = edgebox("journal", "show", name, "--config", config(shop))
    assert result.exit_code == 1
    assert "fix:" in result.output


def test_a_page_that_was_changed_is_shown_as_such(shop: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    source = apsw.Connection(str(shop / "state" / "journal.db"))
    source.execute("vacuum into ?", (str(copy),))
    source.close()
    db = apsw.Connection(str(copy))
    db.execute("drop trigger page_is_never_changed")
    db.execute("update page set at = at + 1 where sequence = 6")
    db.execute("drop trigger page_is_never_removed")
    db.execute("delete from page where sequence = 9")
    db.close()
    codes = {
        sequence: edgebox("journal", "show", sequence, "--journal", copy).exit_code
        for sequence in (4, 5, 6, 7, 8, 10)
    }
    assert codes == {4: 0, 5: 1, 6: 1, 7: 0, 8: 0, 10: 1}
    said = edgebox("journal", "show", 5, "--journal", copy).stdout
    assert "page 6 does not follow this page" in said


# --- export ---------------------------------------------------------------------------------------


def test_everything_can_be_taken_out(shop: Path) -> None:
    told = lines(shop, "export")
    assert [page["digest"] for page in told] == [page.digest for page in whole(shop)]
    assert [page["sequence"] for page in lines(shop, "export", "--from", 3, "--to", 5)] == [3, 4, 5]
    sales = lines(shop, "export", "--kind", "sale.v1")
    assert len(sales) == SALES
    assert lines(shop, "export", "--from", 5, "--to", 3) == []


def test_a_day_can_be_taken_out(shop: Path) -> None:
    day = "2026-11-22"  # the shop's clock stands still on it
    assert len(lines(shop, "export", "--from", day, "--to", day)) == len(whole(shop))
    assert lines(shop, "export", "--from", "2026-11-23") == []
    assert lines(shop, "export", "--to", "2026-11-21") == []
    result = edgebox("journal", "export", "--from", "22.11.2026", "--config", config(shop))
    assert result.exit_code == 2


def test_a_table_has_the_same_pages(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    result = edgebox("journal", "export", "--format", "csv", "-o", file, "--config", config(shop))
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))
    assert [row["digest"] for row in rows] == [page.digest for page in whole(shop)]
    assert all(json.loads(row["body"]) for row in rows)
    assert {row["total"] for row in rows if row["kind"] == "sale.v1"} == {"405", "450"}, (
        "gold has 10 % off"
    )
    assert list(rows[0]) == list(COLUMNS)
    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]


def test_a_spreadsheet_runs_nothing_of_it() -> None:
    for evil in ("=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"):
        body = json.dumps({"cashier": evil, "total": -5}).encode()
        page = Page(1, 1, 0, evil, evil, "", "sale.v1", body, b"", "d")
        (row,) = csv.reader(io.StringIO(csv_row(page), newline=""))
        cells = dict(zip(COLUMNS, row, strict=True))
        assert cells["cashier"] == cells["origin"] == cells["key"] == f"'{evil}"
        assert cells["total"] == "-5", "a number is no formula"


def test_a_page_that_is_no_json_still_has_its_line() -> None:
    page = Page(1, 1, 0, "pos-1", "k", "", "sale.v1", b"\xff{", b"", "d")
    assert "sale.v1" in one_line(page)
    assert "pos-1" in csv_row(page)


def test_a_file_appears_whole_or_not_at_all(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "pages.jsonl"
    file.write_text("what was there")
    torn = tmp_path / "torn.db"
    good = (shop / "state" / "journal.db").read_bytes()
    torn.write_bytes(good[: len(good) // 2])
    result = edgebox("journal", "export", "-o", file, "--journal", torn)
    assert result.exit_code == 70
    assert file.read_text() == "what was there"
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith("torn.db")}
    assert left == {"pages.jsonl"}
    nowhere = tmp_path / "nowhere" / "pages.jsonl"
    assert edgebox("journal", "export", "-o", nowhere, "--config", config(shop)).exit_code == 2


async def test_a_reader_that_has_enough_is_no_error(shop: Path) -> None:
    read, write = os.pipe()
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "journal", "export", "--config", str(config(shop)),
        cwd=ROOT, stdout=write, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(write)
    os.close(read)
    _, said = await running.communicate()
    assert said == b""
    with suppress(ProcessLookupError):
        running.kill()


async def test_a_live_box_is_read_without_disturbing_it(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        for number in range(3):
            await box.sell(number, member=1 + number)
            result = await command("journal", "export", "--config", box.config)
            assert len(result.stdout.splitlines()) == len(box.kinds())
        assert demo_data.CURRENCY in result.stdout
