"""The worked example of CONTRIBUTING: three components of one class in one file each, added by an entry point."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.server import Asked, LoopbackServer, Reply

ROOT = Path(__file__).parents[2]
SHOW_FORMS = """
from core.connector.registry import component_types
from tui.model.specs import form_spec
for name in ("SignedRequestAuthenticator", "RangePaginator", "FixedWidthDecoder"):
    print(name, *(field.title for field in form_spec(component_types()[name]).fields), sep=" | ")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A distribution that adds the examples, as `pip install` would leave it."""
    info = tmp_path / "installed" / "acme_components-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-components\nVersion: 1.0\n")
    names = ("signed_requests", "range_pages", "fixed_width")
    lines = [f"{name} = docs.examples.{name}" for name in names]
    (info / "entry_points.txt").write_text("\n".join(["[longhaul.components]", *lines]) + "\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(info.parent)])}


def connector(path: Path, url: str, **fields: Any) -> Path:
    """A manifest with a stream that uses all three; `fields` replace some of theirs."""
    signed = {"key_id": "acme", "signing_key": "{{ config['signing_key'] }}"}
    retriever = {
        "type": "SimpleRetriever",
        "requester": {
            "type": "HttpRequester",
            "url": url,
            "authenticator": {"type": "SignedRequestAuthenticator", **signed, **fields.pop("authenticator", {})},
        },
        "paginator": {"type": "RangePaginator", "size": 2, **fields.pop("paginator", {})},
        "decoder": {"type": "FixedWidthDecoder", "columns": {"id": 3, "name": 6}, **fields.pop("decoder", {})},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
    }
    spec = {"properties": {"signing_key": {"type": "string", "airbyte_secret": True}}}
    manifest = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["people"]},
        "spec": {"type": "Spec", "connection_specification": spec},
        "streams": [{"type": "DeclarativeStream", "name": "people", "retriever": retriever}],
    }
    path.write_text(yaml.safe_dump(manifest, sort_keys=False))
    return path


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


async def run_in_thread(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    import asyncio

    return await asyncio.to_thread(run, environment, *arguments)


async def test_they_sign_page_and_decode_a_run(
    environment: dict[str, str], tmp_path: Path, server: LoopbackServer
) -> None:
    rows = ["  1Ada   ", "  2Grace ", "  3Edsger"]

    def page(asked: Asked) -> Reply:
        first, last = map(int, asked.headers["range"].removeprefix("items=").split("-"))
        return Reply("\n".join(rows[first : last + 1]), headers={"Content-Type": "text/plain"})

    server.on("/people", page)
    manifest = connector(tmp_path / "people.yaml", server.url("/people"))
    done = await run_in_thread(
        environment, "-m", "tui", "--run", str(manifest), "--stream", "people", "--set", "signing_key=hush-hush-1"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        '{"id":"1","name":"Ada"}',
        '{"id":"2","name":"Grace"}',
        '{"id":"3","name":"Edsger"}',
    ]
    assert [asked.headers["range"] for asked in server.asked] == ["items=0-1", "items=2-3"]
    for asked in server.asked:
        key_id, moment, signature = asked.headers["authorization"].removeprefix("HMAC ").split(":")
        signed = f"GET\n{server.url('/people')}\n{moment}".encode()
        assert (key_id, signature) == ("acme", hmac.new(b"hush-hush-1", signed, "sha256").hexdigest())
    assert "hush-hush-1" not in done.stdout + done.stderr


async def test_a_line_of_another_length_is_an_error(
    environment: dict[str, str], tmp_path: Path, server: LoopbackServer
) -> None:
    server.on("/people", Reply("  1Ada\n"))
    manifest = connector(tmp_path / "people.yaml", server.url("/people"))
    done = await run_in_thread(
        environment, "-m", "tui", "--run", str(manifest), "--stream", "people", "--set", "signing_key=hush-hush-1"
    )
    assert done.returncode == 1
    assert "Line 1 has 6 characters, but the columns take 9." in done.stderr


async def test_a_line_in_another_encoding_is_an_error(
    environment: dict[str, str], tmp_path: Path, server: LoopbackServer
) -> None:
    server.on("/people", Reply("  1Ada   \n  2Zoë   \n".encode("latin-1")))
    manifest = connector(tmp_path / "people.yaml", server.url("/people"))
    done = await run_in_thread(
        environment, "-m", "tui", "--run", str(manifest), "--stream", "people", "--set", "signing_key=hush-hush-1"
    )
    assert done.returncode == 1
    assert "The response is not text in the encoding utf-8: the byte 0xeb in line 2 does not fit." in done.stderr


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"authenticator": {"signing_key": "abc"}}, "the key stands in the manifest"),
        ({"paginator": {"size": 0}}, "a page needs room for at least one record"),
        ({"decoder": {"columns": {"id": 0}}}, "a column is at least one character wide"),
    ],
)
def test_what_is_wrong_with_them_is_found(
    environment: dict[str, str], tmp_path: Path, fields: dict[str, Any], problem: str
) -> None:
    manifest = connector(tmp_path / "people.yaml", "https://api.example.com/people", **fields)
    done = run(environment, "-m", "tui", "--validate", str(manifest))
    assert done.returncode == 2
    assert f"{manifest}:" in done.stdout + done.stderr
    assert problem in done.stdout + done.stderr


def test_each_has_its_form(environment: dict[str, str]) -> None:
    done = run(environment, "-c", SHOW_FORMS)
    assert done.stdout.splitlines() == [
        "SignedRequestAuthenticator | Key ID | Signing Key | Header",
        "RangePaginator | Unit | Page Size",
        "FixedWidthDecoder | Columns",
    ]
