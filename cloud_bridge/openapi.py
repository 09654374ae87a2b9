"""The contract between a box and its cloud as OpenAPI 3.1, made of the types themselves.

https://spec.openapis.org/oas/v3.1.0. Whoever builds a cloud of their own builds this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cloud_bridge import contract

VERSION = "1.0.0"
REF = "#/components/schemas/{name}"
INTRODUCTION = """\
What a membership cloud answers to the boxes in its shops. All bodies are JSON, UTF-8. Money is in
whole minor units, times are milliseconds since 1970-01-01 UTC, hashes are lower-case hex SHA-256,
keys and signatures are base64 of raw Ed25519 (RFC 8032) bytes.

Every request carries `Edge-Auth: box=<id>,at=<ms>,sig=<base64>`. The signature, by the box's key,
is of the text `edgebox.request.v1`, the method, the target with its query, `at`, and the body's
SHA-256, each on a line of its own.

Facts come strictly in sequence. The cloud records every authentic one, also one that it cannot
make sense of, and acknowledges with the digest of the page it has come to. The same facts, sent
again, are answered as at the first time.
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a box may ask. `answers` are the types by status; None for an answer without."""

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, type[Any] | None]
    query: Mapping[str, str] = field(default_factory=dict)
    body: type[Any] | None = None


PROBLEM = contract.CloudProblem
OPERATIONS = (
    Operation(
        "post", "/v1/facts", "sendFacts", "Record a batch of facts, strictly in sequence",
        {200: contract.Receipt, 409: PROBLEM, 413: PROBLEM, 422: PROBLEM}, {}, contract.Batch,
    ),
    Operation(
        "get", "/v1/facts", "recordedFacts", "This box's own facts after a place",
        {200: contract.RecordedFacts},
        {"epoch": "integer", "after": "integer", "limit": "integer"},
    ),
    Operation(
        "get", "/v1/head", "head", "The last fact recorded of this box", {200: contract.CloudHead}
    ),
    Operation(
        "get", "/v1/changes", "changes",
        "What changed after a cursor: members, cards, coupons, products, leases",
        {200: contract.Changes, 409: PROBLEM}, {"since": "string", "limit": "integer"},
    ),
    Operation(
        "get", "/v1/hot", "hotList", "What changed on the hot list after a cursor",
        {200: contract.HotList, 409: PROBLEM}, {"since": "string"},
    ),
    Operation(
        "get", "/v1/bundle", "bundle", "The rules in force; its ETag is the bundle's hash",
        {200: contract.SignedBundle, 304: None, 404: PROBLEM},
    ),
    Operation(
        "post", "/v1/leases", "askLease", "Ask for a part of what a member holds",
        {200: contract.Lease, 409: PROBLEM}, {}, contract.LeaseAsked,
    ),
    Operation(
        "post", "/v1/holds", "askHold", "Ask for what one deed needs, now",
        {200: contract.Hold, 409: PROBLEM}, {}, contract.HoldAsked,
    ),
    Operation(
        "get", "/v1/receipts/{id}", "receipt", "A sale of any store, and what came back of it",
        {200: contract.ReceiptFound, 404: PROBLEM},
    ),
    Operation(
        "get", "/v1/statement", "statement", "Who owes whom for a month (YYYY-MM)",
        {200: contract.SettlementStatement}, {"month": "string"},
    ),
    Operation(
        "post", "/v1/sealed", "sealed", "Keep what only the cloud may read",
        {200: contract.SealedKept}, {}, contract.SealedBatch,
    ),
    Operation(
        "get", "/v1/time", "time", "What time it is, signed", {200: contract.SignedTime},
        {"nonce": "string"},
    ),
)  # fmt: skip


def openapi() -> dict[str, Any]:
    """Return the whole contract, in JSON's own types."""
    return msgspec.json.decode(msgspec.json.encode(_document()), type=dict[str, Any])


def _document() -> dict[str, Any]:
    named: list[Any] = [operation.body for operation in OPERATIONS if operation.body]
    named += [kind for operation in OPERATIONS for kind in operation.answers.values() if kind]
    named += [contract.FactBody, contract.BundleHead, contract.Enrolled]  # inside others, as bytes
    _, schemas = msgspec.json.schema_components(named, ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edgebox membership cloud", "version": VERSION, "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "https://cloud.example"}],
        "security": [{"box": []}],
        "paths": _paths(OPERATIONS),
        "components": {
            "schemas": {**schemas, "FactBody": _facts()},
            "securitySchemes": {
                "box": {
                    "type": "apiKey", "in": "header", "name": "Edge-Auth",
                    "description": "Signed by the box's key, which the cloud has by its id.",
                }
            },
        },
    }  # fmt: skip


def _facts() -> dict[str, Any]:
    """Return what the body of an envelope is: one of the facts, by its tag."""
    kinds: Iterable[Any] = contract.FactBody.__args__
    refs = {str(kind.__struct_config__.tag): REF.format(name=kind.__name__) for kind in kinds}
    return {
        "anyOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }


def _paths(operations: Iterable[Operation]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _described(one)
    return paths


def _described(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "responses": {
            **{str(status): _answer(status, kind) for status, kind in one.answers.items()},
            "default": _answer(401, PROBLEM),
        },
    }
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", "schema": {"type": kind}} for name, kind in one.query.items()
    ]
    if "{id}" in one.path:
        parameters.append(
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        )
    if parameters:
        described["parameters"] = parameters
    if one.body is not None:
        content = {"application/json": {"schema": _ref(one.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(status: int, kind: type[Any] | None) -> dict[str, Any]:
    said = (kind.__doc__ or "").strip().splitlines()[0] if kind else "Nothing new."
    if kind is None:
        return {"description": said}
    media = "application/json" if status < 400 else "application/problem+json"
    return {"description": said, "content": {media: {"schema": _ref(kind)}}}


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
