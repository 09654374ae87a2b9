"""Linear barcodes as readers send them: right, misread, cut, padded, glued, and in-store weighed.

The shop of the corpus: cards 2900, coupons "C:" and "99", scales 21IIIIIVVVVVC (weight in grams),
22IIIIIPVVVVC (price in fen, 4 digits with a check digit), 23IIIIVVVVVC of 13 with P over 5 digits,
and 24IIIIIIVVVVC (pieces).
"""

import random
from collections.abc import Iterator

from tests.corpus.truth import Case, accept, check_digit, gtin, luhn, reject, upc_a_of

PRICE_CHECKS = {"2875": "9", "14685": "6"}
"""Published examples of the price check digit (GS1 General Specifications 7.9.3 and 7.9.4)."""
TWO_MINUS = dict(zip("0123456789", "0246891357", strict=True))
THREE = dict(zip("0123456789", "0369258147", strict=True))
FIVE_PLUS = dict(zip("0123456789", "0516273849", strict=True))
FIVE_MINUS = dict(zip("0123456789", "0594837261", strict=True))


def price_check(value: str) -> str:
    if len(value) == 4:
        tables = (TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS)
        total = sum(int(table[digit]) for table, digit in zip(tables, value, strict=True))
        return str(total * 3)[-1]
    tables5 = (FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS)
    total = sum(int(table[digit]) for table, digit in zip(tables5, value, strict=True))
    wanted = str(-total % 10)
    return next(digit for digit, weighted in FIVE_MINUS.items() if weighted == wanted)


def product(code: str, **more: object) -> dict[str, object]:
    return {"ProductCode": {"code": code, **more}}


def digits(luck: random.Random, count: int) -> str:
    return "".join(luck.choices("0123456789", k=count))


def bare(luck: random.Random) -> Iterator[Case]:
    """Every length of GTIN, right; then with each kind of mistake of a hand or a reader."""
    for n in range(40):
        ean = gtin("69" + digits(luck, 10))
        yield accept(f"ean13-{n}", "barcode", {"text": ean}, product("0" + ean))
        wrong = ean[:-1] + str((int(ean[-1]) + 1 + n % 9) % 10)
        yield reject(f"ean13-check-{n}", "barcode", {"text": wrong}, "check_digit")
        place = n % 12
        turned = str((int(ean[place]) + 1 + n % 9) % 10)
        misread = ean[:place] + turned + ean[place + 1 :]
        why = reject(f"ean13-digit-{n}", "barcode", {"text": misread}, "check_digit")
        if not misread.lstrip("0").startswith("99"):
            yield why
        itf = gtin(luck.choice("12345678") + ean[:-1])
        if not itf.startswith("99"):
            yield accept(f"itf14-{n}", "barcode", {"text": itf}, product(itf))
        upc = gtin(luck.choice("013678") + digits(luck, 10))
        if not upc.lstrip("0").startswith(("99", "2900")):
            yield accept(f"upca-{n}", "barcode", {"text": upc}, product("00" + upc))
            yield accept(f"upca-as-ean13-{n}", "barcode", {"text": "0" + upc}, product("00" + upc))
        ean8 = gtin("6" + digits(luck, 6))
        given = {"text": ean8, "symbology": "E4"}
        yield accept(f"ean8-{n}", "barcode", given, product("000000" + ean8))


def suppressed(luck: random.Random) -> Iterator[Case]:
    """UPC-E: each of the ten ways to leave zeros out; system 1 where it can be no EAN-8 as well.

    Half of all UPC-E codes have the check digit of an EAN-8 too. From 0 on they are UPC-E: no
    EAN-8 of a maker's begins so (GS1 General Specifications 1.4.3); an ]E4 says otherwise.
    """
    n = 0
    for last in "0123456789":
        for system in "0001":
            payload = system + digits(luck, 5) + last
            upc_a = gtin(upc_a_of(payload + "0")[:-1])
            upc_e = payload + upc_a[-1]
            if (payload + upc_a).lstrip("0").startswith("99"):
                continue
            n += 1
            as_ean8 = check_digit(payload) == upc_e[-1]
            if system == "0" or not as_ean8:
                means = product("00" + upc_a)
                yield accept(f"upce-{n}", "barcode", {"text": upc_e}, means)
            given = {"text": upc_e, "symbology": "E4"}
            if as_ean8:
                yield accept(f"upce-in-ean8-{n}", "barcode", given, product("000000" + upc_e))
            else:
                yield reject(f"upce-in-ean8-{n}", "barcode", given, "check_digit")


