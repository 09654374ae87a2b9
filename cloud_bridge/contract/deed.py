"""What every deed has: the legs of its entry, and the moves of what members hold."""

from cloud_bridge.contract.words import Words


class Posting(Words, frozen=True, kw_only=True, omit_defaults=True):
    """One leg of an entry. Units: a currency code, PTS (PTS.X of a partner X), CNT, BON.

    `party` is whose books it is on; "" is the store of the deed.
    """

    account: str
    unit: str
    amount: int
    party: str = ""


class Lot(Words, frozen=True, kw_only=True, omit_defaults=True):
    """One batch of something a member holds, as it was opened. Dates are ISO 8601."""

    id: str
    member: str
    unit: str
    """PTS (or PTS.X), BON, CNT, PRN (principal) or CPN (uses of a coupon)."""
    opened: str
    active_from: str
    expires: str = ""
    issuer: str = ""
    terms: str = ""
    origin: str = ""
    home: str = ""
    kind: str = "ordinary"


class Move(Words, frozen=True, kw_only=True, omit_defaults=True):
    """So much into (+) or out of (-) a lot; its first move brings the lot itself.

    `money` is what it moves in the books where that does not follow from the amount; `lapsed`
    is how much of it expired.
    """

    lot: str
    amount: int
    money: int = 0
    lapsed: int = 0
    opens: Lot | None = None


class Clock(Words, frozen=True, kw_only=True):
    """How far the box trusted its clock: off by at most `error_ms`, null where it cannot tell.

    trusted: synchronised · holdover: it was, in the same boot · unknown: nobody vouches for it.
    """

    quality: str = "trusted"
    error_ms: int | None = 0


class After(Words, frozen=True, kw_only=True, omit_defaults=True):
    """What a member had after a deed, as their receipt said it: the box's word at that moment.

    It moves nothing: with it the receipt can be printed again to the last byte. `value` is stored
    value in minor units, bonus included. What is left out was not known, or not said.
    """

    points: int | None = None
    value: int | None = None
    bonus: int = 0
    tier_zh: str = ""
    tier_en: str = ""


class DeedFact(Words, frozen=True, kw_only=True):
    """What every fact says that moves money, goods or anything a member holds.

    `store` is the party that did it. `postings` sum to zero in every unit.
    """

    receipt: str
    business_date: str
    store: str
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None
    member: str | None
    bundle: str
    postings: tuple[Posting, ...]
    moves: tuple[Move, ...] = ()
    flags: tuple[str, ...] = ()
    """Why somebody should look at it afterwards: ids of watches, `off_home_coupon`, `overdraft`,
    `two_members` (another member was shown for the same basket)."""
    approved_by: str | None = None
    """The manager who let through what the cashier alone may not do."""
    clock: Clock = Clock()
    afterwards: After = After()
    training: bool = False
    """Done for practice. The cloud gets no such fact; one that arrives all the same is invalid."""
