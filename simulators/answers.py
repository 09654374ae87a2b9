"""What a terminal may believe: a whole answer to its own request, and nothing else.

Networks deliver proxies' pages, halves of answers, and answers to somebody else. None of them
says what became of a request; only asking again does.
"""

import json
from typing import Any


def believed(raw: bytes, key: str | None = None) -> dict[str, Any] | None:
    """Return an answer that came as `raw`, or None if it is not one.

    An answer is a JSON object; to a request with a `key` it is either a problem (with a code), or
    bears that key.
    """
    try:
        answer = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(answer, dict) or not answer:
        return None
    if key is None or "code" in answer:
        return answer
    return answer if answer.get("key") == key else None
