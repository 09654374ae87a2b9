"""One small day at a till, request by request: what each operation takes, and what it answers.

The files beside this one, one an operation, were written down from a real box. Played again in
the order of their steps they give the same answers; whoever documents the vocabulary shows them.
"""

from importlib import resources

import msgspec


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request and its answer. `step` is its place in the day; `title` says what is shown."""

    step: int
    title: str
    request: msgspec.Raw
    status: int
    answer: msgspec.Raw


def load() -> dict[str, tuple[Example, ...]]:
    """Return the examples of each operation that has any, in the order of their steps."""
    found: dict[str, tuple[Example, ...]] = {}
    for entry in resources.files(__name__).iterdir():
        if entry.name.endswith(".json"):
            examples = msgspec.json.decode(entry.read_bytes(), type=tuple[Example, ...])
            found[entry.name.removesuffix(".json")] = examples
    return dict(sorted(found.items()))
