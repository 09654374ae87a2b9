"""Values as people write them in a story: 12.50, 5%, words, [lists] and {names: values}.

A number with a decimal point is money and becomes minor units; one with % becomes basis points;
`true`, `false` and `null` are what they say; "quoted text" stays as it is; everything else that
is no whole number is a word.
"""

import re
from decimal import Decimal
from typing import Any

from edge.story.errors import StoryError

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([\[\]{},:])|((?:[^\s\[\]{},:"]|:(?=\S))+))')
_MONEY = re.compile(r"-?\d+\.\d+")
_MARKS = frozenset("[]{},:")
_WHOLE = re.compile(r"-?\d+")


def money(text: str, exponent: int) -> int:
    """Return an amount in minor units, or StoryError if it is finer than the currency."""
    try:
        amount = Decimal(text).scaleb(exponent)
    except ArithmeticError:
        raise StoryError(f"{text!r} is not an amount") from None
    if amount != int(amount):
        raise StoryError(f"{text} has more than {exponent} decimals")
    return int(amount)


def basis_points(text: str) -> int:
    """Return a share such as 12.5% in basis points."""
    return int(Decimal(text.removesuffix("%")) * 100)


def word(text: str, exponent: int) -> Any:
    """Return what a single word stands for."""
    if text.endswith("%") and (_WHOLE.fullmatch(text[:-1]) or _MONEY.fullmatch(text[:-1])):
        return basis_points(text)
    if _MONEY.fullmatch(text):
        return money(text, exponent)
    if _WHOLE.fullmatch(text):
        return int(text)
    return {"true": True, "false": False, "null": None}.get(text, text)


def value(text: str, exponent: int) -> Any:
    """Return the value a text stands for: a word, a [list] or {names: values}."""
    tokens = _tokens(text)
    made, rest = _value(tokens, exponent)
    if rest:
        raise StoryError(f"do not know what {rest[0]!r} means after a value in {text!r}")
    return made


def _tokens(text: str) -> list[str]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if not found:
            raise StoryError(f"cannot read {text[at:]!r}")
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


def _value(tokens: list[str], exponent: int) -> tuple[Any, list[str]]:
    if not tokens:
        raise StoryError("a value is missing")
    first, rest = tokens[0], tokens[1:]
    if first == "[":
        return _list(rest, exponent)
    if first == "{":
        return _table(rest, exponent)
    if first in _MARKS:
        raise StoryError(f"a value is missing before {first!r}")
    if first.startswith('"'):
        return first[1:-1].replace('\\"', '"'), rest
    return word(first, exponent), rest


def _list(tokens: list[str], exponent: int) -> tuple[list[Any], list[str]]:
    made: list[Any] = []
    while tokens and tokens[0] != "]":
        item, tokens = _value(tokens, exponent)
        made.append(item)
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    if not tokens:
        raise StoryError("a list is not closed with ]")
    return made, tokens[1:]


def _field(tokens: list[str], exponent: int) -> tuple[Any, list[str]]:
    """Read the value of a name: words up to the next comma are one text."""
    end = next((i for i, token in enumerate(tokens) if token in _MARKS), len(tokens))
    return (" ".join(tokens[:end]), tokens[end:]) if end > 1 else _value(tokens, exponent)


def _table(tokens: list[str], exponent: int) -> tuple[dict[str, Any], list[str]]:
    made: dict[str, Any] = {}
    while tokens and tokens[0] != "}":
        if tokens[0] in _MARKS:
            raise StoryError(f"a name is missing before {tokens[0]!r}; put texts in quotes")
        name, tokens = tokens[0].strip('"'), tokens[1:]
        if not tokens or tokens[0] != ":":
            raise StoryError(f"{name!r} wants a value: write {{{name}: ...}}")
        made[name], tokens = _field(tokens[1:], exponent)
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    if not tokens:
        raise StoryError("{ is not closed with }")
    return made, tokens[1:]


def whole(text: str, least: int = 0) -> int:
    """Return a whole number of at least so much."""
    if not _WHOLE.fullmatch(text) or int(text) < least:
        raise StoryError(f"{text!r} is no whole number from {least} on")
    return int(text)
