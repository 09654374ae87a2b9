"""The Chinese lunar calendar of the years 2000 to 2099, as GB/T 33661-2017 defines it.

A month begins on the day of the new moon in Beijing (UTC+8); the month of the winter solstice is
the eleventh; of thirteen months between two solstices the first without a major solar term is a
leap month. The table holds what follows from the new moons and solar terms of the astronomical
ephemeris.
"""

from datetime import date, timedelta

FIRST_YEAR = 2000

_NEW_YEAR = date(2000, 2, 5)

_YEARS = (
    0x00693, 0x0952B, 0x0052B, 0x00A5B, 0x0555A, 0x0056A, 0x0FB55, 0x00BA4, 0x00B49, 0x0BA93,
    0x00A95, 0x0052D, 0x08AAD, 0x00AB5, 0x135AA, 0x005D2, 0x00DA5, 0x0DD4A, 0x00D4A, 0x00C95,
    0x0952E, 0x00556, 0x00AB5, 0x055B2, 0x006D2, 0x0CEA5, 0x00725, 0x0064B, 0x0AC97, 0x00CAB,
    0x0055A, 0x06AD6, 0x00B69, 0x17752, 0x00B52, 0x00B25, 0x0DA4B, 0x00A4B, 0x004AB, 0x0A55B,
    0x005AD, 0x00B6A, 0x05B52, 0x00D92, 0x0FD25, 0x00D25, 0x00A55, 0x0B4AD, 0x004B6, 0x005B5,
    0x06DAA, 0x00EC9, 0x11E92, 0x00E92, 0x00D26, 0x0CA56, 0x00A57, 0x00556, 0x086D5, 0x00755,
    0x00749, 0x06E93, 0x00693, 0x0F52B, 0x0052B, 0x00A5B, 0x0B55A, 0x0056A, 0x00B65, 0x0974A,
    0x00B4A, 0x11A95, 0x00A95, 0x0052D, 0x0CAAD, 0x00AB5, 0x005AA, 0x08BA5, 0x00DA5, 0x00D4A,
    0x07C95, 0x00C96, 0x0F94E, 0x00556, 0x00AB5, 0x0B5B2, 0x006D2, 0x00EA5, 0x08E4A, 0x0068B,
    0x10C97, 0x004AB, 0x0055B, 0x0CAD6, 0x00B6A, 0x00752, 0x09725, 0x00B45, 0x00A8B, 0x0549B,
)  # fmt: skip
"""A year's months in order, the first in bit 0: 1 has 30 days, 0 has 29. Bits 13 and up name the
month that is followed by its leap month, 0 for none."""


def months(year: int) -> tuple[tuple[int, date, int], ...]:
    """Return the months of a lunar year: (number, first day, days).

    A leap month follows the month whose number it repeats, as a number below zero. A year out of
    the table has none.
    """
    return _MONTHS.get(year, ())


def solar(year: int, month: int, day: int) -> date | None:
    """Return the civil date of a day of a lunar year, None if the table does not hold the year.

    Leap months are not meant; the 30th of a month of 29 days is its last day.
    """
    for number, first, days in months(year):
        if number == month:
            return first + timedelta(days=min(day, days) - 1)
    return None


def _calendar() -> dict[int, tuple[tuple[int, date, int], ...]]:
    calendar, first = {}, _NEW_YEAR
    for year, code in enumerate(_YEARS, FIRST_YEAR):
        leap, made = code >> 13, []
        for place in range(12 + (leap > 0)):
            days = 29 + (code >> place & 1)
            made.append((_number(place, leap), first, days))
            first += timedelta(days=days)
        calendar[year] = tuple(made)
    return calendar


def _number(place: int, leap: int) -> int:
    if not leap or place < leap:
        return place + 1
    return -leap if place == leap else place


_MONTHS = _calendar()
