"""Rude requests of every operation, deeds that are prepared while others ask, and what follows."""

import asyncio
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from drivers.terminal import examples
from edge.desk.homes.away import Away
from edge.refusals import CATALOGUE
from edge.verify import verify
from tests.counter_kit import LATTE, OIL, PROGRAMME, SILVER, Till, counter, rich
from tests.stand import stand

JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 10**15, 2**60, "", " ", "\x00", "x" * 600, "-0", "1e3", "NaN", [], {}, [[]],
    {"kind": "card"}, [None], "2026-13-45", "s1-box-1-1S-000001", "s1-box:1:1:00000000",
)  # fmt: skip
MUTANTS = 40
"""Broken requests made of each example, by seed."""


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in some JSON with every key or index of it."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from places(tree[key])


def mutant(request: dict[str, Any], luck: Random) -> dict[str, Any]:
    """Return a request with one thing wrong, or perhaps only other."""
    broken = copy.deepcopy(request)
    found = list(places(broken))
    if not found or luck.random() < 0.1:
        return {**broken, luck.choice(("kee", "Cashier", "admin", "")): luck.choice(JUNK)}
    where, key = luck.choice(found)
    if luck.random() < 0.2:
        del where[key]
    elif isinstance(where[key], int) and luck.random() < 0.5:
        where[key] = where[key] + luck.choice((-1, 1, -(10**6), 10**6))
    else:
        where[key] = luck.choice(JUNK)
    return broken


async def test_no_broken_request_of_any_operation_breaks_the_box(tmp_path: Path) -> None:
    luck = Random(1)
    codes = set()
    async with counter(tmp_path) as till:
        await till.sell(OIL, member=SILVER)
        for operation, some in examples.load().items():
            for number in range(MUTANTS):
                example = json.loads(bytes(luck.choice(some).request))
                broken = mutant(example, luck)
                if broken.get("key") == example.get("key", ""):
                    broken["key"] = till.key()  # so that it is judged, and not remembered
                answer = await till.ask(operation, **broken)
                assert answer["status"] < 500 or answer["code"] == "E-NO-SEALING-KEY", answer
                if "code" in answer and answer["status"] >= 400:
                    assert CATALOGUE[answer["code"]].status == answer["status"]
                    assert answer["fix"], (operation, number)
                    codes.add(answer["code"])
        assert (await till.sell(LATTE))["total"] == 1800, "it sells as if nothing had been"
    assert len(codes) >= 10, codes
    assert verify(tmp_path / "state" / "journal.db").books_agree


# --- while a deed is prepared ---------------------------------------------------------------------


class SlowCloud:
    """Makes the authority wait until the test lets it go on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked, self.gate = asyncio.Event(), asyncio.Event()
        honest = Away.authorise

        async def authorise(away: Away, *args: Any, **more: Any) -> Any:
            self.asked.set()
            await self.gate.wait()
            return await honest(away, *args, **more)

        patch.setattr(Away, "authorise", authorise)


async def spending(till: Till) -> dict[str, Any]:
    await till.do("top_up", member=SILVER, amount=50_000)
    value = [{"kind": "value", "amount": 1280}]
    sale = await till.sale(LATTE, member=SILVER, tenders=value)
    return {"key": till.key(), "cashier": "anna", **sale}


async def test_who_comes_while_a_deed_is_prepared_waits_for_that_very_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counter(tmp_path) as till:
        request = await spending(till)
        slow = SlowCloud(monkeypatch)
        first = asyncio.create_task(till.ask("sell", **request))
        await slow.asked.wait()
        known = till.shop.box.desk.known(till.shop.terminal(), request["key"])
        assert json.loads(known.body)["state"] == "in_progress"
        again = asyncio.create_task(till.ask("sell", **request))
        fate = asyncio.create_task(till.ask("ask", key=request["key"]))
        other = await till.ask("sell", **{**request, "cashier": "bob"})
        assert other["code"] == "E-KEY-REUSED"
        slow.gate.set()
        assert await first == await again
        assert (await fate)["fate"] == "done", "nobody fences what is under way"
        held = await till.ask("balance", credential=SILVER)
        assert held["principal"] + held["bonus"] == 55_000 - 1280, "once"


async def test_a_deed_that_is_given_up_while_it_is_prepared_leaves_its_key_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counter(tmp_path) as till:
        request = await spending(till)
        slow = SlowCloud(monkeypatch)
        first = asyncio.create_task(till.ask("sell", **request))
        await slow.asked.wait()
        again = asyncio.create_task(till.ask("sell", **request))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        slow.gate.set()
        assert (await again)["status"] == 200, "whoever waited does it instead"
        assert await till.ask("sell", **request) == await again


# --- what follows, and who watches ----------------------------------------------------------------

WATCHES = [
    {"watch": "velocity", "id": "voids", "action": "refuse", "operations": ["void"],
     "per": ["cashier"], "minutes": 60, "max": 1},
    {"watch": "velocity", "id": "top-ups", "action": "flag", "operations": ["top_up"],
     "per": ["member"], "minutes": 60, "max": 1},
]  # fmt: skip


def watched() -> dict[str, Any]:
    bundle = rich()
    return bundle | {"programme": PROGRAMME | {"fraud": {"watches": WATCHES}}}


async def test_watches_refuse_and_flag_across_a_restart(tmp_path: Path) -> None:
    async with stand(tmp_path, bundle=watched()) as shop:
        till = Till(shop)
        sold = [await till.sell(LATTE) for _ in range(2)]
        await till.do("void", sale=sold[0]["receipt"])
        assert "flags" not in await till.do("top_up", member=SILVER, amount=10_000)
        await durable(till)
        flagged = await till.do("top_up", member=SILVER, amount=10_000)
        assert flagged["flags"] == ["top-ups"]
        await durable(till)
        second = await till.tries("void", sale=sold[1]["receipt"])
        assert second["code"] == "E-FRAUD-REFUSED"
    async with stand(tmp_path, bundle=watched()) as shop:
        till = Till(shop)
        till._keys = 100
        again = await till.tries("void", sale=sold[1]["receipt"])
        assert again["code"] == "E-FRAUD-REFUSED", "what was done before the restart counts"


async def durable(till: Till) -> None:
    journal = till.shop.box.journal
    while journal.committed < journal.head.sequence:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("operation", ["sell", "park", "return", "top_up", "reprint"])
async def test_where_nobody_stands_little_is_granted(tmp_path: Path, operation: str) -> None:
    example = examples.load()[operation][0]
    async with counter(tmp_path) as till:
        cabinet = replace(till.shop.terminal(), kind="unattended")
        answer = await till.shop.box.desk.handle(cabinet, operation, bytes(example.request))
        refused = json.loads(answer.body).get("code") == "E-FORBIDDEN"
        assert refused == (operation not in {"sell", "park"})
