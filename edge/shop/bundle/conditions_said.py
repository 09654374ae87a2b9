"""Conditions in words: each as a clause that follows "if"."""

from edge.shop.bundle.voice import Voice, ordinal
from edge.shop.rules.conditions import (
    All,
    AnyCondition,
    AnyOf,
    AtLeast,
    Birthday,
    CountAtLeast,
    Dates,
    Daypart,
    DaysOfMonth,
    FirstPurchase,
    HasGoods,
    HasTag,
    HasTier,
    Holiday,
    InRegion,
    InStore,
    IsAdult,
    IsMember,
    MemberDay,
    Not,
    NthPurchase,
    OfPartner,
    OnChannel,
    OnTerminal,
    Weekdays,
)
from edge.shop.rules.conditions.dates import day_names, member_days, weekday_names

BASES = {
    "list": ("按原价", "at list prices"),
    "after_lines": ("按单品优惠后", "after line promotions"),
    "payable": ("按届时应付", "as payable by then"),
}
SPANS = {
    "day": ("生日当天", "on their birthday"),
    "week": ("生日所在周", "in the week of their birthday"),
    "month": ("生日所在月", "in the month of their birthday"),
}
CHANNELS = {
    "till": ("收银台", "till"),
    "counter": ("柜台", "counter"),
    "delivery": ("外送", "delivery"),
    "pickup": ("自提", "pickup"),
}


def clause(condition: AnyCondition, v: Voice) -> str:
    """Return a condition as a clause."""
    match condition:
        case All(of=parts):
            return _inside(v.joined([clause(part, v) for part in parts]), len(parts))
        case AnyOf(of=parts):
            words = v.say("，或", " or ").join([clause(part, v) for part in parts])
            return _inside(words, len(parts))
        case Not(of=part):
            return v.say(f"并非：{clause(part, v)}", f"not: {clause(part, v)}")
        case AtLeast() | CountAtLeast() | HasGoods():
            return _bought(condition, v)
        case Dates() | Weekdays() | Daypart() | DaysOfMonth() | Holiday():
            return _time(condition, v)
        case OnTerminal() | InStore() | InRegion() | OnChannel():
            return _place(condition, v)
        case _:
            return _guest(condition, v)


def _inside(words: str, parts: int) -> str:
    return f"({words})" if parts > 1 else words


def _bought(condition: AtLeast | CountAtLeast | HasGoods, v: Voice) -> str:
    match condition:
        case HasGoods(target=target, count=count):
            goods = v.goods(target)
            return v.say(f"另有 {goods} 满 {count} 件", f"{count} of {goods} are bought as well")
        case CountAtLeast(count=count):
            return v.say(
                f"{_over(condition, v)}满 {count} 件",
                f"{_over(condition, v)} has at least {count} units",
            )
        case AtLeast(amount=amount, base=base, strict=strict):
            zh, en = BASES[base]
            more = v.say("超过", "more than") if strict else v.say("满", "at least")
            return v.say(
                f"{_over(condition, v)}{zh}{more} {v.money(amount)}",
                f"{_over(condition, v)} comes to {more} {v.money(amount)} {en}",
            )


def _over(condition: AtLeast | CountAtLeast, v: Voice) -> str:
    if condition.over == "order":
        return v.say("整单", "the order")
    return v.say("所涉商品", "what the rule is about")


def _time(condition: Dates | Weekdays | Daypart | DaysOfMonth | Holiday, v: Voice) -> str:
    match condition:
        case Dates(start=start, until=until):
            return v.say(f"{start} 至 {until}", f"it is {start} to {until}")
        case Daypart(start=start, until=until):
            return v.say(f"{start} 至 {until} 之间", f"it is between {start} and {until}")
        case Weekdays(days=days):
            zh, en = weekday_names(days)
            return v.say(f"逢{zh}", f"it is {en}")
        case DaysOfMonth(days=days):
            zh, en = day_names(days)
            return v.say(f"每月{zh}", f"the day of the month is {en}")
        case Holiday(any_of=names):
            return v.say(f"逢节日 {v.either(names)}", f"it is {v.either(names)}")


def _place(condition: OnTerminal | InStore | InRegion | OnChannel, v: Voice) -> str:
    match condition:
        case OnTerminal(kinds=kinds):
            return v.say(f"终端为 {v.either(kinds)}", f"the terminal is {v.either(kinds)}")
        case InStore(any_of=names):
            return v.say(f"门店为 {v.either(names)}", f"the store is {v.either(names)}")
        case InRegion(any_of=names):
            return v.say(f"地区为 {v.either(names)}", f"the region is {v.either(names)}")
        case OnChannel(any_of=channels):
            words = v.either([v.say(*CHANNELS[channel]) for channel in channels])
            return v.say(f"取货方式为{words}", f"the goods go by {words}")


def _guest(
    condition: IsMember | HasTier | HasTag | OfPartner | IsAdult | FirstPurchase | NthPurchase
    | MemberDay | Birthday,
    v: Voice,
) -> str:  # fmt: skip
    match condition:
        case IsMember():
            return v.say("顾客是会员", "a member buys")
        case HasTier(any_of=tiers):
            return v.say(f"会员等级为{v.named(tiers)}", f"a member of tier {v.named(tiers)} buys")
        case HasTag(any_of=tags):
            return v.say(f"会员客群为 {v.either(tags)}", f"a member tagged {v.either(tags)} buys")
        case OfPartner(any_of=names):
            return v.say(f"是 {v.either(names)} 的会员", f"a member of {v.either(names)} buys")
        case IsAdult():
            return v.say("会员已成年", "an adult member buys")
        case FirstPurchase():
            return v.say("会员首次消费", "a member buys for the first time")
        case NthPurchase(nth=nth, every=every):
            if every:
                return v.say(f"会员每第 {nth} 次消费", f"it is every {ordinal(nth)} purchase")
            return v.say(f"会员第 {nth} 次消费", f"it is a member's {ordinal(nth)} purchase")
        case MemberDay():
            zh, en = member_days(condition)
            return v.say(f"会员日（{zh}）", f"a member buys on member day ({en})")
        case Birthday():
            return _birthday(condition, v)


def _birthday(condition: Birthday, v: Voice) -> str:
    words = v.say(*SPANS[condition.within])
    zh = f"及其前 {condition.before} 天" * bool(condition.before)
    zh += f"及其后 {condition.after} 天" * bool(condition.after)
    en = f" or up to {condition.before} days before" * bool(condition.before)
    en += f" or up to {condition.after} days after" * bool(condition.after)
    return v.say(f"会员{words}{zh}", f"a member buys {words}{en}")
