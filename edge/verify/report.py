"""What a check of the books found."""

import msgspec

FINDINGS_MAX = 100


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong. `sequence` is the page it was seen at, None for the file itself."""

    what: str
    sequence: int | None = None


class Report(msgspec.Struct, frozen=True):
    """What a check of the books found. `findings` holds the first hundred."""

    books_agree: bool
    facts: int
    sales: int
    epoch: int
    head: str
    acknowledged: int
    waiting: int
    findings: tuple[Finding, ...]
    facts_per_second: int = 0


class Findings:
    """The first hundred things that are wrong; the rest is as wrong, and no news."""

    def __init__(self) -> None:
        self.first: list[Finding] = []

    def add(self, what: str, sequence: int | None = None) -> None:
        """Note one more."""
        if len(self.first) < FINDINGS_MAX:
            self.first.append(Finding(what, sequence))
