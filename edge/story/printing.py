"""What a story prints: entries, what members hold, and hints, row by row."""

from collections.abc import Iterable, Iterator

from edge.shop.accounts.expiry import is_over
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Holdings
from edge.shop.declined import AMOUNTS, Declined
from edge.shop.ledger import BONUS, Posting, balanced
from edge.shop.money import format_minor
from edge.shop.pricing import Names, explain
from edge.shop.pricing.explain import Lang
from edge.shop.sale import Note


class Printer:
    """Writes amounts as people do. `currency` and `exponent` are the bundle's."""

    def __init__(self, currency: str, exponent: int, lang: Lang) -> None:
        self._currency, self._exponent, self._lang = currency, exponent, lang

    def amount(self, amount: int, unit: str) -> str:
        """Return an amount of a unit: money and bonus with a point, all else whole."""
        money = unit in {self._currency, BONUS, PRINCIPAL}
        return format_minor(amount, self._exponent if money else 0)

    def signed(self, amount: int, unit: str) -> str:
        """Return an amount with its sign."""
        return ("+" if amount > 0 else "") + self.amount(amount, unit)

    def entry(self, postings: Iterable[Posting]) -> Iterator[str]:
        """Yield an entry: account, amount, unit, and whose books if not the store's."""
        legs = tuple(postings)
        assert balanced(legs), "what a story prints is balanced"
        if legs:
            yield "entry"
        for leg in legs:
            row = f"  {leg.account:<24}{self.signed(leg.amount, leg.unit):>12} {leg.unit}"
            yield f"{row} ({leg.party})" if leg.party else row

    def holds(
        self, name: str, holdings: Holdings, today: str, *, brief: bool = False
    ) -> Iterator[str]:
        """Yield what a member holds now, a row for each unit, lots with their last days.

        `brief` leaves lots out, but for coupons.
        """
        for unit in sorted({held.lot.unit for held in holdings.lots.values()}):
            lots = [held for held in holdings.of(unit) if held.left]
            total = self.amount(holdings.balance(unit), unit)
            details = ", ".join(self._lot(held, today) for held in lots)
            if unit == COUPON:
                yield f"{name} holds {unit}: {details or 'none'}"
            else:
                yield f"{name} holds {unit} {total}" + (
                    f" ({details})" if details and not brief else ""
                )

    def _lot(self, held: Held, today: str) -> str:
        lot = held.lot
        said = [self.amount(held.left, lot.unit)]
        if lot.terms and lot.unit not in {PRINCIPAL}:
            said.insert(0, lot.terms)
        if lot.unit == COUPON:
            said = [f"{lot.id} {lot.terms}", f"x{held.left}"]
        if held.money:
            said.append(f"worth {format_minor(held.money, self._exponent)}")
        if lot.kind != "ordinary":
            said.append(lot.kind)
        if lot.active_from > today:
            said.append(f"from {lot.active_from}")
        if lot.expires:
            said.append(f"until {lot.expires}" + (" (over)" if is_over(held, today) else ""))
        return " ".join(said)

    def declined(self, no: Declined) -> str:
        """Return a no in one row: its code and what it names."""
        named = [f"{name}={self._named(name, said)}" for name, said in no.params.items()]
        return " ".join(["declined", no.code, *named])

    def _named(self, name: str, said: str | int) -> str:
        is_money = name in AMOUNTS and isinstance(said, int)
        return format_minor(int(said), self._exponent) if is_money else str(said)

    def hints(self, notes: Iterable[Note], names: Names) -> Iterator[str]:
        """Yield the rules that nearly took effect, each with its reason."""
        rows = tuple(notes)
        if rows:
            yield "not applied"
        for note in rows:
            name = note.name_zh if self._lang == "zh" else note.name_en
            yield f"  {name}: {explain(note, names, self._exponent)} [{note.reason}]"
