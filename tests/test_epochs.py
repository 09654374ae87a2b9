"""One box, several lives: whatever is put back, copied or forgotten, both books agree again."""

import asyncio
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from cloud_bridge.contract import sha256
from edge.letters import read
from edge.shop.facts import Recovered
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.lives import LATTE, TILL, Body, Shop, both_books_agree, merged_books_agree


async def three_then_four(shop: Shop, copy: Path) -> tuple[Body, list[str], list[str]]:
    """Return a box that was copied after three sales and then sold four more; and their keys."""
    box = shop.box("a")
    box.start()
    kept = await box.sell(3)
    await box.settled()
    await box.stop()
    box.copy(copy)
    box.start()
    lost = await box.sell(4)
    await box.settled()
    await box.stop()
    return box, kept, lost


async def asked_while_it_comes_back(folder: Path) -> set[str]:
    shop = Shop(folder / "shop")
    box, _, lost = await three_then_four(shop, folder / "backup")
    box.put_back(folder / "backup")
    (box.state / "restored.json").write_text("{}")
    shop.weather.sky, box.flush_seconds = OFF, 2.0
    box.start()
    request = await box.request(lost[0])
    shop.weather.sky = CLEAR
    said: set[str] = set()
    while "done" not in said:
        found = await box.fate(lost[0])
        again = await box.ask("sell", request)
        durable = lost[0] in {page.key for page in box.pages()}
        assert durable or found.get("fate") != "done", "told before it was durable"
        assert durable or again["status"] != 200, again
        said.add(str(found.get("fate", found.get("code"))))
        await asyncio.sleep(0.5)
    await box.stop()
    return said


def test_what_comes_back_is_told_when_it_is_durable(tmp_path: Path) -> None:
    said = virtual_time.run(asked_while_it_comes_back(tmp_path))
    assert said == {"E-HISTORY-GAP", "E-IN-PROGRESS", "done"}


async def back_by_hand(folder: Path, later_sales: int) -> None:
    shop = Shop(folder / "shop")
    box, kept, lost = await three_then_four(shop, folder / "backup")
    box.put_back(folder / "backup")
    shop.weather.sky = OFF
    box.start()
    later = await box.sell(later_sales)
    told = dict(box.answers)
    shop.weather.sky = CLEAR
    await box.settled()
    assert box.forks == 1
    for key in kept + lost + later:
        assert (await box.fate(key))["fate"] == "done"
    for key in later:
        again = await box.desk_answer(key)
        assert again == told[key], "sealed again, and told the same"
    await box.sell(1)
    await box.settled()
    await box.stop()
    both_books_agree(box)
    assert {page.epoch for page in box.pages()} == {1, 2}
    assert (box.state / "journal.forked-2.db").exists()


@pytest.mark.parametrize("later_sales", [0, 2])
def test_an_old_backup_put_back_by_hand_is_recognised_and_nothing_is_lost(
    later_sales: int, tmp_path: Path
) -> None:
    virtual_time.run(back_by_hand(tmp_path, later_sales))


