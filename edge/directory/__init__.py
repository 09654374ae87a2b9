"""The cloud's members, cards, coupons and products, cached: `directory`; its file: `tables`."""

from edge.directory.directory import (
    MMAP_BYTES_MAX,
    CardHeld,
    Directory,
    DirectoryDamaged,
    Fill,
    Held,
)
from edge.directory.tables import APPLICATION_ID, LAYOUT, normal_code

__all__ = [
    "APPLICATION_ID",
    "LAYOUT",
    "MMAP_BYTES_MAX",
    "CardHeld",
    "Directory",
    "DirectoryDamaged",
    "Fill",
    "Held",
    "normal_code",
]
