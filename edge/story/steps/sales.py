"""Selling, quoting, returning and voiding, as a story says it."""

from collections.abc import Iterator

from edge.shop.accounts.lots import PRINCIPAL
from edge.shop.basket import PIECE
from edge.shop.declined import Declined
from edge.shop.facts import ReturnMade, SaleMade, TakenBack
from edge.shop.ledger import BONUS, POINTS
from edge.shop.operations.replay import replay
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back, left
from edge.shop.operations.sell import points_beside
from edge.shop.operations.void import VoidAsked, void
from edge.shop.pricing import price
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.sale import Quote
from edge.shop.tender import Tender
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps import authority
from edge.story.steps.asking import asked
from edge.story.steps.basket import basket, buyer
from edge.story.steps.circumstances import circumstances
from edge.story.steps.follow import following
from edge.story.steps.paying import Paying, covered, offered, sold, using
from edge.story.steps.watching import watched
from edge.story.values import whole

PREVIOUS = "0123456789abcdef" * 4
"""What stands for the previous page's digest: a story has no journal."""


def selling(scene: Scene, said: Phrases) -> Iterator[str]:
    """`sell S1 for ann | 2 bread | coupon C1 | redeem 100 | use 1 cut | pay cash 20.00`."""
    name, member = said.word("an id, such as S1"), buyer(scene, said)
    made = circumstances(scene, said, name)
    paying = Paying(offered(scene, said), using(said))
    wishes, card = asked(scene, said, member, made), said.say("card")
    goods = basket(scene, said, member)
    said.done()
    if isinstance(goods, Declined):
        yield scene.out.declined(goods)
        return
    quote = price(goods, scene.rules, made.at, made.terminal_kind, 1, more=wishes)
    yield from _refused_coupons(quote)
    judged = watched(scene, "sell", made, member=member, amount=quote.total)
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    done = sold(scene, quote, paying, card, judged)
    if isinstance(done, Declined):
        yield scene.out.declined(done)
        return
    sale, allowed = done
    yield from authority.said(scene, allowed)
    authority.taken(scene, allowed, member)
    if not scene.given.quiet:
        yield from _receipt(scene, sale)
    yield from scene.settle(sale)
    yield from following(scene, sale)
    if scene.given.hints:
        yield from scene.hints(quote)


def quoting(scene: Scene, said: Phrases) -> Iterator[str]:
    """`quote for ann | 2 bread | use 1 cut`: what it would cost, and why."""
    member, made = buyer(scene, said), circumstances(scene, said, "quote")
    uses = using(said)
    wishes, goods = asked(scene, said, member, made), basket(scene, said, member)
    said.done()
    if isinstance(goods, Declined):
        yield scene.out.declined(goods)
        return
    quote = price(goods, scene.rules, made.at, made.terminal_kind, 1, more=wishes)
    yield from _refused_coupons(quote)
    yield from _priced(scene, quote)
    paid = covered(scene, quote, uses)
    if isinstance(paid, Declined):
        yield scene.out.declined(paid)
    elif paid:
        yield from _left(scene, quote, paid)
    if scene.given.hints:
        yield from scene.hints(quote)


def _priced(scene: Scene, quote: Quote) -> Iterator[str]:
    """Print each line with what became of its price, and the total."""
    for priced in quote.lines:
        net = scene.out.amount(priced.net, quote.currency)
        units = [scene.out.amount(unit, quote.currency) for unit in priced.unit_nets]
        each = f" ({' + '.join(units)})" if len(units) > 1 else ""
        kind = "" if priced.kind == "goods" else f"{priced.kind} "
        yield f"{kind}{priced.line.product.id} {net}{each}"
        for cut in priced.adjustments:
            yield f"  {cut.rule} {scene.out.signed(cut.amount, quote.currency)}"
    total = scene.out.amount(quote.total, quote.currency)
    earned = f", earns {quote.points_earned}" if quote.points_earned else ""
    spent = f", spends {quote.points_spent}" if quote.points_spent else ""
    yield f"total {total}{spent}{earned}"
    if quote.best != "final_total":
        yield f"best-of judged by {quote.best}"


def _left(scene: Scene, quote: Quote, uses: tuple[Tender, ...]) -> Iterator[str]:
    """Print what uses pay for, what is left to pay, and what that earns."""
    for tender in uses:
        assert tender.uses is not None, "it is uses that cover"
        paid = scene.out.amount(tender.amount, quote.currency)
        card, count = tender.uses.count_card, len(tender.uses.units)
        yield f"  {count} of {card} for {paid}, {tender.uses.left} left"
    rest = quote.total - sum(tender.amount for tender in uses)
    points = points_beside(quote, uses, scene.rules.bundle.programme.points)
    earned = f", earns {points}" if points else ""
    yield f"left to pay {scene.out.amount(rest, quote.currency)}{earned}"


def _refused_coupons(quote: Quote) -> Iterator[str]:
    for judged in quote.coupons:
        if judged.reason != "R-APPLIED":
            yield f"coupon {judged.coupon} not accepted: {judged.reason}"


