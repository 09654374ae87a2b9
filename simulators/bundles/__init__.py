"""Bundles to copy: what the headquarters of five trades could write, each with its goods.

A hair salon, a supermarket, a bakery chain, a hotel and an alliance of a bookshop, a café and a
cinema. The goods are a JSON list, as `edgebox price --products` reads it.

    edgebox bundle explain simulators/bundles/salon.json --lang zh
"""

from importlib.resources import files

_HERE = files(__name__)


def names() -> tuple[str, ...]:
    """Return the names of all bundles, in alphabetical order."""
    here = (file.name for file in _HERE.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in here if name.endswith(".json")))


def load(name: str) -> bytes:
    """Return a bundle as it was written. A name that is not among `names()` is a KeyError."""
    return _read(name)


def products(name: str) -> bytes:
    """Return the goods a bundle is about. A name that is not among `names()` is a KeyError."""
    return _read(name, "products")


def _read(name: str, *folder: str) -> bytes:
    if name not in names():
        raise KeyError(name)
    return _HERE.joinpath(*folder, f"{name}.json").read_bytes()
