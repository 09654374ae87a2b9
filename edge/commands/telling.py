"""A fact as its owner reads it: what was asked, what happened, what was told, who owes what."""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cloud_bridge.contract import Outcome
from edge.journal import Page
from edge.refusals import Language
from edge.shop.calendar import local
from edge.shop.ledger import BONUS
from edge.shop.money import format_minor
from edge.shop.receipt import columns

HAPPENED = {
    "sale": ("销售", "goods were sold"),
    "return": ("退货", "goods came back"),
    "void": ("撤销小票", "a receipt was voided"),
    "enrolment": ("入会", "somebody became a member"),
    "top_up": ("充值", "stored value was topped up"),
    "top_up_cancelled": ("充值撤销", "a top-up was cancelled"),
    "card_sold": ("售卡", "a card was sold"),
    "card_refunded": ("退卡", "a card was refunded"),
    "count_card_sold": ("售次卡", "a count card was sold"),
    "count_used": ("扣次", "a count card was used"),
    "opening_balance": ("导入期初余额", "an old balance was brought in"),
    "drawer_counted": ("清点钱箱", "a drawer was counted"),
    "day_opened": ("日始", "a business day began"),
    "day_closed": ("日结", "a business day was closed"),
    "epoch_opened": ("流水账开始新纪元", "the journal began, or began again"),
    "offline": ("云端通断", "the cloud was reached, or lost"),
    "refusal": ("已拒绝", "the request was refused"),
    "signed_on": ("签到", "somebody signed on"),
    "signed_off": ("签退", "somebody signed off"),
    "pin_delayed": ("密码多次错误，暂停核对", "wrong PINs: none is looked at for a while"),
    "request_approved": ("主管授权", "a manager let a request through"),
    "fence": ("确认未发生", "the key was fenced: it never happens"),
}
"""What a kind of fact is, in Chinese and English; another is told by its own name."""

ACCOUNTS = {
    "cash": ("钱箱里的现金", "money in the drawer"),
    "bank": ("银行账户", "money in the bank"),
    "sales": ("收入（不含税）", "revenue without tax"),
    "tax": ("应交税额", "tax owed"),
    "discount": ("优惠", "what promotions took off"),
    "coupon": ("优惠券抵扣", "what coupons took off"),
    "points": ("积分抵扣", "what points paid for"),
    "voucher": ("团购券差额", "a voucher beyond its settlement"),
    "bonus": ("赠送金额抵扣", "bonus that was spent"),
    "uses": ("次卡抵扣差额", "uses beyond their worth"),
    "principal": ("欠会员的储值本金", "stored value owed to the member"),
    "deferred": ("欠会员的次数", "uses owed to the member"),
    "retained": ("退卡留存", "kept when a card was given back"),
    "clawback": ("撤销扣回", "kept when a top-up was cancelled"),
    "rounding": ("抹零", "cash rounding"),
    "opening": ("导入前所欠", "what was owed before the import"),
    "member": ("会员持有", "what the member holds"),
    "programme": ("会员计划所欠", "what the programme owes"),
}
"""What an account means, by the beginning of its name."""

OUTCOMES = {
    "accepted_with_exception": ("接受，但有异常", "accepted with an exception"),
    "rejected_invalid": ("已记录，内容无效", "recorded as invalid"),
}

FIGURES = (
    "receipt", "business_date", "terminal", "cashier", "approved_by", "member", "card", "code",
    "operation", "reason", "seconds", "currency",
)  # fmt: skip
MONEY = ("total", "amount", "refund", "fee", "principal", "bonus")


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How a page is told: in which language, by which clock, and how far the cloud has come."""

    lang: Language
    zone: ZoneInfo
    has_cloud: bool
    acknowledged: int
    outcomes: Mapping[int, Outcome] = {}
    """What the cloud did not simply accept, by sequence."""


def told(page: Page, how: Telling) -> Iterator[str]:
    """Yield the rows that tell a page."""
    say = _Sayer(how.lang)
    fact = msgspec.json.decode(page.body)
    when = local(page.at, how.zone.key).strftime("%Y-%m-%d %H:%M:%S")
    head = say("页", "page"), say("纪元", "of epoch")
    yield f"{head[0]} {page.sequence} {head[1]} {page.epoch}: {page.kind} by {page.origin}"
    yield say.row("请求", "asked", f"{when}  {page.origin}  {page.key}")
    yield say.row("发生", "happened", _happened(page, fact, say))
    yield say.row("答复", "told", _told(page, say))
    legs = fact.get("postings", ())
    if legs:
        yield say.row("账目", "who owes what", "")
        yield from (_leg(leg, int(fact.get("exponent", 2)), say) for leg in legs)
    yield say.row("云端", "the cloud", _cloud(page, how, say))
    yield say.row("摘要", "digest", page.digest)


class _Sayer:
    def __init__(self, lang: Language) -> None:
        self._is_zh = lang == "zh"

    def __call__(self, zh: str, en: str) -> str:
        return zh if self._is_zh else en

    def row(self, zh: str, en: str, text: str) -> str:
        """Return a titled row."""
        return f"  {padded(self(zh, en), 14)}  {text}".rstrip()


def padded(text: str, width: int) -> str:
    """Return a text filled up to so many columns."""
    return text + " " * max(0, width - columns(text))


def _happened(page: Page, fact: Mapping[str, Any], say: _Sayer) -> str:
    name = page.kind.rpartition(".")[0]
    parts = [say(*HAPPENED.get(name, (name, name.replace("_", " "))))]
    parts += [f"{field} {fact[field]}" for field in FIGURES if fact.get(field)]
    exponent = int(fact.get("exponent", 2))
    parts += [f"{field} {format_minor(fact[field], exponent)}"
              for field in MONEY if isinstance(fact.get(field), int) and fact[field]]  # fmt: skip
    return ", ".join(parts)


def _told(page: Page, say: _Sayer) -> str:
    """Return what was answered: yes, or the problem with its code."""
    if not page.answer:
        return say("无人询问", "nobody asked")
    status, body = page.answer[:3].decode(), msgspec.json.decode(page.answer[3:])
    if status < "400":
        return say("成功", "yes") + f" ({status})"
    return f"{body.get('code', '')} ({status}): {body.get('detail', '')}"


def _leg(leg: Mapping[str, Any], exponent: int, say: _Sayer) -> str:
    unit, amount = leg["unit"], int(leg["amount"])
    is_money = (len(unit) == 3 and unit not in {"PTS", "CNT", "CPN"}) or unit == BONUS
    written = ("+" if amount > 0 else "") + format_minor(amount, exponent if is_money else 0)
    means = say(*ACCOUNTS.get(leg["account"].partition(":")[0], ("", "")))
    party = f" ({leg['party']})" if leg.get("party") else ""
    return f"    {leg['account']:<24}{written:>12} {unit:<6} {means}{party}".rstrip()


def _cloud(page: Page, how: Telling, say: _Sayer) -> str:
    if not how.has_cloud:
        return say("本店未接云端", "this shop has none")
    if page.sequence > how.acknowledged:
        before = page.sequence - how.acknowledged - 1
        return say(f"待上传，前面还有 {before} 条", f"waiting to send, {before} facts before it")
    outcome = how.outcomes.get(page.sequence)
    if outcome is None:
        return say("云端已确认：接受", "has it: accepted")
    word = say(*OUTCOMES.get(outcome.outcome, (outcome.outcome, outcome.outcome)))
    return say("云端已确认：", "has it: ") + f"{word}: {outcome.reason or ''}".rstrip(": ")
