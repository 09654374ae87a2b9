"""The JSON Schema of a bundle, for editors and other people's software."""

from typing import Any

import msgspec

from edge.shop.bundle.bundle import Bundle

SCHEMA_ID = "urn:edgebox:bundle:v1"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the bundle.

    It says all about shapes. That names lead somewhere and that terms make sense is beyond any
    schema: `edgebox bundle check` says it.
    """
    (root,), definitions = msgspec.json.schema_components([Bundle])
    for definition in definitions.values():
        _shorten(definition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Rule bundle",
        **root,
        "$defs": definitions,
    }


def _shorten(definition: dict[str, Any]) -> None:
    """Title a definition with its docstring's first sentence; the rest stays its description."""
    text = " ".join(definition.get("description", "").split("\n\n")[0].split())
    first = text.split(". ")[0].rstrip(".")
    if first:
        definition["title"] = first
