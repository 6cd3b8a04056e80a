import pytest
from rich.console import Console

from matrix.builds.causes import Cause
from matrix.builds.failure import Failure, NotBuilt
from matrix.builds.retry import retry
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import Problem


class Attempts:
    """Attempts that fail for the causes given, then succeed."""

    def __init__(self, *causes: Cause) -> None:
        self.causes = list(causes)
        self.pauses: list[float] = []
        self.console = Console(record=True, width=200, quiet=False, file=None)

    def attempt(self) -> str:
        if not self.causes:
            return "wheels"
        failure = Failure(cause=self.causes.pop(0), what="what", lines=("why",))
        raise NotBuilt(Problem(place="x", what="what"), failure)

    def run(self) -> str:
        reporter = Reporter(loudness=Loudness.NORMAL, console=self.console)
        return retry(self.attempt, what="x.00: x 1", reporter=reporter, sleep=self.pauses.append)


def test_what_did_not_answer_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    attempts = Attempts(Cause.INFRASTRUCTURE, Cause.INFRASTRUCTURE)

    assert attempts.run() == "wheels"
    assert attempts.pauses == [20.0, 90.0]
    assert capsys.readouterr().out.splitlines() == [
        *("x.00: x 1: what", "  why", "trying again in 20 seconds"),
        *("x.00: x 1: what", "  why", "trying again in 90 seconds"),
    ]


def test_the_third_failure_is_the_last() -> None:
    attempts = Attempts(*[Cause.INFRASTRUCTURE] * 4)

    with pytest.raises(NotBuilt):
        attempts.run()

    assert len(attempts.causes) == 1


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.INFRASTRUCTURE])
def test_nothing_else_is_tried_again(cause: Cause) -> None:
    attempts = Attempts(cause)

    with pytest.raises(NotBuilt):
        attempts.run()

    assert attempts.pauses == []
