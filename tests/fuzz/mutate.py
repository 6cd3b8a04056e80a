"""Damaged copies of valid inputs."""

import random
from collections.abc import Sequence
from typing import Final

MOST_STEPS: Final = 6
LONGEST: Final = 1 << 16
# Known troubles of parsers: nesting, huge numbers, other digits, halves of surrogates, NUL.
TOKENS: Final = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xb2", b"\\ud800", b"[" * 3000, b'{"a":' * 500,
    b"9" * 5000, b"-1", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b'""', b"..", b"/",
    b"//", b"http://[", b"<![foo[", b"\r", b"\n", b" " * 300, b"a" * 300, b"%00", b"\xe2\x80\xae",
    b"; os_name ~= 'x'", b"; 'x' in extras", b"a.b." * 100, b"::set-output name=x::y",
    b"GNU.sparse.map=a,b", b"Requires-Dist: a", b"----1", b"\x1b[2J", b"upload-time", b"sha256=",
)  # fmt: skip


def mutate(seeds: Sequence[bytes], source: random.Random) -> bytes:
    """A copy of one of ``seeds`` after a few random steps; some keep their length."""
    data = bytearray(source.choice(seeds))
    for _ in range(source.randint(1, MOST_STEPS)):
        _STEPS[source.randrange(len(_STEPS))](data, seeds, source)
    return bytes(data[:LONGEST])


def _flip(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    if data:
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)


def _replace(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    if data:
        data[source.randrange(len(data))] = source.randrange(256)


def _delete(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    start, length = _span(data, source)
    del data[start : start + length]


def _repeat(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    start, length = _span(data, source)
    data[start:start] = data[start : start + length] * source.randint(1, 4)


def _insert(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    start, length = _span(data, source)
    data[start : start + source.choice((0, length))] = source.choice(TOKENS)


def _truncate(data: bytearray, _seeds: Sequence[bytes], source: random.Random) -> None:
    del data[source.randint(0, len(data)) :]


def _splice(data: bytearray, seeds: Sequence[bytes], source: random.Random) -> None:
    other = source.choice(seeds)
    start = source.randint(0, len(other))
    data[source.randint(0, len(data)) :] = other[start:]


def _span(data: bytearray, source: random.Random) -> tuple[int, int]:
    return source.randint(0, len(data)), source.choice((1, 2, 4, 16, 64))


_STEPS: Final = (_flip, _replace, _delete, _repeat, _insert, _insert, _truncate, _splice)
