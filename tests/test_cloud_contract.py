"""The contract as a document: valid, complete, and what the twin in fact answers."""

from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from cloud_bridge.auth import write_auth
from cloud_bridge.contract import FactBody, LeaseAsked
from cloud_bridge.openapi import OPERATIONS, Operation, openapi
from edge.commands.clouds import cloud
from simulators import demo_data
from simulators.cloud.twin import CloudTwin
from simulators.keys import KeyPair, make_key
from tests.away_kit import PRICE, WHO, away_shop, value_lot

WHOLE = openapi()
BOX: KeyPair = make_key("box-1", Random(2))


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(WHOLE).validate()


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(cloud, ["contract"])
    assert done.exit_code == 0
    assert msgspec.json.decode(done.output) == msgspec.json.decode(msgspec.json.encode(WHOLE))


def test_every_fact_is_in_it_by_its_tag() -> None:
    mapping = WHOLE["components"]["schemas"]["FactBody"]["discriminator"]["mapping"]
    assert len(mapping) == len(FactBody.__args__)
    for ref in mapping.values():
        assert ref.rpartition("/")[2] in WHOLE["components"]["schemas"]


def schema(operation: Operation, status: int) -> dict[str, Any] | None:
    """Return the schema of an answer, with all it refers to."""
    answers = WHOLE["paths"][operation.path][operation.method]["responses"]
    answer = answers.get(str(status), answers["default"])
    if "content" not in answer:
        return None
    [content] = answer["content"].values()
    return {**content["schema"], "components": WHOLE["components"]}


QUERIES = {
    "/v1/facts": "?epoch=0&after=0&limit=5", "/v1/changes": "?since=&limit=50",
    "/v1/hot": "?since=", "/v1/statement": "?month=2026-11", "/v1/time": "?nonce=" + "ab" * 8,
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
async def test_what_the_twin_answers_is_what_the_document_says(operation: Operation) -> None:
    twin = CloudTwin(make_key("cloud-1", Random(1)), now=lambda: 1_000)
    twin.register_box("b", BOX.public_key)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.publish_bundle(demo_data.bundle("s1"))
    twin.keeping.give(value_lot("v1"), PRICE)
    target = operation.path.replace("{id}", "none")
    target += QUERIES.get(operation.path, "") if operation.method == "get" else ""
    asked = {"id": "x1", "member": WHO, "kind": "value", "amount": 1, "letters": [
        {"hash": "00", "body": "AAAA"}]}  # fmt: skip
    body = msgspec.json.encode(asked) if operation.body else b""
    method = operation.method.upper()
    auth = write_auth("b", 1_000, BOX.private_key.sign, method, target, body)
    reply = await twin.handle(method, target, {"Edge-Auth": auth}, body)
    wanted = schema(operation, reply.status)
    assert wanted is not None
    jsonschema.validate(msgspec.json.decode(reply.body), wanted)
    assert reply.status in {*operation.answers, 400}
    twin.close()


async def test_a_statement_sums_to_zero_and_names_whose_money_was_spent(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        shop.twin.keeping.give(value_lot("v1"), 2 * PRICE)
        shop.twin.granting.lease(
            shop.stand.premises.box, LeaseAsked(id="l1", member=WHO, kind="value")
        )
        assert (await shop.pay(PRICE))["status"] == 200
        await shop.told()
        found = await shop.box.errands.authority.statement("")
        pays = {share.party: share.pays for share in found.shares}  # type: ignore[union-attr]
        assert pays == {"hq": PRICE, "s1": -PRICE}


async def test_another_store_s_receipt_is_found_and_taken_back_by_one(tmp_path: Path) -> None:
    async with away_shop(tmp_path) as shop:
        sold = await shop.pay(0)
        await shop.told()
        [sale] = [
            msgspec.json.decode(e.body)["sale"]
            for e in shop.twin.facts(shop.stand.premises.box)
            if e.kind == "sale.v1"
        ]
        found = await shop.box.errands.authority.receipt(sale)
        assert found.box == shop.stand.premises.box  # type: ignore[union-attr]
        assert msgspec.json.decode(found.sale.body)["receipt"] == sold["receipt"]  # type: ignore[union-attr]
        nothing = await shop.box.errands.authority.receipt("nobody/sold:this")
        assert nothing.code == "unknown"  # type: ignore[union-attr]
