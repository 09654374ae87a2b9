"""The JSON Schema of what is asked and answered, for editors and other people's software."""

from typing import Any

import msgspec

from edge.price_lines.answer import Answer, Wrong
from edge.price_lines.asked import PriceAsked


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12): `$defs` holds PriceAsked, Answer and Wrong.

    A document valid by it is an input line; each answer is an Answer or a Wrong.
    """
    parts, definitions = msgspec.json.schema_components([PriceAsked, Answer, Wrong])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:edgebox:price:v1",
        "title": "A price that is asked for",
        **parts[0],
        "$defs": definitions,
    }
