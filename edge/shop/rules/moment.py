"""When a price is judged, as the shop's own calendar says it."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(msgspec.Struct, frozen=True):
    """A point in time and the local calendar it falls into.

    `date` is ISO 8601 (2026-11-22), `minute` counts from local midnight, `weekday` from Monday, 1.
    """

    at_ms: int
    date: str
    minute: int
    weekday: int


def local(at_ms: int, zone: str) -> datetime:
    """Return the local time of `at_ms` (milliseconds since 1970-01-01 UTC) in an IANA zone."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(_zone(zone))


def moment(at_ms: int, zone: str) -> Moment:
    """Return the moment of `at_ms` in an IANA zone."""
    time = local(at_ms, zone)
    return Moment(
        at_ms=at_ms,
        date=time.date().isoformat(),
        minute=time.hour * 60 + time.minute,
        weekday=time.isoweekday(),
    )


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
