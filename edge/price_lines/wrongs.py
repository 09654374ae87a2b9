"""What cannot be answered, in the words of the shop's own catalogue of refusals."""

from collections.abc import Mapping

from edge.price_lines.answer import Wrong
from edge.refusals import Refusal, problem
from edge.shop.bundle import BundleError
from edge.shop.declined import AMOUNTS, Declined
from edge.shop.money import format_minor
from edge.shop.pricing.explain import Lang


def wrong(code: str, params: Mapping[str, str | int], lang: Lang, path: str = "") -> Wrong:
    """Return a refusal; `path` says where, if its params do not."""
    said = problem(Refusal(code, params), lang)
    return Wrong(error=code, what=said.detail, path=str(params.get("path", path)), fix=said.fix)


def declined(no: Declined, lang: Lang, exponent: int, path: str = "") -> Wrong:
    """Return the shop's own no; amounts are written with the currency's exponent."""
    params = {
        name: format_minor(value, exponent) if name in AMOUNTS and isinstance(value, int) else value
        for name, value in no.params.items()
    }
    return wrong(no.code, params, lang, path)


def unusable(error: BundleError, lang: Lang) -> Wrong:
    """Return what is wrong with a bundle."""
    return wrong("E-BUNDLE", {"path": error.path, "said": str(error)}, lang)
