"""Why this price, in a sentence a cashier can act on, in Chinese and in English."""

from typing import Literal

from edge.shop.money import format_minor
from edge.shop.sale import Note

Lang = Literal["zh", "en"]

TEXTS: dict[str, tuple[str, str]] = {
    "R-APPLIED": ("已优惠 {off}", "took {off} off"),
    "R-NEEDS-AMOUNT": ("再消费 {more} 即可享受", "needs {more} more"),
    "R-NEEDS-MEMBER": ("会员专享，请出示会员码", "for members: show a member code"),
    "R-NEEDS-TIER": ("限会员等级：{tiers}", "for members of tier {tiers}"),
    "R-EXCLUDED-BY-GROUP": (
        "与优惠组“{group}”中的其他优惠不可同享",
        "excluded by another rule of group {group}",
    ),
    "R-NOTHING-LEFT": ("已无可优惠金额", "nothing left to take off"),
    "R-NOT-DISCOUNTABLE": ("该商品不参与优惠", "these goods are not discounted"),
    "R-NOT-ON-THIS-TERMINAL": ("限以下终端：{kinds}", "only on terminals of kind {kinds}"),
    "R-NOT-ON-THIS-DATE": ("限 {from} 至 {until}", "only from {from} until {until}"),
}
"""One pair of sentences (zh, en) for each reason code."""

MONEY = frozenset({"off", "more", "amount"})
"""The parameters that are amounts in minor units."""


def explain(note: Note, lang: Lang, exponent: int) -> str:
    """Return what a note says; amounts are written with the currency's exponent."""
    named = {
        name: format_minor(value, exponent) if name in MONEY and isinstance(value, int) else value
        for name, value in note.params.items()
    }
    return TEXTS[note.reason][lang == "en"].format(**named)
