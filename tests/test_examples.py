"""Every command's help has an example, and every example does what it says."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from edge.__main__ import GROUP, LINE_MAX, SECTIONS, main
from simulators import demo_data
from tests.owner import command, edgebox, owned

CODES = {
    "run": 70, "broker config": 1, "bundle diff": 1, "bundle install": 1, "cloud statement": 1,
    "terminals rights": 1, "terminals rotate": 1, "tray resolve": 1, "tray show": 1,
}  # fmt: skip
"""How an example ends that does not end with 0: a box is running, a broker has no certificates, two
bundles differ, a key is not one that the box trusts, there is no cloud, terminals stand in the
file, the tray is empty."""
ELSEWHERE = {
    "demo": "tests/test_demo.py",
    "cloud join": "tests/test_joining.py",
    "conform cloud": "tests/test_conform_cloud.py",
    "conform terminal": "tests/test_conform_terminal.py",
    "devices bind": "tests/test_devices_command.py",
    "devices test": "tests/test_devices_command.py",
    "devices watch": "tests/test_devices_command.py",
    "products import": "tests/test_standalone.py",
    "record": "tests/test_devices_command.py",
    "replay": "tests/test_devices_command.py",
    "staff add": "tests/test_staff.py",
    "staff hash": "tests/test_staff.py",
    "staff pin": "tests/test_staff.py",
    "staff remove": "tests/test_staff.py",
    "tls init": "tests/test_tls.py",
    "tls renew": "tests/test_tls.py",
    "tls show": "tests/test_tls.py",
}
"""Examples that take minutes, a PIN that is typed, a device or another box, and the test that does
the same."""
CLOSED = ("rebuild", "restore")
"""Commands for a box that does not run; the others are tried beside one that does."""
STORY = """given
  tax food 9%
  product bread | 面包 | Bread | 6.65 | food
on 2026-11-22 10:00
do sell S1 | 1 bread | pay cash 20.00
"""
BASKET = {
    "now": "2026-11-22T10:00:00Z",
    "basket": [{"product": {"id": "tea", "price": 500, "tax_class": "standard"}}],
}


def leaves(name: str, found: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield commands that do something, by their full names."""
    if isinstance(found, click.Group):
        for sub in sorted(found.commands):
            yield from leaves(f"{name} {sub}", found.commands[sub])
    else:
        yield name, found


COMMANDS = {
    name: found
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for name, found in leaves(point.name, point.load())
}


def examples(found: click.Command) -> list[str]:
    """Return the command lines in a command's help."""
    text = f"{found.help or ''}\n{found.epilog or ''}"
    lines = [line.strip().removeprefix("Example: ") for line in text.splitlines()]
    return [line.partition(" #")[0] for line in lines if line.startswith("edgebox ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself(name: str) -> None:
    told = examples(COMMANDS[name])
    assert told
    assert all(line.startswith(f"edgebox {name}") for line in told)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_text_is_shown_as_it_was_set(name: str) -> None:
    command = COMMANDS[name]
    shown = command.get_help(click.Context(command, info_name=name))
    assert "\\" not in shown, "an escape that click did not understand"


def test_every_command_says_what_it_does_in_a_line() -> None:
    for name, found in COMMANDS.items():
        assert found.get_short_help_str(200).rstrip(".")[-1].isalnum(), name


def furnish(folder: Path) -> None:
    """Write the files that examples name."""
    rules = demo_data.bundle("s1")
    for name, document in (
        ("rules.json", rules), ("old.json", rules), ("new.json", {**rules, "version": 2}),
    ):  # fmt: skip
        (folder / name).write_bytes(msgspec.json.encode(document))
    (folder / "birthday.txt").write_text(STORY, "utf-8")
    (folder / "baskets.ndjson").write_text(json.dumps(BASKET), "utf-8")
    (folder / "old.csv").write_text("member,points\nm0001,120\n", "utf-8")
    (folder / "staff.csv").write_text("display\n王**\n李**\n", "utf-8")
    assert edgebox("bundle", "keys", "new", folder / "keys").exit_code == 0


async def test_every_example_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    key = next((tmp_path / "keys").glob("*.key"))
    signing = ("bundle", "sign", "new.json", "--key", str(key), "--out", "signed.json")
    assert edgebox(*signing).exit_code == 0
    async with owned(tmp_path) as box:
        for number in range(10):
            await box.sell(number)
        for name in (name for name in COMMANDS if name not in (*ELSEWHERE, *CLOSED)):
            await follow(tmp_path, name)
    for name in CLOSED:
        if name in COMMANDS:
            await follow(tmp_path, name)


async def follow(folder: Path, name: str) -> None:
    """Do what the examples of a command say; a shell's pattern of files is the shell's."""
    for line in examples(COMMANDS[name]):
        if "*" in line:
            continue
        asked, _, given = line.partition(" > ")[0].partition(" < ")
        text = (folder / given.strip()).read_text("utf-8") if given else None
        words = shlex.split(asked.replace("/media/usb", str(folder)))
        result = await command(*words[1:], given=text)
        assert result.exit_code == CODES.get(name, 0), f"{line}\n{result.output}"


def test_commands_stand_in_groups() -> None:
    said = edgebox("--help").stdout
    for title, names in SECTIONS.items():
        assert f"{title}:" in said
        assert any(f"  {name}  " in said for name in names)
    assert all(f"  {name.split()[0]}  " in said for name in COMMANDS)


def test_the_list_of_commands_says_of_each_what_it_says_of_itself() -> None:
    context = click.Context(main)
    known = {name: line for lines in SECTIONS.values() for name, line in lines.items()}
    assert set(known) == set(main.list_commands(context))
    for name, line in known.items():
        assert (command := main.get_command(context, name)) is not None
        assert command.get_short_help_str(LINE_MAX) == line


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys\nfrom edge.__main__ import main\nmain(['--help'], standalone_mode=False)\n"
    loaded = "print(*[n for n in sys.modules if n.partition('.')[0] in {'edge', 'simulators'}])"
    done = subprocess.run(
        [sys.executable, "-c", code + loaded], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.splitlines()[-1].split()) == {"edge", "edge.__main__"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    said = edgebox("completion", shell).stdout
    assert "_EDGEBOX_COMPLETE" in said


def test_commands_and_options_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(words: str) -> set[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        monkeypatch.setenv("_EDGEBOX_COMPLETE", "bash_complete")
        said = CliRunner().invoke(main, prog_name="edgebox", complete_var="_EDGEBOX_COMPLETE")
        return {line.partition(",")[2] for line in said.stdout.splitlines()}

    assert completed("edgebox z-") == {"z-close"}
    assert completed("edgebox journal ") == {"tail", "show", "export"}
    assert "--counted" in completed("edgebox z-close --c")
