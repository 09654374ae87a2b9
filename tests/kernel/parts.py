"""The guest's kernel, its modules and udev: Debian packages, unpacked and never installed."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "edgebox" / "kernel"
META_PACKAGE = "linux-image-amd64"
WANTED = (
    "virtio_pci", "9pnet_virtio", "9p", "evdev", "uinput", "uhid", "hid-generic", "usbhid",
    "xhci-pci", "ftdi_sio",
)  # fmt: skip


class PartMissing(Exception):
    """Something the machine is made of cannot be had; `str()` says what to do."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's file, the folder its modules are below, and where its packages were unpacked."""

    image: Path
    modules: Path
    root: Path


def kernel() -> Kernel:
    """Return the kernel, fetched at the first call. Raises PartMissing."""
    package = kernel_package()
    root = CACHE / package
    if not (root / "ready").exists():
        _unpack((package, "udev"), root)
    release = package.removeprefix("linux-image-")
    return Kernel(root / "boot" / f"vmlinuz-{release}", root / "lib" / "modules" / release, root)


def kernel_package() -> str:
    """Return the name of the package that holds this distribution's kernel."""
    said = _run("apt-cache", "depends", META_PACKAGE)
    found = re.search(r"Depends: (linux-image-\S+)", said)
    if found is None:
        raise PartMissing(f"there is no package {META_PACKAGE} here: this test needs Debian")
    return found[1]


def module_files(modules: Path, wanted: tuple[str, ...] = WANTED) -> list[Path]:
    """Return the files of modules and of all they depend on; those built in have none."""
    depends = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        file, _, others = line.partition(":")
        depends[_module_name(file)] = [file, *others.split()]
    built_in = {_module_name(line) for line in (modules / "modules.builtin").read_text().split()}
    files: set[str] = set()
    for name in wanted:
        plain = name.replace("-", "_")
        if plain in depends:
            files.update(depends[plain])
        elif plain not in built_in:
            raise PartMissing(f"the kernel in {modules} has no module {name}")
    return sorted(modules / file for file in files)


def _module_name(file: str) -> str:
    return Path(file).name.partition(".")[0].replace("-", "_")


def _unpack(packages: tuple[str, ...], root: Path) -> None:
    folder = root.with_suffix(".fetching")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    _run("apt-get", "download", *packages, cwd=folder)
    for file in sorted(folder.glob("*.deb")):
        _run("dpkg-deb", "-x", str(file), str(folder))
        file.unlink()
    (release,) = (folder / "lib" / "modules").iterdir()
    _run("/sbin/depmod", "-b", str(folder), release.name)
    (folder / "ready").touch()
    shutil.rmtree(root, ignore_errors=True)
    folder.rename(root)


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise PartMissing(f"{command[0]} is missing: run scripts/install-test-parts") from error
    except subprocess.CalledProcessError as error:
        raise PartMissing(f"{' '.join(command)}: {error.stderr.strip()}") from error
    return ran.stdout
