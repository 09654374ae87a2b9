"""Keyboards that are read as devices: key events in, characters out. Pure, as every codec is.

Many readers pose as a USB keyboard (a "wedge") and type what they read. `keys` is the kernel's
wire, `layouts` what each key means, `strokes` the machine between them, and `wedge` the base of
every driver of such a reader.
"""

from drivers.keyboard.layouts import LAYOUTS, Layout
from drivers.keyboard.strokes import Keyboard, Stroke
from drivers.keyboard.wedge import Typing, Wedge

__all__ = ["LAYOUTS", "Keyboard", "Layout", "Stroke", "Typing", "Wedge"]
