"""From one line of input to one line of output. Bundles are compiled once and kept."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from drivers.terminal.strict import Malformed
from edge.price_lines.answer import Answer, Wrong, answered
from edge.price_lines.asked import QUANTITY, AskedMember, Goods, PriceAsked
from edge.price_lines.doubts import doubts
from edge.price_lines.paying import covered, paying
from edge.price_lines.reading import asked as read
from edge.price_lines.wrongs import declined, unusable, wrong
from edge.shop.basket import Basket, Line, Product, line, refusal
from edge.shop.bundle import Bundle, BundleError
from edge.shop.calendar import is_birthday, moment
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.money import Rounding
from edge.shop.pricing import Asked, PointsAsked, RuleSet, names, price
from edge.shop.pricing.explain import Lang
from edge.shop.sale import CouponShown

BUNDLES_MAX = 16
"""How many compiled bundles are kept; the one used longest ago goes first."""

BILL_MAX = 2**53
"""The most a basket may come to at list: beyond it other software rounds (RFC 7493)."""

LINES_KEPT_MAX = 8_192
"""How many lines are kept: people buy the same goods, so that most lines were made before."""

Open = Callable[[str | bytes], RuleSet]
"""Compiles a bundle from its bytes, or from the file at a path; raises BundleError."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode
_spelled = re.compile(QUANTITY.removesuffix("$")).fullmatch


class _Shelf(NamedTuple):
    """A catalogue, as pricing asks for gifts."""

    products: Mapping[str, Product]

    def product(self, id: str) -> Product | None:
        """Return the product with this id, None if nobody knows it."""
        return self.products.get(id)


class _No(Exception):
    """An input that cannot be answered: the code and params of a refusal."""

    def __init__(self, code: str, params: Mapping[str, str | int]) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def _malformed(path: str, cause: str, **named: str | int) -> _No:
    return _No("E-MALFORMED", {"path": path, "cause": cause, **named})


class Pricing:
    """Answers line after line, by `default` where a line brings no bundle."""

    def __init__(
        self, opened: Open, default: RuleSet | None = None, products: Sequence[Goods] = (),
        lang: Lang = "en",
    ) -> None:  # fmt: skip
        self._open, self._default, self._lang = opened, default, lang
        self._products = {goods.id: _product(goods) for goods in products}
        self._kept: dict[str | bytes, RuleSet] = {}

    def line(self, raw: bytes) -> tuple[bytes, bool]:
        """Return the answer to a line of input, and whether it could be answered. Never raises."""
        answer = self.answer(raw)
        return _encode(answer), isinstance(answer, Answer)

    def answer(self, raw: bytes) -> Answer | Wrong:
        """Return the answer to a line of input, or what is wrong with it."""
        try:
            asked = read(raw)
            return self._priced(asked, self._rules(asked))
        except (Malformed, _No) as no:
            return wrong(no.code, no.params, self._lang)
        except BundleError as error:
            return unusable(error, self._lang)

    def _rules(self, asked: PriceAsked) -> RuleSet:
        """Return the bundle a line names, or brings."""
        bundle = asked.bundle
        if bundle is None:
            if self._default is None:
                raise BundleError("$.bundle", "no bundle is given, neither here nor to the command")
            return self._default
        named = bundle if isinstance(bundle, str) else _encode(bundle)
        rules = self._kept.pop(named, None) or self._open(named)
        self._kept[named] = rules
        if len(self._kept) > BUNDLES_MAX:
            del self._kept[next(iter(self._kept))]
        return rules

    def _priced(self, asked: PriceAsked, rules: RuleSet) -> Answer | Wrong:
        bundle = rules.bundle
        if asked.currency not in {"", bundle.currency}:
            raise _No("E-CURRENCY", {"path": "$.currency", "currency": bundle.currency})
        _sensible(asked)
        at = moment(_milliseconds(asked.now), bundle.zone)
        shelf = self._products
        if asked.products:
            shelf = shelf | {goods.id: _product(goods) for goods in asked.products}
        basket = _basket(asked, shelf, bundle)
        if isinstance(basket, Declined):
            return declined(basket, self._lang, bundle.exponent, "$.basket")
        quote = price(basket, rules, at, asked.terminal, 0, more=_more(asked, shelf))
        by_uses = covered(asked, quote, bundle, at)
        if isinstance(by_uses, Declined):
            return declined(by_uses, self._lang, bundle.exponent, "$.uses")
        paid = paying(asked, by_uses, quote, bundle, at)
        if isinstance(paid, Declined):
            return declined(paid, self._lang, bundle.exponent, "$.tenders")
        called = names(quote, rules, self._lang, _Shelf(shelf))
        odd = tuple(doubts(asked, rules, at, self._lang))
        return answered(quote, paid, odd, called)


