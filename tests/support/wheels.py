"""Packages of connectors, and a folder that pip takes for its index: nothing is built, no network is asked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from tui.importing import pip_download

MANIFEST = """\
version: 6.0.0
type: DeclarativeSource
definitions:
  base:
    type: HttpRequester
    url_base: https://api.acme.test/v1
    authenticator: {type: BearerAuthenticator, api_token: "{{ config['api_key'] }}"}
streams:
  - &things
    type: DeclarativeStream
    name: things
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/base", path: "/{{ config['credentials']['team'] }}/things"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
    schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {id: {type: string}}}}
  - {<<: *things, name: others}
check: {type: CheckStream, stream_names: [things]}
spec:
  type: Spec
  connection_specification:
    type: object
    required: [api_key]
    properties:
      api_key: {type: string, title: Key, airbyte_secret: true, order: 3}
      credentials: {type: object, title: Credentials, properties: {team: {type: string}}}
      unused: {type: string}
"""


def wheel(folder: Path, name: str, files: Mapping[str, str | bytes], *, version: str = "1.2.3") -> Path:
    """A wheel of a package `airbyte-source-NAME` with these files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    package = f"airbyte_source_{name}-{version}"
    info = f"{package}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: airbyte-source-{name}\nVersion: {version}\n"
        "Requires-Python: >=2.7,<3\nRequires-Dist: airbyte-cdk\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"{package}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for file, content in {**files, **about}.items():
            archive.writestr(file, content)
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose wheels are all that pip knows of."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def stuck_pip(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int | None]:
    """Put a pip that never ends on the path; gives a function for the number of its process, once there is one."""
    script, number = folder / "pip3", folder / "number"
    script.write_text(f'#!/bin/sh\necho $$ > "{number}"\nexec sleep 600\n')
    script.chmod(0o700)
    monkeypatch.setattr(pip_download, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def process() -> int | None:
        return int(number.read_text()) if number.exists() and number.read_text().endswith("\n") else None

    return process


def is_running(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
