"""The tabs of a stream hold exactly what the specification of asynchronous streams lists, and all other fields once."""

from __future__ import annotations

from collections import Counter

import pytest

from core.components.async_retriever import AsyncRetriever
from core.components.http_requester import HttpRequester
from core.components.simple_retriever import SimpleRetriever
from core.components.source import DeclarativeSource, Spec
from core.components.stream import DeclarativeStream
from core.manifest.problems import Path
from tui.model.layout import global_view, inputs_view, stream_tabs, tab_of
from tui.model.session import BuilderSession
from tui.model.specs import form_spec

REQUESTERS = {
    "AsyncRetriever": ("creation_requester", "polling_requester", "download_requester"),
    "SimpleRetriever": ("requester",),
}


def test_an_asynchronous_stream_has_the_tabs_and_components_of_the_specification() -> None:
    content = ["Query Parameters", "Request Headers", "Request Body"]
    assert [(tab.title, [entry.title for entry in tab.entries]) for tab in stream_tabs("AsyncRetriever")] == [
        (
            "Creation",
            [
                *("API Endpoint URL", "HTTP Method", "HTTP Response Format", "Authenticator", *content),
                *("Incremental Sync", "Partition Router", "Error Handler"),
            ],
        ),
        (
            "Polling",
            [
                *("API Endpoint URL", "HTTP Method", "Authenticator", "Status Extractor", "Status Mapping"),
                *("Download Target Extractor", "Polling Job Timeout", *content, "Error Handler"),
            ],
        ),
        (
            "Download",
            [
                *("API Endpoint URL", "HTTP Method", "Download HTTP Response Format", "Record Selector"),
                *("Primary Key", "Authenticator", *content, "Download Paginator", "Transformations"),
                "Error Handler",
            ],
        ),
        ("Schema", ["Schema"]),
    ]


def test_a_synchronous_stream_has_two_tabs() -> None:
    assert [tab.title for tab in stream_tabs("SimpleRetriever")] == ["Configuration", "Schema"]


def test_other_streams_have_no_form() -> None:
    assert stream_tabs("CustomRetriever") == ()


@pytest.mark.parametrize("retriever", [AsyncRetriever, SimpleRetriever])
def test_every_field_of_a_stream_can_be_reached_exactly_once(
    retriever: type[AsyncRetriever | SimpleRetriever],
) -> None:
    requesters = REQUESTERS[retriever.__name__]
    expected: set[Path] = set()
    expected |= {(field.key,) for field in form_spec(DeclarativeStream).fields}
    expected -= {("name",), ("retriever",)}
    expected |= {("retriever", field.key) for field in form_spec(retriever).fields if field.key not in requesters}
    expected |= {("retriever", name, field.key) for name in requesters for field in form_spec(HttpRequester).fields}
    reached = Counter(entry.path for tab in stream_tabs(retriever.__name__) for entry in tab)
    assert set(reached) == expected
    assert max(reached.values()) == 1


def test_every_global_field_can_be_reached_exactly_once() -> None:
    elsewhere: set[Path] = {("streams",), ("dynamic_streams",), ("spec",), ("spec", "connection_specification")}
    expected: set[Path] = set()
    expected |= {(field.key,) for field in form_spec(DeclarativeSource).fields}
    expected |= {("spec", field.key) for field in form_spec(Spec).fields}
    reached = [entry.path for view in (global_view(), inputs_view()) for entry in view]
    assert sorted(reached) == sorted(expected - elsewhere)


def test_a_path_belongs_to_the_tab_of_the_field_around_it() -> None:
    tabs = stream_tabs("AsyncRetriever")

    def title(*path: str | int) -> str:
        return tabs[tab_of(tabs, path)[0]].title

    assert title("retriever", "polling_requester", "authenticator", "api_token") == "Polling"
    assert title("retriever", "polling_requester") == "Polling"
    assert title("retriever", "download_decoder", "decoder") == "Download"
    assert title("transformations", 0, "fields") == "Download"
    assert title("schema_loader", "schema") == "Schema"
    assert title() == "Creation"


def test_a_url_in_two_parts_stands_where_the_url_would() -> None:
    tabs = stream_tabs("AsyncRetriever")
    polling = ("retriever", "polling_requester")

    parted = stream_tabs("AsyncRetriever", url_in_parts=frozenset({"polling_requester"}))

    assert parted[0] == tabs[0]
    first, second, method = parted[1].entries[:3]
    assert [(entry.title, entry.path[-1], entry.spec.required) for entry in (first, second)] == [
        ("API Base URL", "url_base", True),
        ("URL Path", "path", False),
    ]
    assert {first.group, second.group, method.group} == {"Request"}
    assert (*polling, "url") in {entry.path for entry in parted[1].advanced}
    assert Counter(entry.path for tab in parted for entry in tab) == Counter(
        entry.path for tab in tabs for entry in tab
    )


def test_the_parts_of_a_url_are_shown_while_a_manifest_has_them() -> None:
    session = BuilderSession.from_text(
        "streams:\n- type: DeclarativeStream\n  retriever:\n    type: SimpleRetriever\n"
        "    requester: {type: HttpRequester, url_base: 'https://api.example.com', path: /items}\n"
    )
    assert [entry.title for entry in session.tabs(0)[0].entries[:2]] == ["API Base URL", "URL Path"]
    assert session.tabs(0) is session.tabs(0)

    for key in ("url_base", "path"):
        session.unset(("streams", 0, "retriever", "requester", key))

    assert session.tabs(0)[0].entries[0].title == "API Endpoint URL"
