"""What a guest sees: two lines on the customer display, and what comes out of the printer.

Everything here is text from what the shop decided; a display's width is in half-width columns.
"""

from collections.abc import Sequence
from typing import NamedTuple

from drivers.events import Print, Show
from drivers.printing import Barcode, Cut, Text
from edge.config import Store
from edge.refusals import Language
from edge.shop.money import format_minor
from edge.shop.receipt import columns
from edge.shop.sale import PricedLine, Quote
from edge.shop.tender import CardUses, Paid
from edge.shop.till import Shown

WIDTH: int = 20
"""Of displays that do not say how wide they are."""
RECEIPT_CODE_MAX = 24
"""The longest receipt number that fits on 58 mm of paper as a barcode."""

WORDS: dict[str, tuple[str, str]] = {
    "welcome": ("欢迎光临", "Welcome"),
    "total": ("合计", "Total"),
    "due": ("应付", "To pay"),
    "paid": ("实付", "Paid"),
    "change": ("找零", "Change"),
    "thanks": ("谢谢惠顾", "Thank you"),
    "member": ("会员", "Member"),
    "weigh": ("请称重", "Weighing"),
    "parked": ("挂单", "Parked"),
    "uses": ("次卡", "Card uses"),
    "copy": ("*** 补打小票 ***", "*** COPY ***"),
}
"""The words on a lane's display and above a receipt that is printed again (zh, en)."""


class Receipt(NamedTuple):
    """A receipt as it was told: its number and its text."""

    number: str
    text: str


class Faces:
    """Says everything in one language, for a display of `width` columns."""

    def __init__(self, store: Store, lang: Language, width: int = WIDTH) -> None:
        self._store, self._width = store, width
        self._at = 0 if lang == "zh" else 1

    def idle(self) -> Show:
        """Greet the next guest."""
        name = (self._store.name_zh, self._store.name_en)[self._at]
        return Show(self._centred(name), self._centred(self._word("welcome")))

    def weighing(self, name: str) -> Show:
        """Ask for patience while something is weighed."""
        return Show(self._cut(name, self._width), self._word("weigh"))

    def shown(self, shown: Shown) -> Show:
        """Show the line that this was about, or whose basket it is, above what is to be paid."""
        quote = shown.quote
        if not quote.lines and quote.member is None:
            return self.idle()
        lower = self._pair(self._word("total"), self._money(quote, quote.total))
        if shown.tendered or shown.uses:
            lower = self._pair(self._word("due"), self._money(quote, shown.due))
        if shown.tendered:
            upper = self._pair(self._word("paid"), self._money(quote, shown.tendered))
            return Show(upper, lower)
        if shown.line is not None:
            return Show(self._line(quote, quote.lines[shown.line]), lower)
        if shown.uses:
            return Show(self._uses(quote, [one.uses for one in shown.uses if one.uses]), lower)
        if quote.member is not None:
            return Show(self._pair(self._word("member"), quote.member.display), lower)
        return Show(self._line(quote, quote.lines[-1]), lower)

    def sold(self, quote: Quote, paid: Paid) -> Show:
        """Show what was paid, and the change."""
        handed = paid.handed - paid.by("uses")
        upper = self._pair(self._word("paid"), self._money(quote, handed))
        if paid.uses and not handed:
            upper = self._uses(quote, paid.uses)
        if not paid.change:
            return Show(upper, self._centred(self._word("thanks")))
        return Show(upper, self._pair(self._word("change"), self._money(quote, paid.change)))

    def parked(self, number: int) -> Show:
        """Show under which number a basket was put aside."""
        return Show(self._pair(self._word("parked"), str(number)), self._centred(""))

    def declined(self, title: str) -> Show:
        """Show why nothing happened, for whoever has no other screen."""
        return Show(self._cut(title, self._width))

    def receipt(self, receipt: Receipt, *, copy: bool = False) -> Print:
        """Return the print job of a receipt; a copy says so above and below."""
        rows = [Text(row) for row in receipt.text.splitlines()]
        mark = [Text(self._word("copy"), "centre", bold=True)] if copy else []
        code = [Barcode(receipt.number)] if len(receipt.number) <= RECEIPT_CODE_MAX else []
        return Print((*mark, *rows, *code, *mark, Cut()))

    def _line(self, quote: Quote, priced: PricedLine) -> str:
        line = priced.line
        name = (line.product.name_zh, line.product.name_en)[self._at]
        count = "" if line.quantity == 1 else f" x{line.quantity:f}"
        amount = self._money(quote, priced.net)
        room = self._width - columns(count) - columns(amount) - 1
        return self._pair(self._cut(name, room) + count, amount)

    def _uses(self, quote: Quote, uses: Sequence[CardUses]) -> str:
        """Say how many units uses pay for, and what those cost."""
        nets = [quote.lines[one.line].unit_nets[unit] for one in uses for unit in one.units]
        return self._pair(f"{self._word('uses')} x{len(nets)}", self._money(quote, sum(nets)))

    def _money(self, quote: Quote, amount: int) -> str:
        return format_minor(amount, quote.exponent)

    def _word(self, name: str) -> str:
        return WORDS[name][self._at]

    def _pair(self, left: str, right: str) -> str:
        left = self._cut(left, self._width - columns(right) - 1)
        return left + " " * (self._width - columns(left) - columns(right)) + right

    def _centred(self, text: str) -> str:
        text = self._cut(text, self._width)
        return " " * ((self._width - columns(text)) // 2) + text

    @staticmethod
    def _cut(text: str, width: int) -> str:
        while columns(text) > max(width, 0):
            text = text[:-1]
        return text.rstrip()
