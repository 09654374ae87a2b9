"""price(): a pure function from a basket, the rules and the moment to a quote.

Rules are compiled once per bundle into an index, so that the cost of a price depends on the rules
that could matter to a basket and not on how many there are.

A bundle's stages run by number, and in a stage every candidate has its turn: `judging` says what
happens at a turn, `following` how groups choose, `limiting` what caps and budgets do. Then
charges are added (`charging`), points pay (`redeeming`), and points are earned (`earning`).
"""

from edge.shop.calendar import Moment, moment
from edge.shop.pricing.asked import Asked, Catalogue, PointsAsked
from edge.shop.pricing.compiled import RuleSet, compile_rules
from edge.shop.pricing.explain import explain
from edge.shop.pricing.naming import NAMED, Names, names
from edge.shop.pricing.quoting import check, price
from edge.shop.pricing.total import taxes

__all__ = [
    "NAMED",
    "Asked",
    "Catalogue",
    "Moment",
    "Names",
    "PointsAsked",
    "RuleSet",
    "check",
    "compile_rules",
    "explain",
    "moment",
    "names",
    "price",
    "taxes",
]
