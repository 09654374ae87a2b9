"""Who may come in: a terminal is its id and its token, and nothing else it says about itself."""

import hashlib
import hmac
from collections.abc import Mapping

from edge.config import Terminal

_NOBODY = "0" * 64


class Access:
    """The terminals of the configuration, by id."""

    def __init__(self, terminals: Mapping[str, Terminal]) -> None:
        self._terminals = dict(terminals)

    def login(self, terminal_id: str, token: str | bytes) -> Terminal | None:
        """Return the terminal whose id and token these are, or None.

        Tokens are random and long, so that one SHA-256 is enough to keep them; the comparison
        takes the same time for a wrong id as for a wrong token.
        """
        raw = token.encode("utf-8", "surrogatepass") if isinstance(token, str) else token
        terminal = self._terminals.get(terminal_id)
        expected = _NOBODY if terminal is None else terminal.token_sha256
        right = hmac.compare_digest(hashlib.sha256(raw).hexdigest(), expected)
        return terminal if right else None
