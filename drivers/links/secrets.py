"""Files that a link needs to be let in: a password, and whose signature it trusts.

Both are read at each opening, so that a changed one is used without a restart.
"""

import ssl
from pathlib import Path

from drivers.codec import LinkLost
from drivers.links.link import reason


def password(path: str) -> bytes:
    """Return the first line of a file; raises LinkLost if it cannot be read.

    A file that others than its owner may read is refused: what everybody has is no secret.
    """
    try:
        mode, text = Path(path).stat().st_mode, Path(path).read_bytes()
    except OSError as error:
        raise LinkLost(f"{path}: {reason(error)}") from error
    if mode & 0o077:
        raise LinkLost(f"{path} is open to others: chmod 600 {path}")
    return text.split(b"\n")[0].rstrip(b"\r")


def trust(ca_file: str) -> ssl.SSLContext:
    """Return what a client asks of a server: TLS 1.2 or 1.3, and a certificate for its name.

    It has to be signed by one of those in `ca_file` (PEM), or with "" by one this machine trusts.
    Raises LinkLost if the file cannot be read or holds none.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError as error:
        raise LinkLost(f"{ca_file} holds no certificate (PEM)") from error
    except OSError as error:
        raise LinkLost(f"{ca_file}: {reason(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
