"""The page's own files: no build step, nothing from anywhere else."""

from functools import cache
from typing import Final

from edge import pages
from edge.pages import Document

_FILES: Final = (
    "app.js",
    "box.js",
    "dom.js",
    "manifest.json",
    "phone.css",
    "say.js",
    "uses.js",
    "worker.js",
)


@cache
def shell() -> dict[str, Document]:
    """Return the page and its assets by their paths; /pair is what a pairing code's QR leads to."""
    assets = {f"/phone/{name}": name for name in _FILES}
    return pages.read("edge.phone", {"/phone": "index.html", "/pair": "index.html", **assets})
