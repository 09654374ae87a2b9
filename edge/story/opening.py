"""What members hold when a story begins: their opening balances, lot by lot.

member ann | tier gold | birthday 05-23 | tags vip | points 400 until 2026-12-31
member bob | value 100.00 | bonus 10.00 | coupon five-off | points 300 of X
member cat | elsewhere | lease 100.00 single 50.00 count 3 until 2026-12-31 | lease points 300
card 1001 inactive | batch 7 | distributor kiosk
"""

from typing import Any, get_args

from edge.shop.accounts.cards import Card, Status
from edge.shop.accounts.limits import Kind, Lease
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Lot, Move
from edge.shop.accounts.points_policy import partner_unit
from edge.shop.accounts.tiers import TierStanding
from edge.shop.calendar import is_birthday, is_day
from edge.shop.ledger import BONUS, POINTS
from edge.shop.member import Member
from edge.shop.operations.in_force import coupon_kinds
from edge.story.errors import StoryError
from edge.story.home import Person
from edge.story.scene import Scene
from edge.story.values import whole

LONG_AGO = "2000-01-01"
"""When what is held at the beginning was opened, unless it is said."""


def hold(scene: Scene, text: str) -> None:
    """Take one `member` or `card` line in."""
    word, _, rest = text.partition(" ")
    first, *phrases = [part.split() for part in rest.split("|")]
    if not first:
        raise StoryError(f"which {word}?")
    if word == "card":
        _card(scene, first, phrases)
    else:
        _member(scene, first[0], phrases)


def _card(scene: Scene, first: list[str], phrases: list[list[str]]) -> None:
    number, *states = first
    said: dict[str, Any] = _pairs([word for phrase in phrases for word in phrase])
    unknown = said.keys() - {"batch", "distributor"}
    if unknown or (states and states[0] not in get_args(Status)):
        raise StoryError(f"a card is {', '.join(get_args(Status))}, of a batch and a distributor")
    status: Any = states[0] if states else "active"
    scene.home.cards[number] = Card(number=number, status=status, **said)


def _member(scene: Scene, name: str, phrases: list[list[str]]) -> None:
    fields: dict[str, Any] = {}
    tier, holding, purchases = "", [], 0
    for phrase in phrases:
        match phrase:
            case ["tier", found]:
                tier = found
            case ["birthday", found]:
                fields["birthday"] = _birthday(found)
            case ["partner" | "display" as field, found]:
                fields[field] = found
            case ["tags", *tags]:
                fields["tags"] = tuple(tags)
            case ["purchases", count]:
                purchases = whole(count)
            case ["elsewhere"]:
                scene.home.away.leases.setdefault(name, {})
            case ["lease", "points" | "uses" as kind, amount, *more]:
                _lease(scene, name, "points" if kind == "points" else "uses", amount, more)
            case ["lease", amount, *more]:
                _lease(scene, name, "value", amount, more)
            case ["adult" | "unconfirmed" as field]:
                fields[field] = True
            case _:
                holding.append(phrase)
    person = Person(Member(name, **fields), TierStanding(tier=tier), purchases=purchases)
    scene.home.people[name] = person
    for number, phrase in enumerate(holding, 1):
        move = _lot(scene, name, number, phrase)
        scene.home.holdings[name] = scene.home.holdings[name].after([move])


def _lot(scene: Scene, name: str, number: int, phrase: list[str]) -> Move:
    """Read `points 400 [of X] [since DATE] [from DATE] [until DATE]` and its like."""
    if len(phrase) < 2:
        raise StoryError(f"do not know what {' '.join(phrase)!r} says of a member")
    kind, said, *more = phrase
    words = _pairs(more)
    issuer = scene.rules.bundle.programme.issuer
    unit, amount, terms = "", 0, ""
    match kind:
        case "points":
            unit, amount = POINTS, whole(said)
            if partner := words.pop("of", ""):
                unit, issuer = partner_unit(partner), partner
        case "value" | "bonus":
            unit, amount = (PRINCIPAL if kind == "value" else BONUS), scene.money(said)
        case "coupon":
            unit, terms = COUPON, said
            amount = _uses(scene, said)
        case _:
            raise StoryError(f"do not know what {' '.join(phrase)!r} says of a member")
    opened = words.pop("since", LONG_AGO)
    lot = Lot(
        id=words.pop("as", f"{name}#{number}"), member=name, unit=unit, opened=opened,
        active_from=words.pop("from", opened), expires=words.pop("until", ""),
        issuer="" if unit == COUPON else issuer, terms=terms, origin="opening",
        home=words.pop("home", ""),
    )  # fmt: skip
    if words:
        raise StoryError(f"do not know what {next(iter(words))!r} says of {kind}")
    return Move(lot=lot.id, amount=amount, opens=lot)


def _birthday(text: str) -> str:
    if not is_birthday(text):
        raise StoryError(f"a birthday is 05-23, or by the lunar calendar L08-15, not {text!r}")
    return text


def _uses(scene: Scene, coupon: str) -> int:
    kinds = coupon_kinds(scene.rules.bundle)
    if coupon not in kinds:
        raise StoryError(f"no rule of the kind coupon is called {coupon!r}")
    return kinds[coupon].uses


def _lease(scene: Scene, name: str, kind: Kind, amount: str, more: list[str]) -> None:
    """Take what this box may let a member spend: stored value in money, points and uses whole."""
    words, read = _pairs(more), scene.money if kind == "value" else whole
    single, count = words.pop("single", ""), words.pop("count", "")
    lease = Lease(
        left=read(amount), single_max=read(single) if single else None,
        count_left=whole(count) if count else None, expires=words.pop("until", ""),
    )  # fmt: skip
    if words:
        raise StoryError(f"do not know what {next(iter(words))!r} says of a lease")
    scene.home.away.leases.setdefault(name, {})[kind] = lease


def _pairs(words: list[str]) -> dict[str, str]:
    """Return `until 2026-12-31 as C1` as names with their words."""
    if len(words) % 2:
        raise StoryError(f"{words[-1]!r} wants a word after it")
    said = dict(zip(words[::2], words[1::2], strict=True))
    for name in said.keys() & {"since", "from", "until"}:
        if not is_day(said[name]):
            raise StoryError(f"{name} wants a date such as 2026-12-31, not {said[name]!r}")
    return said
