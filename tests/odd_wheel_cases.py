"""About two hundred wheels with one oddity each, by name: filename and bytes."""

import warnings
import zipfile
from collections.abc import Iterator

from .odd_wheels import (
    FILENAME,
    INFO,
    METADATA,
    WHEEL,
    damage_member,
    make_members,
    mark_utf8,
    move_directory,
    rename_member,
    zip_members,
)

GOOD = zip_members(make_members())
ROW = "odd.py,sha256=BAD,15\n"

_WHEEL_VERSIONS = (
    "0.1", "0.9", "1", "1.0", "1.1", "1.9", "1.10", "1.0.0", "1.0.0.0.0", "2.0", "9.0", "10.0", "-1.0",
    "1.x", "x", "", "1.", ".1", "1..0", "1 .0", "01.0", "\uff11.0", "1_0.0", "1.0 # x", "+1.0", "1,0",
)  # fmt: skip
_ENTRY_POINTS = (
    "[console_scripts]\nodd = odd:main\n", "[console_scripts]\nodd = odd:main [x]\n",
    "[console_scripts]\nodd = odd:main [x,y]\n", "[console_scripts]\nodd=odd:a.b\n",
    "[console_scripts]\nodd = odd : main\n", "[console_scripts]\nodd = odd\n",
    "[console_scripts]\nodd = odd:\n", "[console_scripts]\nodd = :main\n", "[console_scripts]\nodd =\n",
    "[console_scripts]\nodd\n", "[console_scripts]\n= odd:main\n", "[console_scripts]\nodd = odd:main main\n",
    "[console_scripts]\nodd = odd-x:main\n", "[console_scripts]\nodd = odd:main()\n",
    "[console_scripts]\no d = odd:main\n", "[console_scripts]\na/b = odd:main\n",
    "[console_scripts]\n../x = odd:main\n", "[console_scripts]\n../../../../../x = odd:main\n",
    "[console_scripts]\nodd = odd:main\nodd = odd:other\n", "[console_scripts]\n\n[console_scripts]\n",
    "[console_scripts]\nodd: odd:main\n", "[console_scripts]\n  odd = odd:main\n",
    "[console_scripts]\nodd = odd:main\n  continued\n", "[console_scripts]\n; c\n# d\nodd = odd:main\n",
    "[console_scripts]\nodd = odd:main ; x\n", "[console_scripts]\nodd = odd:main # x\n",
    "[console_scripts]\r\nodd = odd:main\r\n", "\ufeff[console_scripts]\nodd = odd:main\n",
    "[console_scripts]\nödd = odd:main\n", "[console_scripts]\nodd = ödd:main\n", "odd = odd:main\n",
    "[console_scripts\nodd = odd:main\n", "[]\nodd = odd:main\n", "[gui_scripts]\nodd = odd\n",
    "[gui_scripts]\nodd = odd:main\n", "[other]\nodd = odd\n", "[other]\nodd =\n", "[other]\nodd\n",
    "[other]\nodd = any words\n", "[other]\n= x\n", "[other]\na b = c:d\n", "[Console_Scripts]\nodd = x\n",
    "[console_scripts]\n[x] = odd:main\n", "[console_scripts]\nodd = odd:main [\n", "just words\n",
    "[console_scripts]\nodd = odd:main\0\n", "[console_scripts]\npip = odd:main\n", "\n\n",
    "[console_scripts]\nodd==odd:main\n", "[console_scripts]\nodd = odd.:main\n", "[a]\nb = c\n[a]\nd = e\n",
)  # fmt: skip
_MEMBERS: dict[str, dict[str, bytes]] = {
    **{f"scheme-{s}": {f"odd-1.0.data/{s}/x.py": b""} for s in (
        "purelib", "platlib", "headers", "scripts", "data", "nonsense", "Purelib", "stdlib", "include",
    )},
    "scheme-file": {"odd-1.0.data/scripts": b""},
    "scheme-none": {"odd-1.0.data": b""},
    "scheme-empty-directory": {"odd-1.0.data/nonsense/": b""},
    "scheme-of-another": {"other.data/purelib/x.py": b""},
    "scheme-of-another-unknown": {"other.data/x.py": b""},
    "scheme-twice": {"odd-1.0.data/purelib/odd.py": b"x"},
    "script-python": {"odd-1.0.data/scripts/run": b"#!python\nprint(1)\n"},
    "script-empty": {"odd-1.0.data/scripts/run": b""},
    "script-binary": {"odd-1.0.data/scripts/run": b"\x7fELF\0\xff"},
    "script-deep": {"odd-1.0.data/scripts/a/run": b"#!python\n"},
    "file-and-directory": {"evil": b"", "evil/x.py": b""},
    "directory-and-file": {"evil/x.py": b"", "evil": b""},
    "empty-directory-and-file": {"evil/": b"", "evil": b""},
    "directory": {"a/": b"", "a/b/": b""},
    "name-dot-slash": {"./x.py": b""}, "name-two-slashes": {"a//x.py": b""}, "name-dot": {".": b""},
    "name-inner-dot": {"a/./x.py": b""}, "name-absolute": {"/odd/x.py": b""},
    "name-up": {"../x.py": b""}, "name-inner-up": {"a/../x.py": b""}, "name-up-far": {"a/../../x.py": b""},
    "name-backslash": {"a\\x.py": b""}, "name-drive": {"c:/x.py": b""}, "name-stream": {"x.py:y": b""},
    "name-blank": {"a b.py": b""}, "name-comma": {"a,b.py": b""}, "name-unicode": {"ä.py": b""},
    "name-tab": {"a\tb.py": b""}, "name-escape": {"a\x1bb.py": b""}, "name-hidden": {".x": b""},
    "name-case": {"A.py": b"", "a.py": b""}, "name-reserved": {"con.py": b"", "aux/x": b""},
    "name-dot-end": {"x.": b""}, "name-long": {"x" * 255: b""}, "name-too-long": {"x" * 256: b""},
    "path-long": {"/".join(["x" * 200] * 6): b""}, "deep": {"/".join("a" * 99): b""},
    "pth": {"odd.pth": b"import odd\n"}, "pyc": {"__pycache__/odd.cpython-311.pyc": b"x"},
    "syntax-error": {"broken.py": b"(((\n"}, "no-files": {},
    "egg-info": {"odd.egg-info/PKG-INFO": METADATA}, "nested-dist-info": {f"vendor/{INFO}/METADATA": b""},
    "second-dist-info": {"other-1.0.dist-info/METADATA": METADATA},
    "dist-info-like": {"x.dist-info": b""}, "direct-url": {f"{INFO}/direct_url.json": b"{"},
    "installer": {f"{INFO}/INSTALLER": b"x\n"}, "requested": {f"{INFO}/REQUESTED": b""},
    "top-level": {f"{INFO}/top_level.txt": b"\xff\n"}, "zip-safe": {f"{INFO}/zip-safe": b""},
}  # fmt: skip
_METADATA: dict[str, bytes] = {
    "not-utf-8": METADATA + b"caf\xe9\n", "header-not-utf-8": METADATA[:-1] + b"Summary: caf\xe9\n\n",
    "utf-8": METADATA + "café\n".encode(), "bom": b"\xef\xbb\xbf" + METADATA, "empty": b"",
    "crlf": METADATA.replace(b"\n", b"\r\n"), "cr": METADATA.replace(b"\n", b"\r"),
    "no-name": b"Metadata-Version: 2.1\nVersion: 1.0\n", "no-version": b"Metadata-Version: 2.1\nName: odd\n",
    "no-metadata-version": b"Name: odd\nVersion: 1.0\n", "other-name": METADATA.replace(b"odd", b"even"),
    "other-version": METADATA.replace(b"Version: 1.0\n", b"Version: 2.0\n", 2), "two-names": b"Name: x\n" + METADATA,
    "same-version": METADATA.replace(b"\nVersion: 1.0", b"\nVersion: 1.0.0"), "name-case": METADATA.replace(b"odd", b"ODD"),
    "future": METADATA.replace(b"2.1", b"9.9"), "bad-metadata-version": METADATA.replace(b"2.1", b"x"),
    "bad-version": METADATA.replace(b"\nVersion: 1.0", b"\nVersion: one"), "no-end": METADATA.rstrip(b"\n"),
    "legacy-requirement": METADATA[:-1] + b"Requires-Dist: pytz (>=2011k)\n\n",
    "bad-requirement": METADATA[:-1] + b"Requires-Dist: !!\n\n",
    "bad-marker": METADATA[:-1] + b"Requires-Dist: six; os_nam == 'x'\n\n",
    "url-requirement": METADATA[:-1] + b"Requires-Dist: six @ https://index.example/six.whl\n\n",
    "other-python": METADATA[:-1] + b"Requires-Python: <2\n\n",
    "bad-python": METADATA[:-1] + b"Requires-Python: new\n\n", "nul": METADATA + b"\0",
    "nul-in-name": METADATA.replace(b"odd", b"o\0d"), "extra": METADATA[:-1] + b"Provides-Extra: !!\n\n",
    "no-colon": b"Metadata-Version: 2.1\nwords\nName: odd\nVersion: 1.0\n",
}  # fmt: skip


