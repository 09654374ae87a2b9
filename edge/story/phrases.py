"""How a rule is said in a story: a few phrases that read well, and `name value` for all else.

    rule birthday | 生日双倍 | Birthday | points_earn | 1 points for 1.00 | when {is: birthday}

Whatever is no phrase is a field of the rule, as its JSON has it: `buy 2`, `reward.which cheapest`.
"""

from typing import Any

from edge.story.errors import StoryError
from edge.story.values import basis_points, money, value

EARNING = "points_earn"


def rule(parts: list[str], exponent: int) -> dict[str, Any]:
    """Return the JSON of a rule from `id | zh | en | kind | phrase | ...`."""
    if len(parts) < 4:
        raise StoryError("a rule is `id | zh | en | kind | ...`")
    name, zh, en, kind, *phrases = parts
    made: dict[str, Any] = {"id": name, "name_zh": zh, "name_en": en, "kind": kind}
    for phrase in filter(None, phrases):
        words = phrase.split()
        if not (_how_much(made, words, exponent) or _for_whom(made, words, exponent)):
            put(made, phrase, exponent)
    return made


def put(made: dict[str, Any], phrase: str, exponent: int) -> None:
    """Set a field by its path: `a.b value` is {"a": {"b": value}}.

    Conditions are added to those of `when`, and fields to those a table has already.
    """
    path, _, said = phrase.strip().partition(" ")
    *outer, last = path.split(".")
    for name in outer:
        made = made.setdefault(name, {})
    found = value(said, exponent) if said else True
    if last == "when" and isinstance(found, dict):
        made.setdefault("when", []).append(found)
    elif isinstance(found, dict) and isinstance(made.get(last), dict):
        made[last] |= found
    else:
        made[last] = found


def _how_much(made: dict[str, Any], words: list[str], exponent: int) -> bool:
    match words:
        case [share, "off"] if share.endswith("%") and made["kind"] == "member_price":
            made["price"] = {"is": "percent", "basis_points": basis_points(share)}
        case ["price", amount] if made["kind"] == "member_price":
            made["price"] = {"is": "fixed", "amount": money(amount, exponent)}
        case [share, "off", "per", per] if share.endswith("%"):
            made["basis_points"], made["per"] = basis_points(share), per
        case [amount, "off", "per", per]:
            made["amount"], made["per"] = money(amount, exponent), per
        case ["of", "list"]:
            made["base"] = "list"
        case [points, "points", "for", amount] if made["kind"] == EARNING:
            made["points"], made["per"] = int(points), money(amount, exponent)
        case ["times", factor, "for", tier]:
            made.setdefault("multipliers", {})[tier] = basis_points(factor) * 100
        case ["funded", "by", party]:
            made["funding"] = [{"party": party, "share": 10_000}]
        case _:
            return False
    return True


def _for_whom(made: dict[str, Any], words: list[str], exponent: int) -> bool:
    """Take the phrases that say on what, for whom and when."""
    conditions: list[Any] = made.get("when", [])
    match words:
        case ["on", "all"]:
            made["target"] = {"of": "all"}
        case ["on", "products" | "categories" as kind, *ids]:
            made["target"] = {"of": kind, "ids": ids}
        case ["spare", "reduced"]:
            made["spare_reduced"] = True
        case ["for", "members"]:
            conditions.append({"is": "member"})
        case ["for", "tier", *tiers]:
            conditions.append({"is": "tier", "any_of": tiers})
        case ["on", "terminal", *kinds]:
            conditions.append({"is": "terminal", "kinds": kinds})
        case ["from", start, "until", until]:
            conditions.append({"is": "dates", "from": start, "until": until})
        case ["at", "least", amount, base, *over]:
            least = {"is": "at_least", "amount": money(amount, exponent), "base": base}
            conditions.append(least | ({"over": over[1]} if over else {}))
        case _:
            return False
    if conditions:
        made["when"] = conditions
    return True
