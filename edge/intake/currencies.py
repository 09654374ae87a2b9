"""The numbers of currencies, as barcodes that hold a price name them (ISO 4217, three digits)."""

from typing import Final

_NUMBERS: Final = {
    "AED": "784", "AUD": "036", "BRL": "986", "CAD": "124", "CHF": "756", "CNY": "156",
    "CZK": "203", "DKK": "208", "EUR": "978", "GBP": "826", "HKD": "344", "HUF": "348",
    "IDR": "360", "INR": "356", "JPY": "392", "KRW": "410", "MOP": "446", "MXN": "484",
    "MYR": "458", "NOK": "578", "NZD": "554", "PHP": "608", "PLN": "985", "SAR": "682",
    "SEK": "752", "SGD": "702", "THB": "764", "TRY": "949", "TWD": "901", "USD": "840",
    "VND": "704", "ZAR": "710",
}  # fmt: skip


def number_of(currency: str) -> str:
    """Return the number of a currency by its letters, "" for one that is not in the table."""
    return _NUMBERS.get(currency, "")
