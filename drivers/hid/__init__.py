"""USB HID devices that send reports: what their report descriptor says, and what usages mean.

The wire carries whole reports, each with its ID in front where reports are numbered, as Linux's
hidraw gives them. The first frame after opening is the report descriptor itself, so that a codec
knows how its device lays out what follows.
"""

from drivers.hid.descriptor import BadDescriptor, Field, Reports, parse
from drivers.hid.reader import HidReader

__all__ = ["BadDescriptor", "Field", "HidReader", "Reports", "parse"]
