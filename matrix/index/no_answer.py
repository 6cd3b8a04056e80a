"""The error for a request without a usable answer."""

from matrix.errors import IndexUnavailable, Problem


class NoAnswer(IndexUnavailable):
    """``reason`` is a phrase; ``status`` is the answer's, or 0 if the host gave none."""

    def __init__(self, problem: Problem, *, reason: str, status: int = 0) -> None:
        super().__init__(problem)
        self.reason = reason
        self.status = status
