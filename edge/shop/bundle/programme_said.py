"""The programme in words: what members can hold, and on which terms, section by section."""

from collections.abc import Iterator

from edge.shop.accounts.card_products import CardProduct
from edge.shop.accounts.counts import CountPlan
from edge.shop.accounts.draws import Draw
from edge.shop.accounts.enrolment import Enrolment
from edge.shop.accounts.exchange import Coupon, Goods, Offer, Service, Uses
from edge.shop.accounts.expiry import Activity, Days, EndOfMonth, EndOfYear, Expiry, Never
from edge.shop.accounts.growth import GrowthPolicy
from edge.shop.accounts.points_policy import PointsPolicy, Reinstate
from edge.shop.accounts.referral import Referral
from edge.shop.accounts.rewards import Reward
from edge.shop.accounts.tiers import Step, TiersPolicy
from edge.shop.accounts.top_up import TopUpOffer
from edge.shop.bundle import terms_said
from edge.shop.bundle.commission import Commission
from edge.shop.bundle.programme import Programme
from edge.shop.bundle.voice import Voice

MEASURES = {
    "amount": ("消费满 {}", "{} spent"),
    "visits": ("消费满 {} 次", "{} visits"),
    "points_earned": ("积分满 {}", "{} points earned"),
    "top_ups": ("充值满 {}", "{} topped up"),
}
BOTH = ("消费与充值满 {}", "{} spent or topped up")
"""Where an amount counts stored value when it is topped up, not when it is spent."""
PERIODS = {"month": ("每月", "each month"), "quarter": ("每季度", "each quarter"),
           "year": ("每年", "each year")}  # fmt: skip
WORKS = {
    "sales": ("销售额", "sales"),
    "top_ups": ("充值额", "top-ups"),
    "card_sales": ("售卡额", "card sales"),
    "enrolments": ("入会", "enrolments"),
}

Part = tuple[str, tuple[tuple[str, str, str], ...]]
"""A section's title, and what stands in it: an id, a name and what it says."""


def parts(programme: Programme, v: Voice) -> Iterator[Part]:
    """Yield what a programme offers, section by section; what is not declared is left out."""
    offers = [(o.id, v.say(o.name_zh, o.name_en), _top_up(o, v)) for o in programme.top_up.offers]
    plans = [(p.id, v.name(p.id), _plan(p, v)) for p in programme.plans]
    cards = [(c.id, v.name(c.id), _card(c, v)) for c in programme.card_products]
    policy = programme.tiers_policy
    tiers = [(step.tier, v.name(step.tier), _tier(policy, step, v)) for step in policy.steps]
    swaps = [(o.id, v.say(o.name_zh, o.name_en), _offer(o, v)) for o in programme.exchange.offers]
    draws = [(d.id, v.say(d.name_zh, d.name_en), _draw(d, v)) for d in programme.draws]
    pay = [(c.of, v.say(*WORKS[c.of]), _commission(c, v)) for c in programme.commissions]
    for zh, en, rows in (
        ("充值", "topping up", offers),
        ("次卡", "count cards", plans),
        ("售卡", "cards on sale", cards),
        ("会员等级", "tiers", tiers),
        ("会员", "members", list(_members(programme, v))),
        ("积分", "points", list(_points(programme, v))),
        ("积分兑换与抽奖", "exchange and draws", [*swaps, *draws]),
        ("提成", "commission", pay),
        ("储值", "stored value", list(terms_said.value(programme.value, v))),
        ("退货", "returns", list(terms_said.returns(programme.returns, v))),
        ("离线额度", "limits", list(terms_said.limits(programme.limits, v))),
        ("风控", "watches", list(terms_said.watches(programme, v))),
        ("通知", "notices", list(terms_said.notices(programme, v))),
    ):
        if rows:
            yield v.say(zh, en), tuple(rows)


def reward(given: Reward, v: Voice) -> str:
    """Return what a reward gives, "" for nothing."""
    gets = [v.say(f"{given.points} 积分", f"{given.points} points")] if given.points else []
    for kind, count in given.coupons.items():
        gets.append(v.say(f"“{v.name(kind)}”{count} 张", f"{count} x {v.name(kind)}"))
    for counts in given.counts:
        name = v.name(counts.plan)
        gets.append(v.say(f"“{name}”{counts.uses} 次", f"{counts.uses} uses of {name}"))
    return v.say("、", " and ").join(gets)


# --- prepaid --------------------------------------------------------------------------------------


def _top_up(offer: TopUpOffer, v: Voice) -> str:
    steps = []
    for step in offer.steps:
        gets = [v.money(step.bonus)] if step.bonus else []
        gets += [v.say(f"充值额的 {v.share(step.share)}", f"{v.share(step.share)} of it")] * bool(
            step.share
        )
        gets += [reward(step.reward, v)] if step.reward else []
        reached = v.money(step.at_least)
        every = v.say("每" * offer.every, "every " * offer.every)
        got = v.say("、", " and ").join(gets)
        steps.append(v.say(f"{every}满 {reached} 送 {got}", f"{every}{reached} gets {got} on top"))
    return _sentence(steps, v)


