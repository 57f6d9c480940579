"""When a reader that was given no partition joins its group again."""

UNASSIGNED_SECONDS, UNASSIGNED_SECONDS_MAX = (
    15.0,
    600.0,
)  # who is given no partition asks again so soon, then ever later


class AskAgain:
    """When a reader that was given no partition joins its group again: with more readers than partitions, ever later."""

    def __init__(self) -> None:
        self._pause = UNASSIGNED_SECONDS
        self._due: float | None = None

    def is_due(self, *, given: bool, now: float) -> bool:
        if given:
            self._pause, self._due = UNASSIGNED_SECONDS, None
        elif self._due is None:
            self._due = now + self._pause
        elif now >= self._due:
            self._pause = min(self._pause * 2, UNASSIGNED_SECONDS_MAX)
            self._due = now + self._pause
            return True
        return False
