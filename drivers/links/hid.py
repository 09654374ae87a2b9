"""What the kernel's HID files have in common: how they are named, opened and refused.

`input:` and `hidraw:` both take a path, such as one below /dev/input/by-id, or
`vendor:product[:serial][@port]`, looked up at each opening. A named pipe stands in for a device:
what is for it goes into a second one, `send_path`.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from drivers.codec import BadSettings, LinkLost
from drivers.links import hid_finder
from drivers.links.link import check, reason, text

OPTIONS = ("send_path",)


def check_where(where: str) -> None:
    """Raise BadSettings unless `where` is a path, or says what to look for."""
    if not where.startswith("/"):
        hid_finder.check(where)


def opened(path: str, kind: str) -> tuple[int, bool]:
    """Open a device, or a pipe in its place; say whether it is a pipe."""
    try:
        mode = Path(path).stat().st_mode
        is_pipe = stat.S_ISFIFO(mode)
        if not (is_pipe or stat.S_ISCHR(mode)):
            raise BadSettings(f"{path} is not {kind}")
        flags = (os.O_RDONLY if is_pipe else os.O_RDWR) | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(path, flags | os.O_NOCTTY), is_pipe
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            raise BadSettings(f"{path} is not {kind}") from error
        raise LinkLost(f"{path}: {reason(error)}") from error


def refused(path: str, kind: str, error: OSError) -> LinkLost | BadSettings:
    """Return what it means for us that a device refuses a request of its kind."""
    if error.errno in {errno.ENOTTY, errno.EINVAL}:
        return BadSettings(f"{path} is not {kind}")
    if error.errno == errno.EBUSY:
        return LinkLost(f"{path} is in use by another program")
    return LinkLost(f"{path}: {reason(error)}")


def sending_end(descriptor: int, send_path: str, is_pipe: bool) -> int | None:
    """Return a descriptor of its own for what we send; None if nobody would hear it."""
    if not is_pipe:
        return os.dup(descriptor)
    if not send_path:
        return None
    try:
        sending = os.open(send_path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(sending, fcntl.F_SETFL, os.O_NONBLOCK | os.O_DIRECT)
    except OSError as error:
        raise LinkLost(f"{send_path}: {reason(error)}") from error
    return sending


def at_url(url: str, wire: Mapping[str, object]) -> tuple[str, str]:
    """Return where the device is, and its `send_path`."""
    where = url.partition(":")[2]
    check(bool(where), f"{url!r} names no device")
    return where, text("send_path", wire["send_path"]) if "send_path" in wire else ""
