"""Facts become letters, and letters facts: the one place where shop words meet the cloud's.

It happens once, on placing: a journal page's body is the very JSON that the cloud will get. Both
sides have types of their own, so that either may change without the other; where a name or a
shape ever differs, it is translated here.
"""

from typing import Any

import msgspec

from cloud_bridge import contract as wire
from edge.shop import facts as shop

LETTERS: dict[type[shop.Fact], type[Any]] = {
    shop.SaleMade: wire.SaleFact,
    shop.RequestRefused: wire.RefusalFact,
    shop.KeyFenced: wire.FenceFact,
    shop.DayOpened: wire.DayOpened,
    shop.DayClosed: wire.DayClosed,
    shop.EpochOpened: wire.EpochOpened,
    shop.CloudReached: wire.WentOffline,
}
KINDS = {fact: str(letter.__struct_config__.tag) for fact, letter in LETTERS.items()}
"""What a page's kind says of the fact it holds."""

_FACTS = {letter: fact for fact, letter in LETTERS.items()}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(wire.FactBody).decode


def write(fact: shop.Fact) -> tuple[str, bytes]:
    """Return a fact's kind and its JSON."""
    letter = msgspec.convert(fact, LETTERS[type(fact)], from_attributes=True)
    return KINDS[type(fact)], _encode(letter)


def read(body: bytes) -> shop.Fact:
    """Return the fact that `write` put down.

    Raises msgspec.MsgspecError or UnicodeError for what is no letter.
    """
    letter = _decode(body)
    return msgspec.convert(letter, _FACTS[type(letter)], from_attributes=True)
