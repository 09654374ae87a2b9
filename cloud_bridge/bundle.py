"""A rule bundle's bytes: canonical form, signature, and whether a box may take it.

The canonical form is RFC 8785 (JSON Canonicalization Scheme) without floats: an amount is an
integer and a rate is basis points, so a number with a fraction or an exponent is a mistake.
What the rules mean is the shop's business; here only the head is read.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_bridge.contract import BundleHead, CloudError, SignedBundle, sha256, unbase64

FORMAT: Final = "edgebox.bundle.v1"
SIZE_BYTES_MAX: Final = 8 * 1024 * 1024
INTEGER_MAX: Final = 2**53
"""Beyond this a double, and so most JSON software, cannot tell neighbours apart."""
DEPTH_MAX: Final = 64

MALFORMED = (msgspec.DecodeError, UnicodeError, RecursionError)


class NotCanonical(ValueError):
    """A value has no canonical form: a float, a huge integer, too deep, half a surrogate pair."""


WHY_MAX = 200
"""How much of an explanation is kept: part of it may be the sender's own text."""


class BundleRefused(CloudError):
    """A bundle is not taken. `code` is stable, `why` is for people.

    too_large · not_json · wrong_shape · unknown_key · bad_signature · not_canonical ·
    wrong_format · other_store · older · other_bytes (our version, another content) ·
    not_yet_valid · expired
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why[:WHY_MAX]}")
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle whose bytes are beyond doubt.

    `body` is the bundle object exactly as it was signed, `hash` its lower-case hex SHA-256.
    """

    head: BundleHead
    body: bytes
    hash: str


def canonical(value: object) -> bytes:
    """Return the RFC 8785 form of JSON-like data; `NotCanonical` if there is none.

    Keys are sorted by their UTF-16 code units (section 3.2.3), strings escape only what JSON
    demands (section 3.2.2.2), integers lie within +-2^53.
    """
    try:
        return "".join(_pieces(value, DEPTH_MAX)).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("half of a surrogate pair") from error


def sign(bundle: Mapping[str, Any] | bytes, key_id: str, private_key: Ed25519PrivateKey) -> bytes:
    """Return a signed bundle, as the cloud sends it. Bytes are signed as they stand."""
    body = bundle if isinstance(bundle, bytes) else canonical(bundle)
    signature = base64.b64encode(private_key.sign(body)).decode()
    signed = SignedBundle(bundle=msgspec.Raw(body), key=key_id, signature=signature)
    return msgspec.json.encode(signed)


def check(
    raw: bytes,
    keys: Mapping[str, bytes],
    store: str,
    version_floor: int,
    now_ms: int,
    *,
    floor_hash: str = "",
    size_bytes_max: int = SIZE_BYTES_MAX,
) -> Checked:
    """Return the bundle in `raw`, or raise `BundleRefused`.

    `keys` are the cloud's raw public keys by name. `version_floor` is the version in force (0
    for none) and `floor_hash` that bundle's hash: the same version is fine with the same bytes
    only. Nothing unsigned is looked into: the signature is checked before the body is parsed.
    Takes about a second for 8 MB, so call it off the loop for large ones.
    """
    if len(raw) > size_bytes_max:
        raise BundleRefused("too_large", f"{len(raw)} bytes, at most {size_bytes_max} are taken")
    body = _authentic(raw, keys)
    head = _head(body)
    digest = sha256(body)
    if head.store != store:
        raise BundleRefused("other_store", f"made for {head.store!r}, this is {store!r}")
    if head.version < version_floor:
        raise BundleRefused("older", f"version {head.version}, in force is {version_floor}")
    if head.version == version_floor and digest != floor_hash:
        raise BundleRefused("other_bytes", f"version {head.version} again with another content")
    if now_ms < head.valid_from:
        raise BundleRefused("not_yet_valid", f"valid from {head.valid_from}, now is {now_ms}")
    if now_ms >= head.valid_until:
        raise BundleRefused("expired", f"valid until {head.valid_until}, now is {now_ms}")
    return Checked(head, body, digest)


def _authentic(raw: bytes, keys: Mapping[str, bytes]) -> bytes:
    """Return the bytes that one of `keys` has signed."""
    try:
        signed = msgspec.json.decode(raw, type=SignedBundle)
    except msgspec.ValidationError as error:
        raise BundleRefused("wrong_shape", str(error)) from error
    except MALFORMED as error:
        raise BundleRefused("not_json", str(error)) from error
    body = bytes(signed.bundle)
    public_key = keys.get(signed.key)
    if public_key is None:
        raise BundleRefused("unknown_key", f"signed by {signed.key!r}, which we do not know")
    signature = unbase64(signed.signature)
    if signature is None:
        raise BundleRefused("bad_signature", "the signature is not base64")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except InvalidSignature as error:
        raise BundleRefused("bad_signature", "the signature is not of these bytes") from error
    return body


def _head(body: bytes) -> BundleHead:
    """Return the head of a body that is in canonical form."""
    try:
        value = msgspec.json.decode(body)
    except MALFORMED as error:
        raise BundleRefused("not_json", str(error)) from error
    try:
        exact = canonical(value) == body
    except NotCanonical as error:
        raise BundleRefused("not_canonical", str(error)) from error
    if not exact:
        raise BundleRefused("not_canonical", "RFC 8785 writes the same content in other bytes")
    if not isinstance(value, dict):
        raise BundleRefused("wrong_shape", "a bundle is an object")
    if value.get("format") != FORMAT:
        raise BundleRefused("wrong_format", f"{value.get('format')!r} is not {FORMAT!r}")
    try:
        head = msgspec.convert(value, BundleHead)
    except msgspec.ValidationError as error:
        raise BundleRefused("wrong_shape", str(error)) from error
    if head.version < 1 or head.valid_from >= head.valid_until:
        raise BundleRefused("wrong_shape", "versions start at 1 and a validity has a length")
    return head


def _pieces(value: object, depth: int) -> Iterator[str]:
    """Give the canonical text piece by piece; `depth` levels may still open."""
    match value:
        case None:
            yield "null"
        case bool():
            yield "true" if value else "false"
        case int() if -INTEGER_MAX <= value <= INTEGER_MAX:
            yield str(value)
        case str():
            yield encode_basestring(value)
        case list() | tuple() if depth:
            yield "["
            for index, item in enumerate(value):
                yield "," if index else ""
                yield from _pieces(item, depth - 1)
            yield "]"
        case dict() if depth:
            yield "{"
            for index, key in enumerate(sorted(value, key=_utf16)):
                yield f"{',' if index else ''}{encode_basestring(key)}:"
                yield from _pieces(value[key], depth - 1)
            yield "}"
        case _:
            raise NotCanonical(f"no canonical form for this {type(value).__name__}, or too deep")


def _utf16(key: object) -> bytes:
    """Return a key's UTF-16 code units, which sort as RFC 8785 demands."""
    if not isinstance(key, str):
        raise NotCanonical(f"a key is a string, not {key!r}")
    return key.encode("utf-16-be")
