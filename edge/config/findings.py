"""What is wrong with a configuration, said so that an owner can put it right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `path` is the key, `what` the fault, `fix` the next step."""

    path: str
    what: str
    fix: str


class ConfigError(Exception):
    """The configuration cannot be used; `findings` holds everything that is wrong with it."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(render(finding) for finding in findings))
        self.findings = findings


def render(finding: Finding) -> str:
    """Return a finding as two lines for a terminal: where and what, then the fix."""
    return f"{finding.path}: {finding.what}\n    fix: {finding.fix}"
