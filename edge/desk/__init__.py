"""The desk: terminals and lanes come in, the shop decides, the journal remembers, then we tell."""

from edge.desk.answer import Answer
from edge.desk.counter import Counter
from edge.desk.keys import Keys
from edge.desk.lane import LaneDesk
from edge.desk.office.back_office import Office
from edge.desk.placing import Placing
from edge.desk.terminals import Desk

__all__ = ["Answer", "Counter", "Desk", "Keys", "LaneDesk", "Office", "Placing"]
