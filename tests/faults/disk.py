"""What any work does to the files of a folder, as strace sees it, and what a power cut leaves.

The work is done in a fork of this process while strace follows it, its children too, so that it
does not matter who writes: SQLite, Python, or a program of its own. For a moment of that record
an image is made. What was flushed is in it. Of what was written to a file since, any part may be
there, torn at a sector. Names come and go in order, as a file system with a journal keeps it
(ext4, XFS): all up to the last one whose folder was flushed, and perhaps some more.
"""

import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from tests.faults.power import Image, Op, apply, survivors

CALLS = (
    "openat", "read", "write", "pwrite64", "lseek", "sendfile", "ftruncate", "fallocate",
    "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir",
    "mkdirat", "rmdir", "link", "writev", "pwritev", "copy_file_range",
)  # fmt: skip
UNREAD = {"link", "writev", "pwritev", "copy_file_range"}
"""Calls that nobody makes on such files: nothing here knows what they do."""
BYTES_MAX = 1 << 24
UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"\d+ +<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (\d+)(?:<((?:\\x\w\w)*)>)?$")
_TEXT = re.compile(r'"((?:\\x\w\w)*)"')
_FILE = re.compile(r"^(\d+)<((?:\\x\w\w)*)>")
_SECOND = re.compile(r", (\d+)<")
_FROM = re.compile(r"\[(\d+)\]")


class Name(NamedTuple):
    """A name that comes, goes, or becomes another one. `file` is "" for a folder."""

    what: Literal["make", "drop", "move", "settle"]
    path: str
    to: str = ""
    file: str = ""


Event = Op | Name


@dataclass(slots=True)
class Tree:
    """Folders and names, each with the file that it is of; and what is in the files."""

    folders: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    content: Image = field(default_factory=dict)

    def rename(self, op: Name) -> None:
        """Let a name come, go, or become another one, with all that is below it."""
        if op.what == "make":
            self.folders.add(op.path) if not op.file else self.names.update({op.path: op.file})
        elif op.what == "drop":
            self.folders.discard(op.path)
            self.names.pop(op.path, None)
        elif op.what == "move":
            for path in [one for one in self.names if _is_at(one, op.path)]:
                self.names[op.to + path[len(op.path) :]] = self.names.pop(path)
            for path in [one for one in self.folders if _is_at(one, op.path)]:
                self.folders.remove(path)
                self.folders.add(op.to + path[len(op.path) :])

    def write(self, folder: Path) -> None:
        """Write it all into a folder, which is empty."""
        for path in sorted(self.folders):
            (folder / path).mkdir(parents=True, exist_ok=True)
        for path, file in self.names.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(self.content.get(file, b""))


