"""The demo as a newcomer meets it: a command, its output, and nothing left behind."""

import hashlib
import io
import json
import os
import random
import select
import signal
import sqlite3
import string
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulators.cloud import CloudTwin
from simulators.demo import books
from simulators.demo.guests import Guests
from simulators.demo.scene import Scene
from simulators.demo.screen import picture
from simulators.demo.words import WORDS, money
from simulators.keys import make_key

EDGEBOX = str(Path(sys.executable).with_name("edgebox"))
SECONDS_MAX = 240
LINES_ENOUGH = 25
ALTERNATE_SCREEN, NORMAL_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    return {**plain, "LANG": "en_US.UTF-8", **more}


def mentioned(folder: str) -> list[str]:
    """Return the command lines of all processes that work in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it has just ended
        if folder in line:
            found.append(line)
    return found


@contextmanager
def running(*arguments: str, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [EDGEBOX, "demo", *arguments], stdin=subprocess.DEVNULL, env=environment(), **options
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


# --- the command ----------------------------------------------------------------------------------


def test_one_round_sells_everywhere_and_the_books_agree(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    done = subprocess.run(
        [EDGEBOX, "demo", "--once", "--keep", str(folder)],
        capture_output=True, text=True, timeout=SECONDS_MAX, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    verdict = json.loads(done.stdout.splitlines()[-1])
    assert verdict.pop("seconds") > 0
    assert verdict == {
        "sales": 5,
        "acknowledged": verdict["acknowledged"],
        "refused": 1,
        "books_agree": True,
        "offline_sales": 2,
    }
    assert verdict["acknowledged"] >= 5 + 1
    for words in ("Lane", "Handheld", "PC till", "the identical answer", "E-PRICE-CHANGED",
                  "Selling offline", "the cloud has all", "the receipt is printed",
                  "the cash drawer opens"):  # fmt: skip
        assert words in done.stdout
    assert (folder / "store.toml").exists()
    assert (folder / "state" / "journal.db").exists()
    token = (folder / "secrets" / "visitor.token").read_bytes()
    assert hashlib.sha256(token).hexdigest() in (folder / "store.toml").read_text()
    assert mentioned(str(folder)) == []

    checked = subprocess.run(
        [EDGEBOX, "verify", "--json", "--config", str(folder / "store.toml")],
        capture_output=True, timeout=SECONDS_MAX, env=environment(), check=False,
    )  # fmt: skip
    report = json.loads(checked.stdout)
    assert (report["books_agree"], report["sales"], report["waiting"]) == (True, 5, 0)
    every_difference_shows(folder)


def every_difference_shows(folder: Path) -> None:
    """The verdict of a round would have been another if the cloud had lost or changed anything."""
    journal, cloud = folder / "state" / "journal.db", folder / "cloud.db"

    def agree() -> bool:
        with closing(CloudTwin(make_key("cloud-1", random.Random(1)), str(cloud))) as twin:
            return books.agree(journal, twin, "s1-box-1")

    assert agree()
    with closing(sqlite3.connect(cloud, isolation_level=None)) as db:
        for change, back in (
            ("update account set total = total + 1 where account = 'programme'",
             "update account set total = total - 1 where account = 'programme'"),
            ("insert into account values('cash:pos-9', 'CNY', 1)",
             "delete from account where account = 'cash:pos-9'"),
            ("delete from fact where sequence = (select max(sequence) from fact)", None),
        ):  # fmt: skip
            db.execute(change)
            assert not agree(), change
            if back is not None:
                db.execute(back)
                assert agree(), back


def test_ctrl_c_closes_the_store_and_leaves_nothing() -> None:
    with running("--speed", "20", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline().decode() for _ in range(LINES_ENOUGH)]
        folder = next(line for line in lines if "All files are in" in line).split()[-1]
        assert len(mentioned(folder)) == 1, "the box is a process of its own"
        process.send_signal(signal.SIGINT)
        rest, errors = (part.decode() for part in process.communicate(timeout=SECONDS_MAX))
    assert process.returncode == 0, "".join(lines) + rest + errors
    assert errors == ""
    assert "sales today" in rest
    assert "stopped in good order" in rest
    assert "Traceback" not in rest
    assert mentioned(folder) == []
    assert not Path(folder).exists()


def test_a_reader_that_goes_away_closes_the_store() -> None:
    with running("--speed", "20", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline().decode() for _ in range(5)]
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.wait(SECONDS_MAX)
    assert (process.returncode, errors) == (0, "")
    assert not Path(lines[1].split()[-1]).exists()


def test_a_terminal_gets_the_screen_and_its_own_contents_back() -> None:
    master, slave = os.openpty()
    try:
        termios.tcsetwinsize(slave, (40, 120))
        with running(
            "--lang", "zh", "--speed", "20", stdout=slave, stderr=slave, start_new_session=True
        ) as process:
            os.close(slave)
            seen = b""
            while "成交".encode() not in seen or ALTERNATE_SCREEN not in seen:
                assert select.select([master], [], [], SECONDS_MAX)[0], seen.decode()
                seen += os.read(master, 65536)
            process.send_signal(signal.SIGINT)
            rest = _read_to_end(master)
            process.wait(SECONDS_MAX)
    finally:
        os.close(master)
    assert process.returncode == 0, rest.decode("utf-8", "replace")
    after = rest.split(NORMAL_SCREEN)[-1].decode()
    assert "今天成交" in after
    assert "Traceback" not in after


def _read_to_end(master: int) -> bytes:
    """Read until the other side has hung up, which Linux tells by EIO."""
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            return seen
        seen += piece


def test_a_box_that_does_not_start_is_explained(tmp_path: Path) -> None:
    (tmp_path / "apsw.py").write_text("raise ImportError('broken on purpose')\n")
    done = subprocess.run(
        [EDGEBOX, "demo", "--once"],
        capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
        env=environment(PYTHONPATH=str(tmp_path)),
    )  # fmt: skip
    assert done.returncode == 1
    what, why, fix, *log = done.stderr.strip().splitlines()
    assert what == "The demo failed: the box did not get ready to sell"
    assert why.startswith("why: ")
    assert fix.startswith("fix: ")
    assert "broken on purpose" in log[-1]
    assert "demo/" not in done.stderr, "no traceback of our own"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = subprocess.run(
        [EDGEBOX, "demo", "--once", "--keep", str(tmp_path)],
        capture_output=True, text=True, timeout=SECONDS_MAX, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


# --- what it is made of ---------------------------------------------------------------------------


def test_both_languages_say_the_same() -> None:
    def holes(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for name, (chinese, english) in WORDS.items():
        assert chinese, name
        assert holes(chinese) == holes(english), name


@pytest.mark.parametrize(
    ("minor", "text"),
    [(0, "0.00"), (5, "0.05"), (-200, "-2.00"), (-5, "-0.05"), (123456, "1,234.56")],
)
def test_money_is_exact(minor: int, text: str) -> None:
    assert money(minor) == text


def test_the_same_seed_brings_the_same_guests() -> None:
    def day(seed: int) -> list[object]:
        guests = Guests(random.Random(seed))
        return [guests.next() for _ in range(20)]

    assert day(7) == day(7)
    assert day(7) != day(8)


def test_a_lane_gets_whole_pieces_only() -> None:
    guests = Guests(random.Random(1), may_weigh=False)
    bought = [line for _ in range(200) for line in guests.next().basket]
    assert all(quantity.isdigit() for _, quantity in bought)


def busy_scene() -> Scene:
    scene = Scene("zh", lambda happening: None)
    line = {"name": "拿铁咖啡", "quantity": "2", "list_amount": 3600}
    quote = {"lines": [line] * 9, "discount_total": 200, "total": 32200, "member": None}
    sold = {"total": 32200, "receipt": "b-1S-000001", "points_earned": 0, "text": "合计\n" * 30}
    scene.checked({"state": "selling_offline", "cloud": "down", "waiting": 3,
                   "acknowledged": 4, "sequence": 7})  # fmt: skip
    for who in ("lane", "handheld", "pos"):
        scene.spots[who].quote = quote
        scene.spots[who].member = {"display": "王**", "points": 12}
    scene.sold("lane", sold)
    scene.refused("pos", {"code": "E-TENDER-SHORT", "title": "付款不足", "detail": "还差 1.00。",
                          "fix": "请再收 1.00。"})  # fmt: skip
    return scene


@pytest.mark.parametrize("columns", [60, 80, 99, 100, 120, 200])
@pytest.mark.parametrize("rows", [12, 24, 40, 60])
def test_every_terminal_gets_a_picture_that_fits(columns: int, rows: int) -> None:
    for scene in (Scene("en", lambda happening: None), busy_scene()):
        console = Console(file=io.StringIO(), width=columns, height=rows, color_system=None)
        with console.capture() as drawn:
            console.print(picture(scene, columns, rows), end="")
        text = drawn.get()
        assert len(text.splitlines()) <= rows
        assert scene.say(scene.state) in text


def test_the_picture_shows_what_a_shop_owner_must_know() -> None:
    scene = busy_scene()
    console = Console(file=io.StringIO(), width=120, height=40, color_system=None)
    with console.capture() as drawn:
        console.print(picture(scene, 120, 40), end="")
    text = drawn.get()
    for words in (
        "离线营业", "云端不通", "3 条", "4 / 7 条", "王** · 12 分", "322.00", "另有",
        "E-TENDER-SHORT", "请再收 1.00。", "成交 1 笔", "其中离线 1 笔",
    ):  # fmt: skip
        assert words in text, words
