"""Rules in words: what each does, to which goods, and within which limits."""

from collections.abc import Iterator

from edge.shop.bundle.bundle import AnyRule
from edge.shop.bundle.conditions_said import clause
from edge.shop.bundle.voice import WHICH, Voice, ordinal
from edge.shop.money import BASIS
from edge.shop.rules.amount_off import AmountOff
from edge.shop.rules.benefit import Benefit, Fixed, Less, Percent
from edge.shop.rules.buy_n_get_m import AddedGoods, BuyNGetM, NamedGoods
from edge.shop.rules.charge import BillShare, Charge
from edge.shop.rules.coupon import AddedGift, Coupon, FreeUnits
from edge.shop.rules.every_nth import EveryNth
from edge.shop.rules.fixed_price import FixedPrice
from edge.shop.rules.ladder import Ladder, Step
from edge.shop.rules.member_price import FixedPrice as MemberFixed
from edge.shop.rules.member_price import MemberPrice, PercentLess
from edge.shop.rules.percent_off import PercentOff
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.points_redeem import PointsRedeem
from edge.shop.rules.rule import Discount, Limit
from edge.shop.rules.set_price import SetPrice
from edge.shop.rules.spend_threshold import SpendThreshold
from edge.shop.rules.target import AllLines

PER = {
    "unit": ("每件", "each unit of "),
    "line": ("每行", "each line of "),
    "order": ("合计", "all together of "),
}
PRICED = {
    "unit": ("单价", "{goods} at a unit price of {price}"),
    "line": ("每行售价", "each line of {goods} for {price}"),
    "order": ("合计售价", "all together of {goods} for {price}"),
}
MEASURED = {
    "line": ("每行分别计", "each line by itself"),
    "product": ("每种商品分别计", "each product by itself"),
    "selection": ("合计", "counted together"),
    "order": ("按整单计", "counted over the whole order"),
}
SAME = {"product": ("同款", "of the same product "), "category": ("同类", "of the same category ")}
COUNTED = {
    "unit": ("每件", "per unit"),
    "line": ("每行", "per line"),
    "order": ("每单", "per order"),
    "member": ("每位会员", "per member"),
    "day": ("每天", "per day"),
    "member_day": ("每位会员每天", "per member and day"),
    "store": ("每店", "per store"),
    "total": ("总计", "in all"),
}
CHOSEN = {
    ("first", "order"): (
        "{group} 组只取最先生效的一项", "of group {group} only the first that applies counts"
    ),
    ("best_for_guest", "order"): (
        "{group} 组只取对顾客最优惠的一项", "of group {group} only the best for the guest counts"
    ),
    ("best_for_shop", "order"): (
        "{group} 组只取优惠最少的一项", "of group {group} only the least counts"
    ),
    ("first", "unit"): (
        "{group} 组每件只取最先生效的一项",
        "of group {group} only the first that applies counts for each unit",
    ),
    ("best_for_guest", "unit"): (
        "{group} 组每件只取对顾客最优惠的一项",
        "of group {group} only the best for the guest counts for each unit",
    ),
    ("best_for_shop", "unit"): (
        "{group} 组每件只取优惠最少的一项", "of group {group} only the least counts for each unit"
    ),
}  # fmt: skip
"""How a group chooses among its rules, by its mode and scope; one of mode `all` does not."""

EXCLUSIVE = {
    "group": ("与同组其他优惠互斥", "not together with others of its group"),
    "level": ("与同级优惠互斥", "not together with others of its level"),
    "after": ("其后不再有其他优惠", "nothing applies after it"),
    "everything": ("不与任何优惠同享", "not together with anything else"),
}


def sentence(rule: AnyRule, v: Voice) -> str:
    """Return a rule as one sentence that a merchant can check."""
    words = effect(rule, v)
    if rule.when:
        conditions = v.joined([clause(condition, v) for condition in rule.when])
        words += v.say(f"，条件：{conditions}", f", if {conditions}")
    for term in _terms(rule, v):
        words += v.say("；", "; ") + term
    return words + v.say("。", ".")


