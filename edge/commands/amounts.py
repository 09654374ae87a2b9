"""Amounts as people write them: 123.45, and exactly that."""

import re

import click

PLAIN = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,8}))?")


def to_minor(text: str, exponent: int) -> int | None:
    """Return an amount in minor units, None if it is not written plainly or has too many digits.

    No sign, no separators, no exponent: what could be read in two ways is not read at all.
    """
    plain = PLAIN.fullmatch(text.strip())
    if plain is None:
        return None
    decimals = (plain[2] or "").rstrip("0")
    if len(decimals) > exponent:
        return None
    return int(plain[1] + decimals.ljust(exponent, "0"))


def minor_units(option: str, text: str, exponent: int) -> int:
    """Return the amount of an option. Raises click.BadParameter."""
    amount = to_minor(text, exponent)
    if amount is None:
        raise click.BadParameter(f"{text!r} is no amount such as 123.45", param_hint=option)
    return amount