def _plan(plan: CountPlan, v: Voice) -> str:
    goods, price, alone = v.either(plan.products), v.money(plan.price), v.money(plan.list_price)
    return _sentence(
        [
            v.say(
                f"{plan.uses} 次 {price}，单次 {alone}",
                f"{plan.uses} uses for {price}, where one costs {alone}",
            ),
            v.say(f"用于 {goods}", f"for {goods}"),
            _good_for(plan.valid_days, v),
            *_good_again(plan, v),
        ],
        v,
    )


def _good_again(plan: CountPlan, v: Voice) -> Iterator[str]:
    if isinstance(plan.on_expired_return, Reinstate):
        days = plan.on_expired_return.days
        yield v.say(
            f"过期后退回的次数再有效 {days} 天",
            f"a use that comes back after that is good for {days} days again",
        )


def _card(card: CardProduct, v: Voice) -> str:
    terms = [
        v.say(
            f"面值 {v.money(card.face)}，售价 {v.money(card.price)}",
            f"worth {v.money(card.face)} for {v.money(card.price)}",
        ),
        v.say("记名", "with a name") if card.named else v.say("不记名", "without a name"),
        _good_for(card.valid_days, v),
    ]
    if card.tier:
        terms.append(v.say(f"即为{v.name(card.tier)}", f"makes {v.name(card.tier)}"))
    if card.reward:
        terms.append(v.say(f"赠 {reward(card.reward, v)}", f"with {reward(card.reward, v)}"))
    return _sentence(terms, v)


# --- members --------------------------------------------------------------------------------------


def _tier(policy: TiersPolicy, step: Step, v: Voice) -> str:
    terms, months = [], policy.window_months
    if step.reach is not None:
        reached, kept = (_measured(policy, n, v) for n in (step.reach, step.keep))
        terms.append(v.say(f"{months} 个月内{reached} 升级", f"from {reached} in {months} months"))
        if step.keep is not None:
            terms.append(v.say(f"{kept} 保级", f"kept with {kept}"))
    if step.fee is not None:
        fee, term = v.money(step.fee), step.term_months
        terms.append(v.say(f"可付 {fee} 购买 {term} 个月", f"{term} months of it cost {fee}"))
    if step.grant:
        zh, en = PERIODS[policy.grant_period]
        gets = reward(step.grant, v)
        terms.append(v.say(f"{zh}赠 {gets}", f"{gets} {en}"))
    return _sentence(terms, v)


def _measured(policy: TiersPolicy, amount: int | None, v: Voice) -> str:
    money = policy.measure in {"amount", "top_ups"}
    said = v.money(amount or 0) if money else str(amount)
    both = policy.measure == "amount" and policy.stored_value == "top_ups"
    return v.say(*(BOTH if both else MEASURES[policy.measure])).format(said)


def _members(programme: Programme, v: Voice) -> Iterator[tuple[str, str, str]]:
    if programme.enrolment != Enrolment():
        yield "enrolment", v.say("入会", "becoming a member"), _enrolment(programme.enrolment, v)
    if programme.referral != Referral():
        yield "referral", v.say("推荐有礼", "bringing a friend"), _referral(programme.referral, v)


def _enrolment(terms: Enrolment, v: Voice) -> str:
    ways = []
    if terms.once:
        ways.append(v.say(f"单笔满 {v.money(terms.once)}", f"one receipt of {v.money(terms.once)}"))
    if terms.accumulated:
        least, days = v.money(terms.accumulated), terms.window_days
        within = v.say(f"{days} 天内", f" in {days} days") if days else ""
        ways.append(v.say(f"{within}累计满 {least}", f"receipts of {least}{within}"))
    if terms.partners:
        names = v.either(terms.partners)
        ways.append(v.say(f"{names} 的会员", f"the card of {names}"))
    if terms.groups:
        names = v.either(terms.groups)
        ways.append(v.say(f"{names} 名单内人员", f"a name on the list of {names}"))
    said = [v.say("，或 ", " or ").join(ways) or v.say("人人可入会", "open to everybody")]
    if terms.adults_only:
        said.append(v.say("限成年人", "adults only"))
    if terms.consents:
        names = v.either(terms.consents)
        said.append(v.say(f"须同意 {names}", f"consent to {names}"))
    if terms.welcome:
        gets = reward(terms.welcome, v)
        said.append(v.say(f"入会礼 {gets}", f"welcomed with {gets}"))
    return _sentence(said, v)


