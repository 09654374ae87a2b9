"""Measure the directory of members: the first fill, a look-up beside a bare one, and its memory.

.venv/bin/python -m tests.bench.directory --members 1000000 --out directory.json

Every figure comes of a process of its own. A look-up is one member by id, found, checked and
decoded; the bare one is the same statement and the same decoding on the same file, with nothing
around them, in slices that alternate. So do slices of the smallest and of the largest directory,
where sizes are compared. Times are of the processor. Memory is private (Private_Clean
and Private_Dirty of /proc/self/smaps_rollup); beside it stands what is resident, with the part of
the file that is mapped.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import apsw
import msgspec

from cloud_bridge.contract import AsOf, Card, Change, Changes, Member
from edge.directory import MMAP_BYTES_MAX, Directory

PAGE = 1000
ROUNDS = 60
LOOKUPS = 1000


def member(number: int) -> Member:
    return Member(
        id=f"m{number:09d}", display="王**", tier="silver", phone_hash=f"{number * 7919:064x}",
        phone_last4=f"{number % 10_000:04d}", points=number % 1000,
        as_of=AsOf(epoch=1, sequence=number % 5000),
    )  # fmt: skip


def pages(count: int) -> Iterator[bytes]:
    """Yield the whole first fill as the cloud sends it: JSON, a page at a time."""
    for start in range(0, count, PAGE):
        numbers = range(start, min(start + PAGE, count))
        changes: list[Change] = [member(number) for number in numbers]
        changes += [Card(number=f"29{n:011d}", member=f"m{n:09d}") for n in numbers]
        more = start + PAGE < count
        page = Changes(
            changes=tuple(changes), cursor=str(start), more=more, price_book=0, members=count
        )
        yield msgspec.json.encode(page)


def fill(path: Path, count: int) -> dict[str, Any]:
    """Fill a directory and return how fast it took what the cloud sent."""
    directory, took = Directory.open(path), 0.0
    decode = msgspec.json.Decoder(Changes).decode
    longest = 0.0
    for raw in pages(count):
        began = time.process_time()
        directory.apply(decode(raw))
        seconds = time.process_time() - began
        took, longest = took + seconds, max(longest, seconds)
    directory.close()
    size = sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
    return {
        "members_per_second": round(count / took),
        "seconds": round(took, 1),
        "page_ms_max": round(longest * 1000, 1),
        "file_bytes_per_member": round(size / count),
    }


def private_bytes() -> tuple[int, int]:
    """Return this process's private and resident memory."""
    sums = {"Private": 0, "Rss": 0}
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        for start in sums:
            if name.startswith(start):
                sums[start] += int(rest.split()[0]) * 1024
    return sums["Private"], sums["Rss"]


def ids(count: int, how_many: int, seed: int) -> list[str]:
    luck = Random(seed)
    return [f"m{luck.randrange(count):09d}" for _ in range(how_many)]


def bare(path: Path) -> tuple[Callable[[str], object], apsw.Connection]:
    """Return the least that finds and decodes a member, and its connection."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.pragma("mmap_size", MMAP_BYTES_MAX)
    decode = msgspec.msgpack.Decoder(Member).decode
    execute = connection.execute

    def get(name: str) -> object:
        raw = execute("select record from member where id = ?", (name,)).get
        return decode(memoryview(raw)[4:])

    return get, connection


def microseconds(call: Callable[[str], object], names: list[str]) -> float:
    began = time.process_time()
    for name in names:
        call(name)
    return (time.process_time() - began) / len(names) * 1e6


def look_up(path: Path, count: int) -> dict[str, Any]:
    """Return what a look-up costs beside the bare one, in slices that alternate."""
    directory = Directory.open(path)
    get, connection = bare(path)
    before, _ = private_bytes()
    ours: list[float] = []
    ratios: list[float] = []
    for call in (get, directory.member):  # both caches are warm before anything counts
        microseconds(call, ids(count, 20 * LOOKUPS, 0))
    for number in range(1, ROUNDS + 1):
        names = ids(count, LOOKUPS, number)
        theirs = microseconds(get, names[::-1])
        mine = microseconds(directory.member, names)
        ours.append(mine)
        ratios.append(mine / theirs)
    after, resident = private_bytes()
    card = microseconds(directory.card, [f"29{int(name[1:]):011d}" for name in names])
    hashes = [f"{int(name[1:]) * 7919:064x}" for name in names]
    phone = microseconds(directory.members_by_phone, hashes)
    connection.close()
    directory.close()
    return {
        "us": _spread(ours),
        "to_bare": _spread(ratios),
        "card_us": round(card, 2),
        "phone_us": round(phone, 2),
        "private_growth_mb": round((after - before) / 1e6, 2),
        "private_mb": round(after / 1e6, 1),
        "rss_mb": round(resident / 1e6, 1),
    }


def compare(paths: list[Path], counts: list[int]) -> dict[str, Any]:
    """Return what a look-up in the last directory costs beside one in the first."""
    directories = [Directory.open(path) for path in paths]
    ratios: list[float] = []
    for number in range(-ROUNDS // 3, ROUNDS):  # the first third warms the caches
        first, last = (
            microseconds(directory.member, ids(count, LOOKUPS, number))
            for directory, count in zip(directories, counts, strict=True)
        )
        if number >= 0:
            ratios.append(last / first)
    for directory in directories:
        directory.close()
    return {"largest_to_smallest": _spread(ratios)}


def _spread(values: list[float]) -> Mapping[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def in_a_process(what: str, folder: Path, counts: list[int]) -> dict[str, Any]:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "tests.bench.directory", "--do", what]
    done = subprocess.run(
        [*command, "--path", str(folder), "--members", *map(str, counts)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def measure(counts: list[int], folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"page_members": PAGE, "rounds": ROUNDS}
    for count in counts:
        print(f"{count:,} members ...", file=sys.stderr)
        found[str(count)] = {
            what: in_a_process(what, folder, [count]) for what in ("fill", "look_up")
        }
        print(json.dumps(found[str(count)]), file=sys.stderr)
    return found | in_a_process("compare", folder, [min(counts), max(counts)])


def do(what: str, folder: Path, counts: list[int]) -> dict[str, Any]:
    """Measure one thing, in this process."""
    paths = [folder / f"{count}.db" for count in counts]
    if what == "compare":
        return compare(paths, counts)
    return {"fill": fill, "look_up": look_up}[what](paths[0], counts[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--do", choices=("fill", "look_up", "compare"))
    parser.add_argument("--path", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    given = parser.parse_args()
    if given.do is not None:
        print(json.dumps(do(given.do, given.path, given.members)))
        return
    with tempfile.TemporaryDirectory(dir=given.path) as folder:
        counts = [10_000, 50_000] if given.quick else given.members
        text = json.dumps(measure(counts, Path(folder)), indent=2)
    if given.out is not None:
        given.out.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
