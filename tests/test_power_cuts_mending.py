"""Power cuts while a journal is put back, written anew, brought up to date or rebuilt."""

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.faults.disk import Reader, Tree, images, record
from tests.faults.mended import MENDINGS, cut

IMAGES = {"migration": 8}
"""Each image of a migration starts a program of its own."""
IMAGES_OF_OTHERS = 40


@pytest.mark.parametrize("name", MENDINGS)
def test_a_power_cut_takes_nothing_while_books_are_mended(name: str, tmp_path: Path) -> None:
    count = IMAGES.get(name, IMAGES_OF_OTHERS)
    mended = cut(tmp_path, 1, count, [name])
    print(mended)
    assert not mended.wrong
    assert mended.images == count
    assert mended.events > 3


def test_what_is_copied_and_never_flushed_is_found_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.backup.restoring.sync_file", lambda path: None)
    assert cut(tmp_path, 2, 60, ["restore"]).wrong


def test_a_rename_without_a_flush_of_its_folder_may_come_undone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    renamed = record(lambda: os.rename(tmp_path / "a", tmp_path / "b"), tmp_path)
    names = {_names(image) for _, image in images(renamed, random.Random(1), 20)}
    assert names == {("a",), ("b",)}


def _names(tree: Tree) -> tuple[str, ...]:
    return tuple(sorted(tree.names))


def test_an_image_of_the_end_is_what_is_there(tmp_path: Path) -> None:
    """Whatever wrote it: Python, a copy by the kernel, a file made longer or shorter."""

    def work() -> None:
        (tmp_path / "new").mkdir()
        with (tmp_path / "new" / "a").open("w+b") as file:
            file.write(b"0123456789" * 2000)
            file.seek(5)
            file.write(b"five")
            file.flush()
            os.posix_fallocate(file.fileno(), 0, 30_000)
            os.fsync(file.fileno())
        shutil.copyfile(tmp_path / "new" / "a", tmp_path / "new" / "b")
        with (tmp_path / "new" / "b").open("ab") as file:
            file.truncate(100)
            os.fsync(file.fileno())
        (tmp_path / "new" / "a").rename(tmp_path / "new" / "c")
        os.rename(tmp_path / "new", tmp_path / "other")
        os.sync()
        for folder in (tmp_path, tmp_path / "other"):
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    done = record(work, tmp_path)
    whole = [tree for at, tree in images(done, random.Random(2), 400) if at == len(done.events)]
    assert whole
    for tree in whole:
        assert tree.folders == {"other"}
        found = {name: bytes(tree.content[file]) for name, file in tree.names.items()}
        assert found == {
            f"other/{name}": (tmp_path / "other" / name).read_bytes() for name in ("b", "c")
        }


def test_a_call_that_another_process_interrupts_in_the_log_is_heard_whole(tmp_path: Path) -> None:
    """strace(1): what is written in between splits a call into two lines."""
    path = "".join(f"\\x{byte:02x}" for byte in str(tmp_path / "made").encode())
    heard = Reader(tmp_path, Tree())
    heard.hear(f'7 mkdir("{path}", 0777 <unfinished ...>')
    heard.hear("8 close(3) = 0")
    heard.hear("7 <... mkdir resumed>)  = 0")
    whole = Reader(tmp_path, Tree())
    whole.hear(f'7 mkdir("{path}", 0777)  = 0')
    assert heard.events == whole.events != []
