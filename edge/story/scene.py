"""Everything a step works with: the shop as given, the home in memory, and the printer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.people import provisional
from edge.shop.basket import Product
from edge.shop.declined import Declined
from edge.shop.facts import Deed, Fact
from edge.shop.member import Member
from edge.shop.pricing import RuleSet, names
from edge.shop.sale import Quote
from edge.story.errors import StoryError
from edge.story.given import Given
from edge.story.home import Home, Person
from edge.story.printing import Printer
from edge.story.values import money


class Shelf:
    """The goods of a story, as pricing asks for gifts."""

    def __init__(self, products: Mapping[str, Product]) -> None:
        self._products = products

    def product(self, id: str) -> Product | None:
        """Return the product with this id, None if the story has none."""
        return self._products.get(id)


@dataclass
class Scene:
    """The stage a story is played on."""

    given: Given
    rules: RuleSet
    home: Home
    out: Printer

    @property
    def shelf(self) -> Shelf:
        """The goods, for pricing."""
        return Shelf(self.given.products)

    def hints(self, quote: Quote) -> Iterator[str]:
        """Print the rules that nearly took effect, and why they did not."""
        called = names(quote, self.rules, self.given.lang, self.shelf)
        return self.out.hints(quote.not_applied, called)

    def money(self, text: str) -> int:
        """Return an amount that a step names, in minor units."""
        return money(text, self.given.exponent)

    def id(self, name: str | None) -> str:
        """Return a member's id by the name the story gives them; enrolled here it is provisional.

        StoryError if nobody is called so.
        """
        if name is None:
            raise StoryError("say whom it is for: `for ann`")
        for known in (name, provisional(name)):
            if known in self.home.people:
                return known
        raise StoryError(f"nobody called {name!r} is a member yet")

    def member(self, name: str | None) -> Member:
        """Return a member by the name the story gives them."""
        return self.home.member(self.id(name))

    def person(self, name: str) -> Person:
        """Return all that is known of a member, by name or id."""
        return self.home.people[self.id(name)]

    def holdings(self, member: str | None) -> Holdings:
        """Return what the member with this id holds; a guest holds nothing."""
        return self.home.holdings[member] if member else Holdings()

    # --- what came of it ---------------------------------------------------------------------

    def settle(self, outcome: Fact | Declined | None) -> Iterator[str]:
        """Take a fact in and print its flags, its entry and what its members hold; or the no."""
        if outcome is None:
            return
        if isinstance(outcome, Declined):
            yield self.out.declined(outcome)
            return
        self.home.take(outcome)
        if isinstance(outcome, Deed):
            if outcome.flags:
                yield f"flagged: {', '.join(outcome.flags)}"
            yield from self.out.entry(outcome.postings)
            if outcome.training:
                yield "practice: nothing of it counts"
                return
            yield from self.holds(outcome)

    def holds(self, deed: Deed) -> Iterator[str]:
        """Print what everybody holds whose lots a deed moved."""
        touched = [self.home.owner(move.lot) for move in deed.moves]
        for name in dict.fromkeys(touched):
            held = self.home.holdings[name]
            yield from self.out.holds(name, held, self.home.today, brief=self.given.quiet)
