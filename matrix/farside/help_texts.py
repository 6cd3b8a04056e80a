"""The help of the options that both command lines have."""

from typing import Final

PROGRAM: Final = "Verify, import and serve bundles of wheels, without network and without pip."
BUNDLE: Final = "a bundle, its parts, or a directory that holds one"
SHA256: Final = "the digest of bundle.json, received by another way than the bundle"
TO: Final = "`static:DIR`, or DIR: a directory that a web server serves"
ADOPT: Final = "import even if the destination has pages or records that no import accounts for"
JSON: Final = "print the result as JSON"
QUIET: Final = "print nothing on stderr but errors"
SCRATCH: Final = "where parts are joined for a while (default: %(default)s)"
ADDRESS: Final = "the index as its clients reach it, such as https://wheels.example/simple/"
LOGIN: Final = "the user of an index with a login; the password goes into .netrc alone"
CA_BUNDLE: Final = "the certificates that clients trust, a file on each of them"
ONLY: Final = "print the settings of one program alone"
SERVED: Final = "a bundle, or the directory of a static destination"
PORT: Final = "the port on 127.0.0.1; 0 takes any free one (default: %(default)s)"
