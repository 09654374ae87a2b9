"""`edgebox import`: old balances become facts, all of them or none, once."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import Card
from edge.commands.amounts import to_minor
from edge.commands.import_rows import COLUMNS, carried
from edge.commands.live import Live
from edge.days import read_day, sheet_of
from edge.letters import read
from edge.refusals import Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.calendar import moment
from edge.shop.declined import Declined
from edge.shop.facts import OpeningBalance
from edge.shop.ledger import balanced
from edge.shop.money import format_minor
from edge.shop.operations.bring_in import Carried, bring_in
from edge.shop.operations.made import Made
from edge.shop.reports.audit import imbalances
from edge.verify import verify
from simulators import demo_data
from tests.owner import Owned, command, edgebox, owned, report
from tests.prepaid_kit import rules
from tests.stand import until
from tests.test_admin_socket import premises

HEADER = "member,card,points,points_expires,principal,bonus"
GOOD = f"""{HEADER}
m0001,7001,120,2099-12-31,,
m0002,7002,,,35.50,5

m0003,,1,,0.01,
"""
SUMS = {"rows": 3, "cards": 2, "points": 121, "uses": 0, "coupon_uses": 0,
        "principal": 3551, "bonus": 500, "uses_worth": 0}  # fmt: skip


def write(folder: Path, content: str, name: str = "old.csv") -> Path:
    file = folder / name
    file.write_text(content, "utf-8")
    return file


def opened(box: Owned) -> Sequence[OpeningBalance]:
    facts = [read(page.body) for page in box.shop.box.journal.after(0, 1_000_000)]
    return [fact for fact in facts if isinstance(fact, OpeningBalance)]


async def bring(box: Owned, file: Path, *more: object) -> Result:
    return await command("import", file, "--config", box.config, "--lang", "en", *more)


# --- what is brought in ---------------------------------------------------------------------------


async def test_old_balances_become_balanced_facts(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        said = report(await bring(box, file, "--json", "--expect", "principal=35.51",
                                  "--expect", "rows=3"))  # fmt: skip
        assert said == {"imported": "opening", "placed": 3, "known": 0, "sums": SUMS,
                        "wrong": [], "differing": {}}  # fmt: skip
        facts = opened(box)
        assert [(f.row, f.member, f.card, f.points, f.principal, f.bonus) for f in facts] == [
            (1, "m0001", "7001", 120, 0, 0), (2, "m0002", "7002", 0, 3550, 500),
            (3, "m0003", "", 1, 1, 0),
        ]  # fmt: skip
        for fact in facts:
            assert balanced(fact.postings)
            assert list(imbalances(fact, {})) == []
            assert fact.receipt == ""
        owed = [leg for fact in facts for leg in fact.postings if leg.account == "opening"]
        assert {leg.party for leg in owed} == {"hq"}
        assert sum(leg.amount for leg in owed) == 3551
        points = box.shop.box.journal.committed
        balance = await box.shop.ask(
            "balance", {"credential": {"kind": "card", "text": demo_data.card_number(1)}}
        )
        assert balance["points"] == 10 + 120
        assert balance["as_of"]["sequence"] == points
    assert verify(tmp_path / "state" / "journal.db").books_agree


async def test_the_cloud_takes_them_and_the_books_are_its_own(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        await bring(box, file)
        await box.sell(1)
        await until(lambda: not box.shop.box.health().waiting)
        outcomes = {one.outcome for one in box.shop.twin.outcomes("s1-box-1")}
        assert outcomes == {"accepted"}
        books = box.shop.twin.books()
        assert books["opening"]["CNY"] == 3551
        assert books["principal:m0002"]["CNY"] == -3550
        assert books["member:m0001"]["PTS"] == 120
        news = [change for _, change in box.shop.twin._tables.news(0, 10_000)]
        assert Card(number="7001", member="m0001") in news, "other boxes hear of the old card"


async def test_the_day_and_the_receipts_do_not_notice(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        await bring(box, file)
        sold = await box.sell(1)
        assert sold["receipt"].endswith("-000001")
        store = box.shop.config.store
        day = read_day(box.state / "journal.db", store)
        assert day is not None
        sheet = sheet_of(day, store)
        assert sheet.day.trade.sales == 450
        assert [till.account for till in sheet.day.tills] == ["cash:pos-1"]


async def test_lines_of_json_say_the_same(tmp_path: Path) -> None:
    rows = [
        {"member": "m0001", "card": "7001", "points": 120, "points_expires": "2099-12-31"},
        {"member": "m0002", "card": "7002", "principal": 35.5, "bonus": "5"},
        {"member": "m0003", "points": "1", "principal": "0.01"},
    ]
    file = write(tmp_path, "\n".join(map(json.dumps, rows)), "old.jsonl")
    table = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        assert report(await bring(box, file, "--json"))["placed"] == 3
        assert report(await bring(box, table, "--json"))["known"] == 3


def test_counts_and_coupons_are_opened_under_their_terms() -> None:
    terms = rules({"kind": "coupon", "id": "tea", "name_zh": "茶", "name_en": "Tea",
                   "stage": 5, "get": {"is": "amount", "amount": 500}})  # fmt: skip
    asked = Carried(
        member="m-1", plan="cuts", uses=7, uses_worth=9_000, uses_expires="2027-01-01",
        coupon="tea", coupon_uses=2, opened="2025-01-01", points=5,
    )  # fmt: skip
    made = Made(deed="b:1:1:x", receipt="", business_date="2026-11-22",
                at=moment(1_795_300_000_000, "Asia/Shanghai"), store="corner",
                terminal="box")  # fmt: skip
    fact = bring_in(asked, "opening", 1, terms, made)
    assert not isinstance(fact, Declined)
    held = Holdings().after(fact.moves).lots.values()
    told = [(h.lot.unit, h.lot.terms, h.left, h.money, h.lot.expires, h.lot.home) for h in held]
    assert told == [
        ("PTS", "", 5, 0, "", ""), ("CNT", "cuts", 7, 9_000, "2027-01-01", ""),
        ("CPN", "tea", 2, 0, "", "corner"),
    ]  # fmt: skip
    assert list(imbalances(fact, {})) == []
    assert {h.lot.opened for h in held} == {"2025-01-01"}


# --- all or nothing -------------------------------------------------------------------------------


async def test_sums_that_differ_write_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        before = box.kinds()
        result = await bring(box, file, "--expect", "points=121", "--expect", "principal=35.52")
        assert result.exit_code == 1
        assert "principal: expected 35.52, the file has 35.51" in result.output
        assert box.kinds() == before


async def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        before = box.kinds()
        said = report(await bring(box, file, "--dry-run", "--json"))
        assert (said["placed"], said["sums"]) == (0, SUMS)
        assert box.kinds() == before


BAD = [
    ("m0001,,12.5,,,", "E-IMPORT-ROW", "points"),
    ("m0001,,-1,,,", "E-IMPORT-ROW", "points"),
    ("m0001,,1e3,,,", "E-IMPORT-ROW", "points"),
    ('m0001,,,,"1,000",', "E-IMPORT-ROW", "principal"),
    ("m0001,,,,1.234,", "E-IMPORT-ROW", "principal"),
    ("m0001,,9999999999999,,,", "E-IMPORT-ROW", "points"),
    (",,1,,,", "E-IMPORT-ROW", "member"),
    ("nobody,,1,,,", "E-IMPORT-ROW", "member"),
    ("m0001,,,,,", "E-IMPORT-ROW", "points"),
    ("m0001,,1,2001-01-01,,", "E-IMPORT-ROW", "points_expires"),
    ("m0001,,1,31.12.2099,,", "E-IMPORT-ROW", "points_expires"),
    ("m0001,,1,,", "E-IMPORT-ROW", "-"),
    (f"m0002,{demo_data.card_number(1)},1,,,", "E-IMPORT-ROW", "card"),
    ("m0009,7001,1,,,", "E-IMPORT-ROW", "card"),
    (f"m0001,{'7' * 65},1,,,", "E-IMPORT-ROW", "card"),
]


async def test_every_wrong_row_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD + "".join(f"{row}\n" for row, _, _ in BAD))
    async with owned(tmp_path) as box:
        before = box.kinds()
        result = await bring(box, file, "--json")
        assert result.exit_code == 1
        wrong = json.loads(result.stdout)["wrong"]
        assert [(one["line"], one["code"]) for one in wrong] == [
            (line, code) for line, (_, code, _) in enumerate(BAD, 6)
        ]
        for one, (_, _, field) in zip(wrong, BAD, strict=True):
            assert f'"{field}"' in one["detail"]
            assert one["fix"]
        assert box.kinds() == before
        told = await bring(box, file)
        assert f"{file}:6: E-IMPORT-ROW" in told.output
        assert "nothing was written" in told.output


async def test_a_hundred_wrong_rows_are_enough(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER + "\n" + "nobody,,1,,,\n" * 1_500)
    async with owned(tmp_path) as box:
        wrong = json.loads((await bring(box, file, "--json")).stdout)["wrong"]
        assert [one["line"] for one in wrong] == list(range(2, 102))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("old.csv", "member,pionts\nm0001,1\n", 1),
        ("old.csv", "member,member\nm0001,m0001\n", 1),
        ("old.csv", 'member,points\n"m0001,1\n', 2),
        ("old.jsonl", '{"member": "m0001", "pionts": 1}', 1),
        ("old.jsonl", '{"member": "m0001", "points": null}', 1),
        ("old.jsonl", "[1]", 1),
        ("old.jsonl", "{" * 100_000, 1),
        ("old.jsonl", "1 2 3", 1),
    ],
)
async def test_what_is_no_table_is_refused(
    tmp_path: Path, name: str, content: str, code: int
) -> None:
    file = write(tmp_path, content, name)
    async with owned(tmp_path) as box:
        before = box.kinds()
        result = await bring(box, file)
        assert result.exit_code == code
        assert "fix:" in result.output
        assert box.kinds() == before


async def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_bytes("member,points\n会员,1\n".encode("gbk"))
    async with owned(tmp_path) as box:
        result = await bring(box, file)
        assert result.exit_code == 2
        assert "UTF-8" in result.output


@pytest.mark.parametrize("expect", ["pionts=1", "points", "points=1.5", "principal=1.234"])
async def test_a_control_total_is_written_plainly(tmp_path: Path, expect: str) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        assert (await bring(box, file, "--expect", expect)).exit_code == 2
        assert opened(box) == []


# --- once -----------------------------------------------------------------------------------------


async def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        await bring(box, file)
        before = box.kinds()
        said = report(await bring(box, file, "--json"))
        assert (said["placed"], said["known"]) == (0, 3)
        assert box.kinds() == before
        assert report(await bring(box, file, "--json", "--id", "second"))["placed"] == 3


async def test_an_import_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    rows = GOOD.splitlines(keepends=True)
    part = write(tmp_path, "".join(rows[:2]), "part.csv")
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        assert report(await bring(box, part, "--json"))["placed"] == 1
        said = report(await bring(box, file, "--json"))
        assert (said["placed"], said["known"]) == (2, 1)
        assert [fact.row for fact in opened(box)] == [1, 2, 3]


async def test_a_row_that_was_imported_otherwise_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    other = write(tmp_path, GOOD.replace("m0001,7001,120", "m0001,7001,121"), "other.csv")
    async with owned(tmp_path) as box:
        await bring(box, file)
        result = await bring(box, other)
        assert result.exit_code == 1
        assert "E-IMPORT-CHANGED" in result.output
        assert "--id" in result.output
        assert len(opened(box)) == 3


async def test_two_imports_at_once_bring_each_row_in_once(tmp_path: Path) -> None:
    rows = [{"number": n, "carried": {"member": f"m{1 + n % 9:04}", "points": n}}
            for n in range(1, 301)]  # fmt: skip
    request = {"imported": "opening", "rows": rows, "lang": "en"}

    def send() -> dict[str, Any]:
        with Live(box.state) as live:
            said = json.loads(live.ask("import", request))
            assert isinstance(said, dict)
            return said

    async with owned(tmp_path) as box:
        done = await asyncio.gather(*(asyncio.to_thread(send) for _ in range(3)))
        assert sum(one["placed"] for one in done) == 300
        assert sorted(fact.row for fact in opened(box)) == list(range(1, 301))


async def test_a_number_that_is_used_twice_in_one_request_is_one_row(tmp_path: Path) -> None:
    rows = [{"number": number, "carried": {"member": "m0001", "points": number}}
            for number in (*range(1, 60), 7, 30, 59)]  # fmt: skip
    async with owned(tmp_path) as box:
        with_twins = msgspec.json.encode({"imported": "opening", "rows": rows, "lang": "en"})
        answer = await box.shop.box.office.handle("import", with_twins)
        said = json.loads(answer.body)
        assert (answer.status, said["placed"], said["known"]) == (200, 59, 3)
        assert [fact.row for fact in opened(box)] == [*range(1, 60)]


# --- with nobody at home --------------------------------------------------------------------------


async def test_a_box_that_is_closed_is_opened_for_it(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    async with owned(tmp_path) as box:
        config = box.config
    said = report(await asyncio.to_thread(edgebox, "import", file, "--config", config, "--json"))
    assert said["placed"] == 3
    found = verify(tmp_path / "state" / "journal.db")
    assert found.books_agree
    again = report(await asyncio.to_thread(edgebox, "import", file, "--config", config, "--json"))
    assert again["known"] == 3


async def test_a_box_without_rules_takes_nothing(tmp_path: Path) -> None:
    place = premises(tmp_path)
    file = write(tmp_path, GOOD)
    result = await asyncio.to_thread(edgebox, "import", file, "--config", place.config_path)
    assert result.exit_code == 1
    assert "E-NOT-READY" in result.output


# --- amounts --------------------------------------------------------------------------------------


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_an_amount_is_read_as_it_is_written(amount: int, exponent: int) -> None:
    assert to_minor(format_minor(amount, exponent), exponent) == amount


@given(st.text(max_size=12), st.integers(0, 3))
def test_any_other_text_is_no_amount(text: str, exponent: int) -> None:
    amount = to_minor(text, exponent)
    if amount is not None:
        assert amount >= 0
        assert set(text.strip()) <= set("0123456789.")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=20)))
def test_any_row_is_understood_or_refused(cells: dict[str, str]) -> None:
    found = carried(cells, 2)
    if isinstance(found, Refusal):
        assert found.code == "E-IMPORT-ROW"
    else:
        assert found.member == cells["member"].strip()
