"""The secret files: who may read them, how they come to be, what they hold."""

import base64
import binascii
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config.findings import ConfigError, Finding

PHONE_KEY_BYTES_MIN = 32
SECRET_BYTES_MAX = 4096


def read_or_create_box_key(path: Path) -> Ed25519PrivateKey:
    """Return this box's own key (PKCS #8 PEM, RFC 5958); make it where there is none.

    A new key is whole on disk before it has its name, so a power cut leaves none or a good one.
    Raises `ConfigError` when others may read the file or it holds no Ed25519 key.
    """
    if not path.exists():
        create_key(path)
    return read_key(path, "restore the file, or delete it and pair the box with the cloud again")


def read_key(path: Path, fix: str) -> Ed25519PrivateKey:
    """Return the private key a file holds (PKCS #8 PEM); `fix` says what to do without it.

    Raises `ConfigError` when others may read the file or it holds no Ed25519 key.
    """
    try:
        key = serialization.load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(Finding(str(path), "holds no private key", fix)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(Finding(str(path), "holds a key that is not Ed25519", fix))
    return key


def read_phone_key(path: Path) -> bytes:
    """Return the programme's phone key: base64 text of at least 32 bytes.

    Raises `ConfigError` when others may read the file or it holds no such key.
    """
    try:
        key = base64.b64decode(read_secret(path).strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < PHONE_KEY_BYTES_MIN:
        what = f"holds no base64 text of at least {PHONE_KEY_BYTES_MIN} bytes"
        raise ConfigError(Finding(str(path), what, "copy the key from the cloud's console"))
    return key


def read_secret(path: Path) -> bytes:
    """Return what a file holds that only we may read. Raises `ConfigError` otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise ConfigError(Finding(str(path), what, "put the secret there, mode 0600")) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(Finding(str(path), "is not a file", "put the secret in a file"))
        if mode & 0o077:
            what = f"can be read by others (mode {stat.S_IMODE(mode):04o})"
            raise ConfigError(Finding(str(path), what, f"chmod 600 {path}"))
        return os.read(descriptor, SECRET_BYTES_MAX)
    finally:
        os.close(descriptor)


def create_key(path: Path) -> None:
    """Put a fresh private key into a file only we may read; a key that is there already stays."""
    text = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _keep(path, text)


def create_phone_key(path: Path, chance: bytes) -> None:
    """Put a phone key into a file only we may read; a key that is there already stays.

    `chance` are random bytes, as many as such a key has at least. For a shop without a cloud, that
    has nobody else's members; everywhere else the key is the programme's.
    """
    assert len(chance) >= PHONE_KEY_BYTES_MIN
    _keep(path, base64.b64encode(chance) + b"\n")


def _keep(path: Path, secret: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)
    # A link, unlike a rename, never takes the place of a key someone else just made.
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
