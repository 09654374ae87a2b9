"""One JSON object a line in, one JSON answer a line out: what a basket costs, and why.

It is what a merchant tests a promotion with, and what replays a receipt: the same bundle, the
same basket and the same time give the same bytes on every machine.

`asked` and `answer` are what is read and written, `reading` finds the lines, `pricing` goes from
one to the other; `doubts` are what it wonders about, `wrongs` what it cannot answer.
"""

from edge.price_lines.answer import Answer, Wrong
from edge.price_lines.asked import Goods, PriceAsked
from edge.price_lines.pricing import Pricing
from edge.price_lines.reading import LINE_BYTES_MAX, lines
from edge.price_lines.schema import schema

__all__ = ["LINE_BYTES_MAX", "Answer", "Goods", "PriceAsked", "Pricing", "Wrong", "lines", "schema"]
