"""Who may come in, and as what: terminals by token, people by PIN.

`records` is what was let in besides the configuration, and its file; `passwords` the forms in
which secrets are kept; `delays` makes guessing slow; `pairing` is the window through which a new
terminal comes; `staff` knows people; `terminals` answers "may this one come in?" at every door.
"""

from edge.access.pairing import Pair, Pairing, Terms, Ticket, Welcome
from edge.access.records import Paired, Records, Registry, Revoked
from edge.access.staff import Staff
from edge.access.terminals import Access, Wait

__all__ = [
    "Access",
    "Pair",
    "Paired",
    "Pairing",
    "Records",
    "Registry",
    "Revoked",
    "Staff",
    "Terms",
    "Ticket",
    "Wait",
    "Welcome",
]
