"""Choosing component types, switching sections on and off, and what cannot be shown in a form."""

from __future__ import annotations

from core.manifest.document import Document
from tests.tui.forms.support import at_desk, new_session, sample
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

CREATION = ("streams", 0, "retriever", "creation_requester")
AUTHENTICATOR = (*CREATION, "authenticator")
SYNC = ("streams", 0, "retriever", "requester")


async def test_switching_types_back_and_forth_keeps_what_was_entered() -> None:
    session = sample()
    async with at_desk(session) as desk:
        before = session.value(AUTHENTICATOR)
        await desk.go(AUTHENTICATOR)
        await desk.choose("basic http")
        await desk.press("down")
        assert desk.focused_path == (*AUTHENTICATOR, "username")
        await desk.press("ctrl+u")
        await desk.type("ann")
        await desk.go(AUTHENTICATOR)
        await desk.choose("bearer")
        assert session.value(AUTHENTICATOR) == before
        assert "Bearer Token" in desk.text
        await desk.choose("basic http")
        assert session.value((*AUTHENTICATOR, "username")) == "ann"


async def test_a_section_that_is_switched_off_comes_back_as_it_was() -> None:
    session = sample()
    async with at_desk(session) as desk:
        before = session.value(AUTHENTICATOR)
        await desk.go(AUTHENTICATOR)
        await desk.press("delete")
        assert not session.exists(AUTHENTICATOR)
        assert "Bearer Token" not in desk.text
        await desk.choose("bearer")
        assert session.value(AUTHENTICATOR) == before


async def test_a_section_with_one_type_is_a_switch() -> None:
    session = sample()
    path = ("streams", 0, "retriever", "record_selector", "record_filter")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("space")
        assert session.value(path) == {"type": "RecordFilter"}
        await desk.press("down")
        await desk.paste("{{ record['id'] }}")
        await desk.go(path)
        await desk.press("space")
        assert not session.exists(path)
        await desk.press("space")
        assert session.value((*path, "condition")) == "{{ record['id'] }}"


async def test_a_template_may_stand_in_place_of_a_component() -> None:
    session = new_session(StreamKind.SYNC)
    cursor = ("streams", 0, "incremental_sync")
    async with at_desk(session) as desk:
        await desk.go(cursor)
        await desk.choose("datetime")
        await desk.go((*cursor, "start_datetime"))
        await desk.choose("as text")
        await desk.press("down")
        await desk.paste("{{ config['since'] }}")
        assert session.value((*cursor, "start_datetime")) == "{{ config['since'] }}"


async def test_a_component_of_an_unknown_type_is_kept_and_shown_as_json() -> None:
    text = sample().document.text.replace("type: CsvDecoder", "type: CustomDecoder\n        class_name: a.B", 1)
    session = BuilderSession(Document.parse(text), problems_visible=True)
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.form.open_tab("Download")
        await desk.settle()
        assert "CustomDecoder" in desk.text
        assert '"type": "CustomDecoder"' in desk.text
        assert "This type has no form" in desk.text


async def test_a_value_of_an_unexpected_type_is_shown_as_json() -> None:
    session = sample()
    session.set((*CREATION, "url"), {"odd": 1})
    async with at_desk(session) as desk:
        assert '"odd": 1' in desk.text


async def test_one_partition_router_becomes_a_list_of_two() -> None:
    session = new_session(StreamKind.SYNC)
    path = ("streams", 0, "retriever", "partition_router")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.choose("list")
        await desk.press("a")
        await desk.type("list")
        await desk.press("enter")
        assert [one["type"] for one in session.value(path)] == ["ListPartitionRouter"] * 2
        await desk.go((*path, 1))
        await desk.press("delete")
        assert len(session.value(path)) == 1


async def test_a_parent_stream_is_chosen_and_kept_as_a_reference() -> None:
    session = new_session(StreamKind.SYNC, "accounts", "lists")
    path = ("streams", 0, "retriever", "partition_router")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(path)
        await desk.choose("substream")
        await desk.go((*path, "parent_stream_configs"))
        await desk.press("enter")
        parent = (*path, "parent_stream_configs", 0, "stream")
        await desk.go(parent)
        await desk.choose("lists")
        raw = session.document.through_refs(parent[:-1])
        assert session.document.get((*raw, "stream")) == {"$ref": "#/streams/2"}
        await desk.choose("accounts")
        assert session.document.get((*raw, "stream")) == {"$ref": "#/streams/1"}
        assert session.streams.names() == ("contacts", "accounts", "lists")


async def test_partitions_of_a_parent_stream_are_grouped() -> None:
    session = new_session(StreamKind.SYNC, "accounts", "lists")
    path = ("streams", 0, "retriever", "partition_router")
    inner = (*path, "underlying_partition_router")
    async with at_desk(session, size=(80, 50)) as desk:
        await desk.go(path)
        await desk.choose("grouping")
        assert session.value(inner)["type"] == "ListPartitionRouter"
        await desk.go((*path, "group_size"))
        await desk.type("20")
        assert session.value((*path, "group_size")) == 20
        await desk.go(inner)
        await desk.choose("substream")
        await desk.go((*inner, "parent_stream_configs"))
        await desk.press("enter")
        parent = (*inner, "parent_stream_configs", 0, "stream")
        await desk.go(parent)
        await desk.choose("lists")
        raw = session.document.through_refs(parent[:-1])
        assert session.document.get((*raw, "stream")) == {"$ref": "#/streams/2"}
        session.streams.rename(2, "boards")
        session.streams.move(2, -1)
        assert session.value((*parent, "name")) == "boards"
        await desk.settle()
        assert "boards" in desk.text


