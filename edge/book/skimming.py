"""Read a fact as far as books go: what was sold, and why it cost what it did, stays unread.

That is most of a page. Its digest vouches for the bytes; here they only have to be JSON.
"""

import msgspec

from edge.journal import Page
from edge.letters import KINDS, read
from edge.shop.facts import Fact, SaleMade

UNREAD = ("lines", "tax", "gives", "buyer", "basis", "redeemed", "clock")

_Skimmed = msgspec.defstruct(
    "_Skimmed",
    [(name, msgspec.Raw) if name in ("lines", "tax", "buyer", "basis") else
     (name, msgspec.Raw, msgspec.Raw(b"[]")) for name in UNREAD],
    bases=(SaleMade,),
    tag=KINDS[SaleMade],
    frozen=True,
    kw_only=True,
)  # fmt: skip
_decode = msgspec.json.Decoder(_Skimmed).decode
_SALE = KINDS[SaleMade]


def skim(page: Page) -> tuple[str, Fact]:
    """Return the kind of the fact that a page holds, and the fact.

    In a sale the fields `UNREAD` are raw bytes and must not be looked at. Raises as
    `letters.read` does.
    """
    if page.kind == _SALE:
        fact = _decode(page.body)
        assert isinstance(fact, SaleMade), "that is what was asked for"
        return _SALE, fact
    fact = read(page.body)
    return KINDS[type(fact)], fact
