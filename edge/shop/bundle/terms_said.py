"""The terms of the counter in words: value, returns, what goes offline, watches and notices."""

from collections.abc import Iterator

from edge.shop.accounts.fraud import Watch
from edge.shop.accounts.limits import Kind, OfflineLimits, SpendLimits
from edge.shop.accounts.notices import Notice
from edge.shop.accounts.value import ValuePolicy
from edge.shop.bundle.programme import Programme
from edge.shop.bundle.returns import Returns
from edge.shop.bundle.voice import Voice

Row = tuple[str, str, str]
"""An id, a name and what it says."""

ORDERS = {
    "proportional": ("按比例先后使用", "spent in proportion"),
    "bonus_first": ("先用赠送金额", "bonus is spent first"),
    "principal_first": ("先用本金", "principal is spent first"),
}
POLICIES = {
    "unit_net": ("按分摊到每件的实付退款", "what was allocated to each unit is paid back"),
    "reprice_kept": (
        "按留下商品重新计价退款",
        "the price of what is kept is kept",
    ),
    "bundle_only": ("一起优惠的商品须一起退", "what was discounted together comes back together"),
}
SUBJECTS = {
    "member": ("每位会员", "a member"),
    "terminal": ("每台终端", "a terminal"),
    "store": ("每家门店", "a store"),
}
WATCHED = {
    "velocity": ("操作过于频繁", "too many operations"),
    "ratio": ("占销售比例过高", "too large a share of the sales"),
    "own_card": ("收银员在顾客消费上用自己的会员", "a cashier's own member on strangers' sales"),
    "ticket_splitting": ("一单拆成多单", "one purchase cut into several"),
    "refund_to_stored_value": ("退款到储值卡", "a refund to stored value that did not pay"),
    "refund_without_sale": ("无原单退款", "a refund without its sale"),
    "late_credit": ("过期补积分", "points for a sale that is too old"),
}
"""What each kind of watch looks for."""
ACTIONS = {
    "approve": ("须主管授权", "needs a manager"),
    "refuse": ("拒绝", "refused"),
    "flag": ("标记待查", "flagged"),
}
KINDS: dict[Kind, tuple[str, str]] = {
    "value": ("储值", "stored value"),
    "points": ("积分", "points"),
    "uses": ("次卡", "uses of count cards"),
}


def value(policy: ValuePolicy, v: Voice) -> Iterator[Row]:
    """Yield the terms of stored value, if any are declared."""
    if policy == ValuePolicy():
        return
    said = [v.say(*ORDERS[policy.spend_order])]
    if policy.balance_max_named is not None:
        most = v.money(policy.balance_max_named)
        said.append(v.say(f"余额不超过 {most}", f"at most {most} on one account"))
    if policy.bonus_days:
        days = policy.bonus_days
        said.append(v.say(f"赠送金额 {days} 天内有效", f"bonus is good for {days} days"))
    yield "value", v.say(*KINDS["value"]), v.say("；", "; ").join(said)


def returns(terms: Returns, v: Voice) -> Iterator[Row]:
    """Yield how goods come back, if that is declared."""
    if terms == Returns():
        return
    said = [v.say(*POLICIES[terms.policy])]
    if terms.window_days is not None:
        days = terms.window_days
        late = terms.after_window == "approval"
        after = v.say("，之后须主管授权", ", then a manager approves") if late else ""
        said.append(v.say(f"{days} 天内可退", f"within {days} days") + after)
    if terms.gift_kept == "keep":
        said.append(v.say("赠品可留下", "gifts may be kept"))
    yield "returns", v.say("退货", "returns"), v.say("；", "; ").join(said)


def limits(terms: OfflineLimits, v: Voice) -> Iterator[Row]:
    """Yield what may be spent while the cloud cannot be asked, kind by kind."""
    for kind, names in KINDS.items():
        said = list(_bounds(kind, terms.on(kind), v))
        if said:
            yield kind, v.say(*names), v.say("；", "; ").join(said)


def _bounds(kind: Kind, terms: SpendLimits, v: Voice) -> Iterator[str]:
    def amount(count: int) -> str:
        return v.money(count) if kind == "value" else str(count)

    if terms.single_max is not None:
        most = amount(terms.single_max)
        yield v.say(f"单笔不超过 {most}", f"at most {most} at once")
    for cap in terms.caps:
        who_zh, who_en = SUBJECTS[cap.per]
        most = amount(cap.max) if cap.of == "amount" else v.say(f"{cap.max} 笔", f"{cap.max} times")
        yield v.say(f"{who_zh}离线不超过 {most}", f"at most {most} by {who_en} offline")
    if terms.data_age_hours_max is not None:
        hours = terms.data_age_hours_max
        yield v.say(f"数据不超过 {hours} 小时", f"on data of at most {hours} hours")
    if terms.overdraft_max:
        beyond = amount(terms.overdraft_max)
        yield v.say(f"主管可再担保 {beyond}", f"a manager may answer for {beyond} more")


def watches(programme: Programme, v: Voice) -> Iterator[Row]:
    """Yield what is watched at the tills, and what comes of it."""
    for watch in programme.fraud.watches:
        yield watch.id, watch.id, _watch(watch, v)


def _watch(watch: Watch, v: Voice) -> str:
    kind = v.say(*WATCHED[str(type(watch).__struct_config__.tag)])
    minutes = getattr(watch, "minutes", 0)
    within = v.say(f"，{minutes} 分钟内", f" within {minutes} minutes") if minutes else ""
    return kind + within + v.say("：", ": ") + v.say(*ACTIONS[watch.action])


def notices(programme: Programme, v: Voice) -> Iterator[Row]:
    """Yield what members are told."""
    for notice in programme.notices.notices:
        yield notice.id, notice.id, _notice(notice, v)


def _notice(notice: Notice, v: Voice) -> str:
    text = v.say(f"“{notice.text_zh}”", f'"{notice.text_en}"')
    if notice.times:
        text += v.say(f"，每人 {notice.times} 次", f", {notice.times} times a member")
    if notice.until:
        text += v.say(f"，至 {notice.until}", f", until {notice.until}")
    return text
