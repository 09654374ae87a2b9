"""The corpus's files and the generators they come from."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.truth import Case

HERE = Path(__file__).parent


def generators() -> list[Path]:
    return sorted(HERE.glob("make_*.py"))


def generated(path: Path) -> str:
    """Return the text of the file that a generator makes."""
    module = importlib.import_module(f"tests.corpus.{path.stem}")
    lines = (json.dumps(case, sort_keys=True) for case in module.cases())
    return "".join(f"{line}\n" for line in lines)


def committed() -> Iterator[Case]:
    for path in sorted(HERE.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)
