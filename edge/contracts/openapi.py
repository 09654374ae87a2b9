"""The HTTP door as an OpenAPI 3.1 document (OpenAPI Specification 3.1.0)."""

from typing import Any, Final

from drivers import terminal as words
from edge.contracts.beside import JSON, TYPES, beside
from edge.contracts.schemas import components, reference
from edge.contracts.vocabulary import Operation, operations

PROBLEM: Final = "application/problem+json"
NO: Final = "#/components/responses/No"
REFUSED: Final = 400

ABOUT: Final = """\
One vocabulary for tills, handhelds and phones. Money is whole minor units, quantities are exact
decimals in text.

A terminal comes in by pairing (`POST /v1/pair`), which gives it a name and a token: its user name
and password over MQTT, `Authorization: Bearer name:token` over HTTP. Until then nobody gets more
than the health page, the pairing page and the authority.

A request that changes something has a `key`, a UUIDv7 made on the device that first saw the
intent. If no answer comes, send the same request again with the same key until one does: it has
one effect, and its answer never changes. Or ask what became of the key.

A refusal is a problem (RFC 9457). Its `retry` says what a program should do: `same`, send it again
with the same key after `retry_after` seconds; `later`, it may succeed later with a new key;
`never`, not as it stands.

A terminal in training works in books of its own, and forces what it has to handle. A member who is
shown as `TEST:E-...` is answered with that refusal. An amount of `6660001` as the first tender is
sold, and its first answer is `E-IN-PROGRESS`; at `6660002` the first try finds the box busy; at
`6660003` the answer takes three seconds.
"""
KEY: Final = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "The request's key; the same as in the body, if it stands in both.",
    "schema": {"type": "string", "format": "uuid"},
}  # fmt: skip


def openapi(version: str) -> dict[str, Any]:
    """Return the document. `version` is the box's."""
    asked = operations()
    types = [t for operation in asked for t in (operation.request, operation.reply)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edgebox", "version": version, "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{"terminal": []}],
        "tags": [{"name": area} for area in dict.fromkeys(o.area for o in asked)],
        "paths": _paths(asked),
        "components": {
            "schemas": components([*types, *TYPES, words.Problem]),
            "securitySchemes": {
                "terminal": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "terminal:token",
                    "description": "The terminal's id, a colon, and its token.",
                }
            },
            "responses": {"No": _no("A refusal: `code` says which.")},
        },
    }  # fmt: skip


def _paths(asked: tuple[Operation, ...]) -> dict[str, Any]:
    paths: dict[str, Any] = {f"/v1/{o.name}": {"post": _post(o)} for o in asked}
    for path, methods in beside(NO).items():
        paths[path] = {**paths.get(path, {}), **methods}
    return paths


def _post(operation: Operation) -> dict[str, Any]:
    return {
        "operationId": operation.name,
        "tags": [operation.area],
        "summary": operation.summary,
        "description": operation.description,
        **({"parameters": [KEY]} if operation.is_keyed else {}),
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": reference(operation.request), "examples": {
                f"example_{number}": {"summary": example.title, "value": example.request}
                for number, example in enumerate(operation.examples, 1)
            }}},
        },
        "responses": {
            "200": {
                "description": "Done." if operation.is_keyed else "The answer.",
                "content": {JSON: {"schema": reference(operation.reply), "examples": {
                    f"example_{number}": {"summary": example.title, "value": example.answer}
                    for number, example in enumerate(operation.examples, 1)
                    if example.status < REFUSED
                }}},
            },
            "default": {"$ref": NO},
        },
    }  # fmt: skip


def _no(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM: {"schema": reference(words.Problem)}},
    }
