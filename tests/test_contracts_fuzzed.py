"""A stranger's tool reads our contract and asks a real box all sorts of things by it.

Whatever it sends, a box answers as the contract says, and never with a mistake of its own.
"""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edge.contracts import documents
from tests.test_first_sale import store

CASES_AN_OPERATION = 6
SEED = 20_261_122
MISTAKE = 500
"""E-INTERNAL; a 503 is in the contract: the box cannot just now, and says why."""
WANTED = [status_code_conformance, content_type_conformance, response_schema_conformance]


def ask_everything(url: str, login: dict[str, str]) -> Counter[int]:
    """Ask each operation what its schema allows, and what it does not; return what was said."""

    schema = schemathesis.openapi.from_dict(json.loads(documents()["/openapi.json"].body))
    said: Counter[int] = Counter()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # the schema is valid
        if operation.path.endswith("/events"):
            continue  # a stream without an end
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            said += ask(operation, mode, url, login)
    return said


def ask(operation: Any, mode: GenerationMode, url: str, login: dict[str, str]) -> Counter[int]:
    said: Counter[int] = Counter()

    @seed(SEED)
    @settings(
        max_examples=CASES_AN_OPERATION, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        response = case.call(base_url=url, headers=login)
        said[response.status_code] += 1
        assert response.status_code != MISTAKE, response.text
        case.validate_response(response, checks=WANTED)

    with suppress(Unsatisfiable):  # there is nothing in it that could be wrong
        one()
    return said


def test_a_box_keeps_its_contract_whatever_it_is_asked(tmp_path: Path) -> None:
    async def main() -> Counter[int]:
        async with store(tmp_path) as (premises, box, _):
            said = await asyncio.to_thread(
                ask_everything,
                premises.http_url,
                {"Authorization": f"Bearer pos-1:{premises.tokens['pos-1']}"},
            )
            health = await box.health()
            assert health is not None
            assert health["state"] == "selling"
            return said

    said = asyncio.run(main())
    assert said[200] > 0
    assert said[400] > 0
    assert sum(said.values()) >= 100
