"""Are the books right? Every page resealed, every deed audited, every total and lot compared.

A daemon may be selling meanwhile: only the last pages, lots and counters are read in one snapshot.
The memory it takes does not grow with the journal.
"""

from edge.verify.checking import Anchor, Progress, verify
from edge.verify.report import Finding, Report

__all__ = ["Anchor", "Finding", "Progress", "Report", "verify"]
