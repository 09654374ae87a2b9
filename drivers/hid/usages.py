"""Usages by number: the page in the upper 16 bits, the ID in the lower.

Sources: USB-IF, HID Usage Tables 1.5: Generic Desktop (page 0x01), Bar Code Scanner (0x8C) and
Magnetic Stripe Reader (0x8E); before, HID Point of Sale Usage Tables 1.02. The vendor page 0xFF00
is MagTek's: USB HID Swipe Reader, Technical Reference Manual, section 4.
"""

from typing import Final

BYTE_COUNT: Final = 0x01_003B

INITIATE_BARCODE_READ: Final = 0x8C_0060
SOUND_ERROR_BEEP: Final = 0x8C_0085
SOUND_GOOD_READ_BEEP: Final = 0x8C_0086
SYMBOLOGY_IDENTIFIER: Final = (0x8C_00FB, 0x8C_00FC, 0x8C_00FD)
DECODED_DATA: Final = 0x8C_00FE
DECODED_DATA_CONTINUED: Final = 0x8C_00FF

TRACK_LENGTH: Final = (0x8E_0011, 0x8E_0012, 0x8E_0013)
TRACK_DATA: Final = (0x8E_0021, 0x8E_0022, 0x8E_0023)

MAGTEK_TRACK_STATUS: Final = (0xFF00_0020, 0xFF00_0021, 0xFF00_0022)
MAGTEK_TRACK_LENGTH: Final = (0xFF00_0028, 0xFF00_0029, 0xFF00_002A)
MAGTEK_TRACK_DATA: Final = (0xFF00_0030, 0xFF00_0031, 0xFF00_0032)