def _referral(terms: Referral, v: Voice) -> str:
    least, days = v.money(terms.minimum), terms.within_days
    within = v.say(f"入会 {days} 天内", f" within {days} days") if days else ""
    said = [
        v.say(
            f"新会员{within}首次消费满 {least}",
            f"the new member's first purchase from {least} on{within}",
        )
    ]
    for zh, en, given in (
        ("推荐人得 {}", "who brought them gets {}", terms.introducer),
        ("新会员得 {}", "the new member gets {}", terms.introduced),
    ):
        if given:
            said.append(v.say(zh, en).format(reward(given, v)))
    return _sentence(said, v)


# --- points ---------------------------------------------------------------------------------------


def _points(programme: Programme, v: Voice) -> Iterator[tuple[str, str, str]]:
    policy, growth = programme.points, programme.growth
    if policy != PointsPolicy():
        yield "life", v.say("积分有效期", "how long they live"), _life(policy, v)
    if growth != GrowthPolicy():
        yield "growth", v.say("积分增值", "points growth"), _growth(growth, v)
    for partner, rate in policy.partners.items():
        amount, points = v.money(rate.amount), rate.points
        words = v.say(f"每 {points} 积分结算 {amount}", f"settles {amount} for {points} points")
        yield partner, v.say("异业联盟", "alliance"), _sentence([words], v)


def _life(policy: PointsPolicy, v: Voice) -> str:
    said = [_expires(policy.expiry, v)]
    if days := policy.pending_days:
        said.insert(0, v.say(f"{days} 天后生效", f"to be spent after {days} days"))
    return _sentence(said, v)


def _growth(terms: GrowthPolicy, v: Voice) -> str:
    zh, en = PERIODS[terms.period]
    said = [v.say(f"{zh}增值 {v.share(terms.rate)}", f"{v.share(terms.rate)} {en}")]
    if terms.cap is not None:
        said.append(v.say(f"每期至多 {terms.cap} 分", f"at most {terms.cap} points"))
    return _sentence([*said, _expires(terms.expiry, v)], v)


def _expires(expiry: Expiry, v: Voice) -> str:
    match expiry:
        case Never():
            return v.say("长期有效", "good for ever")
        case Days(days=days):
            return v.say(f"生效后 {days} 天内有效", f"good for {days} days")
        case EndOfMonth(months=months):
            zh, en = (f"{months} 个月后的", f", {months} later") if months else ("当月", "")
            return v.say(f"{zh}月底到期", f"good until the end of the month{en}")
        case EndOfYear(years=years):
            zh, en = (f"{years} 年后的", f", {years} later") if years else ("当年", "")
            return v.say(f"{zh}年底到期", f"good until the end of the year{en}")
        case Activity(days=days):
            return v.say(f"{days} 天未变动则清零", f"gone after {days} days without a movement")


def _offer(offer: Offer, v: Voice) -> str:
    match offer.gives:
        case Goods(product=what) | Service(name=what):
            pass
        case Coupon(coupon=coupon):
            what = v.name(coupon)
        case Uses(plan=plan, uses=uses):
            what = v.say(f"“{v.name(plan)}”{uses} 次", f"{uses} uses of {v.name(plan)}")
    cash = v.say(f" 加 {v.money(offer.cash)}", f" and {v.money(offer.cash)}") if offer.cash else ""
    said = [
        v.say(f"{offer.points} 积分{cash} 换 {what}", f"{offer.points} points{cash} for {what}")
    ]
    if offer.tiers:
        said.append(v.say(f"限{v.named(offer.tiers)}", f"for {v.named(offer.tiers)}"))
    if offer.start or offer.until:
        said.append(v.say(f"{offer.start} 至 {offer.until}", f"{offer.start} to {offer.until}"))
    return _sentence(said, v)


def _draw(draw: Draw, v: Voice) -> str:
    said = [v.say(f"每次 {draw.points} 积分", f"{draw.points} points a ticket")]
    for prize in draw.prizes:
        name, odds = v.say(prize.name_zh, prize.name_en), f"{prize.outcomes}/{draw.tickets}"
        said.append(
            v.say(f"{name} {odds}，共 {prize.budget} 份", f"{name} {odds}, {prize.budget} in all")
        )
    return _sentence(said, v)


def _commission(commission: Commission, v: Voice) -> str:
    said = []
    for grade in commission.grades:
        gets = [v.share(grade.basis_points)] if grade.basis_points else []
        gets += [v.say(f"每笔 {v.money(grade.each)}", f"{v.money(grade.each)} each")] * bool(
            grade.each
        )
        money = commission.of != "enrolments"
        people = v.say(f"{grade.at_least} 人", f"{grade.at_least} people")
        reached = v.money(grade.at_least) if money else people
        since = v.say(f"满 {reached} ", f"from {reached}: ") if grade.at_least else ""
        said.append(since + v.say("加", " and ").join(gets))
    return _sentence(said, v)


def _good_for(days: int, v: Voice) -> str:
    if not days:
        return v.say("长期有效", "good for ever")
    return v.say(f"{days} 天内有效", f"good for {days} days")


def _sentence(terms: list[str], v: Voice) -> str:
    return v.say("；", "; ").join(terms) + v.say("。", ".")