def _sensible(asked: PriceAsked) -> None:
    """Refuse what each field by itself allows, and makes no sense together."""
    for number, coupon in enumerate(asked.coupons):
        if coupon.usable == bool(coupon.reason):
            said = "a coupon has a reason exactly if it is not usable"
            raise _malformed(f"$.coupons[{number}]", "other", said=said)
    for number, tender in enumerate(asked.tenders):
        path = f"$.tenders[{number}]"
        if (tender.kind == "voucher") != (tender.voucher is not None):
            said = "a tender has a voucher exactly if that is its kind"
            raise _malformed(path, "other", said=said)
        if tender.voucher and (tender.amount or 0) > tender.voucher.face:
            bounds = f"<= {tender.voucher.face}"
            raise _malformed(f"{path}.amount", "range", bounds=bounds)
    if asked.tenders and [tender.amount for tender in asked.tenders].count(None) > 1:
        raise _malformed("$.tenders", "missing", field="amount")
    cards = [card.id for card in asked.member.count_cards] if asked.member else []
    if len({*cards}) < len(cards):
        raise _malformed("$.member.count_cards", "other", said="each card is named once")
    if asked.member and asked.member.birthday and not is_birthday(asked.member.birthday):
        raise _No("E-BIRTHDAY", {"path": "$.member.birthday"})


def _milliseconds(now: int | str) -> int:
    if isinstance(now, int):
        return now
    try:
        time = (datetime.fromisoformat(now) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        time = -1
    if time < 0:
        raise _malformed("$.now", "time")
    return time


def _basket(asked: PriceAsked, shelf: Mapping[str, Product], terms: Bundle) -> Basket | Declined:
    lines: list[Line] = []
    tax, rounding = terms.tax, terms.rounding
    for number, one in enumerate(asked.basket):
        named = one.product
        product = shelf.get(named) if isinstance(named, str) else _product(named)
        if product is None:
            path = f"$.basket[{number}].product"
            raise _No("E-UNKNOWN-PRODUCT", {"path": path, "code": str(named)})
        if product.tax_class not in tax:
            path = f"$.basket[{number}].product.tax_class"
            raise _malformed(path, "choice", value=repr(product.tax_class))
        made = _made(product, one.code or product.id, one.quantity, one.unit_price, rounding)
        if made is None:
            raise _malformed(f"$.basket[{number}].quantity", "quantity")
        if isinstance(made, Declined):
            raise _No(made.code, {"path": f"$.basket[{number}].quantity"} | made.params)
        lines.append(made)
    if sum([each.list_amount for each in lines]) > BILL_MAX:
        raise _malformed("$.basket", "large", limit=BILL_MAX)
    basket = Basket(tuple(lines), _member(asked.member))
    return refusal(basket) or basket


@lru_cache(maxsize=LINES_KEPT_MAX)
def _made(
    product: Product, code: str, quantity: str | int, unit_price: int | None, rounding: Rounding
) -> Line | Declined | None:
    """Return a line, or why it cannot be sold; None for a quantity that is none."""
    if isinstance(quantity, str) and not _spelled(quantity):
        return None
    return line(product, code, Decimal(quantity), unit_price, rounding)


def _product(goods: Goods) -> Product:
    return Product(
        id=goods.id, gtins=goods.gtins, price=goods.price, tax_class=goods.tax_class,
        category=goods.category, unit=goods.unit, name_zh=goods.name_zh or goods.id,
        name_en=goods.name_en or goods.id, discountable=goods.discountable, reduced=goods.reduced,
        floor=goods.floor,
    )  # fmt: skip


def _member(asked: AskedMember | None) -> Member | None:
    if asked is None:
        return None
    return Member(
        asked.id, tier=asked.tier, tags=asked.tags, birthday=asked.birthday, adult=asked.adult,
        partner=asked.partner, purchases=asked.purchases,
    )  # fmt: skip


def _more(asked: PriceAsked, shelf: Mapping[str, Product]) -> Asked:
    return Asked(
        coupons=tuple(
            [
                CouponShown(id=c.id, type=c.type, usable=c.usable, reason=c.reason)
                for c in asked.coupons
            ]
        ),
        redeem=asked.redeem,
        redeemable=asked.member.points if asked.member else 0,
        partners={
            name: PointsAsked(each.points, each.held) for name, each in asked.partners.items()
        },
        counters=asked.counters,
        catalogue=_Shelf(shelf),
        store=asked.store,
        region=asked.region,
        channel=asked.channel,
        online=asked.online,
    )
