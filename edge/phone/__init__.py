"""The till on a phone: a page served by the box, and eyes for its camera.

`shell` are the page's files, open to anybody, since a phone that is not paired yet needs them;
whatever it asks for goes through the HTTP door like every other terminal's. `seeing` finds codes in
pictures, which browsers cannot be trusted to.
"""

from edge.phone.seeing import PICTURES, Eyes, Seen
from edge.phone.shell import shell

__all__ = ["PICTURES", "Eyes", "Seen", "shell"]