def make_cases() -> dict[str, tuple[str, bytes]]:
    """Filename and bytes by the case's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile, for members that are there twice on purpose
        return dict(_make_cases())


def _make_cases() -> Iterator[tuple[str, tuple[str, bytes]]]:
    yield "good", (FILENAME, GOOD)
    for number, version in enumerate(_WHEEL_VERSIONS):
        text = f"Wheel-Version: {version}\nRoot-Is-Purelib: true\n".encode()
        yield (
            f"wheel-version-{number:02}-{version!a}",
            (FILENAME, zip_members(make_members(WHEEL=text))),
        )
    for number, entry_points in enumerate(_ENTRY_POINTS):
        data = zip_members(make_members(entry_points_txt=entry_points.encode()))
        yield f"entry-points-{number:02}-{entry_points[:60]!a}", (FILENAME, data)
    latin = zip_members(make_members(entry_points_txt=b"[x]\na = \xff\n"))
    yield "entry-points-not-utf-8", (FILENAME, latin)
    for name, members in _MEMBERS.items():
        yield name, (FILENAME, zip_members(make_members(members)))
    for name, metadata in _METADATA.items():
        yield f"metadata-{name}", (FILENAME, zip_members(make_members(METADATA=metadata)))
    yield from _make_wheel_files()
    yield from _make_records()
    yield from _make_zips()
    yield from _make_names()


def _make_wheel_files() -> Iterator[tuple[str, tuple[str, bytes]]]:
    texts: dict[str, bytes] = {
        "empty": b"", "words": b"words\n", "lower-case": b"wheel-version: 1.0\n", "bom": b"\xef\xbb\xbf" + WHEEL,
        "crlf": WHEEL.replace(b"\n", b"\r\n"), "folded": b"Wheel-Version:\n 1.0\n", "body": b"Tag: x\n\n" + WHEEL,
        "two": b"Wheel-Version: 1.0\n" + WHEEL, "two-versions": b"Wheel-Version: 1.0\nWheel-Version: 9.0\n",
        "not-utf-8": WHEEL[:-1] + b"X: \xff\n", "platlib": WHEEL.replace(b"true", b"false"),
        "purelib-odd": WHEEL.replace(b"true", b"maybe"), "no-purelib": b"Wheel-Version: 1.0\n",
        "other-tag": WHEEL.replace(b"py2-none-any", b"cp39-cp39-win32"), "nul": WHEEL + b"\0",
    }  # fmt: skip
    for name, text in texts.items():
        yield f"wheel-file-{name}", (FILENAME, zip_members(make_members(WHEEL=text)))
    for name in ("WHEEL", "METADATA", "RECORD"):
        data = zip_members(make_members(without=[f"{INFO}/{name}"]))
        yield f"without-{name}", (FILENAME, data)


def _make_records() -> Iterator[tuple[str, tuple[str, bytes]]]:
    good = make_members()[f"{INFO}/RECORD"]
    records: dict[str, bytes] = {
        "unlisted": b"".join(good.splitlines(keepends=True)[1:]), "listed-only": b"lost.py,,\n" + good,
        "wrong-digest": good.replace(b"sha256=", b"sha256=A", 1), "md5": good.replace(b"sha256=", b"md5=", 1),
        "wrong-size": good.replace(b",16\n", b",17\n", 1), "two-columns": b"odd.py,x\n" + good,
        "four-columns": b"x,y,z,w\n" + good, "quotes": b'"' + good, "crlf": good.replace(b"\n", b"\r\n"),
        "twice": good + good, "not-utf-8": good + b"\xff,,\n", "blank-lines": b"\n\n" + good, "bom": b"\xef\xbb\xbf" + good,
        "no-digest": b"odd.py,,\n" + b"".join(good.splitlines(keepends=True)[1:]), "words": b"words\n",
        "nul": good + b"\0\n", "absolute": b"/etc/passwd,,\n" + good, "up": b"../../x,,\n" + good,
    }  # fmt: skip
    for name, record in records.items():
        yield f"record-{name}", (FILENAME, zip_members(make_members(RECORD=record)))


def _make_zips() -> Iterator[tuple[str, tuple[str, bytes]]]:
    for name in ("STORED", "BZIP2", "LZMA"):
        data = zip_members(make_members(), getattr(zipfile, f"ZIP_{name}"))
        yield f"zip-{name.lower()}", (FILENAME, data)
    pairs = [*make_members().items(), ("odd.py", b"VERSION = '1.0'\n")]
    zips: dict[str, bytes] = {
        "empty": b"", "html": b"<html>", "truncated": GOOD[:-40], "prefix": b"#!/bin/sh\n" + GOOD,
        "suffix": GOOD + b"more", "damaged": damage_member(GOOD), "far": move_directory(GOOD, 0x7FFFFFFF),
        "near": move_directory(GOOD, 5), "member-twice": zip_members(pairs),
        "member-twice-differently": zip_members([*pairs[:-1], ("odd.py", b"x\n")]),
        "name-not-utf-8": mark_utf8(rename_member(GOOD, b"odd.py", b"o\xff\xff.py")),
        "name-changed-once": GOOD.replace(b"odd.py", b"odx.py", 1), "utf-8-flag": mark_utf8(GOOD),
        "no-members": zip_members({}),
    }  # fmt: skip
    for name, data in zips.items():
        yield f"zip-{name}", (FILENAME, data)


def _make_names() -> Iterator[tuple[str, tuple[str, bytes]]]:
    for name in (
        "odd-1.0-1-py2.py3-none-any.whl", "odd-1.0-x-py2.py3-none-any.whl", "odd-1.0.0-py2.py3-none-any.whl",
        "ODD-1.0-py2.py3-none-any.whl", "even-1.0-py2.py3-none-any.whl", "odd-2.0-py2.py3-none-any.whl",
        "odd-1.0-py2.py3-none-win32.whl", "odd-1.0-any.whl", "odd-one-py2.py3-none-any.whl",
        "odd-1.0-py2.py3-none.whl", "o.dd-1.0-py2.py3-none-any.whl",
    ):  # fmt: skip
        yield f"filename-{name}", (name, GOOD)
    for directory in (
        "odd-2.0.dist-info", "even-1.0.dist-info", "ODD-1.0.dist-info", "odd-1.0.0.dist-info", "odd.dist-info",
        "odd-1.0.Dist-Info", "odd_-1.0.dist-info", "odd-1-0.dist-info", "oddity-1.0.dist-info", "odd-01.0.dist-info",
    ):  # fmt: skip
        members = make_members()
        changed = {name.replace(INFO, directory): data for name, data in members.items()}
        record = f"{directory}/RECORD"
        if record in changed:
            changed[record] = changed[record].replace(INFO.encode(), directory.encode())
        yield f"dist-info-{directory}", (FILENAME, zip_members(changed))
