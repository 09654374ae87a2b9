"""The HTTP door as an OpenAPI 3.1 document (OpenAPI Specification 3.1.0)."""

from typing import Any, Final

from drivers import terminal as words
from edge.contracts.schemas import components, reference
from edge.contracts.vocabulary import Operation, operations

JSON, PROBLEM = "application/json", "application/problem+json"
REFUSED: Final = 400

ABOUT: Final = """\
One vocabulary for tills, handhelds and phones. Money is whole minor units, quantities are exact
decimals in text.

A request that changes something has a `key`, a UUIDv7 made on the device that first saw the
intent. If no answer comes, send the same request again with the same key until one does: it has
one effect, and its answer never changes. Or ask what became of the key.

A refusal is a problem (RFC 9457). Its `retry` says what a program should do: `same`, send it again
with the same key after `retry_after` seconds; `later`, it may succeed later with a new key;
`never`, not as it stands.
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
            "schemas": components([*types, words.Known, words.Problem]),
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
    for path, methods in _others().items():
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
            "default": {"$ref": "#/components/responses/No"},
        },
    }  # fmt: skip


def _no(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM: {"schema": reference(words.Problem)}},
    }


def _others() -> dict[str, Any]:
    """Return what there is besides operations."""
    return {
        "/v1/requests/{key}": _get(
            "known", "What is known of a request key? Changes nothing.", reference(words.Known),
            _in_path("key", {"type": "string", "format": "uuid"}),
        ),
        "/v1/lanes/{lane}/events": _get(
            "watch_lane", "The terminal's own lane as it happens, as server-sent events.",
            {"type": "string"}, _in_path("lane", {"type": "string"}), kind="text/event-stream",
        ),
        "/v1/health": _get(
            "see_health", "How is the box? Needs no token.", reference(words.HealthReport),
            is_open=True,
        ),
        "/metrics": _get(
            "see_metrics", "Figures for Prometheus.", {"type": "string"}, kind="text/plain"
        ),
    }  # fmt: skip


def _get(
    name: str,
    summary: str,
    schema: dict[str, Any],
    parameter: dict[str, Any] | None = None,
    *,
    kind: str = JSON,
    is_open: bool = False,
) -> dict[str, Any]:
    got: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["box"],
        "responses": {
            "200": {"description": "The answer.", "content": {kind: {"schema": schema}}},
            "default": {"$ref": "#/components/responses/No"},
        },
    }
    if parameter is not None:
        got["parameters"] = [parameter]
    if is_open:
        got["security"] = []
    return {"get": got}


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
