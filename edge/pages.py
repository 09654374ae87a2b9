"""Files that a browser is given: their bytes and what they are."""

from collections.abc import Mapping
from importlib import resources
from typing import Final, NamedTuple

KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
}


class Document(NamedTuple):
    """A file: its media type, and its bytes."""

    kind: str
    body: bytes


def read(package: str, paths: Mapping[str, str]) -> dict[str, Document]:
    """Return the files in a package's folder `pages`, by the path each is asked for under."""
    folder = resources.files(package).joinpath("pages")
    return {
        path: Document(KINDS[name.rpartition(".")[2]], folder.joinpath(name).read_bytes())
        for path, name in paths.items()
    }
