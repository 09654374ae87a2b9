"""Stories: a dated list of deeds in a shop, and every receipt, entry and balance that follows.

A story is a text file that an accountant can read and a merchant can write. It is how a
promotion is tried over a year before it goes live, and what the golden tests are written in.
`page` cuts the file, `given` sets the shop up, `home` is the box in memory that everything
belongs to, `steps` does one deed after the other, `printing` says what came of it.
"""

from edge.story.errors import StoryError
from edge.story.play import play, retell

__all__ = ["StoryError", "play", "retell"]
