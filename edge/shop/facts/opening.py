"""What members held elsewhere before this programme began: brought in once, as facts."""

from edge.shop.facts.sale import Deed


class OpeningBalance(Deed, frozen=True, kw_only=True):
    """One row of an import: a card that names a member, and what the member held.

    It has no receipt, because nothing was sold. `moves` open the lots. What the old system owed
    in money stands against the account `opening` of its issuer.
    """

    imported: str
    """The id of the import."""
    row: int
    """Which row of it, from 1."""
    currency: str
    exponent: int
    card: str = ""
    points: int = 0
    principal: int = 0
    bonus: int = 0
    uses: int = 0
    """Uses left on a count card."""
    coupon_uses: int = 0
