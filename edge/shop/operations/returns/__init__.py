"""Returns: any part of a sale may come back, and all parts together take back exactly the sale."""

from edge.shop.operations.returns.giving_back import give_back
from edge.shop.operations.returns.terms import ReturnAsked, Terms
from edge.shop.operations.returns.units import Back, left

__all__ = ["Back", "ReturnAsked", "Terms", "give_back", "left"]
