"""Which link a URL names: the one place where a kind of wire is registered.

To add one: a file of this package with a constant `SCHEME`, and its line in `SCHEMES`. A file is
imported when the first URL of its kind is read, so that its libraries may be an extra.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from drivers.codec import BadSettings
from drivers.links.link import Link, Scheme, one_of

SCHEMES: Final[Mapping[str, str]] = {
    "": "named_port",
    "socket": "tcp",
    "fifo": "fifo",
    "hidraw": "hidraw",
    "input": "input",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "pcsc": "pcsc",
    "usb": "usb",
}
"""What comes before the colon, and the file that knows such URLs; "" for a bare path."""


def scheme(url: str) -> Scheme:
    """Return how links of this URL's kind are made; raises BadSettings, for people."""
    name, colon, _ = url.partition(":")
    file = SCHEMES.get(name if colon else "")
    if url.startswith("/"):
        file = SCHEMES[""]
    if file is None:
        others = ", ".join(f"{name}:" for name in SCHEMES if name)
        raise BadSettings(
            f"{url!r} is neither a path such as /dev/ttyUSB0 nor socket://host:port;"
            f" the wires there are: {others}"
        )
    try:
        module = import_module(f"drivers.links.{file}")
    except ModuleNotFoundError as error:
        raise BadSettings(f"{name}: needs {error.name}, which is not installed") from error
    found = module.SCHEME
    assert isinstance(found, Scheme)
    return found


def from_url(url: str, **wire: object) -> Link:
    """Return the link that `url` names, such as an absolute path or `socket://host:port`.

    `wire` are the link's options, such as `baud`. Raises BadSettings in words for people.
    """
    known = scheme(url)
    for name in wire:
        one_of("a wire setting", name, known.options)
    return known.link(url, wire)
