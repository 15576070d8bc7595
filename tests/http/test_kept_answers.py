"""`use_cache`: the same request is sent once in a run, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import yaml

from core.errors import ReadError
from core.events import Records
from core.http import cache
from core.reading import open_reader
from tests.support.oracle import Oracle
from tests.support.reading import connector
from tests.support.server import Asked, LoopbackServer, Reply

PAGES: Mapping[str, Any] = {
    "type": "DefaultPaginator",
    "pagination_strategy": {"type": "PageIncrement", "page_size": 2, "inject_on_first_request": True},
    "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"},
}


def stream(name: str, url: str, **retriever: Any) -> dict[str, Any]:
    requester = {"type": "HttpRequester", "url": url, **retriever.pop("requester", {})}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    return {
        "type": "DeclarativeStream",
        "name": name,
        "retriever": {"type": "SimpleRetriever", "requester": requester, "record_selector": selector, **retriever},
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
    }


def family(server: LoopbackServer, **requester: Any) -> dict[str, Any]:
    """A parent and two children that are read once for each of its records."""
    router = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {
                "type": "ParentStreamConfig",
                "stream": {"$ref": "#/definitions/owners"},
                "parent_key": "id",
                "partition_field": "owner",
            }
        ],
    }
    url = server.url("/%s/{{ stream_partition.owner }}")
    children = [stream(name, url % name, partition_router=router) for name in ("cats", "dogs")]
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["owners"]},
        "definitions": {"owners": stream("owners", server.url("/owners"), paginator=PAGES, requester=requester)},
        "streams": [{"$ref": "#/definitions/owners"}, *children],
    }


def serve(server: LoopbackServer, pages: int = 3) -> None:
    def owners(asked: Asked) -> Reply:
        page = int(asked.query["page"][0])
        return Reply([{"id": 2 * page + n} for n in range(2)] if page < pages - 1 else [{"id": 2 * page}])

    server.on("/owners", owners)
    for n in range(2 * pages):
        for kind in ("cats", "dogs"):
            server.on(f"/{kind}/{n}", Reply([{"of": n}]))


async def read_together(tree: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The records of all streams, read side by side in one run."""
    loaded = connector(yaml.safe_dump(tree))
    found: dict[str, list[Any]] = {name: [] for name in loaded.stream_names}

    async def read(name: str) -> None:
        async for event in reader.read(name):
            if isinstance(event, Records):
                found[name] += event.records

    async with asyncio.timeout(20), open_reader(loaded, {}) as reader:
        await asyncio.gather(*map(read, found))
    return found


EXPECTED = {
    "owners": [{"id": n} for n in range(5)],
    "cats": [{"of": n} for n in range(5)],
    "dogs": [{"of": n} for n in range(5)],
}


async def test_a_cached_parent_is_read_once_for_all(server: LoopbackServer) -> None:
    serve(server)

    found = await read_together(family(server, use_cache=True))

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert len(server.to("/owners")) == 3


async def test_a_parent_is_cached_unless_the_manifest_forbids_it(server: LoopbackServer) -> None:
    serve(server)

    found = await read_together(family(server))

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert len(server.to("/owners")) == 3


async def test_a_parent_whose_answers_move_a_cursor_on_the_server_is_read_to_its_end(server: LoopbackServer) -> None:
    answers = [[{"id": 0}, {"id": 1}], [{"id": 2}, {"id": 3}], [{"id": 4}]]
    serve(server)
    server.on("/owners", *map(Reply, answers))
    tree = family(server)
    strategy = {**PAGES["pagination_strategy"], "inject_on_first_request": False}
    tree["definitions"]["owners"]["retriever"]["paginator"] = {
        "type": "DefaultPaginator",
        "pagination_strategy": strategy,
    }

    found = await read_together(tree)

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert len(server.to("/owners")) == 3


