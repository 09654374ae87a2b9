"""Which UIDs may be somebody's key, and which must not (ISO/IEC 14443-3, 6.5.4; JIS X 6319-4).

None of them proves anything: whoever has seen a UID can make a card that has it too.
"""

from typing import Final

SIZES: Final = (4, 7, 8, 10)
"""Single, double and triple size of ISO/IEC 14443-3 type A; 8 bytes is FeliCa or ISO/IEC 15693."""

_CASCADE_TAG: Final = 0x88


def refusal(uid: bytes) -> str | None:
    """Return why this UID may not be a member's key, for people; None when it may."""
    if len(uid) not in SIZES:
        return f"a UID of {len(uid)} bytes, which no card has"
    if len(set(uid)) == 1:
        return "a UID of equal bytes, as unfinished and copied cards have"
    if len(uid) == 4:
        return _single(uid[0])
    if len(uid) == 8:
        # FeliCa: a manufacturer code of 01 FE is made up anew for each contact (NFCID2).
        return _RANDOM if uid[:2] == b"\x01\xfe" else None
    if 0x81 <= uid[0] <= 0xFE:
        return "a UID whose maker's number is not registered (ISO/IEC 7816-6)"
    return None


def _single(first: int) -> str | None:
    if first == 0x08:
        return _RANDOM
    if first == _CASCADE_TAG:
        return "half a UID: the reader did not finish the anticollision"
    if first & 0x0F == 0x08:
        return "a UID from a range that ISO/IEC 14443-3 keeps for later"
    if first & 0x0F == 0x0F:
        return "a UID that other cards have too (ISO/IEC 14443-3: fixed, not unique)"
    return None


_RANDOM: Final = "a random UID: this phone or card shows another number each time"
