"""People become members at a till or by a list, and what is personal of them stays nowhere."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec.structs import replace

from cloud_bridge.contract import Enrolled
from cloud_bridge.sealing import unseal
from drivers.terminal import decode
from edge.commands.enrolling import enrol
from edge.config import Config
from edge.desk.office.groups import key_of
from edge.verify import verify
from simulators import demo_data
from tests.counter_kit import LATTE, OIL, PROGRAMME, SILVER, Till, counter, rich, trusting
from tests.stand import stand, until

SEALING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
TERMS = [{"to": "terms", "version": "1"}]
NEW_CARD = demo_data.card_number(905)
SECRET_NAME, SECRET_PHONE = "欧阳娜娜", "13912345678"


def sealing(config: Config) -> Config:
    cloud = replace(config.cloud, sealing_key=SEALING.public_key().public_bytes_raw())
    return replace(trusting(config), cloud=cloud)


async def test_who_is_enrolled_here_buys_here_at_once_and_spends_nothing(tmp_path: Path) -> None:
    async with counter(tmp_path, adjust=sealing) as till:
        new = await till.do(
            "enrol", display=SECRET_NAME, phone=SECRET_PHONE, card=NEW_CARD, consents=TERMS,
            personal={"name": SECRET_NAME, "phone": SECRET_PHONE, "birthday": "1999-05-23"},
        )  # fmt: skip
        assert new["display"] == "欧**", "what is not masked is masked here"
        shown: Any
        for shown in ({"kind": "card", "text": NEW_CARD}, {"kind": "phone", "text": SECRET_PHONE},
                      {"kind": "member", "text": new["member"]}):  # fmt: skip
            found = await till.ask("identify", credential=shown)
            assert (found["member"], found["unconfirmed"]) == (new["member"], True)
        sold = await till.sell(OIL, member={"kind": "card", "text": NEW_CARD})
        assert sold["points_earned"] > 0
        twice = await till.tries("enrol", phone=SECRET_PHONE, consents=TERMS)
        assert twice["code"] == "E-ALREADY-MEMBER"
        taken = await till.tries("enrol", card=NEW_CARD, consents=TERMS)
        assert taken["code"] == "E-ALREADY-MEMBER"
        letters = await till.shop.box.errands.enrolments.waiting(10)
        (letter,) = letters
        told = json.loads(unseal(letter, SEALING))
        assert told == {
            "name": SECRET_NAME, "phone": SECRET_PHONE, "birthday": "1999-05-23",
        }  # fmt: skip
        assert SECRET_NAME not in repr(Enrolled(**told))
    pages = (tmp_path / "state" / "journal.db").read_bytes()
    assert SECRET_PHONE.encode() not in pages
    assert SECRET_NAME.encode() not in pages
    assert verify(tmp_path / "state" / "journal.db").books_agree


async def test_without_a_sealing_key_nothing_personal_is_taken(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        told = {"consents": TERMS, "personal": {"name": SECRET_NAME}}
        assert (await till.tries("enrol", **told))["code"] == "E-NO-SEALING-KEY"
        assert (await till.do("enrol", consents=TERMS))["way"] == "open"


def bringing() -> dict[str, Any]:
    """A programme that asks for one purchase, and thanks whoever brings somebody."""
    bundle = rich()
    enrolment = {"once": 5_000, "consents": ["terms"], "after_return": "reverse_gift",
                 "welcome": {"points": 30}}  # fmt: skip
    referral = {"introducer": {"points": 20}, "introduced": {"points": 10}}
    return bundle | {
        "programme": PROGRAMME | {"enrolment": enrolment, "referral": referral},
        "rules": [rule for rule in bundle["rules"] if rule["id"] != "next-time"],
    }


async def test_what_follows_from_a_sale_and_from_its_return(tmp_path: Path) -> None:
    async with stand(tmp_path, bundle=bringing(), adjust=trusting) as shop:
        till = Till(shop)
        first = await till.sell(OIL)
        short = await till.tries("enrol", consents=TERMS)
        assert short["code"] == "E-NOT-QUALIFIED"
        new = await till.do("enrol", consents=TERMS, receipts=[first["receipt"]], introducer=SILVER)
        assert (new["way"], new["points"]) == ("once", 30)
        used = await till.tries("enrol", consents=TERMS, receipts=[first["sale"]])
        assert used["code"] == "E-RECEIPT-USED"
        member = {"kind": "member", "text": new["member"]}
        before = (await till.ask("balance", credential=SILVER))["points"]
        bought = await till.sell(LATTE, member=member)
        assert (await till.ask("balance", credential=SILVER))["points"] == before + 20
        await till.do("return", sale=bought["receipt"])
        assert (await till.ask("balance", credential=SILVER))["points"] == before
        await till.do("return", sale=first["receipt"])
        held = await till.ask("balance", credential=member)
        assert held["points"] == 0, "the receipt came back, and the welcome gift went"
    assert verify(tmp_path / "state" / "journal.db").books_agree


async def test_cards_go_through_their_states(tmp_path: Path) -> None:
    spare, third = demo_data.card_number(906), demo_data.card_number(907)
    async with counter(tmp_path) as till:
        await till.do("bind_card", member=SILVER, card=spare)
        assert (await till.tries("bind_card", member=SILVER, card=spare))["code"] == "E-CARD-TAKEN"
        await till.do("freeze_card", card=spare, lost=True)
        lost = await till.ask("identify", credential={"kind": "card", "text": spare})
        assert lost["code"] == "E-MEMBER-BLOCKED"
        wanted = {"old": spare, "new": third}
        assert (await till.tries("replace_card", **wanted))["code"] == "E-NEEDS-APPROVAL"
        boss = replace(till.shop.terminal(), rights=frozenset({"approve"}))
        body = {"key": till.key(), "cashier": "anna", **wanted, "approved_by": "boss"}
        till.shop.box.desk.staff = None
        done = await till.shop.box.desk.handle(boss, "replace_card", json.dumps(body).encode())
        assert json.loads(done.body)["state"] == "active"
        found = await till.ask("identify", credential={"kind": "card", "text": third})
        assert found["member"] == "m0001"
        assert (await till.tries("bind_card", member=SILVER, card="latte"))[
            "code"
        ] == "E-NOT-A-CARD"


LIST = """display,phone,card,name,note
陈一,13911110001,,陈一一,
林二,13911110002,{card},林二二,"allergic, to nuts"
坏,12,,,
"""


def listed(config_path: Path, file: Path, *more: str) -> Result:
    options = ["--group", "acme", "--config", str(config_path), "--json", *more]
    return CliRunner().invoke(enrol, [str(file), *options])


@pytest.mark.parametrize("consents", [("--consent", "terms=1"), ()])
async def test_a_list_makes_members_once(tmp_path: Path, consents: tuple[str, ...]) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST.format(card=NEW_CARD), "utf-8")
    async with counter(tmp_path, adjust=sealing) as till:
        box, path = till.shop.box, till.shop.premises.config_path
        await box.admin.open()
        for _ in range(2):
            said = await asyncio.to_thread(listed, path, file, *consents)
            done = json.loads(said.stdout)
            assert said.exit_code == 1
            codes = [one["code"] for one in done["refused"]]
            if not consents:
                assert codes == ["E-CONSENT", "E-CONSENT", "E-NOT-A-CREDENTIAL"]
                continue
            assert (done["members"], codes) == (2, ["E-NOT-A-CREDENTIAL"])
        if consents:
            found = await till.ask("identify", credential={"kind": "card", "text": NEW_CARD})
            assert found["display"] == "林*" or found["display"] == "林**"
            assert len(await box.errands.enrolments.waiting(10)) <= 3
        file.write_text("name,hobby\nx,y\n", "utf-8")
        wrong = await asyncio.to_thread(listed, path, file)
        assert (wrong.exit_code, "hobby" in wrong.output) == (2, True)
        await box.admin.close()


async def test_who_was_refused_is_tried_anew_and_told_in_the_language_asked_for(
    tmp_path: Path,
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"display,phone\n陈一,{SECRET_PHONE}\n", "utf-8")
    async with counter(tmp_path, adjust=sealing) as till:
        box, path = till.shop.box, till.shop.premises.config_path
        await box.admin.open()

        async def told(lang: str) -> str:
            options = [str(file), "--group", "acme", "--config", str(path), "--lang", lang]
            return (await asyncio.to_thread(CliRunner().invoke, enrol, options)).output

        said = await told("en")
        assert said.startswith("0 rows of this list are members\nrow 1: E-CONSENT: Every")
        assert (await told("zh")).startswith(
            "名单上有 0 行已是会员\n第 1 行: E-CONSENT: 会员必须同意"
        )
        free = rich()
        free["version"] += 1
        free["programme"] = PROGRAMME | {"enrolment": {}}
        till.shop.twin.publish_bundle(free)
        await until(lambda: box.health().bundle_version == free["version"])
        for _ in range(2):
            assert await told("zh") == "名单上有 1 行已是会员\n"
        await box.admin.close()


def test_a_key_that_follows_from_a_list_is_a_request_key() -> None:
    for digest in ("0" * 64, "f" * 64, "0123456789abcdef" * 4):
        payload = json.dumps({"key": key_of(digest)}).encode()
        assert decode("ask", payload)
