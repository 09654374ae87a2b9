"""The contract that every driver keeps, shipped: our own tests and `edgebox driver test` run it."""

from simulators.contract.checks import CHECKS, Broken, Check
from simulators.contract.kit import Incomplete, Kit, kit, names

__all__ = ["CHECKS", "Broken", "Check", "Incomplete", "Kit", "kit", "names"]