def effect(rule: AnyRule, v: Voice) -> str:
    """Return what a rule does to its goods."""
    goods = v.goods(rule.target)
    match rule:
        case MemberPrice() | PercentOff() | AmountOff() | FixedPrice():
            return _price(rule, goods, v)
        case BuyNGetM() | EveryNth() | SetPrice() | Ladder() | SpendThreshold():
            return _promotion(rule, goods, v)
        case Coupon():
            return _coupon(rule, goods, v)
        case Charge():
            return _charge(rule, goods, v)
        case PointsEarn() | PointsMultiplier() | PointsRedeem():
            return _points(rule, goods, v)


def _price(rule: MemberPrice | PercentOff | AmountOff | FixedPrice, goods: str, v: Voice) -> str:
    match rule:
        case MemberPrice(price=MemberFixed(amount=amount)):
            price = v.money(amount)
            return v.say(f"{goods}：会员价 {price}", f"{goods} at {price} each")
        case MemberPrice(price=PercentLess(basis_points=share)):
            off = v.share(share)
            return v.say(f"{goods}：会员价减 {off}", f"{off} off {goods}, as a price of its own")
        case PercentOff(basis_points=share, base=base):
            zh, en = ("（按原价）", ", of the list price") if base == "list" else ("", "")
            return v.say(f"{goods}：减 {v.share(share)}{zh}", f"{v.share(share)} off {goods}{en}")
        case AmountOff(amount=amount, per=per):
            zh, en = PER[per]
            return v.say(f"{goods}：{zh}减 {v.money(amount)}", f"{v.money(amount)} off {en}{goods}")
        case FixedPrice(amount=amount, per=per):
            zh, en = PRICED[per]
            return v.say(
                f"{goods}：{zh} {v.money(amount)}", en.format(goods=goods, price=v.money(amount))
            )
        case _:
            raise AssertionError("a member price is a price or a share")


def _promotion(
    rule: BuyNGetM | EveryNth | SetPrice | Ladder | SpendThreshold, goods: str, v: Voice
) -> str:
    match rule:
        case BuyNGetM():
            return _buy_get(rule, goods, v)
        case EveryNth(n=n, off=off):
            zh, en = SAME[rule.within] if rule.across == "vertical" else ("", "")
            return v.say(
                f"{goods}：{zh}每第 {n} 件{benefit(off, v)}",
                f"every {ordinal(n)} unit {en}of {goods} {benefit(off, v)}",
            )
        case SetPrice(components=components, off=off):
            parts = " + ".join([f"{part.count} × {v.goods(part.target)}" for part in components])
            return v.say(f"组合 {parts} {benefit(off, v)}", f"the set {parts} {benefit(off, v)}")
        case Ladder():
            return _ladder(rule, goods, v)
        case SpendThreshold():
            return _threshold(rule, goods, v)


def benefit(off: Benefit, v: Voice) -> str:
    """Return what a benefit does to a price."""
    match off:
        case Percent(basis_points=share) if share == BASIS:
            return v.say("免费", "free")
        case Percent(basis_points=share):
            return v.say(f"减 {v.share(share)}", f"{v.share(share)} off")
        case Less(amount=amount):
            return v.say(f"减 {v.money(amount)}", f"{v.money(amount)} off")
        case Fixed(amount=amount):
            return v.say(f"售价 {v.money(amount)}", f"for {v.money(amount)}")


def _each(off: Benefit, v: Voice) -> str:
    """Return what a benefit does to the price of each unit on its own."""
    match off:
        case Less(amount=amount):
            return v.say(f"每件减 {v.money(amount)}", f"{v.money(amount)} off each")
        case Fixed(amount=amount):
            return v.say(f"单价 {v.money(amount)}", f"for {v.money(amount)} each")
        case Percent():
            return benefit(off, v)


def _buy_get(rule: BuyNGetM, goods: str, v: Voice) -> str:
    buy, get, off = rule.buy, rule.get, _each(rule.off, v)
    match rule.reward:
        case AddedGoods(product=product):
            return v.say(
                f"{goods}：买 {buy} 件赠 {product} {get} 件",
                f"buy {buy} of {goods}, get {get} of {product} on top",
            )
        case NamedGoods(bought=bought, rewarded=rewarded):
            return v.say(
                f"买 {v.goods(bought)} {buy} 件，{v.goods(rewarded)} {get} 件{off}",
                f"buy {buy} of {v.goods(bought)}, get {get} of {v.goods(rewarded)} {off}",
            )
        case _:
            zh, en = WHICH[rule.which]
            return v.say(
                f"{goods}：买 {buy} 得 {buy + get}，{zh} {get} 件{off}",
                f"of every {buy + get} of {goods}, the {en} {get} {off}",
            )


