"""What `curl` itself sends for a command, Longhaul sends for the stream that is imported from it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from core.connector import load_connector
from core.manifest.document import Document
from core.reading import open_reader
from tests.support.reading import no_wait
from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.curl_commands import COMMANDS, ENVIRONMENT, MEANT
from tui.importing.drafts import WholeManifest
from tui.importing.material import Material
from tui.importing.placing import place
from tui.importing.recognition import recognise
from tui.model.session import BuilderSession

pytestmark = [
    pytest.mark.skipif(shutil.which("curl") is None, reason="the command curl is not installed"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="the command bash is not installed"),
]

_OF_THE_CLIENT = {"host", "connection", "content-length", "accept-encoding"}


class Everywhere(LoopbackServer):
    """Answers everything with a record."""

    def _reply(self, asked: Asked) -> Reply:
        return Reply({"id": 1})


async def by_curl(server: LoopbackServer, command: str, folder: Path) -> list[Asked]:
    """The requests that bash and curl send."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **ENVIRONMENT}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", command),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    before = len(server.asked)
    _, errors = await process.communicate()
    asked = server.asked[before:]
    assert asked, errors.decode()
    return asked


async def by_longhaul(server: LoopbackServer, command: str) -> list[Asked]:
    """The requests of the streams that are imported from a command, with the values of the environment."""
    source = recognise(Material(command))
    assert not isinstance(source, WholeManifest)
    session = BuilderSession.new()
    placed = place(session, source.drafts([offer.key for offer in source.offers()]))
    for name, value in ENVIRONMENT.items():
        if name.lower() in placed.missing:
            session.inputs.set_value(name.lower(), value)
    assert not session.inputs.missing()
    loaded = load_connector(Document.parse(session.text))
    assert loaded.usable, "\n".join(map(str, loaded.problems))
    before = len(server.asked)
    async with open_reader(loaded, session.values.config(), sleep=no_wait) as reader:
        for name in loaded.stream_names:
            async for _ in reader.read(name):
                pass
    return server.asked[before:]


def told(asked: Asked) -> dict[str, Any]:
    """What a request tells the server: the URL and the body decoded, and the headers that are not the client's own."""
    parts = urlsplit(asked.target)
    headers = {name: value for name, value in asked.headers.items() if name not in _OF_THE_CLIENT}
    if headers.get("accept") == "*/*":
        del headers["accept"]
    if headers.get("user-agent", "").startswith(("curl/", "longhaul", "Longhaul", "python")):
        del headers["user-agent"]
    content_type = headers.pop("content-type", "").partition(";")[0]
    if "cookie" in headers:
        headers["cookie"] = headers["cookie"].replace("; ", ";")
    if "authorization" in headers and headers["authorization"].lower().startswith("bearer "):
        headers["authorization"] = "Bearer " + headers["authorization"][7:]
    return {
        "method": asked.method,
        "path": unquote(parts.path),
        "query": sorted(parse_qsl(parts.query, keep_blank_values=True, encoding="latin-1")),
        "headers": headers,
        "content type": content_type if asked.body else "",
        "body": _body(asked.body.decode(), content_type),
    }


def _body(text: str, content_type: str) -> object:
    if content_type.endswith("json"):
        return json.loads(text)
    return sorted(parse_qsl(text, keep_blank_values=True)) or text if "form" in content_type else text


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_same_request_is_sent(name: str, tmp_path: Path) -> None:
    async with Everywhere() as server:
        command = COMMANDS[name].replace("api.test", server.url().partition("://")[2])
        expected = [told(asked) for asked in await by_curl(server, command, tmp_path)]
        assert [told(asked) for asked in await by_longhaul(server, command)] == expected


@pytest.mark.parametrize("name", MEANT)
async def test_data_that_is_json_is_sent_as_json(name: str, tmp_path: Path) -> None:
    command, content_type = MEANT[name]
    async with Everywhere() as server:
        command = command.replace("api.test", server.url().partition("://")[2])
        (ours,) = [told(asked) for asked in await by_longhaul(server, command)]
        (theirs,) = await by_curl(server, command, tmp_path)
    assert ours["body"] == theirs.json
    assert ours["content type"] == content_type
