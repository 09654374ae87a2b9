"""Codes that money is paid with: they go to a payment terminal and are nothing else."""

import base64
import random
from collections.abc import Iterator

from tests.corpus.make_barcodes import digits
from tests.corpus.truth import Case, accept, crc16, reject


def paying(scheme: str) -> dict[str, object]:
    return {"PaymentCode": {"scheme": scheme}}


def tag(number: str, value: str) -> str:
    return f"{number}{len(value):02}{value}"


def merchant(luck: random.Random, name: str) -> str:
    account = tag("26", tag("00", "A000000677010111") + tag("01", digits(luck, 15)))
    body = tag("00", "01") + tag("01", luck.choice(("11", "12"))) + account + tag("52", "5812")
    body += tag("53", "156") + tag("54", f"{luck.randint(1, 9999)}.00") + tag("58", "CN")
    body += tag("59", name) + tag("60", "BEIJING") + "6304"
    return f"{body}{crc16(body.encode()):04X}"


def merchants(luck: random.Random) -> Iterator[Case]:
    for n in range(25):
        text = merchant(luck, f"SHOP {n}" if n % 2 else "茶店")
        yield accept(f"emv-merchant-{n}", "emvco", {"text": text}, paying("emvco_merchant"))
        crc = int(text[-4:], 16) ^ 1 << n % 16
        yield reject(f"emv-merchant-crc-{n}", "emvco", {"text": f"{text[:-4]}{crc:04X}"}, "payment")
        cut = text[: luck.randint(20, len(text) - 1)]
        yield reject(f"emv-merchant-cut-{n}", "emvco", {"text": cut}, "payment")


def consumers(luck: random.Random) -> Iterator[Case]:
    for n in range(15):
        application = bytes.fromhex("4f07a0000003330101") + b"\x57\x08" + luck.randbytes(8)
        data = b"\x85\x05CPV01\x61" + bytes([len(application)]) + application
        whole = {"text": base64.b64encode(data).decode()}
        yield accept(f"emv-consumer-{n}", "emvco", whole, paying("emvco_consumer"))
        cut = {"text": base64.b64encode(data[: -1 - n % 15]).decode()}
        yield reject(f"emv-consumer-cut-{n}", "emvco", cut, "payment")


def wallets(luck: random.Random) -> Iterator[Case]:
    for n in range(20):
        alipay = str(luck.randint(25, 30)) + digits(luck, 14 + n % 9)
        yield accept(f"pay-alipay-{n}", "emvco", {"text": alipay}, paying("alipay"))
        wechat = str(luck.randint(10, 15)) + digits(luck, 16)
        yield accept(f"pay-wechat-{n}", "emvco", {"text": wechat}, paying("wechat"))
        union = "62" + digits(luck, 17)
        yield accept(f"pay-unionpay-{n}", "emvco", {"text": union}, paying("unionpay"))
        for source in ("card", "phone", "uid"):
            given = {"text": wechat, "source": source}
            yield reject(f"pay-as-{source}-{n}", "emvco", given, f"not_a_{source}")
    posters = (
        ("alipay", "https://qr.alipay.com/fkx01234abcd"),
        ("wechat", "wxp://f2f0abcdefgh"),
        ("wechat", "weixin://wxpay/bizpayurl?pr=abc"),
        ("unionpay", "https://qr.95516.com/00010000/62123"),
    )
    for n, (scheme, text) in enumerate(posters):
        yield accept(f"pay-poster-{n}", "emvco", {"text": text}, paying(scheme))


def cases() -> Iterator[Case]:
    luck = random.Random(63)
    for part in (merchants, consumers, wallets):
        yield from part(luck)
