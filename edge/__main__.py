"""The command `edgebox`: finds its subcommands as entry points of the group edgebox.commands."""

from importlib.metadata import entry_points

import click

GROUP = "edgebox.commands"


class Commands(click.Group):
    """Subcommands that installed packages declare; a command is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(point.name for point in entry_points(group=GROUP))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name, None for nobody's."""
        for point in entry_points(group=GROUP, name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return None


@click.command(cls=Commands)
@click.version_option(package_name="edgebox")
def main() -> None:
    """Run the edge gateway of a shop: devices in, exact sales out, with or without the cloud."""


if __name__ == "__main__":
    main()
