"""The command `edgebox`: finds its subcommands as entry points of the group edgebox.commands."""

from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points

import click

GROUP = "edgebox.commands"
MORE = "More"
LINE_MAX = 200

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Run a store": {
        "run": "Run the box until SIGTERM or Ctrl-C.",
        "config": "Look after the store's configuration.",
        "demo": "Open a whole store on this machine and watch it sell.",
    },
    "Who may come in": {
        "terminals": "Look after the terminals: list, pair, rotate, revoke, rights.",
        "staff": "Look after the people who sign on with a PIN: list, add, pin, remove, hash.",
        "tls": "Look after the box's own authority, which terminals trust: init, show, renew.",
        "broker": "Look after an external MQTT broker.",
    },
    "Devices": {
        "devices": "Look after scanners, readers, printers and whatever else is plugged in.",
        "record": (
            "Write what passes between us and a device into a capture; use the device meanwhile."
        ),
        "replay": (
            "Play a capture to its driver, and compare what the driver says with what the "
            "file says."
        ),
        "driver": "Write device drivers, and check that they keep the contract.",
    },
    "The day": {
        "x-report": "Print how the day goes, or how an old one went; changes nothing.",
        "z-close": "Close the business day of a running box; the next sale opens the next one.",
    },
    "The record": {
        "verify": "Check every page, lot and total of the books, also while the box is selling.",
        "explain": "Say what became of a request, by its key.",
        "journal": "Look at the journal's pages: the last ones, a certain one, or all.",
        "import": "Bring balances and cards of an old system in, from CSV or JSON lines.",
        "enrol": "Make the people of a CSV file members, through a running box.",
        "backup": (
            "Copy the books and all that a new box needs into the folder TO, also while it sells."
        ),
        "restore": (
            "Put the backup FROM in the place of the box's books; those that are there are "
            "kept aside."
        ),
        "rebuild": "Make the book again from the journal's pages; the box must not be running.",
    },
    "Rules and prices": {
        "bundle": "Check, sign, compare and read out rule bundles.",
        "products": "Bring in the price list of a box that belongs to no cloud.",
        "price": "Price baskets: one JSON object a line on standard input, one JSON answer a line.",
        "story": (
            "Play FILES: dated deeds in a shop that exists in memory alone, home of every account."
        ),
    },
    "The cloud": {
        "cloud": "See what a membership cloud must answer, ask it, and join one.",
        "tray": "See what the cloud did not simply accept, and choose what is done about it.",
    },
    MORE: {
        "completion": "Print what makes a shell complete `edgebox`, for its start-up file.",
        "conform": "Check a terminal, or a cloud, against what edgebox expects of it.",
    },
}
"""How `edgebox --help` groups the commands, and what each says of itself.

It stands here so that nothing has to be imported for it; what is not here is asked, under More.
"""


class Commands(click.Group):
    """Subcommands that installed packages declare; a command is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({point.name for point in entry_points(group=GROUP)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name, None for nobody's."""
        for point in entry_points(group=GROUP, name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by what they are for."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max(map(len, names))
        for title, known in SECTIONS.items():
            lines = {name: line for name, line in known.items() if name in names}
            if title == MORE:
                lines |= self._lines_of_others(ctx, names)
            rows = [
                (name, click.Command(name, help=line).get_short_help_str(width))
                for name, line in lines.items()
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _lines_of_others(self, ctx: click.Context, names: Sequence[str]) -> dict[str, str]:
        """Return what commands of other packages say of themselves."""
        known = {name for lines in SECTIONS.values() for name in lines}
        found = {name: self.get_command(ctx, name) for name in names if name not in known}
        return {
            name: command.get_short_help_str(LINE_MAX)
            for name, command in found.items()
            if command is not None
        }


@click.command(cls=Commands)
@click.version_option(package_name="edgebox")
def main() -> None:
    """Run the edge gateway of a shop: devices in, exact sales out, with or without the cloud."""


if __name__ == "__main__":
    main()
