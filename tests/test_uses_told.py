"""Uses of count cards as the owner reads them afterwards: explained, counted, and given back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.config import Config
from simulators import demo_data
from simulators.cloud.weather import OFF
from tests.counter_kit import BANANAS, OIL, SILVER, Till, rich, trusting
from tests.owner import command, quiet
from tests.shopfront import open_shop
from tests.stand import until

COFFEE, NET = {"code": "americano"}, 1_280
LEARNER = "handheld-1"
TEA = {"code": demo_data.ean(3)}


def with_a_learner(config: Config) -> Config:
    """Trust any card of a member, and let one handheld be for practice."""
    told = trusting(config)
    learner = replace(told.terminals[LEARNER], training=True)
    return replace(told, terminals={**told.terminals, LEARNER: learner})


@asynccontextmanager
async def owned(folder: Path) -> AsyncIterator[tuple[Till, Path]]:
    """Run a box whose member has a count card of ten coffees, and who may be asked about it."""
    with quiet():
        async with open_shop(folder, bundle=rich(), adjust=with_a_learner) as front:
            await front.box.admin.open()
            till = Till(front.shop)
            await till.do("sell_count_card", member=SILVER, plan="coffees", tender="card")
            try:
                yield till, front.shop.premises.config_path
            finally:
                await front.box.admin.close()


async def paid(till: Till, tenders: Any = None, **wish: Any) -> dict[str, Any]:
    """Return a sell request in which cash pays what uses leave."""
    quoted = await till.ask("quote", **wish)
    assert quoted["status"] == 200, quoted
    cash = [{"kind": "cash", "amount": quoted.get("due", quoted["total"])}]
    named = {"quote": quoted["quote"], "expected_total": quoted["total"]}
    return {**wish, **named, "tenders": tenders or cash}


async def told(*asked: object) -> str:
    result = await command(*asked)
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_a_sale_by_uses_is_explained_and_counted(tmp_path: Path) -> None:
    async with owned(tmp_path) as (till, config):
        wish = {"lines": [{**COFFEE, "quantity": "2"}, BANANAS], "member": SILVER,
                "uses": [{"line": 0, "uses": 2}]}  # fmt: skip
        key = till.key()
        sold = await till.ask("sell", key=key, cashier="anna", **await paid(till, **wish))
        parked = till.key()
        await till.ask("park", key=parked, cashier="anna", **wish)
        say = "--config", config, "--lang", "en"
        english = await told("explain", key, *say)
        waiting = await told("explain", parked, *say)
        report = await told("x-report", *say)
    assert f"receipt {sold['receipt']}" in english
    assert "uses beyond their worth" in english
    assert "-2 CNT" in english
    assert "uses owed to the member" in english
    assert "basket" in waiting
    rows = [row.split() for row in report.splitlines()]
    assert ["uses", "of", "count", "cards", "2"] in rows


async def test_uses_money_and_value_each_come_back_the_way_they_came(tmp_path: Path) -> None:
    async with owned(tmp_path) as (till, _):
        await till.do("top_up", member=SILVER, amount=50_000, tender="cash")
        uses = [{"line": 0, "uses": 2}]
        lines = [{**COFFEE, "quantity": "3"}, TEA]
        wish = {"lines": lines, "member": SILVER, "uses": uses}
        tenders = [{"kind": "value", "amount": 700}, {"kind": "card", "amount": NET + 450 - 700}]
        sold = await till.do("sell", **await paid(till, tenders, **wish))
        back = [
            await till.do("return", sale=sold["receipt"], lines=[{"line": 0, "units": [unit]}])
            for unit in (2, 0)
        ]
        back.append(await till.do("return", sale=sold["receipt"]))
        kinds = [[one["kind"] for one in each["refunds"]] for each in back]
        assert kinds[1] == ["uses"]
        assert "uses" not in kinds[0]
        sums = {
            kind: sum(r["amount"] for each in back for r in each["refunds"] if r["kind"] == kind)
            for kind in ("uses", "card", "principal", "bonus")
        }
        assert sums["uses"] == 2 * NET
        assert sums["card"] == NET + 450 - 700
        assert sums["principal"] + sums["bonus"] == 700
        balance = await till.ask("balance", credential=SILVER)
        assert (balance["uses"], balance["principal"] + balance["bonus"]) == (10, 55_000)


async def test_practice_takes_no_use_of_anybody_s(tmp_path: Path) -> None:
    async with owned(tmp_path) as (till, _):
        practice = Till(till.shop, LEARNER)
        await practice.do("sell_count_card", member=SILVER, plan="coffees", tender="card")
        wish = {"lines": [COFFEE], "member": SILVER, "uses": [{"line": 0}]}
        sold = await practice.do("sell", **await paid(practice, **wish))
        assert sold["uses"][0]["left"] == 9
        parked = await practice.do("park", **wish)
        assert (await practice.do("recall", ticket=parked["ticket"]))["uses"] == [{"line": 0}]
        assert (await till.ask("balance", credential=SILVER))["uses"] == 10


async def test_what_could_pay_is_said_with_the_price(tmp_path: Path) -> None:
    async with owned(tmp_path) as (till, _):
        lines = [{**COFFEE, "quantity": "2"}, BANANAS, OIL[0]]
        quoted = await till.ask("quote", lines=lines, member=SILVER)
        (card,) = quoted["count_cards"]
        assert {**card, "count_card": ""} == {
            "line": 0, "count_card": "", "plan": "coffees", "name": "名", "uses": 2, "left": 10
        }  # fmt: skip
        assert "due" not in quoted
        for nothing in ({"lines": lines}, {"lines": OIL, "member": SILVER}):
            assert "count_cards" not in await till.ask("quote", **nothing)
        stranger = {"kind": "member", "text": "m0002"}
        (maybe,) = (await till.ask("quote", lines=lines, member=stranger))["count_cards"]
        assert (maybe["count_card"], "left" in maybe) == ("", False), "only the cloud knows"
        till.shop.weather.sky = OFF
        await till.tries("use_count", member=stranger, product="americano")
        await until(lambda: not till.shop.box.cloud.state.up)
        assert "count_cards" not in await till.ask("quote", lines=lines, member=stranger)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"lines": [COFFEE], "uses": [{"line": 0}]}, "E-NO-MEMBER"),
        ({"lines": [COFFEE], "member": SILVER, "uses": [{"line": 1}]}, "E-NO-LINE"),
        ({"lines": [COFFEE], "member": SILVER, "uses": [{"line": 0}] * 21}, "E-MALFORMED"),
    ],
)
async def test_what_cannot_be_parked(tmp_path: Path, asked: dict[str, Any], code: str) -> None:
    async with owned(tmp_path) as (till, _):
        assert (await till.tries("park", **asked))["code"] == code


async def test_a_parked_use_is_judged_when_it_is_taken_up(tmp_path: Path) -> None:
    async with owned(tmp_path) as (till, _):
        wish = {"lines": [{**COFFEE, "quantity": "2"}], "member": SILVER}
        uses = [{"line": 0, "uses": 2, "plan": "coffees"}]
        parked = await till.do("park", **wish, uses=uses, label="table 4")
        await till.do("use_count", member=SILVER, product="americano", uses=9)
        back = await till.do("recall", ticket=parked["ticket"])
        assert back["uses"] == uses
        member = {"kind": "member", "text": back["member"]}
        again = {"lines": back["lines"], "member": member}
        no = await till.tries("sell", **await paid(till, **again), uses=back["uses"])
        assert no["code"] in {"E-COUNTS-SHORT", "E-OFFLINE-USES"}
        sold = await till.do("sell", **await paid(till, **again, uses=[{"line": 0}]))
        assert sold["uses"][0]["left"] == 0
