"""The guest's first disk: busybox, the modules it needs, and a script that goes to the host's root.

The format is the kernel's "newc" cpio archive (kernel documentation: initramfs buffer format).
"""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.kernel.parts import WANTED, Kernel, PartMissing, module_files

_DIRECTORY, _FILE, _LINK = 0o040755, 0o100755, 0o120777
_COMMANDS = ("sh", "mount", "modprobe", "mkdir", "chroot", "poweroff", "echo", "cat")

INIT = """\
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in {modules}; do modprobe $module || echo "KERNEL no module $module"; done
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -o bind /dev /host/dev
mount -t tmpfs run /host/run
mkdir /host/run/tmp
chroot /host {command}
echo "KERNEL ended $?"
poweroff -f
"""


def build(kernel: Kernel, command: str, path: Path) -> None:
    """Write an initrd to `path` that runs `command` inside the host's root and then switches off.

    Raises PartMissing when there is no static busybox.
    """
    busybox = shutil.which("busybox")
    if busybox is None:
        raise PartMissing("busybox is missing: run scripts/install-test-parts")
    entries = [
        *((folder, _DIRECTORY, b"") for folder in ("bin", "dev", "host", "proc", "sys")),
        ("bin/busybox", _FILE, Path(busybox).read_bytes()),
        *((f"bin/{name}", _LINK, b"busybox") for name in _COMMANDS),
        ("init", _FILE, INIT.format(modules=" ".join(WANTED), command=command).encode()),
        *_modules(kernel),
    ]
    path.write_bytes(gzip.compress(_archive(entries), compresslevel=1))


def _modules(kernel: Kernel) -> Iterator[tuple[str, int, bytes]]:
    files = module_files(kernel.modules)
    lists = [kernel.modules / name for name in ("modules.dep", "modules.alias", "modules.builtin")]
    folders: set[Path] = set()
    for file in [*files, *lists]:
        inside = file.relative_to(kernel.root)
        for folder in reversed(inside.parents[:-1]):
            if folder not in folders:
                folders.add(folder)
                yield str(folder), _DIRECTORY, b""
        yield str(inside), _FILE, file.read_bytes()


def _archive(entries: list[tuple[str, int, bytes]]) -> bytes:
    pieces = [
        piece
        for number, (name, mode, data) in enumerate(entries, 1)
        for piece in _entry(number, name, mode, data)
    ]
    return b"".join([*pieces, *_entry(0, "TRAILER!!!", 0, b"")])


def _entry(number: int, name: str, mode: int, data: bytes) -> Iterator[bytes]:
    raw = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    yield head + bytes(-len(head) % 4)
    yield data + bytes(-len(data) % 4)
