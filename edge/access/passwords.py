"""Tokens and PINs, and the forms in which they are kept. Pure: chance is an argument.

A token has 192 random bits, so that one SHA-256 keeps it. A PIN has six digits, and is kept by
scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: 16 MiB and some 40 ms a guess. mosquitto keeps
passwords as PBKDF2-HMAC-SHA512 (mosquitto_passwd(1), `$7$`).
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Final

TOKEN_BYTES: Final = 24
SALT_BYTES: Final = 16
BROKER_SALT_BYTES: Final = 12
BROKER_ITERATIONS: Final = 101
PIN: Final = re.compile("[0-9]{4,12}", re.ASCII)
_SCRYPT: Final = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32}
_NOBODY: Final = "scrypt$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def token_hash(token: str | bytes) -> str:
    """Return the lower-case hex SHA-256 by which a token is kept."""
    raw = token.encode("utf-8", "surrogatepass") if isinstance(token, str) else token
    return hashlib.sha256(raw).hexdigest()


def broker_hash(token: str, salt: bytes) -> str:
    """Return a token as mosquitto 2 keeps it in its password file; `salt` has 12 bytes."""
    assert len(salt) == BROKER_SALT_BYTES
    digest = hashlib.pbkdf2_hmac("sha512", token.encode(), salt, BROKER_ITERATIONS)
    return f"$7${BROKER_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def pin_hash(pin: str, salt: bytes) -> str:
    """Return the form in which a PIN is kept; `salt` has 16 bytes. Takes some 40 ms."""
    assert len(salt) == SALT_BYTES
    digest = hashlib.scrypt(pin.encode(), salt=salt, **_SCRYPT)
    return f"scrypt${b64encode(salt).decode()}${b64encode(digest).decode()}"


def pin_fits(pin: str, stored: str | None) -> bool:
    """Tell whether `pin` is the one kept as `stored`; takes as long if nothing is kept.

    Whoever calls it keeps it off the event loop.
    """
    salt = b64decode((stored or _NOBODY).split("$")[1])
    return hmac.compare_digest(pin_hash(pin, salt), stored or _NOBODY) and stored is not None
