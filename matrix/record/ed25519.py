"""
Signatures by Ed25519 (RFC 8032), without a library, so that a closed network can check them.

Computing takes a few milliseconds, and its time depends on the secret: sign on machines that
nobody else measures, such as the job of a pipeline.
"""

import hashlib
from typing import Final, NamedTuple

SEED_SIZE: Final = 32
KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)


class _Point(NamedTuple):
    """A point of the curve in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z."""

    x: int
    y: int
    z: int
    t: int


_IDENTITY: Final = _Point(0, 1, 1, 0)


def derive_key(seed: bytes) -> bytes:
    """Return the public key of a secret ``seed`` of 32 bytes."""
    scalar, _ = _expand(seed)
    return _encode(_multiply(scalar, _BASE))


def sign(message: bytes, *, seed: bytes) -> bytes:
    """Return the signature of ``message`` by a secret ``seed`` of 32 bytes."""
    scalar, prefix = _expand(seed)
    key = _encode(_multiply(scalar, _BASE))
    nonce = _hash(prefix, message) % _ORDER
    commitment = _encode(_multiply(nonce, _BASE))
    challenge = _hash(commitment, key, message) % _ORDER
    response = (nonce + challenge * scalar) % _ORDER
    return commitment + response.to_bytes(32, "little")


def is_signed(message: bytes, signature: bytes, *, key: bytes) -> bool:
    """
    Whether ``signature`` of ``message`` was made with the secret of ``key``.

    Keys of small order, for which one signature fits many messages, sign nothing.
    """
    if len(signature) != SIGNATURE_SIZE or len(key) != KEY_SIZE:
        return False
    response = int.from_bytes(signature[32:], "little")
    try:
        point, commitment = _decode(key), _decode(signature[:32])
    except ValueError:
        return False
    if response >= _ORDER or _is_identity(_multiply(8, point)):
        return False
    challenge = _hash(signature[:32], key, message) % _ORDER
    expected = _add(commitment, _multiply(challenge, point))
    return _encode(_multiply(response, _BASE)) == _encode(expected)


def _expand(seed: bytes) -> "tuple[int, bytes]":
    if len(seed) != SEED_SIZE:
        raise ValueError(f"expected {SEED_SIZE} bytes, got {len(seed)}")
    digest = hashlib.sha512(seed).digest()
    # The lowest three bits and the highest one are cleared, the second highest is set.
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _add(one: _Point, other: _Point) -> _Point:
    a = (one.y - one.x) * (other.y - other.x) % _P
    b = (one.y + one.x) * (other.y + other.x) % _P
    c = 2 * _D * one.t * other.t % _P
    d = 2 * one.z * other.z % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return _Point(e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _multiply(scalar: int, point: _Point) -> _Point:
    total = _IDENTITY
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _is_identity(point: _Point) -> bool:
    return point.x == 0 and point.y == point.z


def _encode(point: _Point) -> bytes:
    inverse = pow(point.z, -1, _P)
    x, y = point.x * inverse % _P, point.y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(text: bytes) -> _Point:
    number = int.from_bytes(text, "little")
    return _find_point(number & ((1 << 255) - 1), sign=number >> 255)


def _find_point(y: int, *, sign: int) -> _Point:
    if y >= _P:
        raise ValueError("the coordinate is not reduced")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square or (x == 0 and sign):
        raise ValueError("no point of the curve has this coordinate")
    if x & 1 != sign:
        x = _P - x
    return _Point(x, y, 1, x * y % _P)


_BASE: Final = _find_point(4 * pow(5, -1, _P) % _P, sign=0)
