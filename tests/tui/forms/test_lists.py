"""Lists and maps: components in an order, chips, rows of names and values."""

from __future__ import annotations

from tests.tui.forms.support import at_desk, new_session, sample
from tui.model.streams import StreamKind

STREAM = ("streams", 0)
TRANSFORMATIONS = (*STREAM, "transformations")
CREATION = (*STREAM, "retriever", "creation_requester")


def types_of(value: object) -> list[str]:
    assert isinstance(value, list)
    return [one["type"] for one in value]


async def test_components_are_added_moved_and_removed() -> None:
    session = sample()
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(TRANSFORMATIONS)
        for name in ("lower", "snake", "remove fields"):
            await desk.press("a")
            await desk.type(name)
            await desk.press("enter")
        assert types_of(session.value(TRANSFORMATIONS)) == ["KeysToLower", "KeysToSnakeCase", "RemoveFields"]
        assert desk.focused_path == (*TRANSFORMATIONS, 2)
        await desk.press("ctrl+up")
        assert types_of(session.value(TRANSFORMATIONS)) == ["KeysToLower", "RemoveFields", "KeysToSnakeCase"]
        assert desk.focused_path == (*TRANSFORMATIONS, 1)
        await desk.press("ctrl+up", "delete")
        assert types_of(session.value(TRANSFORMATIONS)) == ["KeysToLower", "KeysToSnakeCase"]
        assert desk.focused_path == (*TRANSFORMATIONS, 0)
        await desk.press("delete", "delete")
        assert not session.exists(TRANSFORMATIONS)
        assert desk.focused_path == TRANSFORMATIONS


async def test_nested_lists_are_edited_the_same_way() -> None:
    session = sample()
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(TRANSFORMATIONS)
        await desk.press("a")
        await desk.type("add fields")
        await desk.press("enter")
        fields = (*TRANSFORMATIONS, 0, "fields")
        await desk.go(fields)
        await desk.press("a")
        assert desk.focused_path == (*fields, 0)
        await desk.press("down")
        await desk.type("meta.source")
        await desk.press("down")
        await desk.type("sendgrid")
        assert session.value(fields) == [
            {"type": "AddedFieldDefinition", "path": ["meta", "source"], "value": "sendgrid"}
        ]


async def test_folded_items_show_a_summary() -> None:
    session = sample()
    session.set(TRANSFORMATIONS, [{"type": "KeysReplace", "old": "a_b", "new": "c_d"}])
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go((*TRANSFORMATIONS, 0))
        if "Old value" not in desk.text:
            await desk.press("f")
        assert "Old value" in desk.text
        await desk.press("f")
        assert "Old value" not in desk.text
        assert "a_b · c_d" in desk.text


async def test_named_components_are_added_and_renamed() -> None:
    session = sample()
    path = (*CREATION, "authenticator")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(path)
        await desk.choose("selective")
        await desk.go((*path, "authenticators"))
        await desk.press("enter")
        await desk.type("token")
        await desk.press("enter")
        assert list(session.value((*path, "authenticators"))) == ["token"]
        await desk.menu("rename")
        await desk.press("ctrl+u")
        await desk.type("oauth")
        await desk.press("enter")
        assert list(session.value((*path, "authenticators"))) == ["oauth"]


async def test_headers_are_rows_and_values_that_are_not_text_keep_their_type() -> None:
    session = sample()
    path = (*CREATION, "request_parameters")
    session.set(path, {"limit": 5, "tags": ["a", "b"]})
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("a")
        await desk.type("q")
        await desk.press("enter")
        await desk.type("x")
        await desk.press("enter", "escape")
        assert session.value(path) == {"limit": 5, "tags": ["a", "b"], "q": "x"}


async def test_a_duplicate_name_is_marked_and_not_written() -> None:
    session = sample()
    path = (*CREATION, "request_headers")
    session.set(path, {"A": "1"})
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("a")
        await desk.type("A")
        await desk.press("enter", "2", "enter", "escape", "tab")
        assert session.value(path) == {"A": "1"}
        assert "A is there twice" in desk.text
        assert session.counts(path).errors == 1


async def test_rows_can_be_written_as_one_template_and_back() -> None:
    session = sample()
    path = (*CREATION, "request_parameters")
    session.set(path, {"a": "1"})
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.menu("as a template")
        assert desk.focused_path == path
        await desk.paste("{{ config['query'] }}")
        assert session.value(path) == "{{ config['query'] }}"
        await desk.menu("as fields")
        assert session.value(path) == {"a": "1"}


async def test_the_primary_key_is_a_name_a_list_or_paths() -> None:
    session = new_session(StreamKind.SYNC)
    path = (*STREAM, "primary_key")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("enter")
        await desk.type("id")
        await desk.press("enter")
        assert session.value(path) == "id"
        await desk.type("day")
        await desk.press("enter")
        assert session.value(path) == ["id", "day"]
        await desk.type("account.id")
        await desk.press("enter", "escape")
        assert session.value(path) == [["id"], ["day"], ["account", "id"]]
        await desk.press("end", "left", "delete", "delete", "delete")
        assert not session.exists(path)


async def test_http_codes_are_numbers() -> None:
    session = new_session(StreamKind.SYNC)
    handler = (*STREAM, "retriever", "requester", "error_handler")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(handler)
        await desk.choose("rules")
        await desk.go((*handler, "response_filters"))
        await desk.press("a")
        codes = (*handler, "response_filters", 0, "http_codes")
        await desk.go(codes)
        await desk.press("enter", "4", "0", "4", "enter", "escape")
        assert session.value(codes) == [404]


async def test_known_headers_and_their_values_complete_with_tab() -> None:
    session = sample()
    path = (*CREATION, "request_headers")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("enter")
        await desk.type("content-t")
        await desk.press("tab", "enter")
        await desk.type("text/c")
        await desk.press("tab", "enter", "escape")
        assert session.value(path) == {"Content-Type": "text/csv"}


async def test_an_unknown_name_is_left_with_tab_as_it_is() -> None:
    session = sample()
    path = (*CREATION, "request_headers")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("enter")
        await desk.type("X-Mine")
        await desk.press("tab")
        await desk.type("1")
        await desk.press("enter", "escape")
        assert session.value(path) == {"X-Mine": "1"}


async def test_a_row_without_a_name_stays_and_is_marked_also_when_the_form_is_built_again() -> None:
    session = sample()
    path = (*CREATION, "request_headers")
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go(path)
        await desk.press("enter", "tab")
        await desk.type("text/csv")
        await desk.press("tab")
        assert "A value has no name yet." in desk.text
        assert not session.exists(path)
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go(path)
        assert "text/csv" in desk.text
        assert "! no name" in desk.text
        await desk.press("enter")
        await desk.type("Accept")
        await desk.press("enter", "enter")
        assert session.value(path) == {"Accept": "text/csv"}
        assert session.unfinished(path) is None


async def test_unfinished_json_of_a_body_is_not_taken_for_rows_when_its_type_is_changed() -> None:
    session = sample()
    body = (*CREATION, "request_body")
    session.choose_type(body, "RequestBodyJsonObject")
    session.keep_unfinished((*body, "value"), '{"a": ', "Not JSON yet.")
    session.choose_type(body, "RequestBodyUrlEncodedForm")
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go((*body, "value"))
        await desk.type("a")
        await desk.press("enter", "1", "enter", "escape")
        assert session.value((*body, "value")) == {"a": "1"}
