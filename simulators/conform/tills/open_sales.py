"""What a terminal has to remember across its own end: each sale it sent and has no answer to."""

import json
import os
from pathlib import Path
from typing import Any


class OpenSales:
    """A small file of open sales by the cashier's wish. What `keep` returned from is on disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "open-sales.json"
        self._open: dict[str, dict[str, Any]] = {}
        if self._path.exists():
            self._open = json.loads(self._path.read_bytes())

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what is open: wish and request."""
        return list(self._open.items())

    def get(self, wish: str) -> dict[str, Any] | None:
        """Return the request of a wish that is open."""
        return self._open.get(wish)

    def keep(self, wish: str, request: dict[str, Any]) -> None:
        """Remember a request before it is sent."""
        self._open[wish] = request
        self._write()

    def close(self, wish: str) -> None:
        """Forget one whose outcome is certain."""
        if self._open.pop(wish, None) is not None:
            self._write()

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(json.dumps(self._open).encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
