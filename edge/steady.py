"""What stands still while one step of the loop looks at it."""

from collections.abc import Callable
from types import TracebackType


class Steady:
    """Holds something still: from when it is first entered until it was left as often.

    It belongs to the loop's thread, and nothing is awaited inside.
    """

    def __init__(self, begin: Callable[[], object], end: Callable[[], object]) -> None:
        self._begin, self._end = begin, end
        self._depth = 0

    @property
    def is_held(self) -> bool:
        """Whether it is held now."""
        return self._depth > 0

    def hold(self) -> None:
        """Hold it once more."""
        if not self._depth:
            self._begin()
        self._depth += 1

    def release(self) -> None:
        """Undo one `hold`."""
        self._depth -= 1
        if not self._depth:
            self._end()

    def __enter__(self) -> None:
        """Hold it inside."""
        self.hold()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release it."""
        self.release()