def _ladder(rule: Ladder, goods: str, v: Voice) -> str:
    steps = [_step(rule, step, v) for step in rule.steps]
    zh, en = MEASURED[rule.over]
    return v.say(
        f"{goods}：阶梯优惠（{zh}）：{'，'.join(steps)}",
        f"the more the better, {goods}, {en}: {', '.join(steps)}",
    )


def _step(rule: Ladder, step: Step, v: Voice) -> str:
    """Return from where on a step counts, and for what: for all, or for what is beyond it."""
    gets = _each(step.off, v) if rule.per in {None, "unit"} else benefit(step.off, v)
    if rule.by == "money":
        reached = v.money(step.at_least)
        if rule.mode == "progressive":
            return v.say(f"超过 {reached} 的部分{gets}", f"{gets} what is above {reached}")
        return v.say(f"满 {reached} {gets}", f"from {reached}: {gets}")
    if rule.mode == "progressive":
        return v.say(
            f"第 {step.at_least} 件起{gets}", f"{gets} from the {ordinal(step.at_least)} on"
        )
    return v.say(f"数量满 {step.at_least} {gets}", f"from {step.at_least}: {gets}")


def _threshold(rule: SpendThreshold, goods: str, v: Voice) -> str:
    gets = [benefit(rule.off, v)] if rule.off else []
    gets += [
        v.say(f"赠 {g.product} {g.count} 件", f"{g.count} of {g.product} on top")
        for g in rule.gifts
    ]
    gets += [
        v.say(f"送券“{v.name(c.coupon)}”{c.count} 张", f"{c.count} coupons {v.name(c.coupon)}")
        for c in rule.coupons
    ]
    spend = v.money(rule.amount)
    return v.say(
        f"{goods}：{'每' if rule.every else ''}满 {spend} {'、'.join(gets)}",
        f"{'every' if rule.every else 'spending'} {spend} on {goods} gets {', '.join(gets)}",
    )


def _coupon(rule: Coupon, goods: str, v: Voice) -> str:
    match rule.get:
        case FreeUnits(count=count, which=which):
            zh, en = WHICH[which]
            gets = v.say(f"{zh} {count} 件免费", f"the {en} {count} free")
        case AddedGift(product=product, count=count):
            gets = v.say(f"赠 {product} {count} 件", f"{count} of {product} on top")
        case off:
            gets = benefit(off, v)
    return v.say(f"凭券，{goods}：{gets}", f"with a coupon, on {goods}: {gets}")


def _charge(rule: Charge, goods: str, v: Voice) -> str:
    words = v.say(f"加收 {_charged(rule.amount, v)}", f"charges {_charged(rule.amount, v)}")
    if rule.per == "unit":
        words += v.say(f"，按件：{goods}", f" for each unit of {goods}")
    elif rule.target != AllLines():
        words += v.say(f"，购有 {goods} 时", f" where {goods} is bought")
    for step in rule.steps:
        reached = v.money(step.at_least)
        amount = _charged(step.amount, v) if step.amount else v.say("免收", "nothing")
        words += v.say(f"，满 {reached}：{amount}", f", {amount} from {reached} on")
    return words


def _charged(amount: int | BillShare, v: Voice) -> str:
    if isinstance(amount, int):
        return v.money(amount)
    share = v.share(amount.basis_points)
    words = v.say(f"应付金额的 {share}", f"{share} of the bill")
    if amount.minimum:
        least = v.money(amount.minimum)
        words += v.say(f"（至少 {least}）", f" (at least {least})")
    if amount.maximum is not None:
        most = v.money(amount.maximum)
        words += v.say(f"（至多 {most}）", f" (at most {most})")
    return words