def identified(luck: random.Random) -> Iterator[Case]:
    """AIM identifiers: kept, and believed only where the text can be what they say."""
    for n in range(12):
        ean = gtin("40" + digits(luck, 10))
        yield accept(f"aim-E0-{n}", "barcode", {"text": f"]E0{ean}"}, product("0" + ean))
        addon = {"text": f"]E3{ean}{digits(luck, 2 if n % 2 else 5)}"}
        yield accept(f"aim-E3-{n}", "barcode", addon, product("0" + ean))
        given = {"text": f"]E3{ean}{digits(luck, 3)}"}
        yield reject(f"aim-E3-cut-{n}", "barcode", given, "symbology")
        yield reject(f"aim-E4-{n}", "barcode", {"text": f"]E4{ean}"}, "symbology")
        cut = {"text": f"]E0{ean[: 12 - n]}"}
        yield reject(f"aim-E0-cut-{n}", "barcode", cut, "symbology" if n < 12 else "length")
        yield reject(f"aim-E0-glued-{n}", "barcode", {"text": f"]E0{ean}{ean}"}, "symbology")
        text = f"SHELF-{digits(luck, 4)}"
        yield accept(f"aim-A0-{n}", "barcode", {"text": f"]A0{text}"}, product(text))
        yield reject(f"aim-E0-letters-{n}", "barcode", {"text": f"]E0{text}"}, "symbology")


def weighed(luck: random.Random) -> Iterator[Case]:
    """In-store labels: weight, price, price with check digit, count."""
    for n in range(25):
        item, value = digits(luck, 5), f"{luck.randint(1, 99999):05}"
        label = gtin(f"21{item}{value}")
        article = "0" + gtin(f"21{item}00000")
        amount = f"{int(value) // 1000}.{int(value) % 1000:03}"
        measure = {"Measure": {"kind": "weight", "amount": amount}}
        means = product(article, measure=measure)
        yield accept(f"weighed-kg-{n}", "barcode", {"text": label}, means)
        yield accept(f"weighed-kg-14-{n}", "barcode", {"text": "0" + label}, means)
        bad = label[:-1] + str((int(label[-1]) + 5) % 10)
        yield reject(f"weighed-kg-check-{n}", "barcode", {"text": bad}, "check_digit")
        yield from _priced(luck, n)
        count = f"{luck.randint(1, 9999):04}"
        six = digits(luck, 6)
        measure = {"Measure": {"kind": "count", "amount": str(int(count))}}
        given = {"text": gtin(f"24{six}{count}")}
        yield accept(f"weighed-count-{n}", "barcode", given, product(six, measure=measure))
    for n in range(4):
        given = {"text": gtin(f"21{digits(luck, 5)}00000")}
        yield reject(f"weighed-nothing-{n}", "barcode", given, "check_digit")


def _priced(luck: random.Random, n: int) -> Iterator[Case]:
    for prefix, places in (("22", 4), ("23", 5)):
        item = digits(luck, 9 - places)
        value = list(PRICE_CHECKS)[places - 4] if n == 0 else digits(luck, places)
        if int(value) == 0:
            value = value[:-1] + "1"
        check = PRICE_CHECKS.get(value, price_check(value))
        amount = f"{int(value) // 100}.{int(value) % 100:02}"
        article = "0" + gtin(f"{prefix}{item}{'0' * (places + 1)}")
        means = product(article, measure={"Measure": {"kind": "price", "amount": amount}})
        given = {"text": gtin(f"{prefix}{item}{check}{value}")}
        yield accept(f"weighed-price{places}-{n}", "barcode", given, means)
        wrong = str((int(check) + 1 + n % 9) % 10)
        given = {"text": gtin(f"{prefix}{item}{wrong}{value}")}
        yield reject(f"weighed-price{places}-check-{n}", "barcode", given, "check_digit")


