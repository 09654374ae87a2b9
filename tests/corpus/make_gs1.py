"""GS1 element strings and Digital Link addresses. The shop's date is 2026-11-22, its money CNY."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from tests.corpus.make_barcodes import digits, product
from tests.corpus.truth import Case, accept, gtin, reject

TODAY = date(2026, 11, 22)
GS = "\x1d"


def strings(luck: random.Random) -> Iterator[Case]:
    for n in range(40):
        code = gtin("1690" + digits(luck, 9))
        lot = "L" + digits(luck, 1 + n % 19)
        day = TODAY + timedelta(days=luck.randint(0, 3000))
        ai = ("17", "15")[n % 2]
        means = product(code, batch=lot, expires=day.isoformat())
        for name, symbology in (("c1", "C1"), ("qr", "Q3"), ("dm", "d2"), ("bar", "e0")):
            dated = f"01{code}{ai}{day:%y%m%d}10{lot}"
            given = {"text": dated, "symbology": symbology}
            if n < 15:
                yield accept(f"gs1-{name}-{n}", "gs1", given, means)
        given = {"text": f"]C101{code}10{lot}{GS}{ai}{day:%y%m%d}"}
        yield accept(f"gs1-fnc1-{n}", "gs1", given, means)
        past = TODAY - timedelta(days=luck.randint(1, 3000))
        given = {"text": f"]C101{code}10{lot}{GS}{ai}{past:%y%m%d}"}
        gone = {"ExpiredGoods": {"code": code, "expired": past.isoformat()}}
        yield accept(f"gs1-expired-{n}", "gs1", given, gone)
        wrong = code[:-1] + str((int(code[-1]) + 1 + n % 9) % 10)
        given = {"text": f"]C101{wrong}10{lot}"}
        yield reject(f"gs1-check-{n}", "gs1", given, "check_digit")
        if n < 13:
            given = {"text": f"]C101{code[: 13 - n]}"}
            yield reject(f"gs1-cut-{n}", "gs1", given, "element_string")


def measured(luck: random.Random) -> Iterator[Case]:
    for n in range(30):
        code = gtin("9690" + digits(luck, 9))
        value, places = luck.randint(1, 999999), n % 6
        measure = {"Measure": {"kind": "weight", "amount": _point(value, places)}}
        given = {"text": f"]e001{code}310{places}{value:06}"}
        yield accept(f"gs1-kg-{n}", "gs1", given, product(code, measure=measure))
        price = luck.randint(1, 99999)
        measure = {"Measure": {"kind": "price", "amount": _point(price, 2)}}
        given = {"text": f"]e001{code}3103{value:06}3922{price}"}
        yield accept(f"gs1-price-{n}", "gs1", given, product(code, measure=measure))
        given = {"text": f"]e001{code}3932156{price}"}
        yield accept(f"gs1-yuan-{n}", "gs1", given, product(code, measure=measure))
        given = {"text": f"]e001{code}3932840{price}"}
        yield reject(f"gs1-dollars-{n}", "gs1", given, "measure")
        given = {"text": f"]e001{code}3{2 + n % 4}0{places}{value:06}"}
        if 2 + n % 4 != 5:
            yield reject(f"gs1-pounds-{n}", "gs1", given, "measure")
    for n in range(4):
        code = gtin("9690" + digits(luck, 9))
        given = {"text": f"]e001{code}310{n}000000"}
        yield reject(f"gs1-weightless-{n}", "gs1", given, "measure")


def coupons(luck: random.Random) -> Iterator[Case]:
    for n in range(10):
        number = gtin("95011015" + digits(luck, 4)) + digits(luck, n)
        means = {"CouponCode": {"code": number}}
        yield accept(f"gs1-coupon-{n}", "gs1", {"text": f"]C1255{number}"}, means)
        given = {"text": f"https://id.gs1.org/255/{number}"}
        yield accept(f"link-coupon-{n}", "gs1", given, means)
    north = "106141416543213150110120"
    given = {"text": f"]e08110{north}"}
    yield accept("gs1-coupon-8110", "gs1", given, {"CouponCode": {"code": north}})


def addresses(luck: random.Random) -> Iterator[Case]:
    sample = "https://example.com/01/09506000134352"
    yield accept("link-published", "gs1", {"text": sample}, product("09506000134352"))
    for n in range(30):
        ean, lot = gtin("69" + digits(luck, 10)), "B" + digits(luck, 4)
        day = TODAY + timedelta(days=luck.randint(0, 900))
        stem = ("https://id.gs1.org", "http://a.cn/shop/x", "https://brand.example:8443")[n % 3]
        means = product("0" + ean, batch=lot, expires=day.isoformat())
        given = {"text": f"{stem}/01/0{ean}/10/{lot}?17={day:%y%m%d}"}
        yield accept(f"link-{n}", "gs1", given, means)
        given = {"text": f"{stem}/01/{ean}/10/{lot}?17={day:%y%m%d}&utm_source=x"}
        yield accept(f"link-gtin13-{n}", "gs1", given, means)
        past = TODAY - timedelta(days=luck.randint(1, 900))
        given = {"text": f"{stem}/01/0{ean}?17={past:%y%m%d}"}
        gone = {"ExpiredGoods": {"code": "0" + ean, "expired": past.isoformat()}}
        yield accept(f"link-expired-{n}", "gs1", given, gone)
        wrong = ean[:-1] + str((int(ean[-1]) + 1 + n % 9) % 10)
        given = {"text": f"{stem}/01/0{wrong}"}
        yield reject(f"link-check-{n}", "gs1", given, "check_digit")
        given = {"text": f"{stem}/01/0{ean[:-3]}"}
        yield reject(f"link-cut-{n}", "gs1", given, "url")


def _point(value: int, places: int) -> str:
    text = f"{value:0{places + 1}}"
    return f"{text[:-places]}.{text[-places:]}" if places else text


def cases() -> Iterator[Case]:
    luck = random.Random(10)
    for part in (strings, measured, coupons, addresses):
        yield from part(luck)
