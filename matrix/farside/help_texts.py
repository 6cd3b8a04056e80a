"""The help of the options that both command lines have."""

from typing import Final

BUNDLE: Final = "a bundle, its parts, or a directory that holds one"
SHA256: Final = "the digest of bundle.json, received by another way than the bundle"
TO: Final = "`static:DIR`, or DIR: a directory that a web server serves"
ADOPT: Final = "import even if the destination has pages or records that no import accounts for"
