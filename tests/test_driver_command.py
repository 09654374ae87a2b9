"""`edgebox driver`: a newcomer begins, completes and proves a driver of their own."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulators.contract.command import driver

COMPLETED = {
    "__init__.py": '''
class Host(Codec[bytes]):
    """The host's end: lines that end with CR; one that stops for a second broke off."""

    LINE_BYTES_MAX = 64

    def __init__(self, settings: Settings) -> None:
        self._line, self._too_long = b"", False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Cut the stream into lines."""
        *lines, self._line = (self._line + frame).split(b"\\r")
        for line in lines:
            yield from self._read(line)
        if len(self._line) > self.LINE_BYTES_MAX:
            self._line = b""
            if not self._too_long:
                self._too_long = True
                yield Fault("a code without an end")
        self.wake_at = now + 1.0 if self._line else None

    def wake(self, now: float) -> Iterator[object]:
        """Forget a line that broke off."""
        self._line, self.wake_at = b"", None
        yield Fault("a code broke off")

    def _read(self, line: bytes) -> Iterator[object]:
        if self._too_long or len(line) > self.LINE_BYTES_MAX:
            if not self._too_long:
                yield Fault("a code without an end")
            self._too_long = False
        elif line.isdigit():
            yield Scan(line.decode())
        else:
            yield Fault("a code that is not digits")
''',
    "simulator.py": '''
class Device(Codec[bytes]):
    """Told what a hand does with the device, it sends what the device would send."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def command(self, command: Scan, now: float) -> Iterator[object]:
        """Somebody pulled the trigger."""
        yield Send(command.text.encode() + b"\\r")

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Hear what the host sends."""
        return iter(())


def acts(settings: Settings, luck: Random) -> Iterator[tuple[Scan, list[Scan]]]:
    """Read a few codes of digits."""
    for _ in range(3):
        scan = Scan(str(luck.randrange(10**12)))
        yield scan, [scan]
''',
    "capture.txt": """
< 36 39 30 31 41 0d
= Fault(reason='a code that is not digits')
""",
}
"""What the newcomer writes: two classes of the template, and two lines of a capture."""


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(driver, arguments)


def installed(home: Path) -> Path:
    """Return a folder in which the package looks installed, as pip does it."""
    project = tomllib.loads((home / "pyproject.toml").read_text())
    name, version = project["project"]["name"].replace("-", "_"), project["project"]["version"]
    info = home / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = "".join(
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items())
        for group, entries in project["project"]["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(points)
    return home


def edgebox(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("edgebox")), *arguments]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(home)}, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip


def complete(package: Path) -> None:
    """Do what the template asks for: replace its unfinished class in each file."""
    for file, text in COMPLETED.items():
        path = package / file
        old = path.read_text()
        if file == "capture.txt":
            path.write_text(old + text)
            continue
        begin = old.index("class Host" if "class Host" in old else "class Device")
        end = old.index("\n\nDRIVER") if "\n\nDRIVER" in old else len(old)
        path.write_text(old[:begin] + text.lstrip() + old[end:])
    simulator = package / "simulator.py"
    simulator.write_text(
        simulator.read_text().replace(
            "from acme_lamp", "from random import Random\n\nfrom acme_lamp"
        )
    )


def test_a_newcomer_begins_completes_and_proves_a_driver(tmp_path: Path) -> None:
    assert ask("new", "acme_lamp", "--folder", str(tmp_path)).exit_code == 0
    home = installed(tmp_path / "acme_lamp")

    unfinished = edgebox(home, "driver", "test", "acme_lamp", "--rounds", "3")
    assert unfinished.returncode == 1, unfinished.stderr
    assert "is not written yet" in unfinished.stdout

    complete(home / "acme_lamp")
    finished = edgebox(home, "driver", "test", "acme_lamp", "--rounds", "30", "--json")
    said = json.loads(finished.stdout)
    assert finished.returncode == 0, [c for c in said["checks"] if not c["held"]]
    assert said["held"]
    assert {"replay", "junk", "replug"} <= {check["check"] for check in said["checks"]}
    assert sum(text.count("\n") for text in COMPLETED.values()) <= 80

    listed = json.loads(edgebox(home, "driver", "list", "--json").stdout)
    ours = {one["name"]: one for one in listed["drivers"]}
    assert ours["acme_lamp"]["origin"] == "acme_lamp"
    assert ours["lines_scanner"]["origin"] == "edgebox"


def test_a_shop_uses_a_driver_of_somebody_else(tmp_path: Path) -> None:
    assert ask("new", "acme_lamp", "--folder", str(tmp_path)).exit_code == 0
    home = installed(tmp_path / "acme_lamp")
    store = tmp_path / "store.toml"
    example = Path(__file__).parent.parent / "examples" / "store.toml"
    text = example.read_text().replace('"lines_scanner"', '"acme_lamp"')
    own = ("suffix =", "aim =")
    store.write_text("".join(li for li in text.splitlines(True) if not li.startswith(own)))
    checked = edgebox(home, "config", "check", str(store))
    assert checked.returncode == 0, checked.stderr
    assert edgebox(tmp_path, "config", "check", str(store)).returncode == 2


def test_a_broken_plugin_stops_nobody_else(tmp_path: Path) -> None:
    assert ask("new", "acme_lamp", "--folder", str(tmp_path)).exit_code == 0
    home = installed(tmp_path / "acme_lamp")
    (home / "acme_lamp" / "__init__.py").write_text("raise SystemError('no licence')\n")
    listed = edgebox(home, "driver", "list")
    assert listed.returncode == 0
    assert "lines_scanner" in listed.stdout
    assert "cannot be used: SystemError: no licence" in listed.stderr
    tested = edgebox(home, "driver", "test", "acme_lamp")
    assert (tested.returncode, "no licence" in tested.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("test", "nobody"), 2, "no driver nobody"),
        (("new", "Acme Lamp"), 2, "is no name for a driver"),
        (("new", "lines_scanner"), 2, "there is a driver lines_scanner already"),
        (("new", "acme_lamp", "--folder", "taken"), 2, "is there already"),
    ],
)
def test_wrong_questions(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken" / "acme_lamp").mkdir(parents=True)
    result = ask(*arguments)
    assert result.exit_code == code
    assert said in result.output
    assert "fix:" in result.output


def test_a_driver_that_keeps_the_contract_is_told_so() -> None:
    result = ask("test", "lines_scanner", "--rounds", "3")
    assert result.exit_code == 0, result.output
    assert "NO" not in result.output
    assert "pulled out and plugged in again on pty" in result.output
