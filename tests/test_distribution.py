"""What `pip install edgebox` brings: every file the code reads, and every library it imports."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge", "drivers", "cloud_bridge", "simulators")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = {"smartcard": "pcsc"}
"""What is imported only where it is used, and which extra brings it."""


def names_of(requirements: list[str]) -> set[str]:
    """Return the distributions that requirements (PEP 508) name."""
    return {plain(one.partition(">")[0].partition("[")[0]) for one in requirements}


def plain(name: str) -> str:
    """Return a distribution's name in one spelling."""
    return name.strip().lower().replace("_", "-")


def imported(path: Path) -> Iterator[str]:
    """Yield the top modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_imports_comes_with_it(package: str) -> None:
    dependencies = names_of(PROJECT["project"]["dependencies"])
    extras = PROJECT["project"]["optional-dependencies"]
    distributions = packages_distributions()
    missing = {}
    for path in (ROOT / package).rglob("*.py"):
        for module in imported(path):
            if module in sys.stdlib_module_names or module in PACKAGES:
                continue
            extra = EXTRAS.get(module)
            brought = names_of(extras[extra]) if extra else dependencies
            if not brought & {plain(name) for name in distributions.get(module, [])}:
                missing[module] = path.relative_to(ROOT)
    assert missing == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_lies_beside_the_code_is_packed(package: str) -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    packed = {
        found
        for init in (ROOT / package).rglob("__init__.py")
        for pattern in patterns
        for found in init.parent.glob(pattern)
    }
    beside = {
        path
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert beside - packed == set()
    assert beside, "there is always a py.typed"
