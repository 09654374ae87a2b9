"""Writes what the conformance kit has to know of the box's refusals.

python -m tests.conform_codes
"""

import json
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "edge" / "refusals.toml"
CODES = ROOT / "simulators" / "conform" / "terminal" / "codes.json"


def codes() -> dict[str, Any]:
    """Status and `retry` of each code, as the box's catalogue has them."""
    catalogue = tomllib.loads(CATALOGUE.read_text("utf-8"))
    return {code: [entry["status"], entry["retry"]] for code, entry in sorted(catalogue.items())}


if __name__ == "__main__":
    rows = [f"  {json.dumps(code)}: {json.dumps(entry)}" for code, entry in codes().items()]
    CODES.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