async def asked_in_the_gap(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box, kept, lost = await three_then_four(shop, folder / "backup")
    never = box.box._world.new_key()
    await asyncio.sleep(1)
    box.put_back(folder / "backup")
    (box.state / "restored.json").write_text("{}")
    shop.weather.sky = OFF
    box.start()
    await box.ready()
    assert (await box.fate(kept[0]))["fate"] == "done"
    for key in (lost[0], never):
        found = await box.fate(key)
        assert found["code"] == "E-HISTORY-GAP"
        assert (await box.ask("sell", await box.request(key)))["code"] == "E-HISTORY-GAP"
    await box.sell(1)
    await box.stop(crash=True)
    box.start()
    await box.ready()
    assert (await box.fate(lost[0]))["code"] == "E-HISTORY-GAP", "a restart forgets no gap"
    shop.weather.sky = CLEAR
    await box.settled()
    assert (await box.fate(never))["fate"] == "never"
    found = await box.fate(lost[0])
    assert (found["fate"], found["answer"]["key"]) == ("done", lost[0])
    was = json.loads(box.answers[lost[0]])
    for name in ("sale", "receipt", "epoch", "sequence", "previous", "total", "points_earned"):
        assert found["answer"][name] == was[name]
    assert box.forks == 0, "a restore opens its epoch by itself"
    await box.stop()
    both_books_agree(box)


def test_until_the_cloud_was_asked_an_old_key_is_neither_done_nor_never(tmp_path: Path) -> None:
    virtual_time.run(asked_in_the_gap(tmp_path))


async def clone_runs(folder: Path) -> None:
    shop = Shop(folder / "shop")
    one, kept, _ = await three_then_four(shop, folder / "backup")
    shutil.copytree(folder / "backup", folder / "shop" / "b")
    two = shop.box("b")
    one.start()
    two.start()
    sold = await one.sell(2) + await two.sell(2)
    await asyncio.sleep(7200)
    sold += await two.sell(1) + await one.sell(2)
    await asyncio.sleep(7200)
    await two.stop()
    sold += await one.sell(1)
    await one.settled()
    assert one.forks + two.forks >= 2
    for key in kept + sold:
        assert (await one.fate(key))["fate"] == "done"
    await one.stop()
    merged_books_agree(one, two)


def test_two_boxes_on_one_past_lose_nothing_and_leave_each_other_time(tmp_path: Path) -> None:
    virtual_time.run(clone_runs(tmp_path))


async def other_machine(folder: Path) -> None:
    shop = Shop(folder / "shop")
    _, _, _ = await three_then_four(shop, folder / "backup")
    moved = shop.box("a", machine="m2")
    moved.start()
    await moved.sell(1)
    await moved.settled()
    assert moved.forks == 0
    await moved.stop()
    assert {page.epoch for page in moved.pages()} == {1, 2}
    moved.start()
    await moved.settled()
    await moved.stop()
    assert moved.pages()[-1].epoch == 2, "it has moved once"
    both_books_agree(moved)


def test_a_disk_in_another_machine_begins_an_epoch(tmp_path: Path) -> None:
    virtual_time.run(other_machine(tmp_path))


async def disk_lost(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box, kept, lost = await three_then_four(shop, folder / "backup")
    shutil.rmtree(box.state)
    box.start()
    await box.settled()
    assert box.forks == 1
    for key in kept + lost:
        assert (await box.fate(key))["fate"] == "done"
    await box.stop()
    both_books_agree(box)


def test_a_box_without_any_backup_gets_its_facts_back_from_the_cloud(tmp_path: Path) -> None:
    virtual_time.run(disk_lost(tmp_path))


async def cloud_forgets(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(3)
    await box.settled()
    image = shop.twin.backup()
    await box.sell(3)
    await box.settled()
    shop.twin.rewind(image)
    await box.sell(2)
    await box.settled()
    assert box.forks == 0
    await box.stop()
    both_books_agree(box)
    shop.twin.rewind(image)
    box.start()
    await box.settled()
    await box.stop()
    both_books_agree(box)


def test_a_cloud_that_was_put_back_is_fed_again(tmp_path: Path) -> None:
    virtual_time.run(cloud_forgets(tmp_path))


async def both_put_back(folder: Path) -> None:
    """The box is older than the cloud, mends, and then the cloud forgets the whole epoch."""
    shop = Shop(folder / "shop")
    box, _, _ = await three_then_four(shop, folder / "backup")
    image = shop.twin.backup()
    box.put_back(folder / "backup")
    box.start()
    await box.sell(2)
    await box.settled()
    shop.twin.rewind(image)
    await box.sell(1)
    await box.settled()
    await box.stop()
    both_books_agree(box)


def test_a_cloud_that_forgets_a_whole_epoch_gets_it_again(tmp_path: Path) -> None:
    virtual_time.run(both_put_back(tmp_path))


async def served_twice(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box, _, lost = await three_then_four(shop, folder / "backup")
    box.put_back(folder / "backup")
    shop.weather.sky = OFF
    box.start()
    await box.ready()
    again = await box.ask("sell", await box.request(lost[0]))
    assert again["status"] == 200, "nobody here can know that it was sold before"
    shop.weather.sky = CLEAR
    await box.settled()
    outcomes = shop.twin.outcomes(shop.premises.box)
    (noticed,) = [o.reason for o in outcomes if o.outcome == "accepted_with_exception"]
    assert noticed.startswith("the same request was served in epoch 1")
    assert (await box.fate(lost[0]))["answer"]["sequence"] == again["sequence"]
    await box.stop()
    both_books_agree(box)


def test_a_request_served_in_two_lives_counts_in_both_books_and_shows(tmp_path: Path) -> None:
    virtual_time.run(served_twice(tmp_path))


async def fences_and_refusals(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(1)
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    box.start()
    await box.ready()
    fenced, refused = (box.box._world.new_key() for _ in range(2))
    assert (await box.fate(fenced))["fate"] == "never"
    request = await box.request(refused)
    request["expected_total"] += 1
    was = await box.ask("sell", request)
    assert was["status"] >= 400
    await box.settled()
    await box.stop()
    box.put_back(folder / "backup")
    box.start()
    await box.settled()
    assert (await box.fate(fenced))["fate"] == "never"
    assert (await box.ask("sell", await box.request(fenced)))["code"] == "E-FENCED"
    found = await box.fate(refused)
    assert found["fate"] == "done"
    assert found["answer"]["code"] in {was["code"], "E-ANSWER-LOST"}
    await box.stop()
    both_books_agree(box)


def test_what_was_called_off_or_refused_stays_so(tmp_path: Path) -> None:
    virtual_time.run(fences_and_refusals(tmp_path))


async def a_guest_asks_again(folder: Path) -> None:
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    await box.sell(1)
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    box.start()
    await box.ready()
    quoted = await box.ask("quote", {"lines": LATTE})
    request = {
        "key": box.box._world.new_key(), "cashier": "anna", "lines": LATTE,
        "quote": quoted["quote"], "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    }  # fmt: skip
    assert (await box.ask("sell", request))["status"] == 200
    await box.settled()
    await box.stop()
    box.put_back(folder / "backup")
    box.start()
    await box.settled()
    (page,) = [page for page in box.pages() if page.key == request["key"]]
    fact = read(page.body)
    assert isinstance(fact, Recovered)
    assert sha256(page.answer) == fact.answer, "the cloud still has the hash of what was told"
    again = await box.box.desk.handle(
        box.config.terminals[TILL], "sell", msgspec.json.encode(request)
    )
    assert (again.status, again.body) == (200, box.answers[request["key"]])
    await box.stop()


def test_a_guests_sale_that_came_back_is_answered_with_the_very_same_bytes(tmp_path: Path) -> None:
    virtual_time.run(a_guest_asks_again(tmp_path))