async def test_a_parent_without_cache_is_read_for_each_child(server: LoopbackServer) -> None:
    serve(server)

    await read_together(family(server, use_cache=False))

    assert len(server.to("/owners")) == 9


async def test_pages_that_start_over_are_asked_for_anew(server: LoopbackServer) -> None:
    """The first page had led to a cursor that has expired: the same page once more would lead there again."""
    cursors = iter(["old", "new"])

    def owners(asked: Asked) -> Reply:
        match asked.query.get("cursor"):
            case None:
                return Reply({"items": [{"id": 0}, {"id": 1}], "next": next(cursors)})
            case ["new"]:
                return Reply({"items": [{"id": 2}, {"id": 3}, {"id": 4}]})
        return Reply("expired", 410)

    serve(server)
    server.on("/owners", owners)
    tree = family(server)
    reset = {"type": "HttpResponseFilter", "action": "RESET_PAGINATION", "http_codes": [410]}
    retriever = tree["definitions"]["owners"]["retriever"]
    retriever["requester"]["error_handler"] = {"type": "DefaultErrorHandler", "response_filters": [reset]}
    retriever["record_selector"]["extractor"]["field_path"] = ["items"]
    retriever["paginator"] = {
        "type": "DefaultPaginator",
        "pagination_strategy": {
            "type": "CursorPagination",
            "cursor_value": "{{ response.get('next') }}",
            "stop_condition": "{{ not response.get('next') }}",
        },
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "cursor"},
    }
    del tree["streams"][0]

    found = await read_together(tree)

    assert {name: {record["of"] for record in records} for name, records in found.items()} == {
        name: set(range(5)) for name in ("cats", "dogs")
    }


async def test_each_requester_judges_the_answers_to_its_own_requests(server: LoopbackServer) -> None:
    server.on("/a", Reply([{"n": 1}]), Reply([{"n": 2}]))
    fails = {"type": "HttpResponseFilter", "action": "FAIL", "predicate": "{{ response[0]['n'] == 1 }}"}
    tree = family(server)
    tree["streams"] = [
        stream("any", server.url("/a"), requester={"use_cache": True}),
        stream(
            "no one",
            server.url("/a"),
            requester={
                "use_cache": True,
                "error_handler": {"type": "DefaultErrorHandler", "response_filters": [fails]},
            },
        ),
    ]
    loaded = connector(yaml.safe_dump(tree))

    async with asyncio.timeout(20), open_reader(loaded, {}) as reader:
        found = [
            [record async for event in reader.read(name) if isinstance(event, Records) for record in event.records]
            for name in ("any", "no one")
        ]

    assert found == [[{"n": 1}], [{"n": 2}]]


async def test_without_room_for_files_responses_are_read_as_they_come(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(**given: Any) -> None:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", nowhere)
    serve(server)

    found = await read_together(family(server))

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert len(server.to("/owners")) == 9


async def test_the_next_run_sends_the_requests_again(server: LoopbackServer) -> None:
    serve(server)

    for _ in range(2):
        await read_together(family(server, use_cache=True))

    assert len(server.to("/owners")) == 6


@pytest.mark.parametrize("bound", [{"MAX_BODY": 1}, {"MAX_BYTES": 1}, {"MAX_BYTES": 30}, {"MAX_RESPONSES": 1}], ids=str)
async def test_what_does_not_fit_into_the_cache_is_still_read(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int]
) -> None:
    for name, value in bound.items():
        monkeypatch.setattr(cache, name, value)
    serve(server)

    found = await read_together(family(server, use_cache=True))

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert 3 < len(server.to("/owners")) <= 9


async def test_a_cached_response_is_read_as_a_whole_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        response = httpx.Response(200, request=httpx.Request("GET", "https://a.example/x"))

        async def chunks(self) -> AsyncIterator[bytes]:
            while True:
                yield b" " * 1000

    @asynccontextmanager
    async def ask() -> AsyncIterator[Endless]:
        yield Endless()

    monkeypatch.setattr(cache, "LARGEST_PAGE", 20_000)
    monkeypatch.setattr(cache, "MAX_BODY", 10_000)
    answers = cache.ResponseCache()
    with pytest.raises(ReadError, match="has more than 20,000 bytes"):
        await answers.send(b"x", ask)
    answers.close()


