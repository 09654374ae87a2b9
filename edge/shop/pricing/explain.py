"""Why this price, in a sentence a cashier can act on, in Chinese and in English."""

from functools import lru_cache

from edge.shop.bundle.conditions_said import CHANNELS
from edge.shop.money import format_minor
from edge.shop.pricing.naming import NAMED, Lang, Names
from edge.shop.sale import CouponJudged, Note

__all__ = ["MONEY", "TEXTS", "Lang", "explain"]

TEXTS: dict[str, tuple[str, str]] = {
    "R-APPLIED": ("已优惠 {off}", "took {off} off"),
    "R-NEEDS-AMOUNT": ("再消费 {more} 即可享受", "needs {more} more"),
    "R-NEEDS-MEMBER": ("会员专享，请出示会员码", "for members: show a member code"),
    "R-NEEDS-TIER": ("限会员等级：{tiers}", "for members of tier {tiers}"),
    "R-EXCLUDED-BY-GROUP": (
        "与优惠组“{group}”中的其他优惠不可同享",
        "excluded by another rule of group {group}",
    ),
    "R-EXCLUDED-BY-RULE": (
        "与优惠“{rule}”不可同享",
        "cannot be combined with rule {rule}",
    ),
    "R-LIMIT-REACHED": ("已达使用上限（{limit}）", "the limit of {limit} is reached"),
    "R-BUDGET-SPENT": ("优惠额度 {budget} 已用完", "the budget of {budget} is spent"),
    "R-NO-ROOM": ("优惠超出可让利空间，未使用", "there is no room for all of it"),
    "R-GIFT-UNKNOWN": ("赠品 {product} 不在商品目录中", "gift {product} is not in the catalogue"),
    "R-POINTS-REDUCED": (
        "本次最多可抵扣 {points} 积分",
        "no more than {points} points can be used",
    ),
    "R-COUPON-USED": ("优惠券已核销", "the coupon is used up"),
    "R-COUPON-EXPIRED": ("优惠券已过期", "the coupon has expired"),
    "R-COUPON-NOT-YOURS": ("优惠券仅限本人使用", "the coupon is somebody else's"),
    "R-COUPON-NOT-HERE": ("优惠券需联网核销", "the coupon cannot be taken here now"),
    "R-COUPON-UNKNOWN": ("无法识别的优惠券", "nobody knows this coupon"),
    "R-COUPON-REPEATED": ("优惠券重复出示", "the coupon was shown before"),
    "R-COUPON-WORSE": ("已使用更优惠的券", "a better coupon is used already"),
    "R-COUPON-MAX": ("每单最多使用 {max} 张优惠券", "no more than {max} coupons in one sale"),
    "R-NOTHING-LEFT": ("已无可优惠金额", "nothing left to take off"),
    "R-NOT-DISCOUNTABLE": ("该商品不参与优惠", "these goods are not discounted"),
    "R-NOT-ON-THIS-TERMINAL": ("限以下终端：{kinds}", "only on terminals of kind {kinds}"),
    "R-NOT-ON-THIS-DATE": ("限 {from} 至 {until}", "only from {from} until {until}"),
    "R-NEEDS-COUNT": ("再买 {units} 件即可享受", "needs {units} more units"),
    "R-NEEDS-GOODS": ("需另购 {units} 件：{goods}", "needs {units} more of {goods}"),
    "R-NEEDS-CLOUD": ("需联网核实后享受", "needs the cloud to be sure"),
    "R-NEEDS-BIRTHDAY": ("请先登记会员生日", "the member's birthday is not known"),
    "R-NEEDS-TAG": ("限会员客群：{tags}", "for members of segment {tags}"),
    "R-NEEDS-PARTNER": ("限合作商户会员：{partners}", "for members of partner {partners}"),
    "R-NEEDS-ADULT": ("限成年会员", "for adult members"),
    "R-NOT-ON-THIS-CHANNEL": ("限以下取货方式：{channels}", "only for: {channels}"),
    "R-NOT-AT-THIS-TIME": ("限每日 {from} 至 {until}", "only from {from} until {until} o'clock"),
    "R-NOT-ON-THIS-WEEKDAY": ("限{zh}", "only on {en}"),
    "R-NOT-ON-THIS-DAY": ("限每月{zh}", "only on these days of the month: {en}"),
    "R-NOT-MEMBER-DAY": ("限会员日：{zh}", "only on member day: {en}"),
    "R-NOT-BIRTHDAY": ("限会员生日期间", "only around the member's birthday"),
    "R-NOT-HOLIDAY": ("限以下节日：{holidays}", "only on {holidays}"),
    "R-NOT-FIRST-PURCHASE": ("限首次消费", "only for a first purchase"),
    "R-NOT-NTH-PURCHASE": (
        "限第 {nth} 次消费，本次为第 {at} 次",
        "only for purchase number {nth}; this is number {at}",
    ),
    "R-NOT-IN-THIS-STORE": ("限以下门店：{stores}", "only in stores {stores}"),
    "R-NOT-IN-THIS-REGION": ("限以下地区：{regions}", "only in regions {regions}"),
    "R-COUPON-NOT-YET": ("优惠券尚未生效", "the coupon is not valid yet"),
    "R-NOT-NOW": ("{zh}", "{en}"),
}
"""One pair of sentences (zh, en) for each reason code."""

MONEY = frozenset({"off", "more", "amount", "budget"})
"""The parameters that are amounts in minor units."""


SAID_MAX = 4_096
"""How many sentences are kept: most are said again and again."""


def explain(note: Note | CouponJudged, names: Names, exponent: int) -> str:
    """Return what a note says, in the language of the names.

    Amounts are written with the currency's exponent.
    """
    params = note.params
    if not NAMED.isdisjoint(params):
        params = {
            name: names.said(name, value) if isinstance(value, str) else value
            for name, value in params.items()
        }
    return _sentence(note.reason, (*params.items(),), names.lang, exponent)


@lru_cache(maxsize=SAID_MAX)
def _sentence(
    reason: str, params: tuple[tuple[str, str | int], ...], lang: Lang, exponent: int
) -> str:
    said = {name: _said(name, value, lang, exponent) for name, value in params}
    return TEXTS[reason][lang == "en"].format(**said)


def _said(name: str, value: str | int, lang: Lang, exponent: int) -> str:
    if isinstance(value, int):
        return format_minor(value, exponent) if name in MONEY else str(value)
    if name == "channels":
        words = [CHANNELS[channel][lang == "en"] for channel in value.split(", ")]
        return ("、", ", ")[lang == "en"].join(words)
    return value
