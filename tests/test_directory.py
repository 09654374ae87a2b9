import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import AsOf, Card, Change, Changes, Member, Product
from edge.directory import Directory, DirectoryDamaged, normal_code
from edge.shop import basket, member


def product(number: int, *gtins: str, price: int = 100, deleted: bool = False) -> Product:
    return Product(
        id=f"p{number}",
        gtins=gtins,
        name_zh="茶",
        name_en="Tea",
        brand="Acme",
        price=price,
        tax_class="std",
        deleted=deleted,
    )


def page(*changes: Change, cursor: str = "1", price_book: int = 1) -> Changes:
    return Changes(changes=changes, cursor=cursor, more=False, price_book=price_book)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.db"


@pytest.fixture
def directory(path: Path) -> Iterator[Directory]:
    directory = Directory.open(path)
    yield directory
    directory.close()


def test_a_new_directory_is_empty(directory: Directory) -> None:
    assert (directory.cursor, directory.price_book) == ("", 0)
    assert directory.counts() == {"members": 0, "cards": 0, "products": 0}
    assert directory.member("m1") is None
    assert directory.card("2900") is None
    assert directory.product("p1") is None
    assert directory.members_by_phone("h") == ()


def test_what_the_cloud_told_is_found_again(path: Path) -> None:
    told = Member(
        id="m1", display="王*", tier="gold", tags=("vip",), status="frozen", points=7,
        phone_hash="h", as_of=AsOf(epoch=2, sequence=9),
    )  # fmt: skip
    first = Directory.open(path)
    first.apply(page(told, Card(number="c1", member="m1", status="lost"), product(1, "96385074")))
    first.close()
    again = Directory.open(path)
    held, card = again.member("m1"), again.card("c1")
    assert held is not None
    assert held.member == member.Member(id="m1", display="王*", tier="gold", tags=("vip",))
    assert (held.status, held.points, held.as_of) == ("frozen", 7, AsOf(epoch=2, sequence=9))
    assert card is not None
    assert (card.member, card.status) == ("m1", "lost")
    found = again.product("p1")
    assert isinstance(found, basket.Product)
    assert (found.id, found.name_zh, found.price) == ("p1", "茶", 100)
    assert (again.cursor, again.price_book) == ("1", 1)
    again.close()


def test_all_forms_of_a_gtin_meet(directory: Directory) -> None:
    directory.apply(page(product(1, "012345678905"), product(2, "16901234567899", "sku-2")))
    for form in ("012345678905", "0012345678905", "00012345678905", "p1"):
        found = directory.product(form)
        assert found is not None
        assert found.id == "p1"
    for form in ("16901234567899", "sku-2", "p2"):
        found = directory.product(form)
        assert found is not None
        assert found.id == "p2"
    assert directory.product("6901234567899") is None


@given(st.text("0123456789", min_size=8, max_size=8))
def test_a_normal_code_stays_normal(digits: str) -> None:
    assert normal_code(normal_code(digits)) == normal_code(digits)
    assert len(normal_code(digits)) == 14


def test_a_gtin_goes_before_an_id_and_the_first_id_before_others(directory: Directory) -> None:
    impostor = Product(id="96385074", name_zh="x", name_en="x", price=1, tax_class="std")
    directory.apply(page(impostor, product(2, "96385074"), product(1, "96385074")))
    found = directory.product("96385074")
    assert found is not None
    assert found.id == "p1"


def test_a_product_can_change_its_codes_and_vanish(directory: Directory) -> None:
    directory.apply(page(product(1, "a1", "b1"), product(2, "b1")))
    directory.apply(page(product(1, "c1", price=200), cursor="2", price_book=2))
    assert directory.product("a1") is None
    found, other = directory.product("c1"), directory.product("b1")
    assert found is not None
    assert found.price == 200
    assert other is not None
    assert other.id == "p2"
    directory.apply(page(product(1, deleted=True), product(9, deleted=True), cursor="3"))
    assert directory.product("c1") is None
    assert directory.product("p1") is None
    assert directory.counts()["products"] == 1


def test_a_phone_can_stand_for_several_members_and_move(directory: Directory) -> None:
    directory.apply(page(*(Member(id=f"m{i}", display="", phone_hash="h") for i in (2, 1, 3))))
    assert directory.members_by_phone("h") == ("m1", "m2", "m3")
    directory.apply(page(Member(id="m2", display="", phone_hash="other"), cursor="2"))
    directory.apply(page(Member(id="m3", display=""), cursor="3"))
    assert directory.members_by_phone("h") == ("m1",)


def test_taking_a_page_again_changes_nothing(directory: Directory) -> None:
    changes = page(Member(id="m1", display="x", phone_hash="h"), product(1, "a1", "a1"))
    directory.apply(changes)
    before = (directory.counts(), directory.member("m1"), directory.product("a1"))
    directory.apply(changes)
    assert (directory.counts(), directory.member("m1"), directory.product("a1")) == before


