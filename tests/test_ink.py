"""Whatever is done to a journal's file is named, by `verify` or by who remembers its last page."""

from pathlib import Path

from tests.faults.ink import BY_HAND, WITH_CARE, tamper

STROKES = 400


def test_every_stroke_shows(tmp_path: Path) -> None:
    tampered = tamper(tmp_path, seed=1, count=STROKES)
    print(tampered)
    assert tampered.done["bit flips"] == STROKES // 2
    assert tampered.named["bit flips"] + tampered.unused == STROKES // 2
    assert tampered.named["bit flips"] > STROKES // 8, "many bytes of this file are in use"
    for name in (*BY_HAND, *WITH_CARE):
        assert tampered.named[name] == tampered.done[name] > 0, name
    assert tampered.by_anchor == sum(tampered.done[name] for name in WITH_CARE)
