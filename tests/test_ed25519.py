"""Ed25519 against the vectors of RFC 8032, and against what must not verify."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.record import ed25519

# RFC 8032, section 7.1: secret, public key, message, signature.
VECTORS = {
    "empty": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "one-byte": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "two-bytes": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
}
SEED = bytes(range(32))
KEY = ed25519.derive_key(SEED)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_vectors_of_the_standard_are_met(vector: tuple[str, str, str, str]) -> None:
    seed, key, message, signature = map(bytes.fromhex, vector)

    assert ed25519.derive_key(seed) == key
    assert ed25519.sign(message, seed=seed) == signature
    assert ed25519.is_signed(message, signature, key=key)


@settings(max_examples=25)
@given(st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255))
def test_a_changed_bit_of_signature_or_key_is_refused(
    message: bytes, place: int, other: int
) -> None:
    signature = ed25519.sign(message, seed=SEED)
    flipped = (int.from_bytes(signature, "little") ^ 1 << place).to_bytes(64, "little")
    strange = (int.from_bytes(KEY, "little") ^ 1 << other).to_bytes(32, "little")

    assert ed25519.is_signed(message, signature, key=KEY)
    assert not ed25519.is_signed(message, flipped, key=KEY)
    assert not ed25519.is_signed(message, signature, key=strange)
    assert not ed25519.is_signed(message + b"x", signature, key=KEY)


def test_a_response_beyond_the_order_is_refused() -> None:
    """Adding the group's order gives a second signature of the same message."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = ed25519.sign(b"x", seed=SEED)
    response = int.from_bytes(signature[32:], "little") + order

    second = signature[:32] + response.to_bytes(32, "little")
    assert not ed25519.is_signed(b"x", second, key=KEY)


@pytest.mark.parametrize("y", [0, 1, 2**255 - 20], ids=["order-4", "identity", "order-2"])
def test_a_key_of_small_order_signs_nothing(y: int) -> None:
    key = y.to_bytes(32, "little")

    # For the identity this signature would fit every message.
    assert not ed25519.is_signed(b"x", (1).to_bytes(32, "little") + bytes(32), key=key)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        KEY[:-1],
        KEY + b"x",
        b"\xff" * 32,
        (2).to_bytes(32, "little"),
        bytes([1, *[0] * 30, 128]),
    ],
    ids=["empty", "short", "long", "not-reduced", "off-the-curve", "negative-zero"],
)
def test_what_is_no_key_signs_nothing(key: bytes) -> None:
    assert not ed25519.is_signed(b"x", ed25519.sign(b"x", seed=SEED), key=key)


def test_a_signature_of_another_length_is_refused() -> None:
    signature = ed25519.sign(b"x", seed=SEED)

    assert not ed25519.is_signed(b"x", signature[:-1], key=KEY)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="expected 32 bytes, got 31"):
        ed25519.derive_key(SEED[:-1])
