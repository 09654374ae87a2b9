"""What the owner of a box can do at its command line; each file holds some of the commands.

Exit codes: 0 all is well · 1 the answer is no (books that do not agree, a key nobody knows, a
bundle with findings) · 2 the question was wrong (bad option, bad configuration) · 70 the box had
to stop (disk failed).
"""

from importlib import import_module

import click

__all__ = [
    "backup",
    "broker",
    "bundle",
    "cloud",
    "completion",
    "config",
    "devices",
    "enrol",
    "explain",
    "import_file",
    "journal",
    "price",
    "products",
    "rebuild",
    "record",
    "replay",
    "restore",
    "run",
    "staff",
    "story",
    "terminals",
    "tls",
    "tray",
    "verify",
    "x_report",
    "z_close",
]

_FILES = {
    "backup": "backups",
    "bundle": "bundles",
    "cloud": "clouds",
    "completion": "completing",
    "config": "configuring",
    "devices": "hardware",
    "enrol": "enrolling",
    "explain": "explaining",
    "import_file": "importing",
    "journal": "journals",
    "price": "prices",
    "products": "price_lists",
    "rebuild": "books",
    "record": "recording",
    "replay": "recording",
    "restore": "backups",
    "run": "serving",
    "story": "stories",
    "tray": "exceptions",
    "terminals": "pairing",
    "tls": "securing",
    "broker": "brokers",
    "staff": "staffing",
    "verify": "books",
    "x_report": "reports",
    "z_close": "reports",
}
"""Which file holds a command."""


def __getattr__(name: str) -> click.Command:
    """Return a command from its file: what only others need is not imported for it (PEP 562)."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    command: click.Command = getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
    return command
