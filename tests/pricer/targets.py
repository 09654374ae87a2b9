"""Which goods a rule is about, and in which order single units are looked at."""

from collections.abc import Iterable, Mapping

from tests.pricer.goods import Data, Goods, Unit

ALL: Data = {"of": "all"}


def names(target: Data, product: Data) -> bool:
    """Tell whether a target names a product and does not leave it out."""
    if product["id"] in target.get("without_products", ()):
        return False
    if product.get("category", "") in target.get("without_categories", ()):
        return False
    if target["of"] == "products":
        return product["id"] in target["ids"]
    if target["of"] == "categories":
        return product.get("category", "") in target["ids"]
    return True


def about(target: Data, goods: Goods) -> list[Unit]:
    """Return all units a target names, picked or not."""
    return [unit for unit in goods.units if names(target, goods.product(unit))]


def ordered(units: Iterable[Unit], now: Mapping[Unit, int], order: str) -> list[Unit]:
    """Return units dearest_first, cheapest_first or as_entered; ties as entered."""
    if order == "as_entered":
        return sorted(units)
    sign = -1 if order == "dearest_first" else 1
    return sorted(units, key=lambda unit: (sign * now[unit], unit))


def picked(target: Data, units: Iterable[Unit], now: Mapping[Unit, int]) -> list[Unit]:
    """Return the cheapest or dearest units if the target picks some, else all; as entered."""
    pick = target.get("pick")
    if pick is None:
        return sorted(units)
    return sorted(ordered(units, now, pick["which"] + "_first")[: pick["count"]])
