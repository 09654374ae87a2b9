"""The codes a box refuses with, as far as a terminal has to care: status and `retry`.

`codes.json` is made from the box's own catalogue; a test keeps the two alike.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Literal

Retry = Literal["never", "same", "later"]


@dataclass(frozen=True, slots=True)
class Code:
    """One way of saying no."""

    code: str
    status: int
    retry: Retry


def codes() -> dict[str, Code]:
    """Return the whole catalogue, by code."""
    raw = json.loads(resources.files(__package__).joinpath("codes.json").read_bytes())
    return {code: Code(code, status, retry) for code, (status, retry) in raw.items()}
