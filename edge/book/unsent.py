"""What the cloud does not know yet: how many facts, and what they sold.

Told from milestones in the book, so that it takes as long after two weeks without a cloud as
after a minute: at most `MILESTONE_PAGES` pages are read.
"""

import apsw

from edge.book.schema import MILESTONE_PAGES
from edge.book.skimming import skim
from edge.book.standing import Standing, read_standing
from edge.journal import CLOUD, find_last, pages
from edge.shop.facts import Recovered
from edge.shop.reports.tally import Amounts
from edge.shop.reports.trade import sold

__all__ = ["MILESTONE_PAGES", "read_unsent", "unsent"]


def unsent(db: apsw.Connection, standing: Standing, last: int, acknowledged: int) -> Amounts:
    """Return how many facts up to `last` the cloud does not know, and what those sold.

    It has acknowledged the durable page `acknowledged` and all before. What was lost and came back
    from the cloud is not counted. `standing` is that after the page `last`, durable or not.
    """
    row = db.execute(
        "select sequence, sold, recovered from milestone where sequence <= ?"
        " order by sequence desc limit 1",
        (acknowledged,),
    ).fetchone()
    place, amount, recovered = (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)
    for page in pages(db, place, acknowledged - place):
        _, fact = skim(page)
        amount += sold(fact)
        recovered += isinstance(fact, Recovered)
    came_back = standing.recovered - recovered
    return Amounts(last - acknowledged - came_back, standing.sold - amount)


def read_unsent(db: apsw.Connection) -> Amounts:
    """Return the same as the file has it: what is only placed is left out."""
    row = db.execute("select sequence from bookmark where name = ?", (CLOUD,)).fetchone()
    return unsent(db, read_standing(db), find_last(db).sequence, int(row[0]) if row else 0)