def test_ten_thousand_members(directory: Directory) -> None:
    members = [Member(id=f"m{i}", display=str(i), phone_hash=f"h{i}") for i in range(10_000)]
    for start in range(0, 10_000, 1000):
        directory.apply(page(*members[start : start + 1000], cursor=str(start)))
    assert directory.counts()["members"] == 10_000
    for i in range(0, 10_000, 97):
        held = directory.member(f"m{i}")
        assert held is not None
        assert held.member.display == str(i)
        assert directory.members_by_phone(f"h{i}") == (f"m{i}",)


def test_a_reader_sees_a_page_wholly_or_not_at_all(directory: Directory) -> None:
    """A page renames every code; at each moment exactly one generation of codes is found."""
    pages = 60
    done = threading.Event()

    def write() -> None:
        for n in range(1, pages + 1):
            changes = [product(i, f"code-{i}", price=n) for i in range(50)]
            directory.apply(page(*changes, cursor=str(n), price_book=n))
        done.set()

    directory.apply(page(*(product(i, f"code-{i}", price=0) for i in range(50)), price_book=0))
    writer = threading.Thread(target=write)
    writer.start()
    last = 0
    while True:
        finished = done.is_set()
        before = directory.price_book
        found = [directory.product(f"code-{i}") for i in (0, 49)]
        after = directory.price_book
        for one in found:
            assert one is not None
            assert max(before, last) <= one.price <= after
            last = one.price
        if finished:
            break
    writer.join()
    assert last == pages


WRITER = """
import sys
from pathlib import Path
from cloud_bridge.contract import Changes, Member
from edge.directory import Directory
directory = Directory.open(Path(sys.argv[1]))
n = int(directory.cursor or 0)
while True:
    n += 1
    members = tuple(Member(id=f"m{i}", display=str(n), points=n) for i in range(300))
    directory.apply(Changes(changes=members, cursor=str(n), more=True, price_book=n))
    print(n, flush=True)
"""


def test_a_killed_writer_leaves_whole_pages(path: Path) -> None:
    root = Path(__file__).parents[1]
    for round_number in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=root
        )
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(2 + 3 * round_number)]
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        directory = Directory.open(path)
        n = int(directory.cursor)
        assert n >= told[-1]
        held = [directory.member(f"m{i}") for i in (0, 150, 299)]
        assert [one and one.points for one in held] == [n, n, n]
        directory.close()


def fill(path: Path) -> None:
    directory = Directory.open(path)
    directory.apply(page(*(Member(id=f"m{i}", display=f"d{i}") for i in range(2000))))
    directory.close()


def check_all(directory: Directory) -> None:
    for i in range(2000):
        held = directory.member(f"m{i}")
        assert held is not None
        assert held.member.display == f"d{i}"


@pytest.mark.parametrize(
    "content",
    [b"junk" * 3000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 8176],
)
def test_what_is_no_directory_is_moved_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    directory = Directory.open(path)
    assert directory.cursor == ""
    directory.apply(page(Member(id="m1", display="x")))
    assert directory.member("m1") is not None
    directory.close()
    assert path.with_name("directory.db.damaged").read_bytes() == content


def test_another_programs_database_is_moved_aside(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("create table journal(x); insert into journal values(1)")
    other.close()
    directory = Directory.open(path)
    assert directory.counts()["members"] == 0
    directory.close()
    aside = apsw.Connection(str(path.with_name("directory.db.damaged")))
    assert aside.execute("select x from journal").get == 1
    aside.close()


@pytest.mark.parametrize("part", range(12))
def test_a_torn_file_is_noticed_and_then_fetched_again(path: Path, part: int) -> None:
    """Overwrite a twelfth of the file: every answer is right, or the damage is told and healed."""
    fill(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size * part // 12)
        file.write(random.Random(part).randbytes(size // 12))
    directory = Directory.open(path)
    if directory.cursor:
        with pytest.raises(DirectoryDamaged):
            check_all(directory)
        directory.close()
        directory = Directory.open(path)
    assert directory.cursor == ""
    assert directory.counts()["members"] == 0
    directory.apply(page(Member(id="m1", display="x")))
    assert directory.member("m1") is not None
    directory.close()


def test_a_flipped_bit_never_becomes_a_price(path: Path) -> None:
    first = Directory.open(path)
    first.apply(page(product(1, price=12345)))
    first.close()
    raw = path.read_bytes()
    price = raw.index((12345).to_bytes(2, "big"))
    path.write_bytes(raw[:price] + b"\x00" + raw[price + 1 :])
    directory = Directory.open(path)
    with pytest.raises(DirectoryDamaged, match="checksum"):
        directory.product("p1")
    directory.close()


def test_a_truncated_file_is_noticed(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size // 2)
    directory = Directory.open(path)
    try:
        missing = [i for i in range(2000) if directory.member(f"m{i}") is None]
        assert directory.cursor == ""
        assert len(missing) == 2000
    except DirectoryDamaged:
        directory.close()
        directory = Directory.open(path)
        assert directory.cursor == ""
    directory.close()


def test_the_readers_connection_cannot_write(directory: Directory) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        directory._read.execute("delete from member")
