"""The membership programme: the terms of every account, as the merchant declares them.

One section for each kind of account; its type and what it means live in `edge/shop/accounts`.
"""

import msgspec

from edge.shop.accounts.card_products import CardProduct
from edge.shop.accounts.cards import CardService
from edge.shop.accounts.counts import CountPlan
from edge.shop.accounts.draws import Draw
from edge.shop.accounts.enrolment import Enrolment
from edge.shop.accounts.exchange import Exchange
from edge.shop.accounts.feedback import FeedbackTerms
from edge.shop.accounts.fraud import FraudRules
from edge.shop.accounts.growth import GrowthPolicy
from edge.shop.accounts.limits import OfflineLimits
from edge.shop.accounts.notices import NoticePolicy
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.accounts.referral import Referral
from edge.shop.accounts.tiers import TiersPolicy
from edge.shop.accounts.top_up import TopUpTerms
from edge.shop.accounts.value import ValuePolicy
from edge.shop.bundle.commission import Commission
from edge.shop.bundle.returns import Returns
from edge.shop.rules.target import Name


class Programme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of a programme. Every section has defaults, so that {} is a programme."""

    issuer: Name = "hq"
    """The party that owes members their points and stored value."""
    points: PointsPolicy = PointsPolicy()
    """How points become active, expire, are owed and are settled with partners."""
    growth: GrowthPolicy = GrowthPolicy()
    """What points earn by being kept."""
    value: ValuePolicy = ValuePolicy()
    """Stored value: limits, the order in which it is spent, and when bonus expires."""
    top_up: TopUpTerms = TopUpTerms()
    """What is given on top of what a guest pays in, and how that is undone."""
    plans: tuple[CountPlan, ...] = ()
    """The count cards there are."""
    card_products: tuple[CardProduct, ...] = ()
    """What is sold as a card."""
    returns: Returns = Returns()
    """How goods come back."""
    tiers_policy: TiersPolicy = TiersPolicy()
    """How the bundle's tiers are reached, kept, bought and lost, and what they grant."""
    enrolment: Enrolment = Enrolment()
    """Who may become a member, and what they are welcomed with."""
    cards: CardService = CardService()
    """What may be done with cards, and by whom."""
    exchange: Exchange = Exchange()
    """What can be had for points."""
    referral: Referral = Referral()
    """What it is worth to bring somebody."""
    draws: tuple[Draw, ...] = ()
    """Prize draws: their odds and budgets."""
    commissions: tuple[Commission, ...] = ()
    """What sellers get for what they sell."""
    limits: OfflineLimits = OfflineLimits()
    """What members may spend while the cloud cannot be asked."""
    fraud: FraudRules = FraudRules()
    """What is watched at the tills."""
    notices: NoticePolicy = NoticePolicy()
    """What members are told, where and how often."""
    feedback: FeedbackTerms = FeedbackTerms()
    """What guests may be asked for at the counter."""
