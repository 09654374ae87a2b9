"""Payment applications, which are never selected and never read."""

from typing import Final

_DIRECTORIES: Final = (b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01")
"""PSE and PPSE of EMV, books 1 and B."""

_PROVIDERS: Final = tuple(
    bytes.fromhex(rid)
    for rid in (
        "A000000003",  # Visa
        "A000000004",  # Mastercard
        "A000000010",  # Europay
        "A000000025",  # American Express
        "A000000029",  # LINK
        "A000000042",  # Cartes Bancaires
        "A000000065",  # JCB
        "A000000098",  # Visa (USA)
        "A000000121",  # Dankort
        "A000000141",  # PagoBANCOMAT
        "A000000152",  # Discover and Diners Club
        "A000000228",  # mada
        "A000000277",  # Interac
        "A000000324",  # Discover
        "A000000333",  # UnionPay
        "A000000359",  # girocard
        "A000000524",  # RuPay
        "A000000658",  # Mir
        "D276000025",  # girocard
    )
)


def is_payment(name: bytes) -> bool:
    """Tell whether an application of this name (AID, or the beginning of one) is for payment."""
    known = (*_DIRECTORIES, *_PROVIDERS)
    return any(name.startswith(one) or (name and one.startswith(name)) for one in known)
