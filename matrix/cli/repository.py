"""The top of the repository: where the services read, and where commands of jobs start."""

from pathlib import Path

from matrix.cli.session import Session
from matrix.errors import ManifestError, Problem


def find_top(session: Session) -> Path:
    """
    Return the top of the repository, from what the manifest says of its own directory.

    Raises ``ManifestError`` when the manifest is in another one.
    """
    output, here = session.manifest.output, session.root.resolve()
    if not output.directory:
        return session.root
    if here.parts[-output.depth :] != tuple(output.directory.split("/")):
        what = f"expected the directory of the manifest, got {output.directory!r}"
        problem = Problem(
            place=session.manifest.source, line=output.line, what=f"output.directory: {what}"
        )
        raise ManifestError(problem)
    return here.parents[output.depth - 1]


def refuse_subfolder(session: Session) -> None:
    """Raise where no service would read what stands beside the manifest."""
    here = find_top(session).resolve()
    top = next((place for place in (here, *here.parents) if (place / ".git").exists()), here)
    if top != here:
        directory = session.root.resolve().relative_to(top).as_posix()
        what = "the manifest is not at the top of its repository, where services read pipelines"
        hint = f"write `output: {{directory: {directory}}}`"
        raise ManifestError(Problem(place=session.manifest.source, what=what, hint=hint))
