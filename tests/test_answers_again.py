"""A lost disk takes every answer with it; each is made again, to the last byte, from its fact."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from cloud_bridge.contract import Envelope, sha256
from edge.config import Config
from edge.desk.answer import read_stored
from edge.desk.placing import OURSELVES
from edge.desk.slips import REPLIES
from edge.epochs.reprint import WITHOUT_SLIP, Reprint
from edge.letters import read
from edge.shop.facts import Deed, PointsExchanged, Recovered, SaleMade, ToppedUp
from simulators import demo_data
from tests import virtual_time
from tests.counter_kit import LATTE, OIL, SILVER, rich, trusting
from tests.lives import TILL, Body, Shop

SPARE, THIRD = demo_data.card_number(901), demo_data.card_number(902)
PAID_BY_VALUE = [{"kind": "value", "amount": 1280}]


def rich_shop(folder: Path) -> Shop:
    """Return a shop whose rules have something for every deed, and that trusts a card."""
    shop = Shop(folder / "shop")
    shop.twin.publish_bundle(rich() | {"version": 2})
    config = trusting(shop.config)
    till = replace(config.terminals[TILL], rights=frozenset({"approve", "day"}))
    shop.config = replace(config, terminals={**config.terminals, TILL: till})
    return shop


class Day:
    """What a till does in a day, and the very bytes it was told."""

    def __init__(self, box: Body) -> None:
        self.box = box
        self.told: dict[str, tuple[str, bytes, bytes]] = {}
        """By key: the operation, the request, and the answer as a journal keeps it."""

    async def do(self, operation: str, **asked: Any) -> dict[str, Any]:
        """Do something that must be done, under a new key."""
        body = {"key": self.box.box._world.new_key(), "cashier": "anna", **asked}
        payload = json.dumps(body).encode()
        answer = await self.box.box.desk.handle(self.box.config.terminals[TILL], operation, payload)
        assert answer.status == 200, (operation, answer)
        self.told[body["key"]] = operation, payload, answer.stored()
        done = json.loads(answer.body)
        assert isinstance(done, dict)
        return done

    async def sell(self, lines: Any, **more: Any) -> dict[str, Any]:
        quoted = await self.box.ask("quote", {"lines": lines, **{
            name: more[name] for name in ("member",) if name in more}})  # fmt: skip
        paid = more.pop("tenders", [{"kind": "cash", "amount": quoted["total"]}])
        return await self.do(
            "sell", lines=lines, quote=quoted["quote"], expected_total=quoted["total"],
            tenders=paid, **more,
        )  # fmt: skip


async def everything(day: Day) -> None:
    """Do each deed of which something is printed, most of them for a member with a tier."""
    paid_in = await day.do("top_up", member=SILVER, amount=50_000, tender="card")
    sold = await day.sell(LATTE, member=SILVER, tenders=PAID_BY_VALUE)
    await day.do("return", sale=sold["receipt"])
    mistaken = await day.sell(LATTE * 2, member=SILVER)
    await day.do("void", sale=mistaken["receipt"], reason="mistake")
    await day.sell(OIL * 2, member=SILVER)
    await day.sell(LATTE)
    await day.do("cancel_top_up", top_up=paid_in["receipt"])
    await day.do("sell_card", member=SILVER, card="gift-100", tender="cash")
    await day.do("refund_card", member=SILVER)
    counts = await day.do("sell_count_card", member=SILVER, plan="coffees", tender="wallet")
    used = await day.do("use_count", member=SILVER, product="americano", uses=3)
    await day.do("return_use", use=used["receipt"], uses=1)
    await day.do("give_back_count_card", count_card=counts["receipt"])
    two = await day.do("exchange", member=SILVER, offer="umbrella", count=2)
    await day.do("undo_exchange", exchange=two["receipt"], count=1)
    desk = day.box.box.desk
    desk.means = desk.means._replace(away=None)  # as before the shop joined a cloud
    won = await day.do("draw", member=SILVER, draw="wheel")
    await day.do("undo_draw", ticket=won["receipt"], approved_by="boss")
    await day.do("buy_tier", member=SILVER, tier="gold",
                 tenders=[{"kind": "cash", "amount": 9_900}])  # fmt: skip
    await day.do("refund_tier", member=SILVER)


async def beside(day: Day) -> None:
    """Do what is told without a slip."""
    await day.do("park", lines=LATTE, member=SILVER)
    sold = await day.sell(LATTE)
    await day.do("feedback", kind="score", about=sold["receipt"], score=5)
    scanned = [{"code": demo_data.ean(1), "quantity": "2"}]
    await day.do("scan_session", name="shelf 3", purpose="stock", scanned=scanned)
    new = await day.do("enrol", consents=[{"to": "terms", "version": "1", "given": True}])
    member = {"kind": "member", "text": new["member"]}
    await day.do("update_member", member=member, birthday="02-03")
    await day.do("bind_card", member=SILVER, card=SPARE)
    await day.do("freeze_card", card=SPARE)
    await day.do("unfreeze_card", card=SPARE, approved_by="boss")
    await day.do("replace_card", old=SPARE, new=THIRD, approved_by="boss")


async def lost_and_back(shop: Shop) -> Day:
    """Live a day, lose the disk, and get everything back from the cloud."""
    box = shop.box("a")
    box.start()
    await box.ready()
    day = Day(box)
    await day.do("day_open")
    await everything(day)
    await beside(day)
    await box.settled()
    await box.stop()
    shutil.rmtree(box.state)
    box.start()
    await box.settled()
    return day


async def all_come_back(folder: Path) -> set[type]:
    day = await lost_and_back(rich_shop(folder))
    box, kinds = day.box, set()
    pages = {page.key: page for page in box.pages()}
    for key, (operation, payload, told) in day.told.items():
        fact = read(pages[key].body)
        assert isinstance(fact, Recovered), operation
        assert sha256(told) == fact.answer, "the cloud still has the hash of what was told"
        assert pages[key].answer == told, operation
        again = await box.box.desk.handle(box.config.terminals[TILL], operation, payload)
        assert again.stored() == told, operation
        kinds.add(type(read(fact.body.encode())))
    await box.stop()
    return kinds


def test_whatever_a_till_was_told_comes_back_to_the_last_byte(tmp_path: Path) -> None:
    kinds = virtual_time.run(all_come_back(tmp_path))
    assert kinds == {*REPLIES, *WITHOUT_SLIP}


async def in_another_language(folder: Path) -> None:
    shop = rich_shop(folder)
    day = await lost_and_back(shop)
    await day.box.stop()
    shutil.rmtree(day.box.state)
    till = replace(day.box.config.terminals[TILL], lang="en")
    day.box.config = replace(day.box.config, terminals={TILL: till})
    day.box.start()
    await day.box.settled()
    pages = {page.key: page for page in day.box.pages()}
    assert all(pages[key].answer == told for key, (_, _, told) in day.told.items())
    await day.box.stop()


def test_it_is_told_in_the_language_it_was_told_in(tmp_path: Path) -> None:
    virtual_time.run(in_another_language(tmp_path))


# --- what is not the same any more ----------------------------------------------------------------


def one(facts: Sequence[Envelope], kind: type[Deed]) -> Envelope:
    return next(one for one in facts if isinstance(read(bytes(one.body)), kind))


def older(fact: Envelope) -> Envelope:
    """Return a fact as it was written before facts said what was left."""
    body = json.loads(bytes(fact.body))
    del body["afterwards"]
    return replace(fact, body=msgspec.Raw(msgspec.json.encode(body)))


async def a_day_at_the_cloud(folder: Path) -> tuple[Sequence[Envelope], Config]:
    shop = rich_shop(folder)
    box = shop.box("a")
    box.start()
    await box.ready()
    await everything(Day(box))
    await box.settled()
    await box.stop()
    return shop.facts(), shop.config


def test_facts_that_do_not_say_what_was_left_are_answered_as_far_as_they_go(
    tmp_path: Path,
) -> None:
    facts, config = virtual_time.run(a_day_at_the_cloud(tmp_path))
    anew = Reprint(config.store, config.terminals)
    sale, paid_in, spent = (one(facts, kind) for kind in (SaleMade, ToppedUp, PointsExchanged))
    told, less = (read_stored(anew.answer(fact)) for fact in (sale, older(sale)))
    whole, part = json.loads(told.body), json.loads(less.body)
    assert (told.status, less.status) == (200, 200)
    assert whole["points_balance"] is not None
    assert "储值余额" in whole["text"]
    assert part["points_balance"] is None
    assert "储值余额" not in part["text"]
    same = whole.keys() - {"points_balance", "text"}
    assert {name: part[name] for name in same} == {name: whole[name] for name in same}
    for deed in (paid_in, spent):
        assert read_stored(anew.answer(deed)).status == 200
        lost = json.loads(read_stored(anew.answer(older(deed))).body)
        assert (lost["code"], lost["key"]) == ("E-ANSWER-LOST", deed.key)


def test_a_shop_that_was_renamed_still_answers_what_was_done(tmp_path: Path) -> None:
    facts, config = virtual_time.run(a_day_at_the_cloud(tmp_path))
    sale = one(facts, SaleMade)
    renamed = Reprint(replace(config.store, name_zh="新名"), config.terminals)
    again = renamed.answer(sale)
    assert sha256(again) != sale.answer
    told = json.loads(read_stored(again).body)
    assert told["text"].strip().startswith("新名")
    assert told["sale"] == json.loads(bytes(sale.body))["sale"]


def test_terminals_that_are_gone_are_answered_and_nobody_is_not(tmp_path: Path) -> None:
    """Who is paired again after the disk was lost may ask what became of a request."""
    facts, config = virtual_time.run(a_day_at_the_cloud(tmp_path))
    anew = Reprint(config.store, {})
    asked = [fact for fact in facts if fact.origin == TILL]
    assert asked
    assert all(sha256(anew.answer(fact)) == fact.answer for fact in asked)
    unasked = [fact for fact in facts if fact.origin == OURSELVES]
    assert unasked
    assert all(anew.answer(fact) == b"" for fact in unasked)
