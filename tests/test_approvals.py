"""What a manager let through may still come after a crash: once, and no later than without it."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.access.staff import APPROVED_SECONDS
from edge.clock import Clock, Instant, Kernel
from edge.config import Config
from edge.shop.facts import RequestApproved, SaleMade, SignedOff
from edge.world import World, real_world
from tests.stand import Stand, stand, until
from tests.test_desk_rude import key
from tests.test_posts import TEA, TILL, facts, on
from tests.test_staff import CASHIER_PIN, MANAGER_PIN, PEOPLE, without_rights


@asynccontextmanager
async def opened(
    folder: Path,
    later_seconds: float = 0,
    adjust: Callable[[Config], Config] = without_rights,
) -> AsyncIterator[Stand]:
    """Run a box whose clock is beyond doubt, and so far ahead of ours."""
    real = real_world()
    world = World(lambda: real.now() + round(later_seconds * 1000), real.monotonic, real.luck)
    async with stand(folder, world=world, adjust=adjust) as shop:
        yield shop


@asynccontextmanager
async def doubtful(folder: Path, boot: str) -> AsyncIterator[Stand]:
    """Run a box on a machine that knows the time by its own clock only."""
    real = real_world()

    def look() -> Instant:
        kernel = Kernel(synchronised=False, error_ms=0)
        return Instant(real.now(), round(real.monotonic() * 1000), boot, kernel)

    world = World(real.now, real.monotonic, real.luck, Clock(look))
    async with stand(folder, world=world, adjust=without_rights) as shop:
        yield shop


def killed(folder: Path) -> Path:
    """Return what a kill at this moment would leave on the disk."""
    copy = folder.with_name(f"{folder.name}-killed")
    shutil.copytree(folder, copy)
    return copy


async def approved(shop: Stand, number: int = 1) -> dict[str, Any]:
    """Return a sale that a manager has approved, and that was not made yet."""
    await on(shop)
    wanted = await shop.sale(key(number), TEA, approved_by="mei")
    let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "sell", "request": wanted}
    assert (await shop.ask("approve", let))["status"] == 200
    return wanted


async def sell(shop: Stand, wanted: dict[str, Any]) -> tuple[int, Any]:
    """Return a sale's status, and its receipt or its code."""
    told = await shop.ask("sell", wanted)
    return told["status"], told.get("receipt", told.get("code"))


async def test_what_was_approved_before_a_kill_is_done_once_after_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "shop") as shop:
        wanted = await approved(shop)
        left = killed(tmp_path / "shop")
    async with opened(left) as shop:
        status, receipt = await sell(shop, wanted)
        assert status == 200
        assert await sell(shop, wanted) == (200, receipt)
        again = killed(left)
    async with opened(again) as shop:
        assert await sell(shop, wanted) == (200, receipt)
        assert [sale.approved_by for sale in facts(shop, SaleMade)] == ["mei"]


async def test_it_lets_nothing_else_through(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        wanted = await approved(shop)
    async with opened(tmp_path) as shop:
        for changed in ({"key": key(2)}, {"lines": [{**TEA[0], "quantity": "2"}]}):
            assert await sell(shop, {**wanted, **changed}) == (403, "E-NOT-APPROVED")
        assert facts(shop, SaleMade) == []


@pytest.mark.parametrize(
    ("later_seconds", "told"),
    [
        (APPROVED_SECONDS / 2, 200),
        (APPROVED_SECONDS + 1, 403),
        (-60, 403),  # nobody can tell how long ago it was
    ],
)
async def test_it_ends_when_it_would_have_ended(
    tmp_path: Path, later_seconds: float, told: int
) -> None:
    async with opened(tmp_path) as shop:
        wanted = await approved(shop)
    async with opened(tmp_path, later_seconds) as shop:
        assert (await sell(shop, wanted))[0] == told


@pytest.mark.parametrize(("boot", "told"), [("b1", 200), ("b2", 403)])
async def test_where_nobody_can_tell_the_time_a_reboot_ends_it(
    tmp_path: Path, boot: str, told: int
) -> None:
    async with doubtful(tmp_path, "b1") as shop:
        wanted = await approved(shop)
    async with doubtful(tmp_path, boot) as shop:
        assert (await sell(shop, wanted))[0] == told


async def test_who_may_not_approve_any_more_has_approved_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        wanted = await approved(shop)

    def demoted(config: Config) -> Config:
        people = {**PEOPLE, "mei": replace(PEOPLE["mei"], rights=frozenset())}
        return replace(without_rights(config), staff=people)

    async with opened(tmp_path, adjust=demoted) as shop:
        assert await sell(shop, wanted) == (403, "E-NOT-APPROVED")


async def test_what_is_practised_is_remembered_in_the_books_of_practice(tmp_path: Path) -> None:
    def practising(config: Config) -> Config:
        told = without_rights(config)
        till = replace(told.terminals[TILL], training=True)
        return replace(told, terminals={**told.terminals, TILL: till})

    async with opened(tmp_path, adjust=practising) as shop:
        wanted = await approved(shop)
        assert facts(shop, RequestApproved) == []
    async with opened(tmp_path, adjust=practising) as shop:
        assert (await sell(shop, wanted))[0] == 200


async def test_the_cloud_hears_who_approved_what_and_not_what_it_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await on(shop)
        await shop.ask("sign_on", {"cashier": "mei", "pin": MANAGER_PIN}, "handheld-1")
        phone = {"kind": "phone", "text": "13800138000"}
        meant = {"key": key(1), "cashier": "anna", "approved_by": "mei", "member": phone,
                 "lines": TEA, "expected_total": 450, "quote": "0" * 64,
                 "tenders": [{"kind": "cash", "amount": 450}]}  # fmt: skip
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "sell", "request": meant}
        told = await shop.ask("approve", {**let, "terminal": TILL}, "handheld-1")
        assert told["status"] == 200
        (fact,) = facts(shop, RequestApproved)
        said = fact.manager, fact.terminal, fact.at_terminal, fact.operation, fact.key
        assert said == ("mei", TILL, "handheld-1", "sell", key(1))
        await until(lambda: shop.box.health().waiting == 0)
        sent = b"".join(bytes(one.body) for one in shop.twin.facts(shop.premises.box))
        assert b"request_approved.v1" in sent
        for secret in (b"13800138000", MANAGER_PIN.encode(), CASHIER_PIN.encode()):
            assert secret not in sent
    async with opened(tmp_path) as shop:
        assert facts(shop, SignedOff) == []
