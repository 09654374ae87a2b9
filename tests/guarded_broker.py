"""What a broker needs to be encrypted and to ask for a password, and what its clients need."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from edge.certificates import CA_FILE, SERVER_FILE, Authority

USER, SECRET = "shop", "s3cret"
HOSTS = ("localhost", "127.0.0.1")


class Guard(NamedTuple):
    """`settings` are mosquitto's; `access` is the rest of an `Account` of drivers.links.mqtt."""

    settings: str
    access: dict[str, Any]


async def guarded(folder: Path) -> Guard:
    """Make an authority, a certificate for loopback, and one user, all in `folder`."""
    Authority.create(folder, "s1", HOSTS).issue(HOSTS, datetime.now(UTC))
    server, passwords, password = (
        folder / name for name in (SERVER_FILE, "passwords", "shop.password")
    )
    making = await asyncio.create_subprocess_exec(
        "mosquitto_passwd", "-c", "-b", passwords, USER, SECRET, stderr=asyncio.subprocess.DEVNULL
    )
    assert await making.wait() == 0
    password.write_text(f"{SECRET}\n")
    password.chmod(0o600)
    return Guard(
        f"allow_anonymous false\npassword_file {passwords}\ncertfile {server}\nkeyfile {server}",
        {"tls": True, "ca_file": str(folder / CA_FILE),
         "username": USER, "password_file": str(password)},
    )  # fmt: skip
