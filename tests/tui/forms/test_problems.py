"""Errors at their fields, marks on tabs and sections, going to a field, and staying in step with undo."""

from __future__ import annotations

from tests.tui.forms.support import at_desk, new_session, sample
from tui.model.streams import StreamKind

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
CREATION = (*RETRIEVER, "creation_requester")


async def test_a_required_field_shows_its_problem_only_after_it_was_left() -> None:
    session = new_session()
    async with at_desk(session) as desk:
        desk.form.focus_first()
        await desk.settle()
        assert "✗" not in desk.text
        await desk.press("down")
        assert "✗ API Endpoint URL" in desk.text
        await desk.press("up")
        await desk.type("https://a.b")
        assert "✗" not in desk.text


async def test_all_problems_show_once_a_stream_is_to_be_tested() -> None:
    session = new_session()
    async with at_desk(session, size=(80, 30)) as desk:
        session.reveal(STREAM)
        await desk.settle()
        assert "Creation• ✗1" in desk.text
        assert "Polling• ✗" in desk.text


async def test_a_wrong_template_is_marked_at_its_field() -> None:
    session = sample()
    async with at_desk(session) as desk:
        session.set((*CREATION, "url"), "{{ nothing_like_it }}")
        await desk.settle()
        assert "✗ API Endpoint URL" in desk.text or "! API Endpoint URL" in desk.text
        assert "nothing_like_it" in desk.text.split("HTTP Method")[0].split("\n", 3)[3]


async def test_a_folded_section_shows_the_errors_inside() -> None:
    session = sample()
    path = (*CREATION, "authenticator")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("f")
        session.unset((*path, "api_token"))
        await desk.settle()
        assert "✗ ▸ Authenticator" in desk.text


async def test_advanced_fields_open_for_an_error() -> None:
    session = sample()
    async with at_desk(session, size=(80, 40)) as desk:
        session.set((*CREATION, "read_timeout_in_seconds"), -5)
        await desk.settle()
        assert "✗ Read Timeout" in desk.text


async def test_going_to_a_path_opens_tab_sections_and_advanced_fields() -> None:
    session = sample()
    async with at_desk(session) as desk:
        path = (*RETRIEVER, "record_selector", "schema_normalization")
        await desk.go(path)
        assert desk.form.active_tab == "Download"
        assert desk.focused_path == path
        await desk.go((*RETRIEVER, "abort_requester", "url"))
        assert desk.focused_path == (*RETRIEVER, "abort_requester")
        await desk.go((*STREAM, "schema_loader", "schema", "properties", "EMAIL"))
        assert desk.form.active_tab == "Schema"
        assert desk.focused_path == (*STREAM, "schema_loader", "schema")
        await desk.go((*STREAM, "name"))
        assert desk.app.focused is desk.form.query_one("FieldInput")


async def test_a_path_of_another_stream_is_not_in_the_form() -> None:
    session = new_session(StreamKind.SYNC, "lists")
    async with at_desk(session) as desk:
        assert not await desk.form.focus_path(("streams", 1, "name"))


async def test_undo_and_redo_neither_rebuild_nor_write() -> None:
    session = sample()
    method = (*CREATION, "http_method")
    async with at_desk(session) as desk:
        await desk.go(method)
        control = desk.row(method).control
        await desk.press("right")
        assert session.value(method) == "PUT"
        path = session.undo()
        assert path == method
        await desk.settle()
        assert desk.row(method).control is control
        assert session.value(method) == "POST"
        assert "POST" in desk.text
        assert not session.can_undo
        session.redo()
        await desk.settle()
        assert "PUT" in desk.text
        assert not session.can_redo


async def test_typing_into_one_field_is_one_step_to_undo() -> None:
    session = sample()
    url = (*CREATION, "url")
    before = session.value(url)
    async with at_desk(session) as desk:
        await desk.go(url)
        await desk.type("/v4")
        session.undo()
        await desk.settle()
        assert session.value(url) == before
        assert "/v4" not in desk.text


async def test_edits_made_elsewhere_are_shown() -> None:
    session = sample()
    async with at_desk(session) as desk:
        session.edit_text(session.text.replace("http_method: POST", "http_method: PUT", 1))
        await desk.settle()
        assert "PUT" in desk.text


async def test_a_hidden_tab_catches_up_when_it_is_shown() -> None:
    session = sample()
    async with at_desk(session, size=(80, 30)) as desk:
        await desk.form.open_tab("Polling")
        await desk.form.open_tab("Creation")
        await desk.settle()
        session.set((*RETRIEVER, "polling_job_timeout"), 77)
        await desk.settle()
        await desk.form.open_tab("Polling")
        await desk.settle()
        assert "77" in desk.text


async def test_sections_are_listed_with_their_tabs() -> None:
    session = sample()
    async with at_desk(session) as desk:
        found = desk.form.sections()
        assert [one.title for one in found if one.tab == "Polling"][:5] == [
            "API Endpoint URL",
            "HTTP Method",
            "Authenticator",
            "Status Extractor",
            "Status Mapping",
        ]
        assert await desk.form.focus_path(found[-1].path)
