"""Percent off: so many basis points less on lines, on named goods, or on the whole order."""

from fractions import Fraction
from typing import Literal

from edge.shop.money import BASIS, divide
from edge.shop.rules.rule import Discount, Effect, Share
from edge.shop.rules.running import Cut, Picked, PriceBase, Running, Selection


class PercentOff(Discount, frozen=True, kw_only=True, tag="percent_off"):
    """A share off the goods the rule is about.

    `per` says where the amount is rounded: on each unit, on each line, or once on all of them
    together and then shared. `base` says of what: of what remains after earlier rules, or of the
    list price. `round` says what is rounded: the amount that is taken off, or the price that
    remains of what is there. Where the bundle keeps the running base exact, a whole line is
    measured by its exact price and only its result is rounded.
    """

    basis_points: Share
    per: Literal["unit", "line", "order"] = "line"
    base: PriceBase = "remaining"
    round: Literal["discount", "price"] = "discount"

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Take the share off, rounded where the rule says."""
        if self.per == "order":
            now = running.amount(selection)
            of = now if self.base == "remaining" else running.amount(selection, "list")
            return Effect(tuple(running.share(selection, self._off(now, of, running))))
        if self.per == "line":
            return Effect(tuple([self._line(running, picked) for picked in selection]))
        return Effect(tuple([self._units(running, picked) for picked in selection]))

    def _line(self, running: Running, picked: Picked) -> Cut:
        if running.exact and running.whole(picked):
            return self._exactly(running, picked)
        now = running.cost(picked)
        of = now if self.base == "remaining" else sum(running.prices(picked, "list"))
        return running.spread(picked, self._off(now, of, running))

    def _units(self, running: Running, picked: Picked) -> Cut:
        pairs = zip(running.prices(picked), running.prices(picked, self.base), strict=True)
        offs = [min(now, self._off(now, of, running)) for now, of in pairs]
        return running.cut(picked, offs)

    def _off(self, now: int, of: int, running: Running) -> int:
        """Return what to take off a price of `now` by a share of `of`."""
        if self.round == "discount":
            return divide(of * self.basis_points, BASIS, running.rounding)
        left = divide(now * BASIS - of * self.basis_points, BASIS, running.rounding)
        return now - max(0, left)

    def _exactly(self, running: Running, picked: Picked) -> Cut:
        """Lower the exact price of a line; the cut leads from the rounded one to the new one."""
        line, exact = picked.line, running.exact[picked.line]
        now = running.left[line]
        of = exact if self.base == "remaining" else running.lists[line]
        after = max(Fraction(0), exact - of * Fraction(self.basis_points, BASIS))
        if self.round == "discount":
            gone = now - after
            off = divide(gone.numerator, gone.denominator, running.rounding)
        else:
            off = now - divide(after.numerator, after.denominator, running.rounding)
        return Cut(line, running.spread(picked, max(0, off)).units, after)
