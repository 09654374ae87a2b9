"""The documents integrators read: true to their standards, to the types, and to a real box."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import validate

from drivers import terminal as words
from drivers.terminal import OPERATIONS
from edge.contracts import documents
from edge.contracts.schemas import field_texts
from edge.contracts.vocabulary import ANSWERS, operations
from edge.desk import rehearsal
from edge.refusals import CATALOGUE
from tests.http_house import house, http, reply_of, talk


def document(path: str) -> Any:
    return json.loads(documents()[path].body)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inside in value.values():
            yield from nodes(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from nodes(inside)


def test_openapi_is_as_the_standard_wants_it() -> None:
    validate(document("/openapi.json"))


def asyncapi_schema() -> Draft7Validator:
    packed = Path(__file__).parent / "vendored" / "asyncapi-3.0.0.json.gz"
    return Draft7Validator(json.loads(gzip.decompress(packed.read_bytes())))


def test_asyncapi_is_as_the_standard_wants_it() -> None:
    judge, whole = asyncapi_schema(), document("/asyncapi.json")
    assert list(judge.iter_errors(whole)) == []
    whole["operations"]["sell"]["action"] = "shout"
    assert list(judge.iter_errors(whole)) != []


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
def test_every_reference_leads_somewhere(path: str) -> None:
    whole = document(path)
    references = [node["$ref"] for node in nodes(whole) if isinstance(node.get("$ref"), str)]
    assert references
    for reference in references:
        found = whole
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
def test_every_schema_is_a_json_schema(path: str) -> None:
    for schema in document(path)["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_stands_in_both() -> None:
    paths, channels = document("/openapi.json")["paths"], document("/asyncapi.json")["channels"]
    for operation in OPERATIONS:
        assert "post" in paths[f"/v1/{operation}"]
        assert channels[f"{operation}_request"]["address"].endswith(f"/req/{operation}")
        assert channels[f"{operation}_answer"]["address"].endswith(f"/rsp/{operation}")
    assert set(OPERATIONS.values()) <= set(ANSWERS)


def validator(schema: str) -> Draft202012Validator:
    whole = document("/openapi.json")
    return Draft202012Validator({**whole, "$ref": f"#/components/schemas/{schema}"})


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_every_example_is_what_the_schemas_say(operation: Any) -> None:
    assert operation.examples, "an operation without an example"
    for example in operation.examples:
        validator(operation.request.__name__).validate(example.request)
        kind = words.Problem if example.status >= 400 else operation.reply
        validator(kind.__name__).validate(example.answer)


def test_a_schema_refuses_what_the_box_refuses() -> None:
    wrong = {"lines": [{"code": "1", "quantity": "1"}], "colour": "red"}
    assert list(validator("Quote").iter_errors(wrong))


def test_fields_say_what_their_source_says() -> None:
    assert field_texts(words.Sold)["text"].startswith("The receipt, ready to print")
    sold = document("/openapi.json")["components"]["schemas"]["Sold"]
    assert sold["properties"]["text"]["description"].startswith("The receipt, ready to print")


def test_what_changes_something_has_a_key_and_nothing_else_does() -> None:
    whole = document("/openapi.json")
    paths, schemas = whole["paths"], whole["components"]["schemas"]
    for operation in operations():
        keyed = "key" in schemas[operation.request.__name__]["properties"]
        assert operation.is_keyed == keyed
        assert ("parameters" in paths[f"/v1/{operation.name}"]["post"]) == keyed


def test_the_catalogue_has_every_refusal_in_both_languages() -> None:
    said = {entry["code"]: entry for entry in document("/errors.json")}
    assert set(said) == set(CATALOGUE)
    for entry in said.values():
        for lang in ("zh", "en"):
            assert all(entry[lang][part] for part in ("title", "detail", "fix"))


def said_by_the_source() -> set[str]:
    """Return how to begin, the names of areas, and what is said of all that can be asked."""
    said = {*document("/openapi.json")["info"]["description"].strip().split("\n\n")}
    for methods in document("/openapi.json")["paths"].values():
        for method in methods.values():
            said |= {*method["tags"], method["summary"], method.get("description", "")}
            contents = [method.get("requestBody", {}), *method["responses"].values()]
            for kind in [kind for one in contents for kind in one.get("content", {}).values()]:
                said |= {example["summary"] for example in kind.get("examples", {}).values()}
    return {" ".join(text.split()) for text in said if text}


def test_what_forces_an_outcome_is_said_as_it_is() -> None:
    about = document("/openapi.json")["info"]["description"]
    for word in (rehearsal.MARK, *map(str, range(rehearsal.STILL_DECIDING, rehearsal.SLOW + 1))):
        assert f"`{word}" in about


def test_chinese_readers_are_told_all_of_it_and_nothing_old() -> None:
    chinese = document("/docs/zh.json")
    assert chinese.keys() == said_by_the_source()
    for text, told in chinese.items():
        assert re.search("[\u4e00-\u9fff]", told), text
        named = set(re.findall("`[^`]+`", text))
        assert named == set(re.findall("`[^`]+`", told)), text


def test_pages_need_nothing_from_anywhere_else() -> None:
    for path, (kind, body) in documents().items():
        if kind.startswith("text/"):
            assert b"://" not in body, path


# --- served ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(documents()))
async def test_this_machine_may_read_them_without_a_token(path: str) -> None:
    async with house() as at, aiohttp.ClientSession() as session, session.get(at.url + path) as got:
        assert got.status == 200
        assert (await got.read(), got.headers["Content-Type"]) == documents()[path][::-1]
        assert got.headers["Content-Security-Policy"].startswith("default-src 'self'")


async def test_others_may_read_them_with_a_token_or_when_they_are_open() -> None:
    async with house() as at:
        assert not at.door._may_read("192.0.2.7")
        assert at.door._may_read("::1")
    async with house(docs="open") as at:
        assert at.door._may_read("192.0.2.7")


@pytest.mark.parametrize("path", ["/docs/secret", "/docs/../store.toml", "/other.json"])
async def test_there_are_no_other_files(path: str) -> None:
    async with house() as at:
        said = await talk(at.door, http("GET", path, {"Host": "localhost"}))
        assert reply_of(said)[0] == 404
