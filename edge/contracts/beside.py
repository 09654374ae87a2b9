"""What the HTTP door has besides the operations: how to come in, what to look at, and files."""

from collections.abc import Mapping
from typing import Any, Final

from drivers import terminal as words
from edge.access import Pair, Welcome
from edge.contracts.schemas import reference
from edge.phone import PICTURES, Seen

JSON: Final = "application/json"
TYPES: Final = (words.Known, words.HealthReport, Pair, Welcome, Seen)
"""What is asked and answered there."""
COME_IN: Final = {"code": "7KQ4-9WDX", "name": "handheld-3", "kind": "handheld", "lang": "en"}


def beside(no: str) -> dict[str, Any]:
    """Return the paths and their methods. `no` is the reference to what a refusal is."""
    paths = _looked_at()
    paths |= {"/v1/pair": _pair(), "/v1/scan": _scan()}
    for methods in paths.values():
        for method in methods.values():
            method["tags"] = ["box"]
            method["responses"]["default"] = {"$ref": no}
    return paths


def _pair() -> dict[str, Any]:
    asked = {
        "schema": reference(Pair),
        "examples": {"example_1": {"summary": "A handheld comes in", "value": COME_IN}},
    }
    return {"post": {
        "operationId": "pair",
        "summary": "Come in: a terminal gets its token for the code that the owner was shown.",
        "description": (
            "Needs no token. The owner opens the window with `edgebox terminals pair`; it closes "
            "after ten minutes, five wrong codes, or one terminal. The picture shown beside the "
            "code leads to an address that ends in `#secret=...&ca=...`: the secret is as good as "
            "the code, and `ca` is the fingerprint that the authority must have whom the terminal "
            "is going to trust (`/ca.pem`)."
        ),
        "security": [],
        "requestBody": {"required": True, "content": {JSON: asked}},
        "responses": _yes("It is in.", {JSON: {"schema": reference(Welcome)}}),
    }}  # fmt: skip


def _scan() -> dict[str, Any]:
    picture = {"schema": {"type": "string", "format": "binary"}}
    return {"post": {
        "operationId": "scan",
        "summary": "Which codes does this picture show?",
        "description": "A picture of at most 512 KB, from a camera; nothing of it is kept.",
        "requestBody": {"required": True, "content": dict.fromkeys(sorted(PICTURES), picture)},
        "responses": _yes("What it shows.", {JSON: {"schema": reference(Seen)}}),
    }}  # fmt: skip


def _looked_at() -> dict[str, Any]:
    """Return what there is to look at, by path; nothing is changed by looking."""
    key, lane = {"type": "string", "format": "uuid"}, {"type": "string"}
    return {
        "/v1/requests/{key}": _get(
            "known", "What is known of a request key? Changes nothing.", reference(words.Known),
            parameter=_in_path("key", key),
        ),
        "/v1/lanes/{lane}/events": _get(
            "watch_lane", "The terminal's own lane as it happens, as server-sent events.",
            {"type": "string"}, "text/event-stream", parameter=_in_path("lane", lane),
        ),
        "/v1/health": _get(
            "see_health", "How is the box? Needs no token.", reference(words.HealthReport),
            is_open=True,
        ),
        "/metrics": _get(
            "see_metrics", "Figures for Prometheus.", {"type": "string"}, "text/plain"
        ),
        "/ca.pem": _get(
            "see_authority", "The certificate that terminals trust, where the box speaks TLS.",
            {"type": "string"}, "application/x-pem-file", is_open=True,
        ),
    }  # fmt: skip


def _get(
    name: str,
    summary: str,
    schema: Mapping[str, Any],
    kind: str = JSON,
    *,
    parameter: Mapping[str, Any] | None = None,
    is_open: bool = False,
) -> dict[str, Any]:
    return {"get": {
        "operationId": name,
        "summary": summary,
        "responses": _yes("The answer.", {kind: {"schema": schema}}),
        **({} if parameter is None else {"parameters": [parameter]}),
        **({"security": []} if is_open else {}),
    }}  # fmt: skip


def _yes(description: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"200": {"description": description, "content": content}}


def _in_path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
