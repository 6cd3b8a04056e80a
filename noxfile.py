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
EVERY_CORE = ("--numprocesses=logical", "--dist=loadfile")


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
    session.run("actionlint", "-no-color")


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """Run the tests that need neither network nor containers, and measure branch coverage."""
    _install(session, "tests")
    if session.posargs:
        session.run("pytest", *EVERY_CORE, *session.posargs)
        return
    session.run("pytest", *EVERY_CORE, "--cov", "--cov-report=")
    session.run("python", ".ci/branch_coverage.py")


@nox.session(python=PYTHON)
def e2e(session: nox.Session) -> None:
    """Build, bundle, import and install for real: podman, the index, every Python present."""
    _install(session, "e2e")
    # Once, before several processes would want them at the same time.
    session.run("python", "-m", "tests.e2e.images")
    options = "--override-ini=addopts=-ra --strict-markers --durations=25"
    scenarios = "--ignore=tests/e2e/scenarios"  # the session `act` plays them
    session.run("pytest", "tests/e2e", scenarios, options, *EVERY_CORE, *session.posargs)


@nox.session(python=PYTHON)
def act(session: nox.Session) -> None:
    """Play every scenario of the pipelines; prints what each started, built and left red."""
    _install(session, "e2e")
    session.run("python", "-m", "tests.e2e.images")
    options = "--override-ini=addopts=-ra --strict-markers --durations=25"
    names = ("test_github.py", "test_gate.py", "scenarios", "test_gitlab_store.py")
    places = (f"tests/e2e/{name}" for name in names)
    session.run("pytest", *places, options, "--numprocesses=0", *session.posargs)


@nox.session(python=PYTHON)
def fuzz(session: nox.Session) -> None:
    """Feed every reader damaged input, for a minute or the seconds given; keep what crashes one."""
    _install(session, "tests")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(python=PYTHON)
def recipes(session: nox.Session) -> None:
    """Build the catalogue of recipes for real, or the projects named; writes docs/recipes.md."""
    _install(session, "e2e")
    session.run("python", "-m", "tests.recipes", *session.posargs)


@nox.session(python=PYTHON)
def mutants(session: nox.Session) -> None:
    """Break the product on purpose, line by line, and see that a test notices each."""
    _install(session, "tests")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session(python=PYTHON)
def golden(session: nox.Session) -> None:
    """Rewrite the golden files of the tests; their difference is part of the review."""
    _install(session, "tests")
    session.run("python", "-m", "tests.golden.cases")


@nox.session(python=PYTHON)
def schemas(session: nox.Session) -> None:
    """Write the JSON Schema of every file to docs/."""
    _install(session)
    session.run("python", "-m", "matrix", "schema", "--out", "docs")


@nox.session(python=PYTHON)
def commands(session: nox.Session) -> None:
    """Write docs/commands.md from the parsers of all verbs."""
    _install(session, "tests")
    session.run("python", "-m", "tests.commands_page")


@nox.session(python=PYTHON)
def benchmarks(session: nox.Session) -> None:
    """Time plan, generate --check, child pipeline, lock, index, build and store; peers too."""
    _install(session, "tests")
    session.run("python", "benchmarks/plan.py", *session.posargs)
    session.run("python", "benchmarks/lock.py", "--peers")
    session.run("python", "benchmarks/index.py")
    session.run("python", "benchmarks/build.py")
    session.run("python", "benchmarks/store.py")


@nox.session(python=PYTHON)
def agreement(session: nox.Session) -> None:
    """Compare closures with those of real pips and uv; writes docs/agreement.md."""
    _install(session, "tests")
    session.run("python", "-m", "tests.agreement", *session.posargs)


@nox.session(python=PYTHON)
def verdicts(session: nox.Session) -> None:
    """Compare our verdict on odd wheels with the pips of this machine."""
    _install(session, "tests")
    session.run("python", "-m", "tests.pip_verdicts", *session.posargs)


@nox.session(python=PYTHON)
def kills(session: nox.Session) -> None:
    """Kill imports at every second file operation, while four pips install all the time."""
    _install(session, "tests")
    session.run("python", "-m", "tests.kills", *session.posargs)


@nox.session(python=PYTHON)
def pins(session: nox.Session) -> None:
    """Refresh the facts that age: lanes and images of cibuildwheel."""
    session.install("uv")
    session.run("python", ".ci/pins.py")
