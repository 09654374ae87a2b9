"""What a request's headers must be like before anybody looks at its body. Pure.

Sources: RFC 9110 (HTTP semantics), RFC 6750 (bearer tokens), Fetch Metadata (W3C).
"""

import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from typing import Final

from multidict import CIMultiDictProxy

from edge.refusals import Language, Refusal

KEY: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
"""A UUIDv7 in lower case (RFC 9562 section 5.7), as a pattern."""
AGE_MS_MAX: Final = 120_000
"""How old a request may be, and how far in the future."""
JSON: Final = frozenset({"application/json"})
Headers = CIMultiDictProxy[str]
"""Names compare without case, as in HTTP."""


def language(headers: Headers) -> Language:
    """Return the first language the client asks for that we have; Chinese if there is none."""
    for choice in headers.get("Accept-Language", "").split(","):
        tag = choice.partition(";")[0].strip().lower()
        if tag.partition("-")[0] == "en":
            return "en"
        if tag.partition("-")[0] == "zh":
            return "zh"
    return "zh"


def refuse_host(headers: Headers, hosts: Collection[str]) -> Refusal | None:
    """Refuse what was meant for another name: a page elsewhere may have rebound its name to us."""
    named = headers.getall("Host", [])
    if len(named) == 1 and _without_port(named[0]) in hosts:
        return None
    return Refusal("E-HOST")


def refuse_origin(headers: Headers) -> Refusal | None:
    """Refuse what another site's page made a browser send."""
    origin = headers.get("Origin", "")
    own = {f"{scheme}://{headers.get('Host', '')}" for scheme in ("http", "https")}
    if origin and origin not in own:
        return Refusal("E-ORIGIN")
    if headers.get("Sec-Fetch-Site", "") not in {"", "none", "same-origin"}:
        return Refusal("E-ORIGIN")
    return None


def refuse_media(headers: Headers, taken: Collection[str] = JSON) -> Refusal | None:
    """Refuse a body that is not plainly one of the media types taken; JSON is in UTF-8."""
    media, _, parameter = headers.get("Content-Type", "").lower().partition(";")
    plain = headers.get("Content-Encoding", "identity").lower() == "identity"
    charset = parameter.replace('"', "").strip() in {"", "charset=utf-8"}
    if media.strip() in taken and charset and plain:
        return None
    return Refusal("E-NOT-JSON")


def refuse_old(headers: Headers, now: int | None) -> Refusal | None:
    """Refuse what was sent more than two minutes ago, or will be; `now` is ms since 1970 UTC.

    Only who says when (`Date`, RFC 9110 section 6.6.1) can be held to it, and only by a clock
    that is right: `now` is None while ours may be wrong. A key makes any replay harmless.
    """
    said = headers.get("Date")
    if said is None or now is None:
        return None
    try:
        sent_at = parsedate_to_datetime(said).timestamp() * 1000
    except (ValueError, OverflowError):
        return Refusal("E-MALFORMED", {"path": "Date", "cause": "other", "said": "no HTTP date"})
    return None if abs(now - sent_at) <= AGE_MS_MAX else Refusal("E-STALE")


def credentials(headers: Headers) -> tuple[str, str]:
    """Return the terminal id and token in `Authorization: Bearer <id>:<token>`, or two blanks."""
    scheme, _, bearer = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return "", ""
    terminal_id, _, token = bearer.strip().partition(":")
    return terminal_id, token


def idempotency_key(headers: Headers) -> str | Refusal | None:
    """Return the key a client put into the header, with or without quotes; None for none.

    The header is an IETF draft (draft-ietf-httpapi-idempotency-key-header); a key is a UUIDv7.
    """
    named = headers.getall("Idempotency-Key", [])
    if not named:
        return None
    key = named[0].strip().strip('"')
    if len(named) == 1 and re.fullmatch(KEY, key):
        return key
    return Refusal("E-MALFORMED", {"path": "Idempotency-Key", "cause": "key"})


def _without_port(host: str) -> str:
    name, colon, port = host.strip().lower().rpartition(":")
    return name if colon and port.isdigit() else host.strip().lower()
