"""The book: what the journal adds up to. It follows in the same transaction, and can be refolded.

- `schema`: its tables. `changes`: what one fact changes, a pure function. `tables`: in and out.
- `overlay`: what is placed and not yet durable. `book`: what the daemon asks.
- `people`: what operations ask of members: enrolments, tiers, growth, what became of a deed.
- `standing`: what the next fact must know. `unsent`: what the cloud does not know yet.
- `rebuild`: the book made again from the pages.

A member's account keeps every entry with its running total, because decisions need its balance at
any sequence number.
"""

from edge.book.book import Book
from edge.book.changes import MEMBER, Account, Changes, changes, members, postings
from edge.book.standing import (
    Folded,
    Standing,
    advance,
    read_folded,
    read_layout,
    read_standing,
    unfit,
    write_standing,
)

__all__ = [
    "MEMBER",
    "Account",
    "Book",
    "Changes",
    "Folded",
    "Standing",
    "advance",
    "changes",
    "members",
    "postings",
    "read_folded",
    "read_layout",
    "read_standing",
    "unfit",
    "write_standing",
]
