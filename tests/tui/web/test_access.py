"""Who may use the builder in a browser: nobody by way of a foreign page, from other machines only with the token."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.tui.web.support import Serving, command, serving

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "bG9uZ2hhdWwgbG9uZ2hhdQ==",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that only this machine reaches."""
    with serving("--demo", "--serve", folder=tmp_path_factory.mktemp("here")) as found:
        yield found


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that other machines reach."""
    with serving("--demo", "--serve", "--host", "0.0.0.0", folder=tmp_path_factory.mktemp("everywhere")) as found:
        yield found


def test_this_machine_needs_no_token_and_gets_a_page_that_asks_nobody_else(here: Serving) -> None:
    page = httpx.get(here.url)
    assert page.status_code == 200
    assert "token" not in here.url
    assert "<title>Demo · Longhaul</title>" in page.text
    assert "://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    for part in ("/static/js/textual.js", "/page/page.js", "/page/page.css"):
        assert httpx.get(here.origin + part).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "[", "", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/nowhere"])
def test_a_name_that_was_made_to_lead_here_is_refused(here: Serving, host: str, path: str) -> None:
    name = host.format(port=here.origin.rpartition(":")[2])
    headers = {**(UPGRADE if path == "/ws" else {}), "Host": name}
    assert httpx.get(here.origin + path, headers=headers).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_a_page_of_another_site_opens_no_builder(here: Serving, origin: str) -> None:
    refused = httpx.get(f"{here.origin}/ws", headers={**UPGRADE, "Origin": origin})
    assert refused.status_code == 403
    assert here.builders() == []


def test_the_names_of_this_machine_are_its_own_whatever_the_port_of_a_tunnel(here: Serving) -> None:
    for host in ("localhost:9999", "127.0.0.1:9999", "[::1]:9999", "localhost"):
        assert httpx.get(here.url, headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/page/page.js", "/download/x", "/nowhere"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%F0%9F%98%80"])
def test_without_the_token_everything_is_refused(everywhere: Serving, path: str, query: str) -> None:
    refused = httpx.get(everywhere.origin + path + query, headers=UPGRADE if path == "/ws" else {})
    assert refused.status_code == 403
    assert "longhaul --serve" in refused.text
    assert "set-cookie" not in refused.headers


def test_the_token_moves_into_a_cookie(everywhere: Serving) -> None:
    assert len(everywhere.url.partition("?token=")[2]) >= 32
    with httpx.Client() as browser:
        assert browser.get(everywhere.url).status_code == 200
        assert browser.get(f"{everywhere.origin}/page/page.js").status_code == 200
        cookie = browser.get(everywhere.url).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        foreign = browser.get(f"{everywhere.origin}/ws", headers={**UPGRADE, "Origin": "https://evil.example"})
        assert foreign.status_code == 403
    port = everywhere.origin.rpartition(":")[2]
    forged = httpx.get(everywhere.origin, headers={"Cookie": f"longhaul-{port}=wrong"})
    assert forged.status_code == 403
    assert everywhere.builders() == []


def failing(*arguments: str, folder: Path, **environment: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_what_keeps_it_from_serving_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, lines = failing("--serve", "--port", str(port), folder=tmp_path)
        assert (code, len(lines)) == (2, 1)
        assert f"port {port} is in use" in lines[0]
    for arguments, said in (
        (["--serve", "--host", "no-such-host.invalid"], "there is no such host"),
        (["--serve", "--host", "203.0.113.1"], "no such address"),
        (["--serve", "nowhere.yaml"], "there is no file nowhere.yaml"),
        (
            ["--serve", "."],
            "There is no manifest.yaml or connector.yaml in .; name the folder",
        ),
        (["--demo", "--serve", "nothing"], "nothing"),
    ):
        code, lines = failing(*arguments, folder=tmp_path)
        assert (code, len(lines)) == (2, 1)
        assert said in lines[0]


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['textual_serve'] = None\n")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[3])])
    code, lines = failing("--serve", folder=tmp_path, PYTHONPATH=path)
    assert (code, len(lines)) == (2, 1)
    assert "pip install 'longhaul-connectors[web]'" in lines[0]
