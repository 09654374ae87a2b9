"""Reports and statements, as a story prints them."""

from collections.abc import Iterator

from edge.shop.facts.box import DayClosed, DayOpened
from edge.shop.facts.day import Counted, DrawerCounted
from edge.shop.money import format_minor
from edge.shop.reports.day import DayReport, day
from edge.shop.reports.entry import Entry
from edge.shop.reports.promotions import promotions
from edge.shop.reports.settlement import statement
from edge.shop.reports.staff import staff
from edge.shop.reports.tally import unsent as left_unsent
from edge.shop.reports.trade import Trade, trade
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.values import whole


def x_report(scene: Scene, said: Phrases) -> Iterator[str]:
    """`x_report`: the day so far."""
    said.done()
    yield from _day(scene, _report(scene))


def z_close(scene: Scene, said: Phrases) -> Iterator[str]:
    """`z_close | counted cash:corner-1 120.00 | change_money 100.00 | unsent 3`.

    The last three facts are the ones that the cloud does not know yet.
    """
    found = [_counted(scene, words) for words in said.all("counted")]
    change_money = scene.money(said.say("change_money", default="0"))
    unsent = whole(said.say("unsent", default="0"))
    said.done()
    home, business_date = scene.home, _business_date(scene)
    made = home.made("close")
    if found:
        home.take(
            DrawerCounted(
                business_date=business_date, store=home.store, terminal=made.terminal,
                cashier=made.cashier, currency=scene.rules.bundle.currency,
                change_money=change_money, counted=tuple(found),
            )
        )  # fmt: skip
    behind = left_unsent([entry.fact for entry in home.facts[len(home.facts) - unsent :]])
    home.take(
        DayClosed(business_date=business_date, unsent=behind.count, unsent_amount=behind.amount)
    )
    yield from _day(scene, _report(scene, business_date, unsent))


def _counted(scene: Scene, words: list[str]) -> Counted:
    match words:
        case [account, amount]:
            return Counted(account, scene.money(amount))
    raise StoryError("what is in a drawer is `counted cash:corner-1 120.00`")


def settlement(scene: Scene, said: Phrases) -> Iterator[str]:
    """`statement 2026-11`: who owes whom for the month."""
    month = said.word("a month, such as 2026-11")
    said.done()
    found = statement(scene.home.told, month)
    for owed in found.pairs:
        amount = scene.out.amount(owed.amount, owed.currency)
        yield f"{owed.debtor} owes {owed.creditor} {amount} {owed.currency}"
    for party in found.balances:
        verb = "pays" if party.pays > 0 else "receives"
        yield f"{party.party} {verb} {scene.out.amount(abs(party.pays), party.currency)}"
    if not found.pairs:
        yield f"nothing is owed for {month}"


def report(scene: Scene, said: Phrases) -> Iterator[str]:
    """`report promotions`, `report staff` or `report trade`."""
    kind = said.word("promotions, staff or trade")
    said.done()
    if kind not in _REPORTS:
        raise StoryError(f"there is no report called {kind!r}: {', '.join(_REPORTS)}")
    yield from _REPORTS[kind](scene)


def _promotions(scene: Scene) -> Iterator[str]:
    for rule in promotions(scene.home.told):
        shares = ", ".join(f"{who} {_money(scene, n)}" for who, n in rule.funding.items())
        yield f"{rule.rule}: {rule.receipts} receipts, sales {_money(scene, rule.sales)}"
        yield f"  cost {_money(scene, rule.cost)}" + (f": {shares}" if shares else "")
        if rule.coupons:
            yield f"  coupons {rule.coupons}"


def _staff(scene: Scene) -> Iterator[str]:
    for person in staff(scene.home.told, scene.rules.bundle.programme.commissions):
        yield f"{person.role} {person.name}"
        for work, done in sorted(person.work.items()):
            due = person.commission.get(work, 0)
            more = f", commission {_money(scene, due)}" if due else ""
            yield f"  {work.replace('_', ' ')} {done.count}, {_money(scene, done.amount)}{more}"


def _trading(scene: Scene) -> Iterator[str]:
    found = trade(scene.home.told)
    yield from _trade(scene, found.total)
    yield f"items per ticket {found.total.items_per_ticket}"
    yield f"members' share {format_minor(found.total.member_share, 2)} %"
    for date, part in found.days.items():
        yield f"{date}: tickets {part.tickets}, sales {_money(scene, part.sales)}"
    for hour, part in found.hours.items():
        yield f"{hour:02}:00: tickets {part.tickets}, sales {_money(scene, part.sales)}"
    yield f"members who bought {found.members}, again {found.repeated}"


_REPORTS = {"promotions": _promotions, "staff": _staff, "trade": _trading}


def _business_date(scene: Scene) -> str:
    return scene.home.business_date or scene.home.today


def _report(scene: Scene, business_date: str = "", unsent: int = 0) -> DayReport:
    """Return the report of a business day. One that nobody opened began with its first deed."""
    date, rates = business_date or _business_date(scene), scene.rules.bundle.tax
    mine = [entry for entry in scene.home.told if entry.store == scene.home.store]
    opened = DayOpened(business_date=date)
    if not any(entry.fact == opened for entry in mine):
        mine.insert(0, Entry(scene.home.store, opened))
    return day(mine, date, rates, unsent)


def _day(scene: Scene, found: DayReport) -> Iterator[str]:
    yield f"{found.kind} report of {found.business_date}, {found.state}"
    yield from _trade(scene, found.trade)
    for rate, tax in sorted(found.tax.items()):
        yield f"tax {format_minor(rate, 2)} % {_money(scene, tax)}"
    for name in ("returns", "voids", "top_ups", "card_sales"):
        part = getattr(found, name)
        if part.count or part.amount:
            yield f"{name.replace('_', ' ')} {part.count}, {_money(scene, part.amount)}"
    if found.discounts:
        yield f"discounts {_money(scene, found.discounts)}"
    if found.rounding:
        yield f"rounding {_money(scene, found.rounding)}"
    for till in found.tills:
        counted = "" if till.counted is None else f", counted {_money(scene, till.counted)}"
        word = "over" if till.over > 0 else "short"
        wrong = f", {word} {_money(scene, abs(till.over))}" if till.over else ""
        yield f"{till.account} {_money(scene, till.expected)}{counted}{wrong}"
    if found.unsent_at_close.count:
        behind = found.unsent_at_close
        yield f"closed with {behind.count} facts unsent, {_money(scene, behind.amount)} of sales"
    if found.unsent:
        yield f"{found.unsent} facts are not sent yet"


def _trade(scene: Scene, found: Trade) -> Iterator[str]:
    yield (f"tickets {found.tickets}, sales {_money(scene, found.sales)},"
           f" average {_money(scene, found.average_ticket)}")  # fmt: skip
    if found.uses:
        yield f"uses of count cards {found.uses}"
    if found.member_sales:
        yield f"members bought {_money(scene, found.member_sales)}"


def _money(scene: Scene, amount: int) -> str:
    return scene.out.amount(amount, scene.rules.bundle.currency)
