"""Where the pipelines get this program: what ``tool`` says."""

import dataclasses
import re
from pathlib import PurePosixPath
from typing import Final

from matrix.manifest.describing import line as _line

NAME: Final = "wheelyard"
CHECKOUT: Final = "."
_VERSION: Final = r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
_PATH: Final = r"(?:\.?[A-Za-z0-9_][A-Za-z0-9._+@-]*/)*"
PATTERN: Final = rf"\.|{_PATH}{NAME}-({_VERSION})-py3-none-any\.whl|{NAME}==({_VERSION})"
"""Also the schema's, so that an editor and the reader agree."""
EXAMPLE: Final = f"tool: tools/{NAME}-0.2.0-py3-none-any.whl"
FORMS: Final = (
    f"a wheel in the repository (tools/{NAME}-0.2.0-py3-none-any.whl), "
    f"{NAME}==0.2.0 from an index of your own, or '.' in a checkout of {NAME}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Tool:
    """
    A checkout of this program, a wheel in the repository, or a version on an index.

    >>> tool = Tool.parse("tools/wheelyard-0.2.0-py3-none-any.whl")
    >>> str(tool), tool.version, tool.is_wheel
    ('tools/wheelyard-0.2.0-py3-none-any.whl', '0.2.0', True)
    """

    text: str
    line: int = _line()

    @classmethod
    def parse(cls, text: str) -> "Tool":
        if not re.fullmatch(PATTERN, text):
            raise ValueError(f"expected {FORMS}, got {text!r}")
        return cls(text)

    def __str__(self) -> str:
        return self.text

    @property
    def is_checkout(self) -> bool:
        return self.text == CHECKOUT

    @property
    def is_wheel(self) -> bool:
        return self.text.endswith(".whl")

    @property
    def is_from_index(self) -> bool:
        return not self.is_checkout and not self.is_wheel

    @property
    def version(self) -> str:
        """The version of a wheel or a requirement; empty for a checkout."""
        match = re.fullmatch(PATTERN, self.text)
        return (match[1] or match[2] or "") if match else ""

    @property
    def filename(self) -> str:
        """The name of the wheel; empty for a checkout."""
        if self.is_wheel:
            return PurePosixPath(self.text).name
        return f"{NAME}-{self.version}-py3-none-any.whl" if self.is_from_index else ""
