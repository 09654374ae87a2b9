"""What is right, written down a second time: the corpus must not believe the product.

Sources: GS1 General Specifications 7.9 (check digits) and 7.8.2 (UPC-E), ISO/IEC 7811-2 (LRC),
ISO/IEC 7812-1 annex B (Luhn), ISO/IEC 13239 (CRC as EMVCo QR uses it).
"""

from typing import Any, TypedDict


class Case(TypedDict):
    """One line of the corpus."""

    id: str
    kind: str
    input: dict[str, Any]
    expect: dict[str, Any]


def accept(id: str, kind: str, given: dict[str, Any], means: Any) -> Case:
    return {"id": id, "kind": kind, "input": given, "expect": {"accept": means}}


def reject(id: str, kind: str, given: dict[str, Any], why: str, says: str = "") -> Case:
    expect = {"reject": why, "says": says} if says else {"reject": why}
    return {"id": id, "kind": kind, "input": given, "expect": expect}


def check_digit(payload: str) -> str:
    """Return the GS1 check digit of a payload of any length."""
    weighted = 0
    for place, digit in enumerate(payload[::-1]):
        weighted += int(digit) * (1 if place % 2 else 3)
    return str((10 - weighted % 10) % 10)


def gtin(payload: str) -> str:
    return payload + check_digit(payload)


def luhn(payload: str) -> str:
    total = 0
    for place, digit in enumerate(payload[::-1]):
        doubled = int(digit) * (1 if place % 2 else 2)
        total += doubled - 9 if doubled > 9 else doubled
    return str((10 - total % 10) % 10)


def lrc(data: bytes) -> int:
    """Return the exclusive or of all bytes."""
    value = 0
    for byte in data:
        value ^= byte
    return value


def crc16(data: bytes) -> int:
    """Return CRC-16/IBM-3740 (polynomial 0x1021, begun with 0xFFFF), bit by bit."""
    register = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            carry = (register >> 15) ^ (byte >> bit & 1)
            register = (register << 1 & 0xFFFF) ^ (0x1021 if carry else 0)
    return register


def upc_a_of(upc_e: str) -> str:
    """Return the 12 digits of the UPC-A that 8 digits of UPC-E stand for (zero suppression)."""
    system, d1, d2, d3, d4, d5, d6, check = list(upc_e)
    if d6 in "012":
        body = d1 + d2 + d6 + "0000" + d3 + d4 + d5
    elif d6 == "3":
        body = d1 + d2 + d3 + "00000" + d4 + d5
    elif d6 == "4":
        body = d1 + d2 + d3 + d4 + "00000" + d5
    else:
        body = d1 + d2 + d3 + d4 + d5 + "0000" + d6
    return system + body + check
