"""A bundle's file as a merchant has it: written by hand or already signed, right or wrong."""

import json
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.bundle import SIZE_BYTES_MAX, NotCanonical, canonical
from cloud_bridge.contract import SignedBundle, sha256
from edge.shop.bundle import Bundle, BundleError, read


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds: a bundle, its bytes in canonical form and their hash, or findings."""

    path: Path
    signed_by: str = ""
    bundle: Bundle | None = None
    body: bytes = b""
    findings: tuple[BundleError, ...] = ()

    @property
    def hash(self) -> str:
        """The name a receipt knows these rules by."""
        return sha256(self.body)

    def report(self) -> dict[str, Any]:
        """Return it for programs."""
        found = [
            {"path": error.path, "what": error.what, "suggestion": error.suggestion}
            for error in self.findings
        ]
        head: dict[str, Any] = {"file": str(self.path), "good": not found, "findings": found}
        if self.bundle is None or found:
            return head
        return head | {
            "version": self.bundle.version,
            "store": self.bundle.store,
            "rules": len(self.bundle.rules),
            "bytes": len(self.body),
            "hash": self.hash,
            "signed_by": self.signed_by,
        }


def look(path: Path) -> Look:
    """Return what a file holds."""
    return look_into(path.read_bytes(), path)


def look_into(given: bytes, path: Path = Path()) -> Look:
    """Return what these bytes hold; `path` is where they are from."""
    raw, signed_by = _unwrapped(given)
    bundle, found = read(raw)
    if found:
        return Look(path=path, signed_by=signed_by, bundle=bundle, findings=found)
    try:
        body = canonical(json.loads(raw, object_pairs_hook=_once))
    except (NotCanonical, _Twice) as error:
        return Look(path=path, signed_by=signed_by, findings=(BundleError("$", str(error)),))
    if len(body) > SIZE_BYTES_MAX:
        what = f"has {len(body)} bytes; a box takes at most {SIZE_BYTES_MAX}"
        return Look(path=path, signed_by=signed_by, findings=(BundleError("$", what),))
    return Look(path=path, signed_by=signed_by, bundle=bundle, body=body)


def _unwrapped(raw: bytes) -> tuple[bytes, str]:
    """Return a signed bundle's own bytes and the name of its key; other bytes as they are."""
    try:
        signed = msgspec.json.decode(raw, type=SignedBundle)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return raw, ""
    return bytes(signed.bundle), signed.key


class _Twice(ValueError):
    """A key stands twice in one object, so that it means two things."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for name, value in pairs:
        if name in seen:
            raise _Twice(f"{name!r} stands twice in one object")
        seen[name] = value
    return seen
