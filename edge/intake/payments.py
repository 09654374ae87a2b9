"""Codes that money is paid with: known by their shape, so that they are taken for nothing else.

Sources: EMVCo QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1 (data
objects, CRC in section 4.7.3) and Consumer-Presented Mode 1.1 (tag 85 first); the pay codes of
Alipay (16 to 24 digits from 25 to 30), WeChat Pay (18 digits from 10 to 15) and UnionPay (19
digits from 62), each by its maker's open documentation.
"""

import base64
import binascii
import re
from binascii import crc_hqx
from collections.abc import Mapping
from typing import Final

from edge.intake.known import PaymentCode, Scheme, Unreadable

MERCHANT_BEGINNING: Final = "000201"
"""Payload format indicator (tag 00), version 01: the first object of every merchant's code."""
CONSUMER_BEGINNING: Final = "hQVDUFYw"
"""Base64 of tag 85 and its first letters: the first object of every consumer's code."""

_WALLETS: Final[Mapping[Scheme, re.Pattern[str]]] = {
    "alipay": re.compile(r"(2[5-9]|30)[0-9]{14,22}"),
    "wechat": re.compile(r"1[0-5][0-9]{16}"),
    "unionpay": re.compile(r"62[0-9]{17}"),
}
_ADDRESSES: Final[Mapping[Scheme, tuple[str, ...]]] = {
    "alipay": ("https://qr.alipay.com/", "alipays://", "alipayqr://"),
    "wechat": ("wxp://", "weixin://wxpay/"),
    "unionpay": ("https://qr.95516.com/",),
}


def payment(text: str) -> PaymentCode | Unreadable | None:
    """Return the payment code this is, Unreadable for a broken one, None for something else."""
    if text.startswith(MERCHANT_BEGINNING) and len(text) > 14:
        whole = _is_merchant_code(text)
        return PaymentCode("emvco_merchant", text) if whole else Unreadable("payment")
    if text.startswith(CONSUMER_BEGINNING):
        whole = _is_consumer_code(text)
        return PaymentCode("emvco_consumer", text) if whole else Unreadable("payment")
    for scheme, shape in _WALLETS.items():
        if shape.fullmatch(text):
            return PaymentCode(scheme, text)
    address = text.lower()
    for scheme, beginnings in _ADDRESSES.items():
        if address.startswith(beginnings):
            return PaymentCode(scheme, text)
    return None


def _is_merchant_code(text: str) -> bool:
    """Tell whether the data objects (2 digits tag, 2 digits length in characters) are whole.

    The last one is tag 63: the CRC of the text's UTF-8 up to and including "6304".
    """
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not (head.isascii() and head.isdigit()):
            return False
        at += 4 + int(head[2:])
    if at != len(text) or text[-8:-4] != "6304":
        return False
    return f"{crc_hqx(text[:-4].encode(), 0xFFFF):04X}" == text[-4:].upper()


def _is_consumer_code(text: str) -> bool:
    """Tell whether this is base64 of whole BER-TLV objects that begin with CPV and a version."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    if not re.match(rb"\x85\x05CPV[0-9]{2}", data):
        return False
    while data:
        rest = _after_object(data)
        if rest is None:
            return False
        data = rest
    return True


def _after_object(data: bytes) -> bytes | None:
    """Return what follows the first BER-TLV object (ISO/IEC 8825-1), or None if it is cut off."""
    at = 1
    if data[0] & 0x1F == 0x1F:
        while at < len(data) and data[at] & 0x80:
            at += 1
        at += 1
    if at >= len(data):
        return None
    size, at = data[at], at + 1
    if size & 0x80:
        width = size & 0x7F
        if not 1 <= width <= 2 or at + width > len(data):
            return None
        size, at = int.from_bytes(data[at : at + width], "big"), at + width
    return data[at + size :] if at + size <= len(data) else None
