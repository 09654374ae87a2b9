"""The command `edgebox`: finds its subcommands as entry points of the group edgebox.commands."""

from importlib.metadata import entry_points

import click

GROUP = "edgebox.commands"

SECTIONS = {
    "Run a store": ("run", "config", "demo"),
    "Who may come in": ("terminals", "staff", "tls", "broker"),
    "Devices": ("devices", "record", "replay", "driver"),
    "The day": ("x-report", "z-close"),
    "The record": (
        "verify",
        "explain",
        "journal",
        "import",
        "enrol",
        "backup",
        "restore",
        "rebuild",
    ),
    "Rules and prices": ("bundle", "price", "story"),
}
"""How `edgebox --help` groups the commands; what is in no group stands under More."""


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
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        grouped = {name for names in SECTIONS.values() for name in names}
        more = tuple(name for name in found if name not in grouped)
        width = formatter.width - 6 - max(map(len, found))
        for title, names in {**SECTIONS, "More": more}.items():
            rows = [(name, command.get_short_help_str(width))
                    for name in names if (command := found.get(name))]  # fmt: skip
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.command(cls=Commands)
@click.version_option(package_name="edgebox")
def main() -> None:
    """Run the edge gateway of a shop: devices in, exact sales out, with or without the cloud."""


if __name__ == "__main__":
    main()
