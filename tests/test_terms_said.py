"""What `bundle explain` says of the counter: value, returns, limits, watches and notices."""

from typing import Any, get_args

import msgspec
import pytest

from edge.shop.accounts.fraud import Watch
from edge.shop.bundle import decode
from edge.shop.bundle.programme_said import parts
from edge.shop.bundle.terms_said import ACTIONS, KINDS, ORDERS, POLICIES, WATCHED
from edge.shop.bundle.voice import Lang, voice
from tests.shop_draws import bundle

TERMS: dict[str, Any] = {
    "value": {"spend_order": "bonus_first", "balance_max_named": 500_000, "bonus_days": 30},
    "returns": {
        "policy": "reprice_kept", "window_days": 14, "after_window": "approval",
        "gift_kept": "keep",
    },
    "limits": {
        "single_max": 20_000, "caps": [{"per": "store", "max": 90_000}],
        "points": {"single_max": 500, "caps": [{"per": "member", "of": "count", "max": 3}]},
        "uses": {"overdraft_max": 2, "data_age_hours_max": 24},
    },
    "fraud": {"watches": [{"watch": "own_card", "id": "own", "action": "refuse", "minutes": 60}]},
    "notices": {"notices": [
        {"id": "hi", "text_zh": "欢迎", "text_en": "Welcome", "times": 2, "until": "2026-12-31"}
    ]},
}  # fmt: skip
SAID = {
    "stored value": {"value": "bonus is spent first; at most CNY 5000.00 on one account; "
                     "bonus is good for 30 days"},
    "returns": {"returns": "the price of what is kept is kept; within 14 days, then a manager "
                "approves; gifts may be kept"},
    "limits": {
        "value": "at most CNY 200.00 at once; at most CNY 900.00 by a store offline",
        "points": "at most 500 at once; at most 3 times by a member offline",
        "uses": "on data of at most 24 hours; a manager may answer for 2 more",
    },
    "watches": {"own": "a cashier's own member on strangers' sales within 60 minutes: refused"},
    "notices": {"hi": '"Welcome", 2 times a member, until 2026-12-31'},
}  # fmt: skip


def said(programme: dict[str, Any], lang: Lang) -> dict[str, dict[str, str]]:
    read = decode(msgspec.json.encode(bundle(programme=programme)))
    found = parts(read.programme, voice(read, lang))
    return {title: {name: text for name, _, text in rows} for title, rows in found}


def test_each_section_says_what_is_declared() -> None:
    assert said(TERMS, "en") == SAID


def test_what_is_not_declared_is_not_said() -> None:
    assert said({}, "en") == said({}, "zh") == {}


@pytest.mark.parametrize(
    "word", ["“欢迎”，每人 2 次", "先用赠送金额", "14 天内可退", "3 笔", "60 分钟内：拒绝"]
)
def test_in_chinese_too(word: str) -> None:
    text = str(said(TERMS, "zh"))
    assert word in text
    assert "at most" not in text


def test_every_kind_has_its_words() -> None:
    assert {str(kind.__struct_config__.tag) for kind in get_args(Watch)} == set(WATCHED)
    assert set(ACTIONS) == {"approve", "refuse", "flag"}
    assert (len(ORDERS), len(POLICIES), len(KINDS)) == (3, 3, 3)
