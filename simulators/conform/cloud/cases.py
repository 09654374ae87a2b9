"""All cases: what a cloud promises, one function each; its text's first line is the promise."""

from simulators.conform.cloud import accounts, asking, facts, grants, stores, telling
from simulators.conform.cloud.stage import Case

CASES: tuple[Case, ...] = (
    *asking.CASES, *facts.CASES, *telling.CASES, *grants.CASES, *accounts.CASES,
    *stores.CASES,
)  # fmt: skip
