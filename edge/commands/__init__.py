"""What the owner of a box can do at its command line; each file holds some of the commands.

Exit codes: 0 all is well · 1 the answer is no (books that do not agree, a key nobody knows, a
bundle with findings) · 2 the question was wrong (bad option, bad configuration) · 70 the box had
to stop (disk failed).
"""

from edge.commands.books import explain, verify
from edge.commands.bundles import bundle
from edge.commands.configuring import config
from edge.commands.prices import price
from edge.commands.serving import run
from edge.commands.stories import story

__all__ = ["bundle", "config", "explain", "price", "run", "story", "verify"]
