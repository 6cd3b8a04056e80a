"""The fenced blocks of the documentation, with the markers that stand before them."""

import dataclasses
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
)
_BLOCK: Final = re.compile(
    r"(?:^[ ]*<!-- (?P<key>not-run|exit): (?P<value>[^\n]*) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block; ``not_run`` is the reason why no test runs it."""

    page: str
    line: int
    language: str
    text: str
    not_run: str = ""
    exit_code: int = 0

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line after ``$``, and the lines that it is shown to print."""

    command: str
    output: str


def find_blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        key, value = match["key"], match["value"]
        yield Block(
            page=page.relative_to(ROOT).as_posix(),
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            text=match["text"],
            not_run=value if key == "not-run" else "",
            exit_code=int(value) if key == "exit" else 0,
        )


def find_commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    assert block.text.startswith("$ "), f"{block.place}: expected a command first"
    for part in block.text.removeprefix("$ ").split("\n$ "):
        command, _, output = part.partition("\n")
        yield Command(command=command.partition("  # ")[0].strip(), output=output)


def fits(printed: str, shown: str) -> bool:
    """Whether ``printed`` is what is ``shown``, in which a line of dots stands for any lines."""
    pattern = fnmatch.translate(shown.rstrip().replace("[", "[[]").replace("...", "*"))
    return re.match(pattern, printed.rstrip()) is not None
