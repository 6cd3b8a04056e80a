"""
``store.json`` with a signature beside it, where the provider cannot say who wrote an entry.

Every member of a GitLab project may upload packages, and a pipeline of a branch or tag that bears
the name of the default branch looks like one of it. So a run signs its index with a variable that
only protected branches and tags get; what was signed with it is believed, and anybody can check it.
"""

from typing import Final

from matrix.errors import Problem, UsageError
from matrix.record import ed25519

SUFFIX: Final = ".sig"
VARIABLE: Final = "WHEELYARD_STORE_KEY"
"""Holds the secret, 64 hexadecimal digits."""
_HINT: Final = f"set the protected variable {VARIABLE} to the secret of gitlab.store-key"


def parse_seed(text: str, *, key: str) -> bytes:
    """
    Return the secret that ``VARIABLE`` holds; raise ``UsageError`` unless it is that of ``key``.

    The value itself never stands in a message.
    """
    try:
        seed = bytes.fromhex(text.strip())
        derived = ed25519.derive_key(seed).hex()
    except ValueError:
        what = f"expected {ed25519.SEED_SIZE * 2} hexadecimal digits, got {len(text)} characters"
        raise UsageError(Problem(place=VARIABLE, what=what, hint=_HINT)) from None
    if derived != key:
        what = f"expected the secret of gitlab.store-key {key}, got that of {derived}"
        raise UsageError(Problem(place=VARIABLE, what=what, hint=_HINT))
    return seed


def sign_index(content: bytes, *, project: str, seed: bytes) -> bytes:
    """Return the text of the signature of an index of ``project``."""
    return ed25519.sign(_frame(content, project), seed=seed).hex().encode() + b"\n"


def is_signed(content: bytes, signature: bytes, *, project: str, key: str) -> bool:
    """Whether an index of ``project`` was signed with the secret of ``key``."""
    try:
        raw = bytes.fromhex(signature.decode("ascii").strip())
    except ValueError:
        return False
    return ed25519.is_signed(_frame(content, project), raw, key=bytes.fromhex(key))


def _frame(content: bytes, project: str) -> bytes:
    # One key may serve several projects, and an index of one must not be believed in another.
    return f"wheelyard store of GitLab project {project}\n".encode() + content
