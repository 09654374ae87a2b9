"""A small programme to play with: a price book, members with cards and phones, and rules.

Every code is well formed (GS1 check digits), and none belongs to anybody: articles carry 697
0000 numbers, cards an in-store 29 00000 range (GS1 General Specifications, section 2.1.11).
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

from cloud_bridge.contract import Card, Member, Product

CURRENCY: Final = "CNY"
PHONE_KEY: Final = b"the demo programme's own phone key"
CARD_RANGE: Final = "2900000"
PHONE_RANGE: Final = "+86138000000"

# id, Chinese name, English name, category, price in fen, tax class, unit
SHELF: Final = (
    ("latte", "拿铁咖啡", "Caffe latte", "drinks", 1800, "standard", "piece"),
    ("americano", "美式咖啡", "Americano", "drinks", 1500, "standard", "piece"),
    ("green-tea", "绿茶 500ml", "Green tea 500 ml", "drinks", 450, "standard", "piece"),
    ("oolong-tea", "乌龙茶 500ml", "Oolong tea 500 ml", "drinks", 500, "standard", "piece"),
    ("cola", "可乐 330ml", "Cola 330 ml", "drinks", 300, "standard", "piece"),
    ("water", "纯净水 550ml", "Water 550 ml", "drinks", 200, "standard", "piece"),
    ("orange-juice", "橙汁 1L", "Orange juice 1 l", "drinks", 1280, "standard", "piece"),
    ("soy-milk", "豆浆 300ml", "Soy milk 300 ml", "drinks", 400, "standard", "piece"),
    ("beer", "啤酒 500ml", "Beer 500 ml", "drinks", 680, "standard", "piece"),
    ("milk", "鲜牛奶 950ml", "Fresh milk 950 ml", "dairy", 1690, "reduced", "piece"),
    ("yoghurt", "原味酸奶", "Plain yoghurt", "dairy", 650, "reduced", "piece"),
    ("butter", "黄油 200g", "Butter 200 g", "dairy", 2380, "reduced", "piece"),
    ("eggs", "鸡蛋 10枚", "Eggs, 10", "fresh", 1390, "reduced", "piece"),
    ("apples", "苹果", "Apples", "fresh", 1180, "reduced", "kg"),
    ("bananas", "香蕉", "Bananas", "fresh", 798, "reduced", "kg"),
    ("tomatoes", "番茄", "Tomatoes", "fresh", 890, "reduced", "kg"),
    ("rice", "东北大米 5kg", "Rice 5 kg", "staples", 4590, "reduced", "piece"),
    ("noodles", "挂面 800g", "Noodles 800 g", "staples", 890, "reduced", "piece"),
    ("flour", "面粉 2.5kg", "Flour 2.5 kg", "staples", 1590, "reduced", "piece"),
    ("peanut-oil", "花生油 5L", "Peanut oil 5 l", "staples", 13990, "reduced", "piece"),
    ("soy-sauce", "生抽酱油 500ml", "Soy sauce 500 ml", "staples", 980, "standard", "piece"),
    ("bread", "全麦吐司", "Wholemeal toast", "bakery", 1290, "standard", "piece"),
    ("croissant", "牛角包", "Croissant", "bakery", 850, "standard", "piece"),
    ("chocolate", "黑巧克力 100g", "Dark chocolate 100 g", "snacks", 1990, "standard", "piece"),
    ("crisps", "薯片 75g", "Crisps 75 g", "snacks", 790, "standard", "piece"),
    ("nuts", "每日坚果 25g", "Daily nuts 25 g", "snacks", 590, "standard", "piece"),
    ("toothpaste", "牙膏 120g", "Toothpaste 120 g", "household", 1590, "standard", "piece"),
    ("shampoo", "洗发水 400ml", "Shampoo 400 ml", "household", 3990, "standard", "piece"),
    ("tissues", "抽纸 3包", "Tissues, 3 packs", "household", 1290, "standard", "piece"),
    ("umbrella", "折叠伞", "Folding umbrella", "household", 4900, "standard", "piece"),
    ("gift-card-box", "礼品盒", "Gift box", "household", 1000, "standard", "piece"),
)
NOT_DISCOUNTABLE: Final = frozenset({"gift-card-box"})
REDUCED: Final = frozenset({"yoghurt"})
FLOORS: Final = {"peanut-oil": 12500}
TIERS: Final = ("", "silver", "gold")
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of all digits before it (General Specifications 7.9)."""
    weighted = sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(reversed(digits)))
    return str(-weighted % 10)


