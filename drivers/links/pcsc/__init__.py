"""Card readers behind PC/SC (pcsc-lite's daemon, pcscd). Needs the extra `pcsc`.

`service` is the calls, `reader` and `monitor` are what one reader's two threads do, and `link`
joins them to the event loop.
"""

from drivers.links.pcsc.link import SCHEME, PcscLink, PcscTransport
from drivers.links.pcsc.monitor import Wanted, readers

__all__ = ["SCHEME", "PcscLink", "PcscTransport", "Wanted", "readers"]
