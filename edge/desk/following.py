"""What follows from a deed by itself: rewards of a referral, and gifts that lose their reason."""

from collections.abc import Callable, Iterator

from edge.book import Book
from edge.book.people import People
from edge.shop.accounts.lots import Holdings
from edge.shop.facts import Deed, Fact, MemberEnrolled, SaleMade, TakenBack
from edge.shop.operations.enrol import reverse_welcome
from edge.shop.operations.in_force import InForce
from edge.shop.operations.made import Made
from edge.shop.operations.referral import reverse_referral, reward_referral

MakeMade = Callable[[], Made]
"""Returns the circumstances of one more deed: each is made only when it is needed."""


class Following:
    """Asks after each deed what it brings with it. Nothing follows from practice."""

    def __init__(self, book: Book, zone: str) -> None:
        self._book, self._past = book, People(book, zone)

    def after(self, fact: Fact, rules: InForce, made: MakeMade) -> Iterator[Fact]:
        """Yield the facts that follow; the book has to know `fact`, and each of them, already."""
        match fact:
            case Deed(training=True):
                pass
            case SaleMade(member=str(member)):
                yield from self._rewarded(fact, member, rules, made)
            case TakenBack():
                yield from self._unrewarded(fact, rules, made)
                yield from self._unwelcomed(fact, rules, made)
            case _:
                pass

    def _rewarded(
        self, sale: SaleMade, member: str, rules: InForce, made: MakeMade
    ) -> Iterator[Fact]:
        terms = rules.bundle.programme.referral
        if not (terms.introducer or terms.introduced):
            return  # as nearly always: the past need not be asked
        enrolled = self._past.enrolled(member)
        if enrolled is None or not enrolled.introducer or self._past.rewarded(member) is not None:
            return
        done = reward_referral(
            member, enrolled.introducer, enrolled.business_date, sale.sale, sale.total, rules,
            made(),
        )  # fmt: skip
        if done:
            yield done

    def _unrewarded(self, fact: TakenBack, rules: InForce, made: MakeMade) -> Iterator[Fact]:
        rewarded = self._past.rewarded(fact.member) if fact.member else None
        if rewarded is None or rewarded.sale != fact.sale or fact.member is None:
            return
        sale = self._book.sale(fact.sale)
        if sale is None or self._past.reward_reversed(fact.member):
            return
        both = self._book.holdings(fact.member, rewarded), self._book.holdings(rewarded.introducer)
        holdings = Holdings({**both[0].lots, **both[1].lots})
        done = reverse_referral(rewarded, self._past.net(sale), holdings, rules, made())
        if done:
            yield done

    def _unwelcomed(self, fact: TakenBack, rules: InForce, made: MakeMade) -> Iterator[Fact]:
        """Take a welcome gift back once the receipts that earned it are worth too little."""
        member = self._past.consumer(fact.sale)
        if member is None or self._past.unwelcomed(member):
            return
        enrolled = self._past.enrolled(member)
        assert isinstance(enrolled, MemberEnrolled), "who consumed a receipt was enrolled with it"
        sales = [self._book.sale(name) for name in enrolled.receipts]
        nets = {sale.sale: self._past.net(sale) for sale in sales if sale is not None}
        holdings = self._book.holdings(member, enrolled)
        done = reverse_welcome(enrolled, fact.sale, nets, holdings, rules, made())
        if done:
            yield done
