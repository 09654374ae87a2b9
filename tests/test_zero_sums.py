"""The database itself refuses a fact whose entry does not sum to zero in every unit."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.box import JOURNAL_FILE
from edge.journal import Draft, JournalBroken, JournalMistaken, Page, connect, pages
from edge.journal.file import PAGES_BALANCE, SCHEMA
from edge.letters import read, write
from edge.shop.facts import SaleMade
from edge.shop.ledger import Posting, balanced
from edge.verify import verify
from tests import big_journal
from tests.owner import owned

INSERT = "insert into page values(?,1,0,'pos-1',?,'','sale.v1',?,x'','')"
REFUSED = "sums to zero in every unit"


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> SaleMade:
    """Return a sale that moves money and points."""
    path = tmp_path_factory.mktemp("sales") / "journal.db"
    big_journal.write(path, 60, members=3)
    with closing(connect(path, writable=False)) as db:
        facts = [read(page.body) for page in pages(db, 0)]
    return next(f for f in facts if isinstance(f, SaleMade) and f.member and f.points_earned)


def unbalanced(sale: SaleMade, leg: int) -> SaleMade:
    legs = [*sale.postings]
    legs[leg] = msgspec.structs.replace(legs[leg], amount=legs[leg].amount + 1)
    return msgspec.structs.replace(sale, postings=tuple(legs))


legs = st.builds(
    Posting,
    st.sampled_from(["cash:pos-1", 'sales:"]}', "member:会员", "tax:food"]),
    st.sampled_from(["CNY", "PTS", "PTS.X"]),
    st.integers(-3, 3) | st.integers(-(1 << 50), 1 << 50),
    st.sampled_from(["", "hq"]),
)


@given(st.lists(legs, max_size=6), st.booleans())
def test_exactly_what_balances_gets_in(postings: list[Posting], mended: bool) -> None:
    if mended:
        postings = [*postings, *(Posting("opening", p.unit, -p.amount) for p in postings)]
    body = msgspec.json.encode({"type": "sale.v1", "lines": [], "postings": postings})
    with closing(apsw.Connection(":memory:")) as db:
        db.execute(SCHEMA)
        if balanced(postings):
            db.execute(INSERT, (1, "k", body))
        else:
            with pytest.raises(apsw.ConstraintError, match=REFUSED):
                db.execute(INSERT, (1, "k", body))
        assert bool(db.execute("select count(*) from page").get) is balanced(postings)


def test_one_unit_does_not_make_up_for_another(sale: SaleMade) -> None:
    found = sorted({leg.unit for leg in sale.postings})
    assert len(found) > 1
    for at in range(len(sale.postings)):
        other = next(n for n, leg in enumerate(sale.postings) if leg.unit != sale.postings[at].unit)
        legs = [*unbalanced(sale, at).postings]
        legs[other] = msgspec.structs.replace(legs[other], amount=legs[other].amount - 1)
        assert sum(leg.amount for leg in legs) == sum(leg.amount for leg in sale.postings)
        body = write(msgspec.structs.replace(sale, postings=tuple(legs)))[1]
        with closing(apsw.Connection(":memory:")) as db:
            db.execute(SCHEMA)
            with pytest.raises(apsw.ConstraintError, match=REFUSED):
                db.execute(INSERT, (1, "k", body))


async def test_a_box_that_makes_such_a_fact_ends_and_what_was_told_stays(
    tmp_path: Path, sale: SaleMade
) -> None:
    async with owned(tmp_path) as box:
        assert (await box.sell(1))["status"] == 200
        told = box.shop.box.journal.committed
        (running,) = [task for task in asyncio.all_tasks() if task.get_name() == "box"]
        bad = unbalanced(sale, 0)
        draft = Draft("pos-2", "planted", "", *write(bad))
        with pytest.raises(JournalBroken, match=REFUSED):
            await box.shop.box.journal.place(draft, bad, 0)[1]
        with pytest.raises(ExceptionGroup) as ended:
            await running
        assert ended.group_contains(JournalMistaken, match=REFUSED), "no word of the disk"
        assert (await box.sell(2))["code"] == "E-STOPPING"
    found = verify(tmp_path / "state" / JOURNAL_FILE)
    assert found.books_agree, found.findings
    assert found.facts == told


# --- by hand --------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    big_journal.write(tmp_path / "journal.db", 60, members=3)
    return tmp_path / "journal.db"


def sales(path: Path) -> Sequence[Page]:
    with closing(connect(path, writable=False)) as db:
        return [page for page in pages(db, 0) if page.kind == "sale.v1"]


def test_an_entry_that_was_edited_is_named_twice(path: Path) -> None:
    page = sales(path)[3]
    body = re.sub(
        rb'"amount":(\d+)', lambda n: b'"amount":%d' % (int(n[1]) + 1), page.body, count=1
    )
    assert body != page.body
    with closing(connect(path, writable=True)) as db:
        db.execute("drop trigger page_is_never_changed")
        db.execute("update page set body = ? where sequence = ?", (body, page.sequence))
    found = {one.what for one in verify(path).findings if one.sequence == page.sequence}
    assert any("changed after it was written" in what for what in found)
    assert any("do not sum to zero" in what for what in found), found


def test_an_unbalanced_page_that_was_sealed_with_care_is_named(path: Path) -> None:
    last = sales(path)[-1]
    with closing(connect(path, writable=True)) as db:
        (end,) = pages(db, db.execute("select max(sequence) from page").get - 1)
        fact = read(last.body)
        assert isinstance(fact, SaleMade)
        body = write(unbalanced(fact, 0))[1]
        bare = Page(end.sequence + 1, end.epoch, end.at, "pos-1", "planted", "", last.kind,
                    body, b"", "")  # fmt: skip
        page = msgspec.structs.replace(bare, digest=bare.sealed_after(end.digest))
        insert = "insert into page values(?,?,?,?,?,?,?,?,?,?)"
        with pytest.raises(apsw.ConstraintError, match=REFUSED):
            db.execute(insert, msgspec.structs.astuple(page))
        db.execute("drop trigger page_sums_to_zero")
        db.execute(insert, msgspec.structs.astuple(page))
        db.execute(PAGES_BALANCE)
    found = {one.what for one in verify(path).findings if one.sequence == page.sequence}
    assert any("do not sum to zero" in what for what in found), found
