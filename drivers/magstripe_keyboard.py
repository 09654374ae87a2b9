"""Magnetic stripe readers that pose as a USB keyboard and type each swipe.

They type `%...?;...?+...?`: the tracks there are, with their sentinels, and the key of `suffix`.
See drivers/tracks.py for what a track may hold; whatever is wrong with one of them is a Fault. A
payment card is never read: it is gone from memory when the call that took its last key returns.
"""

from drivers import tracks
from drivers.codec import Driver
from drivers.events import Fault, Swiped
from drivers.keyboard import Typing, Wedge


class Settings(Typing, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the reader was set up; with `suffix` "none" it may type Enter between tracks."""

    own_prefixes: tuple[str, ...] = ()
    """With what our own cards' numbers begin, and no others are read then; no payment network's."""
    lrc: bool = False
    """Each track's LRC follows its end sentinel, and is checked."""


class Host(Wedge):
    """The host's end. Raises BadSettings when `own_prefixes` are not ours to have."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._settings = settings
        tracks.check_prefixes(settings.own_prefixes)

    def _said(self, text: str) -> Swiped | Fault:
        if tracks.is_backwards(text):
            return Fault("swiped backwards")
        raw = tracks.split(text, self._settings.lrc)
        if raw is None:
            return Fault("keys that are no swipe")
        return tracks.judge(raw, self._settings.own_prefixes, self._settings.lrc)


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    recorded="never",
    says=(Swiped, Fault),
)
