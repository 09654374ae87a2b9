"""Hardware in, facts out. A driver is three files with one name.

A driver of somebody else's is a module that an installed package declares as an entry point of
the group `edgebox.drivers`, under the driver's name. Beside `DRIVER` it names its other two
files: `SIMULATOR`, the module of the device's end, and `CAPTURE`, a file beside the module.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from drivers.codec import Driver

GROUP = "edgebox.drivers"


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a driver's parts are: its module, its simulator's, and its capture.

    `capture` is None for our own, which are not shipped. `origin` is the package it came in.
    """

    module: str
    simulator: str
    capture: Path | None
    origin: str


def load(name: str) -> Driver[Any]:
    """Return the driver of this name: ours in `drivers/<name>.py`, or else a plugin.

    Raises ModuleNotFoundError when there is none, or it declares no `DRIVER`.
    """
    module = _module(name)
    driver = getattr(module, "DRIVER", None)
    if not isinstance(driver, Driver):
        raise ModuleNotFoundError(f"{module.__name__} declares no DRIVER", name=module.__name__)
    return driver


def available() -> tuple[str, ...]:
    """Return the names of all drivers there are, ours first; a broken plugin is none."""
    ours = [module.name for module in pkgutil.iter_modules(__path__) if _is_driver(module.name)]
    plugins = {point.name for point in entry_points(group=GROUP)} - set(ours)
    return (*ours, *sorted(name for name in plugins if broken(name) is None))


def broken(name: str) -> str | None:
    """Return why a plugin cannot be used, for people; None if it can."""
    try:
        load(name)
    except Exception as error:  # a stranger's module may do anything when it is imported
        return f"{type(error).__name__}: {error}"
    return None


def parts(name: str) -> Parts:
    """Return where the parts of a driver are. Raises ModuleNotFoundError, as `load` does."""
    load(name)
    module = _module(name)
    if module.__name__ == f"drivers.{name}":
        return Parts(module.__name__, f"simulators.{name}", None, "edgebox")
    assert module.__file__ is not None
    return Parts(
        module.__name__,
        str(getattr(module, "SIMULATOR", "")),
        Path(module.__file__).with_name(str(getattr(module, "CAPTURE", f"{name}.txt"))),
        module.__name__.partition(".")[0],
    )


def _module(name: str) -> ModuleType:
    if any(module.name == name for module in pkgutil.iter_modules(__path__)):
        return importlib.import_module(f"drivers.{name}")
    for point in entry_points(group=GROUP, name=name):
        return importlib.import_module(point.module)
    raise ModuleNotFoundError(f"there is no driver {name!r}", name=f"drivers.{name}")


def _is_driver(name: str) -> bool:
    try:
        load(name)
    except ModuleNotFoundError:
        return False
    return True
