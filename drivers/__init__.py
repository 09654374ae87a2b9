"""Hardware in, facts out. A driver is three files with one name."""

import importlib
from typing import Any

from drivers.codec import Driver


def load(name: str) -> Driver[Any]:
    """Return the driver that lives in `drivers/<name>.py`.

    Raises ModuleNotFoundError when there is no such file, or it declares no `DRIVER`.
    """
    module = importlib.import_module(f"drivers.{name}")
    driver = getattr(module, "DRIVER", None)
    if not isinstance(driver, Driver):
        raise ModuleNotFoundError(f"drivers/{name}.py declares no DRIVER", name=f"drivers.{name}")
    return driver
