"""This machine's clocks, read and never set: wall, boot, and what the kernel says of itself."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

from edge.clock import Instant, Kernel

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STA_UNSYNC = 0x0040
"""From <linux/timex.h>: the kernel's clock is not synchronised."""
TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) as far as it is read; the rest is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


_libc = ctypes.CDLL(None, use_errno=True)


def kernel() -> Kernel:
    """Return what the kernel says of its clock; a kernel that will not say is not synchronised."""
    said = _Timex(modes=0)  # no mode: nothing is set, no privilege is needed
    state = _libc.adjtimex(ctypes.byref(said))
    unsynchronised = state < 0 or state == TIME_ERROR or bool(said.status & STA_UNSYNC)
    return Kernel(not unsynchronised, -(-said.maxerror // 1000))


def machine() -> Callable[[], Instant]:
    """Return a look at this machine."""
    boot = _boot_id()

    def look() -> Instant:
        boot_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        wall_ms = time.time_ns() // 1_000_000
        # In this order: who sets the clock also makes the kernel say that it is synchronised
        # no more, so that a time that was set by hand is never taken for a synchronised one.
        return Instant(wall_ms, boot_ms, boot, kernel())

    return look


def _boot_id() -> str:
    """Return what names this boot; where that cannot be read, no boot is ever the same."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return f"since {time.time_ns()}"
