"""What a box may ask the cloud about other stores: their receipts, and who owes whom."""

from cloud_bridge.contract.post import Envelope
from cloud_bridge.contract.words import Whole, Words

# --- GET /v1/receipts/<id> ------------------------------------------------------------------------


class ReceiptFound(Words, frozen=True, kw_only=True):
    """A sale wherever it was made, by its id or its receipt's number, and what came back of it.

    404 `unknown` for none. To take it back elsewhere a box needs a hold of the kind `return`.
    """

    box: str
    sale: Envelope
    earlier: tuple[Envelope, ...] = ()


# --- GET /v1/statement?month=<YYYY-MM> ------------------------------------------------------------


class Share(Words, frozen=True, kw_only=True):
    """What one party pays (+) or receives (-) for a month, in a currency's minor units."""

    party: str
    currency: str
    pays: Whole


class SettlementStatement(Words, frozen=True, kw_only=True):
    """The settlement of a month by business date: in each currency it sums to zero."""

    month: str
    shares: tuple[Share, ...]
