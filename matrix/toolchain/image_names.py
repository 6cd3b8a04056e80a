"""Names under which ``mirror.sh`` keeps images."""


def name_mirror(image: str) -> str:
    """
    The reference without its registry and with a tag.

    >>> name_mirror("registry.example/pypa/manylinux_2_28_x86_64@sha256:0123456789abcdef0123")
    'pypa/manylinux_2_28_x86_64:sha256-0123456789ab'
    >>> name_mirror("manylinux:1")
    'manylinux:1'
    """
    named, _, digest = image.partition("@")
    registry, slash, rest = named.partition("/")
    path = (
        rest if slash and ("." in registry or ":" in registry or registry == "localhost") else named
    )
    name, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        name, tag = path, ""
    if digest:
        tag = digest.replace(":", "-")[: len("sha256-") + 12]
    return f"{name}:{tag or 'latest'}"
