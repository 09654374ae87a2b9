"""The card readers that PC/SC has, for `edgebox devices list`."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from drivers.codec import LinkLost


@dataclass(frozen=True, slots=True)
class CardReader:
    """A reader by its name in PC/SC, and the section that uses it, "" if none does."""

    name: str
    used_by: str

    @property
    def url(self) -> str:
        """What a device's section says to mean it."""
        return f"pcsc:{self.name}"

    def __str__(self) -> str:
        """Return its line."""
        use = f"used by {self.used_by}" if self.used_by else "not used"
        return f"{self.url:32} card reader: {use}"


def card_readers(urls: Mapping[str, str]) -> list[CardReader]:
    """Return all card readers, in the service's order; `urls` are what the sections say, by name.

    Without the extra `pcsc`, or without the service, there are none.
    """
    try:
        pcsc = import_module("drivers.links.pcsc")
    except ModuleNotFoundError:
        return []
    names: list[str] = pcsc.readers()
    used: dict[str, str] = {}
    for section, url in urls.items():
        scheme, _, pattern = url.partition(":")
        with suppress(LinkLost):  # that section means none, or cannot tell which
            if scheme == "pcsc":
                used[pcsc.Wanted(pattern).among(names)] = section
    return [CardReader(name, used.get(name, "")) for name in names]
