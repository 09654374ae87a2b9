"""What another life of this box did, and what only the cloud still knew of it."""

from edge.shop.facts.sale import Deed


class Recovered(Deed, frozen=True, kw_only=True):
    """A fact that this box once made and lost: it has come back, and counts from here on.

    What makes it a deed is the lost one's, but for `receipt`, which is "": that number was given
    in the epoch it belongs to; what was left then, only `body` says. A fact that was no deed moves
    nothing. The rest is the lost page, field by field; `body` is its JSON.
    """

    epoch: int
    sequence: int
    at: int
    origin: str
    key: str
    content: str
    kind: str
    body: str
    answer: str
    """Hash of the answer that was stored with it, which nobody has any more."""
    previous: str
    hash: str
