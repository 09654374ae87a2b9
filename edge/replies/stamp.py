"""The place a fact is about to take: it is told with every deed."""

from typing import NamedTuple, TypedDict

from edge.refusals import Language
from edge.shop.facts import Deed


class Stamp(NamedTuple):
    """The place a fact is about to take, and the key and language it is told under.

    `previous` is the digest of the page before it, `at_ms` its time in ms since 1970 UTC.
    """

    key: str
    lang: Language
    epoch: int
    sequence: int
    previous: str
    at_ms: int


class Done(TypedDict):
    """The fields that every reply to a deed has."""

    key: str
    deed: str
    receipt: str
    business_date: str
    epoch: int
    sequence: int
    previous: str


def done(fact: Deed, deed: str, stamp: Stamp) -> Done:
    """Return what every reply to a deed says; `deed` is its id."""
    return Done(
        key=stamp.key,
        deed=deed,
        receipt=fact.receipt,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        previous=stamp.previous,
    )


def pick(lang: Language, zh: str, en: str) -> str:
    """Return the one of two texts that is in a language."""
    return zh if lang == "zh" else en
