"""The lives of a box: how one begins, and how two that came of one past are put in order.

A journal that was put back, copied or moved goes on as a new epoch, and the cloud knows where it
parts from what it had before.

- `life`: how a run begins. `marks`: small files that outlive a run.
- `mending`: a journal whose past went on elsewhere is written anew.
- `history`: what another life did comes back. `reprint`: and is answered for.
"""

from edge.epochs.history import History
from edge.epochs.life import Life
from edge.epochs.marks import HistoryForked
from edge.epochs.reprint import Reprint

__all__ = ["History", "HistoryForked", "Life", "Reprint"]
