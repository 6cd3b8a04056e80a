"""Numbers as people read them."""


def count(number: int, noun: str) -> str:
    """
    Return a number with its noun in the singular or plural.

    >>> count(1, "target"), count(1200, "target")
    ('1 target', '1200 targets')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def megabytes(size: int) -> str:
    """
    Return a number of bytes in megabytes.

    >>> megabytes(1_234_567)
    '1.2 MB'
    """
    return f"{size / 1e6:.1f} MB"
