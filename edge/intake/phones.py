"""Phone numbers (ITU-T E.164), and the keyed hash that is all the box keeps of one."""

import hashlib
import hmac
import re

from edge.intake.known import PhoneNumber

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CN_MOBILE = re.compile(r"1[0-9]{10}")


def e164(text: str) -> str | None:
    """Return a phone number in E.164 form, or None for what is not one.

    A number without a country code is a mobile number of mainland China: 11 digits from 1.
    Spaces and hyphens between digits do not matter.
    """
    number = text.replace(" ", "").replace("-", "")
    if _CN_MOBILE.fullmatch(number):
        return f"+86{number}"
    if not _E164.fullmatch(number):
        return None
    chinese = number.startswith("+86")
    return None if chinese and not _CN_MOBILE.fullmatch(number[3:]) else number


def phone(text: str, key: bytes) -> PhoneNumber | None:
    """Return a phone number as the box may keep it, hashed with `key`; None for no number."""
    number = e164(text)
    if number is None:
        return None
    digest = hmac.new(key, number.encode(), hashlib.sha256).hexdigest()
    return PhoneNumber(digest, number[-4:])