def _is_at(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


@dataclass(frozen=True, slots=True)
class Record:
    """How the folder was before, and what then happened to it."""

    before: Tree
    events: Sequence[Event]


def record(work: Callable[[], object], folder: Path) -> Record:
    """Do `work` in a fork, and return what it did to the files below `folder`.

    Raises AssertionError if it fails, or does what nobody here understands.
    """
    before = _read(folder)
    with TemporaryDirectory() as place:
        log = Path(place) / "strace.log"
        _trace(work, log)
        reader = Reader(folder, before)
        with log.open(encoding="ascii") as lines:
            for line in lines:
                reader.hear(line.rstrip())
    return Record(before, reader.events)


def _read(folder: Path) -> Tree:
    tree = Tree()
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_dir():
            tree.folders.add(name)
        elif path.is_file():
            tree.names[name] = f"before {name}"
            tree.content[f"before {name}"] = bytearray(path.read_bytes())
    return tree


def _trace(work: Callable[[], object], log: Path) -> None:
    hold, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(hold, 1)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    command = ["strace", "-f", "-y", "-xx", "-s", str(BYTES_MAX), "-o", str(log)]
    command += ["-e", f"trace={','.join(CALLS)}", "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        assert b"attached" in strace.stderr.readline(), "strace may not look at a fork of ours"
        os.write(go, b"!")
        _, status = os.waitpid(child, 0)
    os.close(hold)
    os.close(go)
    assert status == 0, "the work fails by itself"


class Reader:
    """Turns what strace wrote into events."""

    def __init__(self, folder: Path, before: Tree) -> None:
        self._folder, self._now = str(folder.resolve()), Tree(set(before.folders))
        self._now.names.update(before.names)
        self._now.content.update({name: copy(data) for name, data in before.content.items()})
        self._open: dict[tuple[str, str], tuple[str, int]] = {}
        """The file, or the folder, that a process has open there, and how far it has come."""
        self._begun: dict[str, str] = {}
        """The beginning of a process's call, where another's was written in between."""
        self.events: list[Event] = []

    def hear(self, line: str) -> None:
        process = line.partition(" ")[0]
        if line.endswith(UNFINISHED):
            self._begun[process] = line.removesuffix(UNFINISHED)
            return
        if (rest := _RESUMED.match(line)) is not None:
            line = self._begun.pop(process) + rest[1]
        found = _CALL.match(line)
        if found is None:
            return
        process, call, said, result, opened = found.groups()
        if call == "openat":
            self._opened((process, result), _text(opened or ""), said)
        elif call in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir"):
            self._named(call, [_text(text) for text in _TEXT.findall(said)])
        elif call in ("mkdir", "mkdirat"):
            self._named(call, [_text(_TEXT.findall(said)[0])])
        elif (file := _FILE.match(said)) is not None and (process, file[1]) in self._open:
            assert call not in UNREAD, line[:200]
            self._touched((process, file[1]), call, said, int(result))

    def _opened(self, handle: tuple[str, str], path: str, said: str) -> None:
        self._open.pop(handle, None)
        name = self._inside(path)
        if name is None:
            return
        if name in self._now.folders or not name:
            self._open[handle] = (f"folder {name}", 0)
            return
        if name not in self._now.names:
            self._add(Name("make", name, file=f"file {len(self.events)}"))
        file = self._now.names[name]
        if "O_TRUNC" in said:
            self._add(Op("cut", file, 0))
        self._open[handle] = (file, 0)

    def _named(self, call: str, paths: Sequence[str]) -> None:
        names = [self._inside(path) for path in paths]
        if None in names:
            assert names == [None] * len(names), f"{call} from elsewhere: {paths}"
            return
        first, *others = [name for name in names if name is not None]
        if call in ("mkdir", "mkdirat"):
            self._add(Name("make", first))
        elif others:
            self._add(Name("move", first, others[0]))
        else:
            self._add(Name("drop", first))

    def _touched(self, handle: tuple[str, str], call: str, said: str, result: int) -> None:
        file, at = self._open[handle]
        numbers = said.rpartition('"')[2] or said
        match call:
            case "lseek":
                self._open[handle] = (file, result)
            case "read":
                self._open[handle] = (file, at + result)
            case "write" | "sendfile":
                data = self._data(handle[0], call, said, result)
                self._add(Op("write", file, at, data))
                self._open[handle] = (file, at + result)
            case "pwrite64":
                data = self._data(handle[0], call, said, result)
                self._add(Op("write", file, int(numbers.rpartition(", ")[2]), data))
            case "ftruncate":
                self._add(Op("cut", file, int(said.rpartition(", ")[2])))
            case "fallocate":
                offset, length = map(int, said.split(", ")[-2:])
                end = max(offset + length, len(self._now.content.get(file, b"")))
                self._add(Op("cut", file, end))
            case _ if file.startswith("folder "):
                self._add(Name("settle", file.removeprefix("folder ")))
            case _:
                self._add(Op("flush", file))

    def _data(self, process: str, call: str, said: str, count: int) -> bytes:
        if call != "sendfile":
            return bytes.fromhex(_TEXT.findall(said)[0].replace("\\x", ""))[:count]
        number = _SECOND.findall(said)[0]
        start = int(_FROM.findall(said)[0])
        if (process, number) not in self._open:
            path = _text(re.findall(r"<((?:\\x\w\w)*)>", said)[1])
            return Path(path).read_bytes()[start : start + count]
        file, _ = self._open[process, number]
        return bytes(self._now.content[file][start : start + count])

    def _inside(self, path: str) -> str | None:
        """Return a path as seen from the folder, None outside of it."""
        if not _is_at(path, self._folder):
            return None
        return path[len(self._folder) + 1 :]

    def _add(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Name):
            self._now.rename(event)
        elif event.what != "flush":
            apply(self._now.content, event)


def _text(hexed: str) -> str:
    return bytes.fromhex(hexed.replace("\\x", "")).decode()


# --- images -------------------------------------------------------------------------------------


def images(done: Record, luck: random.Random, count: int) -> Iterator[tuple[int, Tree]]:
    """Yield `count` images, each with the number of events after which the power went."""
    durable = Tree(set(done.before.folders), dict(done.before.names))
    durable.content.update({name: bytearray(data) for name, data in done.before.content.items()})
    unflushed: dict[str, list[Op]] = {}
    unsettled: list[Name] = []
    heard = 0
    for moment in sorted(luck.randint(0, len(done.events)) for _ in range(count)):
        for event in done.events[heard:moment]:
            _hear(event, durable, unflushed, unsettled)
        heard = moment
        yield moment, _image(durable, unflushed, unsettled, luck)


def _hear(
    event: Event, durable: Tree, unflushed: dict[str, list[Op]], unsettled: list[Name]
) -> None:
    if isinstance(event, Op):
        if event.what != "flush":
            unflushed.setdefault(event.file, []).append(event)
            return
        for written in unflushed.pop(event.file, ()):
            apply(durable.content, written)
    elif event.what != "settle":
        unsettled.append(event)
    else:
        about = [number for number, op in enumerate(unsettled) if _is_in(event.path, op)]
        last = about[-1] + 1 if about else 0
        for op in unsettled[:last]:
            durable.rename(op)
        del unsettled[:last]


def _is_in(folder: str, op: Name) -> bool:
    return folder in {str(Path(path).parent).removeprefix(".") for path in (op.path, op.to) if path}


def _image(
    durable: Tree,
    unflushed: dict[str, list[Op]],
    unsettled: Sequence[Name],
    luck: random.Random,
) -> Tree:
    image = Tree(set(durable.folders), dict(durable.names))
    image.content.update({name: bytearray(data) for name, data in durable.content.items()})
    for op in unsettled[: luck.choice((0, len(unsettled), luck.randint(0, len(unsettled))))]:
        image.rename(op)
    for ops in unflushed.values():
        for written in survivors(ops, luck):
            apply(image.content, written)
    return image
