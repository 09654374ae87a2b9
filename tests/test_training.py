"""Practice: as exact as the real thing, and nothing of it in the books of the shop."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edge.config import Config
from edge.training import TRAINING_FILE
from simulators.request_keys import new_key
from tests.bench.shop import BASKET
from tests.stand import Stand, stand, until
from tests.test_journal import chain_holds, read

LEARNER = "handheld-1"


def with_a_learner(config: Config) -> Config:
    learner = replace(config.terminals[LEARNER], training=True)
    return replace(config, terminals={**config.terminals, LEARNER: learner})


async def sell(shop: Stand, terminal: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a request and its answer: a sale by one terminal, quoted by the same."""
    asked = {"lines": BASKET["lines"], "member": BASKET["member"]}
    quoted = await shop.ask("quote", asked, terminal)
    request = {
        "key": new_key(), "cashier": "anna", **asked, "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    }  # fmt: skip
    return request, await shop.ask("sell", request, terminal)


async def settled(shop: Stand) -> int:
    await until(lambda: (how := shop.box.health()).cloud == "up" and not how.waiting)
    return shop.box.journal.committed


async def test_a_learners_sale_leaves_the_real_books_alone(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_a_learner, interval_seconds=7200) as shop:
        _, real = await sell(shop, "pos-1")
        facts, balance = await settled(shop), await points(shop)
        request, learnt = await sell(shop, LEARNER)
        assert learnt["status"] == 200
        assert learnt["total"] == real["total"], "the same prices"
        assert learnt["receipt"].endswith("-1T-000001")
        assert real["receipt"].endswith("-1S-000001")
        rows = [row.strip() for row in learnt["text"].splitlines() if row.strip()]
        assert rows[0] == rows[-1] == "*** 练习模式 ***"
        assert "练习" not in real["text"]
        assert await shop.ask("sell", request, LEARNER) == learnt, "one key, one effect"

        assert shop.box.journal.committed == facts
        assert shop.box.health().sequence == facts
        assert await points(shop) == balance
        _, after = await sell(shop, "pos-1")
        assert after["receipt"].endswith("-1S-000002"), "no gap in the real numbers"
        await settled(shop)
        sent = {letter.key for letter in shop.twin.facts(shop.premises.box)}
        assert request["key"] not in sent
    state = tmp_path / "state"
    practised, sold = read(state / TRAINING_FILE), read(state / "journal.db")
    assert chain_holds(practised)
    assert chain_holds(sold)
    assert [page.kind for page in practised] == ["epoch_opened.v1", "day_opened.v1", "sale.v1"]
    assert request["key"] not in {page.key for page in sold}
    assert sum(page.kind == "sale.v1" for page in sold) == 2


async def points(shop: Stand) -> int:
    return int((await shop.ask("balance", {"credential": BASKET["member"]}))["points"])


async def test_what_became_of_a_learners_key_is_asked_of_the_same_books(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_a_learner, interval_seconds=7200) as shop:
        request, sold = await sell(shop, LEARNER)
        fate = await shop.ask("ask", {"key": request["key"]}, LEARNER)
        assert fate["fate"] == "done"
        assert fate["answer"]["receipt"] == sold["receipt"]
        never = new_key()
        assert (await shop.ask("ask", {"key": never}, LEARNER))["fate"] == "never"
        known = shop.box.desk.known(shop.terminal(LEARNER), request["key"])
        assert b'"state":"done"' in known.body
        assert (await shop.ask("ask", {"key": request["key"]}))["fate"] == "never", "not there"


async def test_practice_goes_on_after_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        async with stand(tmp_path, adjust=with_a_learner, interval_seconds=7200) as shop:
            _, sold = await sell(shop, LEARNER)
            assert sold["receipt"].endswith(f"-1T-{number:06d}")


async def test_without_a_learner_there_is_no_such_file(tmp_path: Path) -> None:
    async with stand(tmp_path, interval_seconds=7200):
        pass
    assert not (tmp_path / "state" / TRAINING_FILE).exists()
