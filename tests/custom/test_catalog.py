"""Custom components as connectors of Airbyte's catalog have them lead to the same here."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
import yaml

from tests.support.custom import allowed
from tests.support.oracle import ROOT, Oracle
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

CATALOG = ROOT / "tests" / "oracle_host" / "catalog"
STATES = {"states": {"a": {"since": "2024-01-02"}}}


def numbers(asked: Asked) -> Reply:
    first = int(asked.query.get("offset", ["0"])[0])
    size = int(asked.query.get("limit", ["5"])[0])
    return Reply({"items": [{"n": n} for n in range(first, min(5, first + size))]})


def graph(asked: Asked) -> Reply:
    first = int(asked.query["cursor"][0].partition("-")[0]) + 1 if "cursor" in asked.query else 0
    return Reply({"items": [{"n": n} for n in range(first, first + 2)], "more": first < 4})


def busy() -> Callable[[Asked], Reply]:
    """Twice too busy, then not, for each of the readers."""
    refused = Reply({"error": {"code": "busy"}}, 400, headers={"X-Wait": "10"})
    answers = cycle([refused, refused, Reply({"items": [{"n": 1}]})])
    missing = Reply({"error": {"code": "none"}}, 404)
    return lambda asked: missing if asked.query["p"] == ["missing"] else next(answers)


def children(asked: Asked) -> Reply:
    return Reply({"items": [{"of": asked.query["ids"][0], "day": asked.query["from"][0]}]})


def serve(server: LoopbackServer) -> None:
    rows = [[1, "2024-01-05T10:00:00Z", None], [2, "2024-01-06T10:00:00Z", "x"]]
    server.on("/reports", Reply({"header": ["n", "at", "note"], "rows": rows}))
    server.on("/login", Reply({"token": "t0ken"}))
    server.on("/token", Reply({"access_token": "acc3ss", "expires_in": 3600}))
    server.on("/numbers", numbers)
    server.on("/graph", graph)
    server.on("/busy", busy())
    server.on("/children", children)
    for number in range(5):
        server.on(f"/detail/{number}", Reply({"detail": number}))
    text = "n,name,price,acme\r\n1,caf\xe9,1.5,x\r\n2,test two,2,\r\n3,three,-,y\r\n"
    server.on("/archive", Reply(gzip.compress(text.encode("iso-8859-1"))))


@pytest.mark.parametrize("name", sorted(file.stem for file in CATALOG.glob("*.py")))
async def test_it_leads_to_the_same(server: LoopbackServer, oracle: Oracle, name: str) -> None:
    serve(server)
    url = server.url().rstrip("/")
    head = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
    }
    written = yaml.safe_load((CATALOG / f"{name}.yaml").read_text(encoding="utf-8").replace("URL", url))
    config: dict[str, Any] = {"url": url, "account": "acme", "secret": "very-s3cret", "size": 2}
    code = (CATALOG / f"{name}.py").read_text(encoding="utf-8")
    text = yaml.safe_dump({**head, **written})
    told = await compare(server, oracle, text, config, state=STATES.get(name), custom=allowed(code, f"{name}.py"))
    assert told.records
