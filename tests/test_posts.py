"""Who works where is a fact: it survives a restart, ends for a reason; the cloud hears of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge import letters
from edge.config import Config
from edge.journal.reserve import LAST_BYTES
from edge.shop.facts import DayClosed, Fact, PinDelayed, ReturnMade, SaleMade, SignedOff, SignedOn
from simulators import demo_data
from tests.stand import Stand, stand, until
from tests.test_desk_rude import key
from tests.test_staff import CASHIER_PIN, MANAGER_PIN, staffed, without_rights

TEA = [{"code": demo_data.ean(3), "quantity": "1"}]
TILL, OTHER = "pos-1", "handheld-1"
STAFF = SignedOn | SignedOff | PinDelayed


def facts(shop: Stand, kind: type[Fact] | Any = STAFF) -> list[Any]:
    """Return the facts of some kinds that are on disk, in order."""
    read = [letters.read(page.body) for page in shop.box.journal.after(0, 10_000)]
    return [fact for fact in read if isinstance(fact, kind)]


async def on(shop: Stand, cashier: str = "anna", pin: str = CASHIER_PIN, at: str = TILL) -> Any:
    return await shop.ask("sign_on", {"cashier": cashier, "pin": pin}, at)


async def sells(shop: Stand, number: int, **changed: Any) -> int:
    """Return the status of a sale."""
    told = await shop.ask("sell", await shop.sale(key(number), TEA, **changed))
    return int(told["status"])


@asynccontextmanager
async def opened(
    folder: Path, adjust: Callable[[Config], Config] = staffed
) -> AsyncIterator[Stand]:
    async with stand(folder, adjust=adjust, scanner_url="socket://127.0.0.1:9") as shop:
        yield shop


@asynccontextmanager
async def doors(shop: Stand) -> AsyncIterator[None]:
    await shop.box.doors.open()
    yield
    await shop.box.doors.close()


async def test_who_was_signed_on_works_on_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        assert (await on(shop))["status"] == 200
        assert (await on(shop))["status"] == 200  # once more changes nothing
        assert (await on(shop, "mei", MANAGER_PIN, OTHER))["status"] == 200
        assert (await shop.ask("sign_off", {}, OTHER))["cashier"] == "mei"
        assert await sells(shop, 1) == 200
        store = shop.config.store.id
        assert facts(shop) == [
            SignedOn(store=store, terminal=TILL, cashier="anna"),
            SignedOn(store=store, terminal=OTHER, cashier="mei"),
            SignedOff(store=store, terminal=OTHER, cashier="mei", reason="left"),
        ]
    async with opened(tmp_path) as shop:
        assert await sells(shop, 2) == 200
        assert (await shop.ask("sign_off", {}, OTHER))["cashier"] == ""
        assert (await shop.ask("sign_off", {}))["cashier"] == "anna"
    async with opened(tmp_path) as shop:
        assert await sells(shop, 3) == 403
        assert [sale.cashier for sale in facts(shop, SaleMade)] == ["anna", "anna"]


async def test_another_takes_over_a_terminal(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await on(shop)
        await on(shop, "mei", MANAGER_PIN)
        assert await sells(shop, 1) == 403
    async with opened(tmp_path) as shop:
        assert await sells(shop, 1) == 403
        assert await sells(shop, 2, cashier="mei") == 200


async def test_many_sign_on_at_once_and_the_last_one_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        asked = [on(shop), on(shop, "mei", MANAGER_PIN), on(shop), on(shop)]
        told = await asyncio.gather(*asked)
        assert {one["status"] for one in told} == {200}
        here = [fact.cashier for fact in facts(shop)]
        assert all(one != other for one, other in pairwise(here))
        assert (await shop.ask("sign_off", {}))["cashier"] == here[-1]


async def test_the_cloud_hears_who_worked_where(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await on(shop)
        await until(lambda: shop.box.health().waiting == 0)
        kept = shop.twin.facts(shop.premises.box)
        bodies = [letters.read(bytes(envelope.body)) for envelope in kept]
        assert [fact for fact in bodies if isinstance(fact, SignedOn)] == facts(shop)


async def test_who_is_removed_or_whose_terminal_is_revoked_is_signed_off(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop, doors(shop):
        new = b'{"id": "li", "name": "Li", "pin": "13572468"}'
        assert (await shop.box.office.handle("staff_add", new)).status == 200
        await on(shop, "li", "13572468")
        await on(shop, at=OTHER)
        assert (await shop.box.office.handle("staff_remove", b'{"id": "li"}')).status == 200
        gone = b'{"id": "%s"}' % OTHER.encode()
        assert (await shop.box.doors.registrar.handle("terminals_revoke", gone)).status == 200
        assert (await shop.box.office.handle("staff_add", new)).status == 200  # another Li
        assert await sells(shop, 1, cashier="li") == 403
        reasons = [(one.cashier, one.reason) for one in facts(shop, SignedOff)]
        assert reasons == [("li", "removed"), ("anna", "revoked")]


async def test_a_delay_because_of_wrong_pins_is_a_fact_and_no_pin_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        codes = [(await on(shop, pin=f"{n}0000"))["code"] for n in range(1, 8)]
        assert codes == ["E-PIN"] * 5 + ["E-PIN-DELAYED"] * 2
        codes = [(await on(shop, "nobody", at=OTHER))["code"] for n in range(6)]
        assert codes == ["E-PIN"] * 5 + ["E-PIN-DELAYED"]
        delays = [(one.terminal, one.cashier, one.seconds) for one in facts(shop, PinDelayed)]
        assert delays == [(TILL, "anna", 1), (OTHER, "", 1)]
        pages = b"".join(page.body for page in shop.box.journal.after(0, 1000))
        assert b"50000" not in pages


def practising(config: Config) -> Config:
    terminals = {**config.terminals, TILL: replace(config.terminals[TILL], training=True)}
    return replace(staffed(config), terminals=terminals)


async def test_who_practises_is_signed_on_in_the_books_of_practice(tmp_path: Path) -> None:
    async with opened(tmp_path, practising) as shop:
        await on(shop)
        assert facts(shop) == []
    async with opened(tmp_path, practising) as shop:
        assert await sells(shop, 1) == 200
        assert facts(shop) == []
    async with opened(tmp_path) as shop:
        assert await sells(shop, 2) == 403  # what was practised lets nobody sell


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_sale_says_which_manager_let_it_through(tmp_path: Path, lang: Any) -> None:
    def adjust(config: Config) -> Config:
        config = without_rights(config)
        till = replace(config.terminals[TILL], lang=lang)
        return replace(config, terminals={**config.terminals, TILL: till})

    async with opened(tmp_path, adjust) as shop:
        await on(shop)
        wanted = await shop.sale(key(1), TEA, approved_by="mei")
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "sell", "request": wanted}
        assert (await shop.ask("approve", let))["status"] == 200
        told = await shop.ask("sell", wanted)
        (sale,) = facts(shop, SaleMade)
        assert (sale.cashier, sale.approved_by) == ("anna", "mei")
        row = next(row for row in told["text"].splitlines() if row.endswith(" mei"))
        assert row.startswith({"zh": "批准人", "en": "Approved by"}[lang])
        again = await shop.ask("reprint", {"sale": told["receipt"]})
        assert row in again["text"].splitlines()


async def test_a_return_says_which_manager_let_it_through(tmp_path: Path) -> None:
    async with opened(tmp_path, without_rights) as shop:
        await on(shop)
        sold = await shop.ask("sell", await shop.sale(key(1), TEA))
        back = {
            "key": key(2), "cashier": "anna", "sale": sold["receipt"],
            "reason": "stale", "approved_by": "mei",
        }  # fmt: skip
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "return", "request": back}
        assert (await shop.ask("approve", let))["status"] == 200
        told = await shop.ask("return", back)
        assert told["status"] == 200, told
        (fact,) = facts(shop, ReturnMade)
        assert (fact.cashier, fact.approved_by) == ("anna", "mei")
        assert any(row.endswith(" mei") for row in told["text"].splitlines())


# --- two members for one basket -------------------------------------------------------------------


def card(number: int) -> dict[str, str]:
    return {"kind": "card", "text": demo_data.card_number(number)}


async def test_two_members_at_a_terminal_are_both_shown_and_the_sale_is_flagged(
    tmp_path: Path,
) -> None:
    async with stand(tmp_path) as shop:
        both = {"lines": TEA, "member": card(1), "also": card(2)}
        quoted = await shop.ask("quote", both)
        assert quoted["member"] == "m0002"  # as sure as the first, and shown after it
        assert len(quoted["two_members"]) == 2
        assert all(display.endswith("**") for display in quoted["two_members"])
        wanted = {
            **both, "key": key(1), "cashier": "anna", "quote": quoted["quote"],
            "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": quoted["total"]}],
        }  # fmt: skip
        sold = await shop.ask("sell", wanted)
        assert sold["flags"] == ["two_members"]
        again = await shop.ask("quote", {**both, "also": card(1)})
        assert (again["member"], "two_members" in again) == ("m0001", False)
        (fact,) = facts(shop, SaleMade)
        assert (fact.member, fact.flags) == ("m0002", ("two_members",))


async def test_a_price_for_one_member_sells_to_no_other(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        wanted = await shop.sale(key(1), TEA, card(1))
        for other in ({"member": card(2)}, {"member": None}, {"also": card(2)}):
            told = await shop.ask("sell", {**wanted, **other, "key": key(2 + len(str(other)))})
            assert told["code"] == "E-PRICE-CHANGED"
        assert (await shop.ask("sell", wanted))["status"] == 200


# --- the end of the day ---------------------------------------------------------------------------


async def test_a_closed_day_says_who_closed_it_and_who_let_them(tmp_path: Path) -> None:
    def adjust(config: Config) -> Config:
        config = without_rights(config)
        till = replace(config.terminals[TILL], rights=frozenset({"day"}))
        return replace(config, terminals={**config.terminals, TILL: till})

    async with opened(tmp_path, adjust) as shop:
        await on(shop)
        assert await sells(shop, 1) == 200
        asked = {"key": key(2), "cashier": "anna", "approved_by": "mei"}
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "z_close", "request": asked}
        assert (await shop.ask("approve", let))["status"] == 200
        told = await shop.ask("z_close", asked)
        assert told["status"] == 200, told
        assert [one["name"] for one in told["sheet"]["cashiers"]] == ["anna"]
        (closed,) = facts(shop, DayClosed)
        assert (closed.cashier, closed.approved_by) == ("anna", "mei")
        # The end of a day sends nobody away.
        assert (await shop.ask("sign_off", {}))["cashier"] == "anna"


async def test_on_a_disk_that_is_nearly_full_nobody_sells_and_people_sign_on(
    tmp_path: Path,
) -> None:
    left = [2**40]
    async with stand(tmp_path, adjust=staffed, free=lambda _: left[0]) as shop:
        wanted = await shop.sale(key(1), TEA)
        left[0] = LAST_BYTES
        await until(lambda: shop.box.health().state == "not_selling")
        assert (await shop.ask("sell", wanted))["code"] == "E-DISK-LOW"
        assert (await on(shop))["status"] == 200
        assert [fact.cashier for fact in facts(shop)] == ["anna"]
