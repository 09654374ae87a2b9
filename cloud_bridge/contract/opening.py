"""What members held elsewhere before this programme began."""

from cloud_bridge.contract.deed import DeedFact


class OpeningBalance(DeedFact, frozen=True, kw_only=True, tag="opening_balance.v1"):
    """One row of an import: a card that names a member, and what the member held.

    Money that is owed (principal, prepaid uses) stands against the account `opening` of its
    issuer; points, bonus and uses against `programme`, as ever.
    """

    imported: str
    """The id of the import; with `row` it is unique."""
    row: int
    currency: str
    exponent: int
    card: str = ""
    points: int = 0
    principal: int = 0
    bonus: int = 0
    uses: int = 0
    coupon_uses: int = 0
