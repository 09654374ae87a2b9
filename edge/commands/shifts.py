"""A day's shifts as its owner reads them, in Chinese or English."""

from collections.abc import Iterator, Sequence
from typing import Final

from edge.commands.sheets import WIDTH, WORDS, line
from edge.refusals import Language
from edge.shop.money import format_minor
from edge.shop.reports.sheet import Sheet
from edge.shop.reports.shifts import Shift
from edge.shop.reports.tally import Amounts

TITLE: Final = {"zh": "班次", "en": "shifts"}
EXPECTED: Final = {"zh": "钱箱应有", "en": "expected in the drawer"}
GOING: Final = {"zh": "进行中", "en": "goes on"}


def shift_rows(sheet: Sheet, shifts: Sequence[Shift], lang: Language) -> Iterator[str]:
    """Yield the rows of the shifts of a sheet's day, in the order in which they began."""
    title = f"{TITLE[lang]}  {sheet.store}  {sheet.currency}"
    yield line(title, sheet.day.business_date)
    for shift in shifts:
        yield "-" * WIDTH
        yield from _rows(shift, lang, sheet.exponent)


def _rows(shift: Shift, lang: Language, exponent: int) -> Iterator[str]:
    def word(name: str) -> str:
        zh, en = WORDS.get(name, (name, name))
        return zh if lang == "zh" else en

    def money(name: str, amount: int, indent: str = "  ") -> str:
        return line(f"{indent}{name}", format_minor(amount, exponent))

    def counted(name: str, part: Amounts, indent: str = "  ") -> str:
        return money(f"{word(name)} ×{part.count}", part.amount, indent)

    ends = shift.ends.partition("T")[2] or shift.ends or GOING[lang]
    yield line(f"{shift.terminal}  {shift.cashier}", f"{shift.begins.replace('T', ' ')} - {ends}")
    yield counted("sales", Amounts(shift.trade.tickets, shift.trade.sales))
    for kind, part in shift.tenders.items():
        yield counted(kind, part, "    ")
    for name in ("returns", "voids", "top_ups", "card_sales"):
        part = getattr(shift, name)
        if part != Amounts():
            yield counted(name, part)
    yield money(EXPECTED[lang], shift.expected)
    if shift.counted is not None:
        yield money(word("counted"), shift.counted)
    if shift.over:
        yield money(word("over" if shift.over > 0 else "short"), abs(shift.over))
