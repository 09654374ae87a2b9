"""A lane whose till the box runs itself: what is heard, what is sold, what is shown and printed."""

from edge.desk.lane.baskets import Baskets
from edge.desk.lane.desk import LaneDesk
from edge.desk.lane.faces import WIDTH, Faces
from edge.desk.lane.memory import MemoryFile
from edge.desk.lane.outputs import Devices, Outputs
from edge.desk.lane.selling import Selling, Shop
from edge.desk.lane.shelf import LaneShelf

__all__ = [
    "WIDTH",
    "Baskets",
    "Devices",
    "Faces",
    "LaneDesk",
    "LaneShelf",
    "MemoryFile",
    "Outputs",
    "Selling",
    "Shop",
]
