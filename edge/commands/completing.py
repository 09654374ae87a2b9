"""Completion of commands, options and files in the owner's shell."""

from typing import Literal

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "fish", "zsh")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: Literal["bash", "fish", "zsh"]) -> None:
    """Print what makes a shell complete `edgebox`, for its start-up file.

    \b
    bash, zsh: eval "$(edgebox completion bash)" in ~/.bashrc or ~/.zshrc
    fish: edgebox completion fish > ~/.config/fish/completions/edgebox.fish

    \b
    Example: edgebox completion bash
    """
    found = get_completion_class(shell)
    assert found is not None, "click knows these shells"
    click.echo(found(ctx.find_root().command, {}, "edgebox", "_EDGEBOX_COMPLETE").source())
