"""Power cuts at any moment: what was told is on the disk; and a disk that lies is found out."""

from pathlib import Path

from tests.faults.power import cut, flush_seldom

IMAGES = 1_500
IMAGES_OF_A_FAULT = 200


def test_a_power_cut_takes_nothing_that_was_told(tmp_path: Path) -> None:
    cuts = cut(tmp_path, seed=1, count=IMAGES)
    print(cuts)
    assert not cuts.wrong
    assert cuts.images == IMAGES
    assert cuts.flushes > 10
    assert cuts.told > IMAGES, "sales had been told"
    assert cuts.states > 5, "cuts came between many facts"


def test_a_box_that_flushes_too_seldom_is_caught(tmp_path: Path) -> None:
    assert cut(tmp_path, seed=2, count=IMAGES_OF_A_FAULT, spoil=flush_seldom).wrong["lost"] > 0


def test_a_disk_that_does_not_flush_is_caught(tmp_path: Path) -> None:
    assert cut(tmp_path, seed=3, count=IMAGES_OF_A_FAULT, lying=True).wrong["lost"] > 0