def _receipt(scene: Scene, sale: SaleMade) -> list[str]:
    """Return the receipt of a sale that is about to be settled."""
    given, held = scene.given, scene.holdings(sale.member)
    mine = held.lots.keys() | {move.lot for move in sale.moves if move.opens}
    held = held.after([move for move in sale.moves if move.lot in mine])
    bonus = held.balance(BONUS)
    value = held.balance(PRINCIPAL) + bonus
    paid = any(tender.kind in ("principal", "bonus") for tender in sale.tenders)
    header = ReceiptHeader(
        store_zh=given.store[0], store_en=given.store[1], epoch=1,
        sequence=len(scene.home.facts) + 1, previous=PREVIOUS, at_ms=scene.home.at.at_ms,
        zone=scene.rules.bundle.zone,
        points_balance=held.balance(POINTS) if sale.member else None,
        points_exponent=scene.rules.bundle.programme.points.exponent,
        value_left=value if value or paid else None, bonus_left=bonus,
    )  # fmt: skip
    return render(sale, header, given.lang, given.width).splitlines()


def replaying(scene: Scene, said: Phrases) -> Iterator[str]:
    """`replay S1`: price a sale again, from its fact and the rules alone."""
    name = said.word("the id of a sale")
    said.done()
    if name not in scene.home.sales:
        raise StoryError(f"no sale is called {name!r}")
    sale = scene.home.sales[name]
    again = replay(sale, scene.rules)
    same = "the same quote" if again.fingerprint == sale.quote else "another quote"
    yield f"{name} comes to {scene.out.amount(again.total, again.currency)} again: {same}"


# --- what comes back ------------------------------------------------------------------------------


def returning(scene: Scene, said: Phrases) -> Iterator[str]:
    """`return R1 of S1 | 1 bread | reason torn`, or `return R1 of S1 | all`."""
    name, deed = said.word("an id, such as R1"), _deed(scene, said)
    reason, everything = said.one("reason"), said.flag("all")
    elsewhere, made = said.flag("elsewhere"), circumstances(scene, said, name)
    units: tuple[Back, ...] = ()
    if isinstance(deed, SaleMade):
        earlier = scene.home.earlier(deed.sale)
        units = left(deed, earlier) if everything else tuple(_units(deed, said))
    said.done()
    judged = watched(scene, "return", made, member=deed.member, sale=_id(deed))
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    back = ReturnAsked(
        sale=_id(deed), units=units, reason=" ".join(reason or []), home=not elsewhere
    )
    done = give_back(
        back, deed, scene.home.earlier(_id(deed)), _terms(scene, deed),
        scene.home.holdings_of(deed), judged,
    )  # fmt: skip
    yield from scene.settle(done)
    if not isinstance(done, Declined):
        yield from following(scene, done)


def voiding(scene: Scene, said: Phrases) -> Iterator[str]:
    """`void V1 of S1`, `| settled` if its money has been passed on."""
    name, deed = said.word("an id, such as V1"), _deed(scene, said)
    settled, made = said.flag("settled"), circumstances(scene, said, name)
    said.done()
    judged = watched(scene, "void", made, member=deed.member, amount=deed.total, sale=_id(deed))
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    done = void(
        VoidAsked(sale=_id(deed), settled=settled), deed, scene.home.earlier(_id(deed)),
        _terms(scene, deed), scene.home.holdings_of(deed), judged,
    )  # fmt: skip
    if isinstance(done, ReturnMade):
        yield "too late to void: it is a return"
    yield from scene.settle(done)
    if not isinstance(done, Declined):
        yield from following(scene, done)


def _deed(scene: Scene, said: Phrases) -> SaleMade | TakenBack:
    """Return the sale that `of` names, or the return: the shop says that none comes back."""
    name = said.after("of")
    for _, fact, _ in scene.home.facts:
        if isinstance(fact, SaleMade | TakenBack) and _id(fact) == name:
            return fact
    raise StoryError(f"{said.verb} wants `of` and the id of a sale, not {name!r}")


def _id(deed: SaleMade | TakenBack) -> str:
    return deed.sale if isinstance(deed, SaleMade) else deed.reversal


def _units(sale: SaleMade, said: Phrases) -> Iterator[Back]:
    """Read `1 bread`: so many units of the lines of a product, earlier lines first."""
    for words in said.rest():
        count, name = (whole(words[0]), words[1]) if len(words) > 1 else (1, words[0])
        places = [n for n, line in enumerate(sale.lines) if line.product == name]
        if not places:
            raise StoryError(f"{sale.sale} sold no {name!r}")
        for n in places:
            units = len(sale.lines[n].unit_nets) if sale.lines[n].unit == PIECE else 1
            part = count if n == places[-1] else min(count, units)
            if part:
                yield Back(line=n, count=part)
            count -= part


def _terms(scene: Scene, deed: SaleMade | TakenBack) -> Terms:
    if not isinstance(deed, SaleMade):
        return Terms(bundle=scene.rules.bundle)
    return Terms(
        bundle=scene.rules.bundle, rules=scene.rules, grown=scene.home.grown_of(deed),
        undone=scene.home.undone(),
    )  # fmt: skip
