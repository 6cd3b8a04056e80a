"""Settings of clients: files that pip and uv read, and no password in any of them."""

import configparser
import netrc
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.errors import UsageError
from matrix.farside.client_settings import Client, render, render_netrc, render_pip, render_uv

EXPECTED = "settings: expected an address such as https://wheels.example/simple/"


def test_pip_reads_them(tmp_path: Path) -> None:
    client = Client("http://wheels.example:8080/simple", certificates="/etc/ssl/own ca.pem")
    (tmp_path / "pip.conf").write_text(render_pip(client))
    parser = configparser.ConfigParser()
    parser.read(tmp_path / "pip.conf")

    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env={"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert dict(parser["global"]) == {
        "index-url": "http://wheels.example:8080/simple/",
        "trusted-host": "wheels.example",
        "cert": "/etc/ssl/own ca.pem",
    }
    assert "global.index-url='http://wheels.example:8080/simple/'" in done.stdout


def test_uv_reads_them() -> None:
    settings = tomllib.loads(render_uv(Client("https://wheels.example/simple/")))

    assert settings == {"index": [{"url": "https://wheels.example/simple/", "default": True}]}
    assert tomllib.loads(render_uv(Client("http://wheels.example/")))["allow-insecure-host"] == [
        "wheels.example"
    ]


def test_netrc_has_the_user_and_no_password(tmp_path: Path) -> None:
    client = Client("https://wheels.example/simple/", login="deploy")
    (tmp_path / "netrc").write_text(render_netrc(client))

    assert netrc.netrc(str(tmp_path / "netrc")).hosts == {
        "wheels.example": ("deploy", "", "PASSWORD")
    }
    assert render_netrc(Client("https://wheels.example/simple/")) == ""


@pytest.mark.parametrize(
    "address", ["https://wheels.example/", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost/"]
)  # fmt: skip
def test_only_an_index_without_a_certificate_needs_trust(address: str) -> None:
    assert not Client(address).needs_trust


def test_a_directory_serves_too() -> None:
    text = render(Client("file:///srv/wheels/simple"))

    assert "index-url = file:///srv/wheels/simple/\n" in text
    assert "trusted" not in text


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "https://u:secret@wheels.example/",
            (
                "settings: expected an address without a user, got one with a user\n"
                "  hint: --login USER"
            ),
        ),
        ("https://[x/", "settings: not an address: Invalid IPv6 URL"),
        *(
            (
                address,
                f"{EXPECTED}, got {address!r}",
            )
            for address in (
                "wheels.example", "ftp://wheels.example/", "https://w.example/\nx = y",
                'https://w.example/"', "https://w.example/%0a", "https://w.example/?a", "https://é/",
            )
        ),
    ],
)  # fmt: skip
def test_other_addresses_are_refused(address: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Client(address)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"login": "a b"}, "--login: expected a user name of visible ASCII, got 'a b'"),
        (
            {"certificates": "a\nb"},
            "--ca-bundle: expected a path of printable ASCII, got 'a\\nb'",
        ),
    ],
)
def test_values_that_would_be_lines_of_their_own_are_refused(
    fields: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Client("https://wheels.example/", **fields)

    assert str(caught.value) == message


def test_the_installed_tool_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    address = "https://wheels.example/simple/"
    assert main(["settings", address, "--login", "deploy"]) == 0

    assert capsys.readouterr().out == render(Client(address, login="deploy"))
    assert main(["settings", address, "--only", "uv"]) == 0
    assert capsys.readouterr().out == render_uv(Client(address))
