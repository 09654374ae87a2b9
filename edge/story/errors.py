"""What is wrong with a story: the sentence, and the line it stands on."""


class StoryError(Exception):
    """A story that cannot be played. `line` counts from 1, 0 while it is not known yet."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.what, self.line = what, line

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" if self.line else self.what
