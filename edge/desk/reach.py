"""What is known of the cloud at a counter: whether it can be asked, and whether it has to be."""

from typing import NamedTuple, Protocol

from edge.shop.pricing import Moment


class Place(NamedTuple):
    """Where and when something is shown, and whether the cloud can be asked about it."""

    store: str
    at: Moment
    online: bool


class Cloud(Protocol):
    """Whether the cloud can be asked, and whether it has to be."""

    @property
    def is_home(self) -> bool:
        """Whether this box is the home of every account, so that nobody is asked."""

    @property
    def reachable(self) -> bool:
        """Whether the cloud answers, as far as is known."""
