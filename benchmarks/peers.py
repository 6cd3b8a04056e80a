"""
Other tools on the index and requirements that our lock is measured with; each for a limited time.

They do not do the same work, and the notes say so: uv answers one target a run, with digests and
without proof that a wheel exists for an older C library; pex3 downloads what it locks; morgan
mirrors what it finds and proves nothing.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.targets.target import Target

SIZE: Final = 30
LINES: Final = (
    ("manylinux_2_28_x86_64", "3.12.4"),
    ("manylinux_2_28_x86_64", "3.9.18"),
    ("win_amd64", "3.12.4"),
)
LIMIT: Final = 300.0
_UV_NAMES: Final = {
    "manylinux_2_28_x86_64": "x86_64-manylinux_2_28",
    "win_amd64": "x86_64-pc-windows-msvc",
}

Command = list[str]


def measured(directory: Path, names: Sequence[str], index: str) -> dict[str, Mapping[str, str]]:
    """Seconds, or what went wrong, for each tool; in a virtual environment of their own."""
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    pip = [str(directory / "venv/bin/python"), "-m", "pip", "--quiet"]
    subprocess.run([*pip, "install", "uv", "pex", "morgan"], check=True)
    (directory / "in.txt").write_text("".join(f"{name}\n" for name in names))
    makers: Mapping[str, Callable[[Path, Sequence[str], str], list[Command]]] = {
        "uv pip compile": _uv,
        "pex3 lock create": _pex,
        "morgan mirror": _morgan,
    }
    rows: dict[str, Mapping[str, str]] = {}
    for tool, commands in makers.items():
        made = commands(directory, names, index)
        cold, note = _seconds(directory, made)
        again, _ = _seconds(directory, made) if cold else ("", "")
        rows[f"`{tool}`"] = {"cold": cold, "again": again, "note": note or f"{len(made)} run(s)"}
    return rows


def _seconds(directory: Path, commands: Sequence[Command]) -> tuple[str, str]:
    start = time.perf_counter()
    for command in commands:
        left = LIMIT - (time.perf_counter() - start)
        try:
            done = subprocess.run(
                [str(directory / "venv/bin" / command[0]), *command[1:]],
                cwd=directory,
                env={
                    "HOME": str(directory),
                    "PATH": "/usr/bin:/bin",
                    "PIP_CONFIG_FILE": "/dev/null",
                },
                capture_output=True,
                text=True,
                timeout=max(1.0, left),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "", f"stopped after {LIMIT:.0f} s"
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            return "", "said: " + (said[-1] if said else "").replace("|", "/")[:160]
    return f"{time.perf_counter() - start:.2f}", ""


def _uv(directory: Path, names: Sequence[str], index: str) -> list[Command]:
    del names
    common = ["uv", "pip", "compile", "in.txt", "--quiet", "--no-build", "--generate-hashes"]
    common += ["--no-python-downloads"]
    common += ["--default-index", f"{index}simple/", "--cache-dir", str(directory / "uv-cache")]
    return [
        [*common, "--python-platform", _UV_NAMES[platform], "--python-version", python, "-o", out]
        for number, (platform, python) in enumerate(LINES)
        for out in [f"uv-{number}.txt"]
    ]


def _pex(directory: Path, names: Sequence[str], index: str) -> list[Command]:
    command = ["pex3", "lock", "create", "--style", "strict", "--wheel", "--no-build", "--no-pypi"]
    command += ["--index", f"{index}bare/simple/", "--pex-root", str(directory / "pex")]
    command += ["--resolver-version", "pip-2020-resolver", "-o", "pex.json"]
    for number, (platform, python) in enumerate(LINES):
        target = Target.parse(python, platform)
        facts = {
            "path": None,
            "compatible_tags": [str(tag) for tag in target.tags()],
            "marker_environment": target.marker_environment(),
        }
        path = directory / f"platform-{number}.json"
        path.write_text(json.dumps({k: v for k, v in facts.items() if v is not None}))
        command += ["--complete-platform", str(path)]
    return [[*command, *names]]


def _morgan(directory: Path, names: Sequence[str], index: str) -> list[Command]:
    sections = []
    for number, (platform, python) in enumerate(LINES):
        environment = Target.parse(python, platform).marker_environment()
        tags = r"manylinux.*_x86_64" if "linux" in platform else "win_amd64"
        facts = {k: v for k, v in environment.items() if v} | {"platform_tag": tags}
        lines = "".join(f"{key} = {text}\n" for key, text in facts.items())
        sections.append(f"[env.e{number}]\n{lines}\n")
    wanted = "".join(f"{name} =\n" for name in names)
    (directory / "mirror").mkdir()
    text = "".join(sections) + f"[requirements]\n{wanted}"
    (directory / "mirror/morgan.ini").write_text(text)
    options = ["-i", str(directory / "mirror"), "-I", f"{index}simple/", "--skip-server-copy"]
    return [["morgan", *options, "mirror"]]