def people(luck: random.Random) -> Iterator[Case]:
    """Cards, coupons, phones and UIDs, each by the door that is theirs and by one that is not."""
    for n in range(15):
        card = gtin("2900" + digits(luck, 8))
        means = {"CardNumber": {"number": card}}
        yield accept(f"card-{n}", "barcode", {"text": card}, means)
        yield accept(f"card-typed-{n}", "barcode", {"text": card, "source": "card"}, means)
        wrong = card[:-1] + str((int(card[-1]) + 3) % 10)
        yield reject(f"card-check-{n}", "barcode", {"text": wrong}, "check_digit")
        ean = gtin("69" + digits(luck, 10))
        given = {"text": ean, "source": "card"}
        yield reject(f"card-is-goods-{n}", "barcode", given, "not_a_card")
        stripe = "9529" + digits(luck, 3 + n % 12)
        stripe += luhn(stripe)
        given = {"text": stripe, "source": "card"}
        yield accept(f"stripe-{n}", "barcode", given, {"CardNumber": {"number": stripe}})
        given = {"text": stripe[:-1] + str((int(stripe[-1]) + 1) % 10), "source": "card"}
        yield reject(f"stripe-check-{n}", "barcode", given, "not_a_card")
        foreign = "4556" + digits(luck, 11)
        given = {"text": foreign + luhn(foreign), "source": "card"}
        yield reject(f"stripe-foreign-{n}", "barcode", given, "not_a_card")
        coupon = "99" + digits(luck, 3 + n)
        yield accept(f"coupon-{n}", "barcode", {"text": coupon}, {"CouponCode": {"code": coupon}})
        mobile = luck.choice(("130", "139", "158", "177", "199")) + digits(luck, 8)
        for spelled in (mobile, f"+86{mobile}", f"{mobile[:3]}-{mobile[3:7]} {mobile[7:]}"):
            given = {"text": spelled, "source": "phone"}
            means = {"PhoneNumber": {"last4": mobile[-4:]}}
            yield accept(f"phone-{n}-{len(spelled)}-{spelled[0]}", "barcode", given, means)
        given = {"text": mobile[:-1], "source": "phone"}
        yield reject(f"phone-short-{n}", "barcode", given, "not_a_phone")
        uid = luck.choice(("04", "E0", "3A")) + luck.randbytes((3, 6, 9)[n % 3]).hex().upper()
        means = {"CardNumber": {"number": f"uid:{uid.lower()}"}}
        yield accept(f"uid-{n}", "barcode", {"text": uid, "source": "uid"}, means)
        given = {"text": "08" + luck.randbytes(3).hex(), "source": "uid"}
        yield reject(f"uid-random-{n}", "barcode", given, "not_a_uid")
        yield reject(f"uid-cut-{n}", "barcode", {"text": uid[:-2], "source": "uid"}, "not_a_uid")


def rude(luck: random.Random) -> Iterator[Case]:
    """What is no code at all."""
    for n, text in enumerate(("", "   ", "]E0", "\r\n", "x" * 513, "9" * 513)):
        yield reject(f"rude-length-{n}", "barcode", {"text": text}, "length")
    for n, code in enumerate((*range(9), 11, 12, *range(14, 29), 30, 31, 127)):
        given = {"text": f"69{chr(code)}1234567892"}
        yield reject(f"rude-control-{n}", "barcode", given, "characters")
    for n, text in enumerate(("two words", "a\x1db", "x\u2028y", "a\u202eb", "\ud7ff\ue000 x")):
        yield reject(f"rude-characters-{n}", "barcode", {"text": text}, "characters")
    for n, text in enumerate(("EDGE:", "EDGE:PAY", "EDGE:PAY:CASH:0", "EDGE:CANCEL ", "EDGE:DROP")):
        if text.strip() != "EDGE:CANCEL":
            yield reject(f"rude-command-{n}", "barcode", {"text": text}, "command")
    addresses = ("http://evil.example/", "https://shop.example/?m=1", "ftp://x/y", "HTTPS://X.CN/1")
    for n, text in enumerate(addresses):
        yield reject(f"rude-url-{n}", "barcode", {"text": text}, "url")
    for n, text in enumerate(("' OR 1=1--", "<script>", "${jndi:ldap}", "../../etc/passwd")):
        want = "characters" if " " in text else ""
        if want:
            yield reject(f"rude-text-{n}", "barcode", {"text": text}, want)
        else:
            yield accept(f"rude-text-{n}", "barcode", {"text": text}, product(text))


def cases() -> Iterator[Case]:
    luck = random.Random(20261122)
    for part in (bare, suppressed, identified, weighed, people, rude):
        yield from part(luck)