def phone_hash(phone: str, key: bytes = PHONE_KEY) -> str:
    """Return the keyed hash a box knows a phone by: HMAC-SHA-256, hex, of the E.164 number."""
    return hmac.new(key, phone.encode(), hashlib.sha256).hexdigest()


def phone_number(index: int) -> str:
    """Return the phone of the member with this index, in E.164."""
    return f"{PHONE_RANGE}{index:02}"


def card_number(index: int) -> str:
    """Return the card of the member with this index."""
    digits = f"{CARD_RANGE}{index:05}"
    return digits + check_digit(digits)


def ean(index: int) -> str:
    """Return the EAN-13 of the article with this index."""
    digits = f"6970000{index:05}"
    return digits + check_digit(digits)


def products() -> Sequence[Product]:
    """Return the price book. Weighed goods have no EAN-13: they are sold by their id."""
    return [
        Product(
            id=name,
            gtins=(ean(index),) if unit == "piece" else (),
            name_zh=zh,
            name_en=en,
            category=category,
            unit=unit,
            price=price,
            tax_class=tax_class,
            discountable=name not in NOT_DISCOUNTABLE,
            reduced=name in REDUCED,
            floor=FLOORS.get(name),
        )
        for index, (name, zh, en, category, price, tax_class, unit) in enumerate(SHELF, 1)
    ]


def members() -> Sequence[Member]:
    """Return twenty members: plain, silver and gold in turn, some with points from before."""
    return [
        Member(
            id=f"m{index:04}",
            display=f"{surname}**",
            tier=TIERS[index % 3],
            phone_hash=phone_hash(phone_number(index)),
            phone_last4=phone_number(index)[-4:],
            points=index * 10 % 70,
        )
        for index, surname in enumerate(SURNAMES, 1)
    ]


def cards() -> Sequence[Card]:
    """Return one card for each member."""
    return [
        Card(number=card_number(index), member=f"m{index:04}")
        for index in range(1, len(SURNAMES) + 1)
    ]


def bundle(
    store: str, version: int = 1, valid_from: int = 0, valid_until: int = 4_102_444_800_000
) -> dict[str, Any]:
    """Return the rules of the demo store; times are milliseconds since 1970 UTC.

    Members get cheaper coffee, gold members 10 % off the order, every order of 50.00 or more
    2.00 off, and members a point for each yuan they pay.
    """
    return {
        "format": "edgebox.bundle.v1",
        "version": version,
        "store": store,
        "currency": CURRENCY,
        "exponent": 2,
        "zone": "Asia/Shanghai",
        "valid_from": valid_from,
        "valid_until": valid_until,
        "tax": {"standard": 1300, "reduced": 900},
        "tiers": [
            {"id": "silver", "name_zh": "银卡", "name_en": "Silver", "rank": 1},
            {"id": "gold", "name_zh": "金卡", "name_en": "Gold", "rank": 2},
        ],
        "rules": rules(),
    }


def rules() -> list[dict[str, Any]]:
    """Return the rules of `bundle`, one of each kind."""
    return [
        {
            "kind": "member_price",
            "id": "coffee-for-members",
            "name_zh": "咖啡会员价",
            "name_en": "Member coffee",
            "target": {"of": "products", "ids": ["latte", "americano"]},
            "when": [{"is": "member"}],
            "stage": 2,
            "price": {"is": "fixed", "amount": 1280},
        },
        {
            "kind": "percent_off",
            "id": "gold-ten",
            "name_zh": "金卡九折",
            "name_en": "Gold 10 % off",
            "when": [{"is": "tier", "any_of": ["gold"]}],
            "stage": 4,
            "priority": 1,
            "basis_points": 1000,
            "per": "order",
        },
        {
            "kind": "amount_off",
            "id": "fifty-two",
            "name_zh": "满50减2",
            "name_en": "2.00 off above 50.00",
            "when": [{"is": "at_least", "amount": 5000}],
            "stage": 4,
            "amount": 200,
            "per": "order",
        },
        {
            "kind": "points_earn",
            "id": "point-per-yuan",
            "name_zh": "每元一分",
            "name_en": "A point per yuan",
            "points": 1,
            "per": 100,
        },
    ]