def _points(rule: PointsEarn | PointsMultiplier | PointsRedeem, goods: str, v: Voice) -> str:
    match rule:
        case PointsRedeem(points=points, amount=amount, cap=cap, minimum=least):
            most = v.say(f"，至多抵 {v.share(cap)}", f", at most {v.share(cap)} of the bill")
            from_on = v.say(f"，{least} 分起", f", from {least} points on")
            words = v.say(
                f"{points} 积分抵 {v.money(amount)}：{goods}",
                f"{points} points pay {v.money(amount)} of {goods}",
            )
            return words + from_on * (least > 1) + most * (cap < BASIS)
        case PointsMultiplier(factor=factor, rules=rules):
            named = v.say(f"（{v.named(rules)}）", f" of {v.named(rules)}") if rules else ""
            times = _times(factor)
            return v.say(
                f"{goods}：积分{named} {times} 倍", f"points{named} on {goods} times {times}"
            )
        case PointsEarn():
            return _earns(rule, goods, v)


def _earns(rule: PointsEarn, goods: str, v: Voice) -> str:
    points = rule.points
    if rule.of == "visit":
        words = v.say(f"{goods}：每次消费积 {points} 分", f"{points} points for buying {goods}")
    else:
        money = rule.of == "money"
        buy = "消费" if money else "买"
        per = v.money(rule.per) if money else v.say(f"{rule.per} 件", f"{rule.per} units")
        words = v.say(
            f"{goods}：每{buy} {per} 积 {points} 分", f"{points} points for each {per} of {goods}"
        )
    for tier, factor in sorted(rule.multipliers.items()):
        words += v.say(
            f"，{v.name(tier)} {_times(factor)} 倍", f", times {_times(factor)} for {v.name(tier)}"
        )
    if rule.minimum:
        words += v.say(f"，满 {v.money(rule.minimum)} 起", f", from {v.money(rule.minimum)} on")
    if rule.cap is not None:
        words += v.say(f"，每单至多 {rule.cap} 分", f", at most {rule.cap} points")
    return words


def _times(basis_points: int) -> str:
    whole, part = divmod(basis_points, BASIS)
    return f"{whole}.{part:04}".rstrip("0").rstrip(".")


# --- within which limits --------------------------------------------------------------------------


def _terms(rule: AnyRule, v: Voice) -> Iterator[str]:
    if not isinstance(rule, Discount):
        return
    if isinstance(rule, Coupon):
        yield from _life(rule, v)
    if rule.spare_reduced:
        yield v.say("已特价商品除外", "not on goods already reduced")
    for limit in rule.limits:
        yield _limit(limit, v)
    if rule.group in v.groups and v.groups[rule.group] in CHOSEN:
        zh, en = CHOSEN[v.groups[rule.group]]
        yield v.say(zh, en).format(group=rule.group)
    if rule.exclusive != "no":
        yield v.say(*EXCLUSIVE[rule.exclusive])
    for part in rule.funding:
        share = v.share(part.share)
        yield v.say(f"{part.party} 承担 {share}", f"{part.party} bears {share}")


def _life(coupon: Coupon, v: Voice) -> Iterator[str]:
    """Yield how long a coupon lives, and who may use it."""
    if coupon.uses > 1:
        yield v.say(f"每张可用 {coupon.uses} 次", f"good for {coupon.uses} uses")
    if coupon.valid_days is not None:
        days = coupon.valid_days
        yield v.say(f"发放后 {days} 天内有效", f"valid for {days} days after it is given")
    if coupon.valid_until:
        yield v.say(f"{coupon.valid_until} 前（含）有效", f"valid until {coupon.valid_until}")
    if coupon.transferable:
        yield v.say("可转赠", "may be given away")


def _limit(limit: Limit, v: Voice) -> str:
    zh, en = COUNTED[limit.per]
    if limit.of == "amount":
        return v.say(f"{zh}最多优惠 {v.money(limit.max)}", f"at most {v.money(limit.max)} {en}")
    if limit.of == "units":
        return v.say(f"{zh}最多 {limit.max} 件", f"at most {limit.max} units {en}")
    return v.say(f"{zh}最多 {limit.max} 次", f"at most {limit.max} times {en}")
