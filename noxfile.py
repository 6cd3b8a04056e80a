# /// script
# dependencies = ["nox>=2025.5"]
# ///
"""Every task of the repository; CI and people call the same sessions."""

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_venv = "yes"

PYTHON = None  # whichever 3.11+ runs nox


def _install(session: nox.Session, *groups: str) -> None:
    """The tool from the checkout, and what the groups of pyproject.toml name."""
    project = nox.project.load_toml("pyproject.toml")
    session.install("-e", ".", *nox.project.dependency_groups(project, *groups))


@nox.session(python=PYTHON)
def release(session: nox.Session) -> None:
    """Run the main job: lock, plan, generate, fetch, build what this machine can, seal, verify."""
    _install(session)
    session.run("python", "-m", "matrix", "release", *session.posargs)


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Check style and types."""
    _install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """Run the tests that need neither network nor containers."""
    _install(session, "tests")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHON)
def e2e(session: nox.Session) -> None:
    """Build, bundle, import and install for real: podman, the index, every Python present."""
    _install(session, "e2e")
    options = "--override-ini=addopts=-ra --strict-markers --durations=12"
    session.run("pytest", "tests/e2e", options, *session.posargs)


@nox.session(python=PYTHON)
def golden(session: nox.Session) -> None:
    """Rewrite the golden files of the tests; their difference is part of the review."""
    _install(session, "tests")
    session.run("python", "-m", "tests.golden.cases")


@nox.session(python=PYTHON)
def benchmarks(session: nox.Session) -> None:
    """Time plan, generate --check and the child pipeline on large manifests."""
    _install(session)
    session.run("python", "benchmarks/plan.py", *session.posargs)


@nox.session(python=PYTHON)
def pins(session: nox.Session) -> None:
    """Refresh the facts that age: lanes and images of cibuildwheel."""
    session.run("python", ".ci/pins.py")