async def test_a_union_of_routers_is_built() -> None:
    session = new_session(StreamKind.SYNC)
    path = ("streams", 0, "retriever", "partition_router")
    async with at_desk(session, size=(80, 50)) as desk:
        await desk.go(path)
        await desk.choose("union")
        await desk.go((*path, "partition_field"))
        await desk.type("repository")
        for name in ("list", "union"):
            await desk.go((*path, "partition_routers"))
            await desk.press("a")
            await desk.type(name)
            await desk.press("enter")
        assert [one["type"] for one in session.value((*path, "partition_routers"))] == [
            "ListPartitionRouter",
            "UnionPartitionRouter",
        ]
        assert session.value((*path, "partition_field")) == "repository"


async def test_a_request_option_takes_one_line() -> None:
    session = new_session(StreamKind.SYNC)
    paginator = ("streams", 0, "retriever", "paginator")
    option = (*paginator, "page_token_option")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(paginator)
        await desk.choose("default")
        await desk.go(option)
        await desk.choose("header")
        await desk.press("tab")
        await desk.type("X-Page")
        assert session.value(option) == {"type": "RequestOption", "inject_into": "header", "field_name": "X-Page"}
        await desk.go(option)
        await desk.choose("json")
        assert session.value(option) == {
            "type": "RequestOption",
            "inject_into": "body_json",
            "field_path": ["X-Page"],
        }
        await desk.choose("url")
        assert session.value(option) == {"type": "RequestPath"}
        await desk.press("home")
        await desk.choose("off")
        assert not session.exists(option)


async def test_advanced_fields_open_when_they_hold_a_value() -> None:
    session = sample()
    async with at_desk(session, size=(80, 40)) as desk:
        assert "API Base URL" not in desk.text
        session.set((*CREATION, "read_timeout_in_seconds"), 10)
        await desk.settle()
        assert "Read Timeout" in desk.text
        assert "1 set" in desk.text


async def test_the_input_that_an_authenticator_brings_opens_no_advanced_fields() -> None:
    session = new_session()
    path = (*CREATION, "authenticator")
    async with at_desk(session, size=(120, 60)) as desk:
        await desk.go(path)
        await desk.choose("oauth")
        assert session.value((*path, "access_token_value")) == "{{ config['client_access_token'] }}"
        assert "Client ID Property Name" not in desk.text
        session.set((*path, "client_id_name"), "id")
        await desk.settle()
        await desk.go((*path, "client_id_name"))
        assert "Client ID Property Name" in desk.text


async def test_the_default_of_an_unset_section_is_shown() -> None:
    session = new_session()
    async with at_desk(session, size=(120, 40)) as desk:
        decoder = ("streams", 0, "retriever", "decoder")
        await desk.go(decoder)
        assert "JSON (default)" in desk.text
        await desk.choose("csv")
        assert session.value(decoder) == {"type": "CsvDecoder"}
        await desk.choose("default")
        assert not session.exists(decoder)
        await desk.form.open_tab("Polling")
        await desk.go(("streams", 0, "retriever", "polling_job_timeout"))
        assert "60" in desk.text


async def test_the_rotating_tokens_start_with_an_input_and_a_quota() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(AUTHENTICATOR)
        await desk.choose("several tokens")
        assert session.value((*AUTHENTICATOR, "tokens")) == "{{ config['api_tokens'] }}"
        (tokens,) = [one for one in session.inputs.all() if one.key == "api_tokens"]
        assert tokens.secret
        assert "The calls left at the start" in desk.text
        await desk.go((*AUTHENTICATOR, "quotas", 0, "remaining_path"))
        await desk.type("resources.core.remaining")
        assert session.value((*AUTHENTICATOR, "quotas", 0, "remaining_path")) == ["resources", "core", "remaining"]
        session.add_component((*AUTHENTICATOR, "quotas", 0, "matchers"), "HttpRequestRegexMatcher")
        await desk.go((*AUTHENTICATOR, "quotas", 0, "matchers", 0, "url_path_pattern"))
        await desk.type("^/search")
        assert session.value((*AUTHENTICATOR, "quotas", 0, "matchers", 0, "url_path_pattern")) == "^/search"
        assert "^/search" in desk.text


async def test_a_child_stream_cannot_be_its_parent() -> None:
    session = new_session(StreamKind.SYNC, "others")
    parent: list[tuple[str | int, ...]] = []
    for index in (0, 1):
        path = ("streams", index, "retriever", "partition_router")
        session.choose_type(path, "SubstreamPartitionRouter")
        session.add_component((*path, "parent_stream_configs"), "ParentStreamConfig")
        parent.append((*path, "parent_stream_configs", 0, "stream"))
    session.write(session.slot(parent[1]), {"$ref": "#/streams/0"})
    before = session.text
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(parent[0])
        await desk.choose("others")
        assert session.text == before
        assert session.value((*parent[1], "name")) == session.streams.name(0)
