"""Leases of a box with more than one life: what several of them took or gave counts once."""

import asyncio
import shutil
from pathlib import Path

from cloud_bridge.contract import LeaseAsked, Recall
from edge.box import JOURNAL_FILE
from edge.verify import verify
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.away_kit import WHO, value_lot
from tests.lives import Body, Shop

TODAY = "2026-11-22"
ASKED = LeaseAsked(id="l1", member=WHO, kind="value")


def books_agree(box: Body) -> None:
    report = verify(box.state / JOURNAL_FILE)
    assert report.books_agree, report.findings


async def leased_in_two_lives(folder: Path) -> None:
    """A lease is taken in two lives, and both are lost."""
    shop = Shop(folder / "shop")
    shop.twin.keeping.give(value_lot("v1"), 400)
    box = shop.box("a")
    box.start()
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    lease = shop.twin.granting.lease(shop.premises.box, ASKED)
    box.start()
    await box.ready()
    while box.box.journal.find("box", "lease/l1") is None:
        await asyncio.sleep(60)
    await box.settled()
    await box.stop()
    box.put_back(folder / "backup")
    shop.weather.sky = OFF
    box.start()
    await box.ready()
    assert box.box.cloud.away.leasing.take(lease, TODAY) is not None
    shop.weather.sky = CLEAR
    await box.settled()
    await box.stop()
    shutil.rmtree(box.state)
    shop.twin._tables._db.execute("delete from news where kind = 'lease'")  # nobody tells it anew
    box.start()
    await box.settled()
    assert shop.twin._tables.lots.at(shop.premises.box, WHO, "value") == 200
    assert box.box.cloud.away.leasing._book.lots(["v1"])["v1"].left == 200
    await box.stop()
    books_agree(box)


def test_a_lease_that_two_lives_took_counts_once(tmp_path: Path) -> None:
    virtual_time.run(leased_in_two_lives(tmp_path))


async def asked_back_in_three_lives(folder: Path) -> None:
    """A recall is answered in three lives, twice in the same words; two of them are lost."""
    shop = Shop(folder / "shop")
    shop.twin.keeping.give(value_lot("v1"), 400)
    box = shop.box("a")
    shop.twin.granting.lease(shop.premises.box, ASKED)
    box.start()
    await box.ready()
    while box.box.journal.find("box", "lease/l1") is None:
        await asyncio.sleep(60)
    await box.settled()
    await box.stop()
    box.copy(folder / "backup")
    for amount in (60, 60, 20):
        box.put_back(folder / "backup")
        shop.weather.sky = OFF
        box.start()
        await box.ready()
        recall = Recall(id="r1", member=WHO, kind="value", amount=amount)
        durable = box.box.cloud.away.leasing.recall(recall)
        assert durable is not None
        await durable
        shop.weather.sky = CLEAR
        await box.settled()
        await box.stop()
    box.start()
    await box.settled()
    assert shop.twin._tables.lots.at(shop.premises.box, WHO, "value") == 200 - 60 - 20
    assert box.box.cloud.away.leasing._book.lots(["v1"])["v1"].left == 200 - 60 - 20
    await box.stop()
    books_agree(box)


def test_what_lives_gave_back_in_the_same_words_counts_once(tmp_path: Path) -> None:
    virtual_time.run(asked_back_in_three_lives(tmp_path))
