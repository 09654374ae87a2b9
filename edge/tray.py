"""The tray: what the cloud did not simply accept, for somebody to look at.

One JSON object a line, in a file beside the journal, which is only ever added to. A line that a
power cut tears is skipped. It is a note of the cloud's words, not a fact of ours: what was
acknowledged is known by the bookmark, with or without it.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from cloud_bridge.contract import Outcome

TRAY_FILE = "tray.jsonl"


class Tray:
    """Takes outcomes; used by the loop's thread alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / TRAY_FILE

    def put(self, outcomes: Iterable[Outcome]) -> None:
        """Note what was not simply accepted. Raises nothing: a full disk must not stop upload."""
        lines = b"".join(
            msgspec.json.encode(one) + b"\n" for one in outcomes if one.outcome != "accepted"
        )
        if not lines:
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return
        try:
            os.write(descriptor, lines)
        except OSError:
            pass
        finally:
            os.close(descriptor)

    def of(self, sequences: Iterable[int]) -> dict[int, Outcome]:
        """Return what is noted of some facts, the last word for each."""
        wanted = set(sequences)
        return {one.sequence: one for one in self._notes() if one.sequence in wanted}

    def exceptions(self) -> dict[str, Outcome]:
        """Return all that is noted, by the digest of the page it is about, the last word for each.

        A cloud that was fed again says the same again.
        """
        return {one.hash: one for one in self._notes()}

    def _notes(self) -> Iterator[Outcome]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                try:
                    yield msgspec.json.decode(line, type=Outcome)
                except (msgspec.DecodeError, UnicodeError):
                    continue
