"""A test that renews a refresh token does not spoil the next one."""

from __future__ import annotations

from pathlib import Path

import yaml

from core.events import Outcome
from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.shell.support import opened


def manifest(path: Path, server: LoopbackServer) -> Path:
    authenticator = {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": server.url("/token"),
        "client_id": "the-client",
        "client_secret": "the-client-secret",
        "refresh_token": "{{ config['refresh_token'] }}",
    }
    requester = {"type": "HttpRequester", "url_base": server.url(), "path": "/data", "authenticator": authenticator}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    token = {"type": "string", "title": "Refresh token", "airbyte_secret": True}
    content = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["users"]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "users",
                "retriever": {"type": "SimpleRetriever", "requester": requester, "record_selector": selector},
            }
        ],
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object",
                "required": ["refresh_token"],
                "properties": {"refresh_token": token},
            },
        },
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


async def test_each_test_has_the_token_that_the_one_before_got(tmp_path: Path) -> None:
    taken: list[str] = []

    def renew(asked: Asked) -> Reply:
        (token,) = asked.form["refresh_token"]
        if token != f"refresh-token-{len(taken)}":
            return Reply({"error": "invalid_grant"}, 400)
        taken.append(token)
        new = {"access_token": f"access-{len(taken)}", "refresh_token": f"refresh-token-{len(taken)}"}
        return Reply({**new, "expires_in": 0.01})

    async with LoopbackServer() as server:
        server.on("/token", renew)
        server.on("/data", Reply([{"id": 1}]))
        path = manifest(tmp_path / "m.yaml", server)
        before = path.read_bytes()
        async with opened(path) as shell:
            shell.session.inputs.set_value("refresh_token", "refresh-token-0")
            for number in (1, 2):
                await shell.press("f5")
                run = await shell.tested("users")
                assert run.state.outcome is Outcome.COMPLETE, run.state.errors
                assert shell.session.values.config() == {"refresh_token": f"refresh-token-{number}"}
            assert "refresh-token" not in await shell.settled()
        async with opened(path) as shell:
            await shell.press("f5")
            run = await shell.tested("users")
            assert run.state.outcome is Outcome.COMPLETE, run.state.errors
    assert taken == ["refresh-token-0", "refresh-token-1", "refresh-token-2"]
    assert path.read_bytes() == before
