"""People sign on with a PIN, and a manager lets one request through by theirs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from drivers import terminal as words
from edge.access import Registry, Staff
from edge.access.passwords import pin_fits, pin_hash
from edge.access.records import ACCESS_FILE
from edge.access.staff import APPROVED_SECONDS
from edge.config import Cashier, Config, StaffRight
from edge.refusals import Refusal
from simulators import demo_data
from tests.gate import PC_POS, Gate, Told, gate
from tests.owner import command, edgebox, quiet, report
from tests.test_desk_rude import key

SALT = bytes(16)
CASHIER_PIN, MANAGER_PIN = "246813", "975310"
TEA = [{"code": demo_data.ean(3), "quantity": "1"}]


def person(name: str, pin: str, *rights: StaffRight) -> Cashier:
    return Cashier(id=name, name=name, pin_scrypt=pin_hash(pin, SALT), rights=frozenset(rights))


PEOPLE = {
    "anna": person("anna", CASHIER_PIN),
    "mei": person("mei", MANAGER_PIN, "approve"),
}


def staffed(config: Config) -> Config:
    return replace(config, staff=PEOPLE)


async def ask(it: Gate, asked: str, **body: Any) -> Told:
    return await it.post(asked, body, it.login(PC_POS))


async def sale(it: Gate, number: int, **changed: Any) -> dict[str, Any]:
    quoted = (await ask(it, "quote", lines=TEA)).said
    wanted = {
        "key": key(number), "cashier": "anna", "lines": TEA, "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    }  # fmt: skip
    return {**wanted, **changed}


# --- PINs -----------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None)
@given(st.from_regex("[0-9]{4,12}", fullmatch=True), st.binary(min_size=16, max_size=16))
def test_only_the_pin_fits(pin: str, salt: bytes) -> None:
    kept = pin_hash(pin, salt)
    assert pin not in kept
    assert pin_fits(pin, kept)
    assert not pin_fits(pin + "0", kept)
    assert not pin_fits(pin, None)


async def test_who_guesses_a_pin_waits_at_that_terminal() -> None:
    staff, now, waits = Staff(PEOPLE, Registry(), bytes), 0.0, []
    for guess in range(1000, 1008):
        judged = await staff.check("anna", str(guess), "till-1", now)
        assert isinstance(judged, Refusal)
        if judged.code == "E-PIN-DELAYED":
            assert judged.retry_after is not None
            waits.append(judged.retry_after)
            now += judged.retry_after
            await staff.check("anna", str(guess), "till-1", now)
    assert waits == [1, 2, 4]
    judged = await staff.check("anna", CASHIER_PIN, "till-1", now)
    assert isinstance(judged, Refusal)
    assert isinstance(await staff.check("anna", CASHIER_PIN, "till-2", now), Cashier)
    assert isinstance(await staff.check("anna", CASHIER_PIN, "till-1", now + 60), Cashier)


async def test_many_guesses_at_once_are_many_guesses() -> None:
    staff = Staff(PEOPLE, Registry(), bytes)
    guesses = [staff.check("mei", str(pin), "till-1", 0) for pin in range(1000, 1020)]
    judged = await asyncio.gather(*guesses)
    codes = [one.code for one in judged if isinstance(one, Refusal)]
    assert codes.count("E-PIN") == 5
    assert codes.count("E-PIN-DELAYED") == 15


async def test_who_is_let_go_while_their_pin_is_looked_at_has_none() -> None:
    staff = Staff({}, Registry(), bytes)
    await staff.put("anna", "anna", CASHIER_PIN, frozenset())
    asked = asyncio.create_task(staff.check("anna", CASHIER_PIN, "till-1", 0))
    await asyncio.sleep(0)
    assert staff.remove("anna") is None
    judged = await asked
    assert isinstance(judged, Refusal)
    assert judged.code == "E-PIN"


# --- signing on -----------------------------------------------------------------------------------


async def test_who_sells_has_to_be_signed_on(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed) as it:
        wanted = await sale(it, 1)
        assert (await ask(it, "sell", **wanted)).code == "E-NOT-SIGNED-ON"
        assert (await ask(it, "sign_on", cashier="anna", pin="000000")).code == "E-PIN"
        assert (await ask(it, "sign_on", cashier="nobody", pin="000000")).code == "E-PIN"
        on = await ask(it, "sign_on", cashier="anna", pin=CASHIER_PIN)
        assert on.said == {"cashier": "anna", "name": "anna", "rights": []}
        sold = await ask(it, "sell", **wanted)
        assert sold.status == 200
        as_another = await sale(it, 2, cashier="mei")
        assert (await ask(it, "sell", **as_another)).code == "E-NOT-SIGNED-ON"
        assert (await ask(it, "sign_off")).said == {"cashier": "anna"}
        assert (await ask(it, "sign_off")).said == {"cashier": ""}
        assert (await ask(it, "sell", **await sale(it, 3))).code == "E-NOT-SIGNED-ON"
        assert await ask(it, "sell", **wanted) == sold  # what was done is told to who asks again


async def test_nobody_signs_on_at_a_terminal_that_is_sent_away_meanwhile(tmp_path: Path) -> None:
    async with gate(tmp_path, staffed) as it:
        staff, till = it.box.desk.staff, it.box._access.terminals[PC_POS]
        assert staff is not None
        asked = words.SignOn(cashier="anna", pin=CASHIER_PIN)
        on = asyncio.create_task(staff.answer(till, asked, it.box._placing))
        await asyncio.sleep(0)
        it.box._access.revoke(PC_POS, 1)
        assert (await on).status == 401
        assert staff._posts.at(PC_POS) == ""


async def test_a_store_without_staff_asks_for_no_pin(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        assert (await ask(it, "sell", **await sale(it, 1))).status == 200


# --- approving ------------------------------------------------------------------------------------


def without_rights(config: Config) -> Config:
    """Take from the till the right to say by itself that a manager approves."""
    terminals = {
        name: replace(terminal, rights=terminal.rights - {"approve"})
        for name, terminal in config.terminals.items()
    }
    return replace(staffed(config), terminals=terminals)


async def test_a_manager_lets_exactly_one_request_through(tmp_path: Path) -> None:
    async with gate(tmp_path, without_rights) as it:
        await ask(it, "sign_on", cashier="anna", pin=CASHIER_PIN)
        wanted = await sale(it, 1, approved_by="mei")
        assert (await ask(it, "sell", **wanted)).code == "E-NOT-APPROVED"
        let = {"manager": "mei", "operation": "sell", "request": wanted}
        assert (await ask(it, "approve", **let, pin="000000")).code == "E-PIN"
        by_cashier = {**let, "manager": "anna", "pin": CASHIER_PIN}
        assert (await ask(it, "approve", **by_cashier)).code == "E-NO-MANAGER"
        approved = await ask(it, "approve", **let, pin=MANAGER_PIN)
        assert approved.said["key"] == wanted["key"]
        other = {**wanted, "cashier": "anna", "expected_total": wanted["expected_total"] + 1}
        assert (await ask(it, "sell", **other)).code == "E-NOT-APPROVED"
        assert (await ask(it, "sell", **{**wanted, "key": key(9)})).code == "E-NOT-APPROVED"
        sold = await ask(it, "sell", **wanted)
        assert sold.status == 200
        assert await ask(it, "sell", **wanted) == sold


@pytest.mark.parametrize(
    ("operation", "changed", "code"),
    [
        ("sell", {"approved_by": "anna"}, "E-APPROVED-BY"),
        ("sell", {"approved_by": None}, "E-APPROVED-BY"),
        ("sell", {"sum": 1}, "E-UNKNOWN-FIELD"),
        ("quote", {}, "E-UNKNOWN-FIELD"),
        ("steal", {}, "E-UNKNOWN-OPERATION"),
    ],
)
async def test_what_is_no_request_cannot_be_approved(
    tmp_path: Path, operation: str, changed: dict[str, Any], code: str
) -> None:
    async with gate(tmp_path, without_rights) as it:
        wanted = {**await sale(it, 1, approved_by="mei"), **changed}
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": operation, "request": wanted}
        assert (await ask(it, "approve", **let)).code == code


async def test_what_is_wrong_inside_of_what_is_approved_is_said_where_it_stands(
    tmp_path: Path,
) -> None:
    async with gate(tmp_path, without_rights) as it:
        wanted = {**await sale(it, 1, approved_by="mei"), "redeem": -1}
        let = {"manager": "mei", "pin": MANAGER_PIN, "operation": "sell", "request": wanted}
        assert "$.request.redeem" in (await ask(it, "approve", **let)).said["detail"]


def test_an_approval_ends() -> None:
    staff = Staff(PEOPLE, Registry(), bytes)
    staff.approve("mei", "till-1", "k", "content", 0)
    assert staff.approved("mei", "till-1", "k", "content", APPROVED_SECONDS - 1)
    assert not staff.approved("mei", "till-1", "k", "content", APPROVED_SECONDS)
    assert not staff.approved("mei", "till-2", "k", "content", 1)
    assert not staff.approved("anna", "till-1", "k", "content", 1)


# --- the owner ------------------------------------------------------------------------------------


async def test_the_owner_s_commands(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        async with gate(tmp_path) as it:
            config = "--config", it.config_path
            added = await command(
                "staff", "add", "li", "--name", "Li", "--right", "approve", *config,
                given=f"{MANAGER_PIN}\n",
            )  # fmt: skip
            assert added.exit_code == 0, added.output
            again = await command("staff", "add", "li", *config, given="12345\n")
            assert (again.exit_code, "E-CASHIER-TAKEN" in again.stderr) == (1, True)
            listed = report(await command("staff", "list", "--json", *config))
            assert listed == [{"id": "li", "name": "Li", "rights": ["approve"], "source": "added"}]
            assert (await ask(it, "sign_on", cashier="li", pin=MANAGER_PIN)).status == 200
            changed = await command("staff", "pin", "li", *config, given="11223344\n")
            assert changed.exit_code == 0
            assert (await ask(it, "sign_on", cashier="li", pin=MANAGER_PIN)).code == "E-PIN"
            assert (await command("staff", "remove", "li", *config)).exit_code == 0
            gone = await command("staff", "remove", "li", *config)
            assert (gone.exit_code, "E-NO-CASHIER" in gone.output) == (1, True)
            kept = (it.config.store.state_dir / ACCESS_FILE).read_text()
            assert MANAGER_PIN not in kept + caplog.text


def test_a_pin_is_typed_and_hashed() -> None:
    said = edgebox("staff", "hash", given=f"{CASHIER_PIN}\n")
    kept = said.output.split('"')[1]
    assert pin_fits(CASHIER_PIN, kept)
    wrong = edgebox("staff", "hash", given="abcd\n")
    assert (wrong.exit_code, "4 to 12 digits" in wrong.output) == (2, True)
