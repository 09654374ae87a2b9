"""verify: whatever is changed in the file is named, and a busy box is not disturbed."""

import asyncio
import random
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from edge.commands.books import verify as verify_command
from edge.journal import JournalError, connect
from edge.verify import Report, verify
from simulators import demo_data
from tests.stand import stand
from tests.test_desk_rude import key

SALES = 25


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a good journal, in one file."""
    folder = tmp_path_factory.mktemp("books")

    async def sell() -> None:
        async with stand(folder) as shop:
            for number in range(SALES):
                lines = [{"code": demo_data.ean(1 + number % 13), "quantity": "1"}]
                member = {"kind": "card", "text": demo_data.card_number(1 + number % 8)}
                await shop.ask("sell", await shop.sale(key(number), lines, member))

    asyncio.run(sell())
    db = apsw.Connection(str(folder / "state" / "journal.db"))
    db.execute("vacuum into ?", (str(folder / "whole.db"),))
    db.close()
    return (folder / "whole.db").read_bytes()


def judged(data: bytes, folder: Path) -> Report | None:
    """Return the verdict on these bytes; None if they cannot be read at all."""
    path = folder / "copy.db"
    path.write_bytes(data)
    try:
        return verify(path)
    except (JournalError, apsw.Error):
        return None


def test_good_books_agree(books: bytes, tmp_path: Path) -> None:
    report = judged(books, tmp_path)
    assert report is not None
    assert report.books_agree, report.findings
    assert report.sales == SALES


def test_a_flipped_bit_is_named_or_changes_nothing(books: bytes, tmp_path: Path) -> None:
    luck = random.Random(3)
    named = 0
    for _ in range(300):
        bad = bytearray(books)
        at = luck.randrange(len(bad))
        bad[at] ^= 1 << luck.randrange(8)
        report = judged(bytes(bad), tmp_path)
        if report is None or not report.books_agree:
            named += 1
        else:
            assert content(tmp_path / "copy.db") == content_of(books, tmp_path)
    assert named > 100, "many bytes of this file are in use"


def content_of(data: bytes, folder: Path) -> list[tuple[object, ...]]:
    path = folder / "good.db"
    path.write_bytes(data)
    return content(path)


def content(path: Path) -> list[tuple[object, ...]]:
    """Return all rows that the box ever reads."""
    db = connect(path, writable=False)
    rows: list[tuple[object, ...]] = []
    for table in ("page", "entry", "lot", "counter", "trail", "standing", "bookmark"):
        rows += [tuple(row) for row in db.execute(f"select * from {table}")]
    rows += list(db.execute("select key, origin from page indexed by page_key order by 1, 2"))
    db.close()
    return rows


def test_damage_that_is_not_even_text_is_named_where_it_is(books: bytes, tmp_path: Path) -> None:
    text = "拿铁咖啡".encode()
    places = set()
    for at in (at for at in range(len(books)) if books.startswith(text, at)):
        bad = bytearray(books)
        bad[at + 1] ^= 0x80
        report = judged(bytes(bad), tmp_path)
        assert report is not None
        if report.findings:  # a split page leaves copies behind that nobody reads
            places.add(report.findings[0].sequence)
    assert len(places) == 2, "the article was sold twice"
    assert None not in places


def test_an_index_that_forgot_a_key_is_named(books: bytes, tmp_path: Path) -> None:
    """The pages and totals are whole; but the key could act once more."""
    text = key(5).encode()
    places = [at for at in range(len(books)) if books.startswith(text, at)]
    lost = 0
    for at in places:
        bad = bytearray(books)
        bad[at + 35] ^= 1
        report = judged(bytes(bad), tmp_path)
        assert report is None or not report.books_agree
        lost += 1
    assert lost >= 2, "the page's, the index's, and the answer's own"


def test_a_tail_that_is_cut_off_shows_in_the_books(books: bytes, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(books)
    db = apsw.Connection(str(path))
    db.execute("drop trigger page_is_never_removed")
    db.execute("delete from page where sequence > 10")
    db.close()
    report = verify(path)
    assert not report.books_agree
    assert "the journal with page 10" in report.findings[0].what


def test_what_somebody_remembers_is_looked_for(books: bytes, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(books)
    report = verify(path)
    last = report.facts
    assert verify(path, anchors=[(last, report.head), (last, report.head[:8])]).books_agree
    for wrong in ((last, "0" * 16), (last - 1, report.head), (last + 1, report.head)):
        found = verify(path, anchors=[wrong])
        assert not found.books_agree
        assert [finding.sequence for finding in found.findings] == [wrong[0]]
        assert "somebody remembers" in found.findings[0].what


@pytest.mark.parametrize("typed", ["12", "0:abcdef12", "12:abc", "12:xbcdef12", "-1:abcdef12"])
def test_an_anchor_that_is_none_is_a_wrong_question(typed: str) -> None:
    ran = CliRunner().invoke(verify_command, ["--anchor", typed])
    assert ran.exit_code == 2
    assert "is no PLACE:DIGEST" in ran.output


async def test_a_reader_who_stays_long_does_not_stop_a_busy_box(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        reader = connect(tmp_path / "state" / "journal.db", writable=False)
        reader.execute("begin")
        reader.execute("select count(*) from page").fetchall()
        lines = [{"code": demo_data.ean(n), "quantity": "3"} for n in range(1, 13)]
        request = await shop.sale(key(0), lines)
        for start in range(0, 900, 30):
            sold = await asyncio.gather(
                *(shop.ask("sell", {**request, "key": key(start + n)}) for n in range(30))
            )
            assert {one["status"] for one in sold} == {200}
        reader.execute("commit")
        reader.close()
        report = await asyncio.to_thread(verify, tmp_path / "state" / "journal.db")
        assert report.books_agree, report.findings