async def test_responses_to_other_requests_are_never_used(server: LoopbackServer) -> None:
    server.on("/a", lambda asked: Reply([{"who": asked.headers["x-who"]}]))
    tree = family(server)
    tree["streams"] = [
        stream(name, server.url("/a"), requester={"use_cache": True, "request_headers": {"X-Who": name}})
        for name in ("one", "two", "one again")
    ]
    tree["streams"][2]["retriever"]["requester"]["request_headers"] = {"X-Who": "one"}

    found = await read_together(tree)

    assert found == {"one": [{"who": "one"}], "two": [{"who": "two"}], "one again": [{"who": "one"}]}
    assert len(server.asked) == 2


async def test_an_error_response_is_not_cached(server: LoopbackServer) -> None:
    server.on("/a", Reply("no", 404), Reply([{"n": 1}]))
    tree = family(server)
    ignore = {"type": "HttpResponseFilter", "action": "IGNORE", "http_codes": [404]}
    handler = {"type": "DefaultErrorHandler", "response_filters": [ignore]}
    asks = {"use_cache": True, "error_handler": handler}
    tree["streams"] = [stream(name, server.url("/a"), requester=asks) for name in ("one", "two")]

    found = await read_together(tree)

    assert sorted(map(len, found.values())) == [0, 1]
    assert len(server.asked) == 2


async def test_the_reference_caches_responses_too(server: LoopbackServer, oracle: Oracle) -> None:
    serve(server)
    text = yaml.safe_dump(family(server, use_cache=True))

    found = await asyncio.to_thread(oracle.ask, "manifest_texts", "read_all", text, {}, ["owners", "cats", "dogs"])

    assert {name: sorted(records, key=str) for name, records in found.items()} == EXPECTED
    assert len(server.to("/owners")) < 9  # those who ask at the same time each get an answer of their own there


def listing(server: LoopbackServer, name: str, **requester: Any) -> dict[str, Any]:
    """A stream of 20 slices whose requests name the properties that an endpoint lists as `name`."""
    properties = {
        "type": "PropertiesFromEndpoint",
        "property_field_path": [name],
        "retriever": stream("", server.url("/properties"), requester=requester)["retriever"],
    }
    return stream(
        f"by {name}",
        server.url("/items"),
        requester={"request_parameters": {"fields": {"type": "QueryProperties", "property_list": properties}}},
        partition_router={"type": "ListPartitionRouter", "values": [*map(str, range(20))], "cursor_field": "part"},
    )


@pytest.mark.parametrize(("forbids", "times"), [({}, 1), ({"use_cache": False}, 2)])
async def test_lists_of_properties_are_kept_unless_the_manifest_forbids_it(
    server: LoopbackServer, oracle: Oracle, forbids: dict[str, bool], times: int
) -> None:
    server.on("/properties", Reply([{"id": "a", "code": "x"}]))
    server.on("/items", lambda asked: Reply([{"fields": asked.query["fields"]}]))
    tree = family(server)
    tree["streams"] = [listing(server, name, **forbids) for name in ("id", "code")]
    tree["check"]["stream_names"] = ["by id"]

    found = await read_together(tree)
    ours = len(server.to("/properties"))
    server.asked.clear()
    names = ["by id", "by code"]
    theirs = await asyncio.to_thread(oracle.ask, "manifest_texts", "read_all", yaml.safe_dump(tree), {}, names)

    assert found == theirs == {"by id": 20 * [{"fields": ["a"]}], "by code": 20 * [{"fields": ["x"]}]}
    assert ours == times
    assert len(server.to("/properties")) < 40  # it keeps them anyway
