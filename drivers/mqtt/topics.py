"""The box's topics, and who may read and write which.

    edge/v1/{store}/{terminal}/req/{operation}   terminal -> box
    edge/v1/{store}/{terminal}/rsp/{operation}   box -> terminal
    edge/v1/{store}/{terminal}/evt/{kind}        box -> terminal
    edge/v1/{store}/{terminal}/state             terminal -> box: birth and will
    edge/v1/{store}/box/{state|health}           box -> everybody
    edge/v1/{store}/dev/{device}/state           box -> everybody

Topics are compared as they are, never normalised.
"""

import re
from functools import cached_property

OPERATION = re.compile("[a-z0-9_]{1,32}")
SHARED = "$share/"
_EVERYBODY = ("box", "dev")


class Topics:
    """The topics of one terminal of one store."""

    def __init__(self, store: str, terminal: str) -> None:
        self.store, self.terminal = store, terminal
        self._own = f"{store_prefix(store)}{terminal}/"
        self._requests, self.responses = f"{self._own}req/", f"{self._own}rsp/"

    def request(self, operation: str) -> str:
        """Return where this terminal asks for `operation`."""
        return self._requests + operation

    def response(self, operation: str) -> str:
        """Return where this terminal is answered about `operation`."""
        return self.responses + operation

    def event(self, kind: str) -> str:
        """Return where this terminal is told things of `kind`."""
        return f"{self._own}evt/{kind}"

    @cached_property
    def state(self) -> str:
        """Where this terminal says that it lives, and its will that it does not."""
        return f"{self._own}state"

    def operation_of(self, topic: str) -> str | None:
        """Return the operation if `topic` is one of this terminal's requests, else None."""
        if not topic.startswith(self._requests):
            return None
        operation = topic[len(self._requests) :]
        return operation if OPERATION.fullmatch(operation) else None

    def is_response(self, topic: str) -> bool:
        """Return whether `topic` is one of this terminal's own response topics."""
        return topic.startswith(self.responses) and bool(
            OPERATION.fullmatch(topic[len(self.responses) :])
        )

    def may_read(self, pattern: str) -> bool:
        """Return whether everything the filter `pattern` matches is this terminal's to read."""
        prefix = store_prefix(self.store)
        if not pattern.startswith(prefix):
            return False
        return pattern[len(prefix) :].split("/", maxsplit=1)[0] in (self.terminal, *_EVERYBODY)


def store_prefix(store: str) -> str:
    """Return what every topic of `store` begins with."""
    return f"edge/v1/{store}/"


def has_wildcard(topic: str) -> bool:
    """Return whether `topic` holds a wildcard, so that nothing can be published to it."""
    return "+" in topic or "#" in topic


def is_filter(pattern: str) -> bool:
    """Return whether `pattern` is a well-formed topic filter (section 4.7.1)."""
    levels = pattern.split("/")
    if not pattern or "#" in levels[:-1]:
        return False
    return all(level in ("+", "#") or not has_wildcard(level) for level in levels)


def matches(pattern: str, topic: str) -> bool:
    """Return whether the well-formed filter `pattern` matches `topic` (section 4.7)."""
    if pattern == topic:
        return True
    wanted, levels = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )
