"""What a lane's devices said -> what its till is given, or what its desk is to do."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from drivers import terminal as words
from drivers.events import CardPresented, Scan, Swiped
from edge.desk.counter import Counter
from edge.desk.members import Holding
from edge.intake import CardNumber, CouponCode, PaymentCode, Person, TillCommand, as_product
from edge.refusals import Refusal
from edge.shop.till import (
    Cancel,
    Counted,
    CouponScanned,
    Given,
    PayByUses,
    ProductScanned,
    Redeem,
    RemoveLine,
    Tendered,
)

Meant = Given | Holding | TillCommand | Refusal
"""An input of the till, a member and what they hold, what the desk itself is to do, or a no."""


class Resolver:
    """Resolves with the shop's knowledge; nothing is kept, nothing waits."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def scan(self, scan: Scan, count: Decimal | None = None) -> Meant:
        """Return what a code means, so many times if it is a product."""
        counter = self._counter
        known = counter.intake.resolve(scan.text, scan.symbology, "code", counter.today())
        match known:
            case TillCommand():
                return commanded(known)
            case CouponCode(code):
                return CouponScanned(counter.shown(code))
            case PaymentCode():
                return Refusal("E-PAYMENT-CODE")
        if isinstance(known, Person):
            return self._person("code", scan.text, scan.symbology)
        article = as_product(known, scan.text)
        if isinstance(article, Refusal):
            return article
        goods = counter.goods(article, scan.text)
        if isinstance(goods, Refusal):
            return goods
        product, label = goods
        if label is not None:
            return ProductScanned(product, scan.text, label.quantity, label.unit_price)
        return ProductScanned(product, scan.text, Decimal(1) if count is None else count)

    def card(self, card: CardPresented) -> Meant:
        """Return whose card lies on the reader."""
        if card.kind != "uid":
            return self._person("code", card.text)
        counter = self._counter
        known = counter.intake.resolve(card.text, "", "uid", counter.today())
        if not isinstance(known, CardNumber):
            return Refusal("E-NOT-A-CREDENTIAL")
        return counter.card(known.number, decided=True)

    def swiped(self, swiped: Swiped) -> Meant:
        """Return whose magnetic stripe this is: the number before the first separator."""
        number = swiped.track2.partition("=")[0]
        return self._person("card", number or swiped.track1.strip("B").partition("^")[0])

    def phone(self, number: str) -> Meant:
        """Return who has this phone number."""
        return self._person("phone", number)

    def _person(self, kind: Any, text: str, symbology: str = "") -> Meant:
        credential = words.Credential(kind=kind, text=text, symbology=symbology)
        return self._counter.identify(credential, decided=True)


def commanded(command: TillCommand) -> Given | TillCommand:
    """Return the till's input that a command stands for; what only the desk can do stays itself."""
    count = command.count
    match command.action:
        case "quantity" if count is not None:
            return Counted(count)
        case "redeem":
            return Redeem("max" if count is None else int(count))
        case "uses":
            return PayByUses("max" if count is None else int(count))
        case "remove_last" | "remove":
            return RemoveLine(None if count is None else int(count))
        case "cancel":
            return Cancel()
        case "park" | "recall" | "reprint" | "quantity":
            return command
        case action:
            return Tendered(_TENDERS[action], command.handed)


_TENDERS: Mapping[str, Literal["cash", "card", "wallet", "transfer", "value"]] = {
    "pay_cash": "cash",
    "pay_card": "card",
    "pay_wallet": "wallet",
    "pay_transfer": "transfer",
    "pay_value": "value",
}
