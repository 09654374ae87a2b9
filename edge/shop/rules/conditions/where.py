"""Conditions on where a sale is made: terminal, store, region, and the way the goods go."""

from typing import Annotated

from msgspec import Meta

from edge.shop.rules.conditions.condition import Condition, Miss, Names, Scene
from edge.shop.rules.running import Running, Selection
from edge.shop.sale import Channel


class OnTerminal(Condition, frozen=True, kw_only=True, tag="terminal"):
    """The sale is made on one of these kinds of terminal."""

    kinds: Names

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-ON-THIS-TERMINAL."""
        if scene.terminal_kind in self.kinds:
            return None
        return Miss("R-NOT-ON-THIS-TERMINAL", {"kinds": ", ".join(self.kinds)})


class InStore(Condition, frozen=True, kw_only=True, tag="store"):
    """The sale is made in one of these stores."""

    any_of: Names

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-IN-THIS-STORE."""
        if scene.store in self.any_of:
            return None
        return Miss("R-NOT-IN-THIS-STORE", {"stores": ", ".join(self.any_of)})


class InRegion(Condition, frozen=True, kw_only=True, tag="region"):
    """The sale is made in one of these regions."""

    any_of: Names

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-IN-THIS-REGION."""
        if scene.region in self.any_of:
            return None
        return Miss("R-NOT-IN-THIS-REGION", {"regions": ", ".join(self.any_of)})


class OnChannel(Condition, frozen=True, kw_only=True, tag="channel"):
    """The goods reach the guest in one of these ways."""

    any_of: Annotated[tuple[Channel, ...], Meta(min_length=1)]

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NOT-ON-THIS-CHANNEL."""
        if scene.channel in self.any_of:
            return None
        return Miss("R-NOT-ON-THIS-CHANNEL", {"channels": ", ".join(self.any_of)})
