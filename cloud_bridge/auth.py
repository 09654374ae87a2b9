"""Who asks: the header by which a box signs each of its requests to the cloud."""

import base64
import re
from collections.abc import Callable

import msgspec

from cloud_bridge.contract import sha256, unbase64


def auth_text(method: str, target: str, at: int, body: bytes) -> bytes:
    """Return what a box signs for a request; `target` is the path with its query."""
    return _text(method, target, at, sha256(body))


def _text(method: str, target: str, at: int, body_hash: str) -> bytes:
    return f"edgebox.request.v1\n{method}\n{target}\n{at}\n{body_hash}".encode()


class Auth(msgspec.Struct, frozen=True):
    """What the header `Edge-Auth` says; whether it is true, only the box's key can tell."""

    box: str
    at: int
    signature: bytes


AUTH = re.compile(r"box=([a-z0-9-]{1,64}),at=([0-9]{1,16}),sig=([A-Za-z0-9+/=]{88})")


def write_auth(
    box: str, at: int, sign: Callable[[bytes], bytes], method: str, target: str, body: bytes
) -> str:
    """Return the value of `Edge-Auth` for a request made at `at`."""
    return write_auth_for(box, at, sign, method, target, sha256(body))


def write_auth_for(
    box: str, at: int, sign: Callable[[bytes], bytes], method: str, target: str, body_hash: str
) -> str:
    """Return the same for a body whose SHA-256 is known already."""
    signature = base64.b64encode(sign(_text(method, target, at, body_hash))).decode()
    return f"box={box},at={at},sig={signature}"


def read_auth(value: str) -> Auth | None:
    """Return what `Edge-Auth` says, or None if it cannot be read."""
    found = AUTH.fullmatch(value)
    if found is None:
        return None
    signature = unbase64(found[3])
    return None if signature is None else Auth(found[1], int(found[2]), signature)
