"""Outcomes on demand: each can be forced on a terminal in training, and none anywhere else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.config import Config
from edge.desk import rehearsal
from edge.refusals import CATALOGUE
from simulators import demo_data
from simulators.request_keys import new_key
from tests.stand import Stand, stand

LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]


def practising(config: Config) -> Config:
    pos = replace(config.terminals["pos-1"], training=True)
    return replace(config, terminals={**config.terminals, "pos-1": pos})


async def sell(shop: Stand, amount: int, key: str | None = None, **more: Any) -> dict[str, Any]:
    tenders = [{"kind": "cash", "amount": amount}]
    request = await shop.sale(key or new_key(), LATTE, tenders=tenders, **more)
    return await shop.ask("sell", request)


async def test_a_card_forces_each_refusal(shop: Stand) -> None:
    for code, entry in CATALOGUE.items():
        said = await shop.ask("identify", {"credential": {"kind": "code", "text": f"TEST:{code}"}})
        assert (said["code"], said["status"], said["retry"]) == (code, entry.status, entry.retry)
        assert said["detail"]
        assert said["fix"]


async def test_an_amount_forces_what_is_decided_later(shop: Stand) -> None:
    key = new_key()
    first = await sell(shop, rehearsal.STILL_DECIDING, key)
    assert (first["code"], first["retry"]) == ("E-IN-PROGRESS", "same")
    again = await sell(shop, rehearsal.STILL_DECIDING, key)
    assert again["status"] == 200
    assert again["key"] == key


async def test_an_amount_forces_a_busy_box(shop: Stand) -> None:
    key = new_key()
    assert (await sell(shop, rehearsal.TOO_BUSY, key))["code"] == "E-BUSY"
    fate = await shop.ask("ask", {"key": key})
    assert fate["fate"] == "never", "nothing was made of it"
    other = new_key()
    assert (await sell(shop, rehearsal.TOO_BUSY, other))["code"] == "E-BUSY"
    assert (await sell(shop, rehearsal.TOO_BUSY, other))["status"] == 200


async def test_an_amount_forces_a_slow_answer(shop: Stand) -> None:
    loop = asyncio.get_running_loop()
    since = loop.time()
    assert (await sell(shop, rehearsal.SLOW))["status"] == 200
    assert loop.time() - since >= rehearsal.SLOW_SECONDS


async def test_nobody_else_is_played_with(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        for amount in (rehearsal.STILL_DECIDING, rehearsal.TOO_BUSY):
            assert (await sell(shop, amount))["status"] == 200
        said = await shop.ask("identify", {"credential": {"kind": "code", "text": "TEST:E-BUSY"}})
        assert said["code"] != "E-BUSY"


@pytest.fixture
async def shop(tmp_path: Path) -> Any:
    async with stand(tmp_path, adjust=practising) as open_shop:
        yield open_shop
