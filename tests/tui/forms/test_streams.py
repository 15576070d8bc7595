"""The head of a stream's form: its name, and how it is read."""

from __future__ import annotations

from core.manifest.document import Document
from tests.tui.forms.support import at_desk, new_session, sample
from tui.forms.stream_head import switch_question
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

STREAM = ("streams", 0)


async def test_a_duplicate_stream_name_is_refused() -> None:
    session = new_session(StreamKind.SYNC, "lists")
    async with at_desk(session) as desk:
        await desk.go((*STREAM, "name"))
        await desk.press("ctrl+u")
        await desk.type("lists")
        await desk.press("tab")
        assert session.streams.names() == ("contacts", "lists")
        assert "There is already a stream named lists" in desk.text
        assert session.counts((*STREAM, "name")).errors == 1
        await desk.go((*STREAM, "name"))
        await desk.type("_2")
        await desk.press("enter")
        assert session.streams.names() == ("lists_2", "lists")
        assert "There is already" not in desk.text


async def test_switching_the_retrieval_type_asks_and_keeps_what_maps() -> None:
    session = sample()
    async with at_desk(session, size=(80, 30)) as desk:
        desk.form.query_one("Choice").focus()
        await desk.press("left")
        assert "No equivalent there: Polling, Status Extractor" in " ".join(desk.text.split())
        assert session.streams.kind(0) is StreamKind.ASYNC
        await desk.press("escape")
        assert session.streams.kind(0) is StreamKind.ASYNC
        await desk.press("left", "enter")
        assert session.streams.kind(0) is StreamKind.SYNC
        assert list(desk.form.tab_titles) == ["Configuration", "Schema"]
        assert session.value((*STREAM, "retriever", "requester", "url")).endswith("/v3/marketing/contacts/exports")
        session.undo()
        await desk.settle()
        assert list(desk.form.tab_titles) == ["Creation", "Polling", "Download", "Schema"]
        assert desk.form.active_tab in desk.form.tab_titles


def test_the_question_names_as_kept_only_what_the_other_type_has() -> None:
    session = new_session(StreamKind.SYNC, "lists")
    session.set(("streams", 1, "$parameters"), {"path": "/lists"})
    session.set(("streams", 1, "primary_key"), "id")
    session.streams.switch_retrieval(1, StreamKind.ASYNC)
    kept = switch_question(session, 1, "SimpleRetriever")
    assert "Primary Key" in kept
    assert "Status" not in kept


async def test_a_stream_of_another_kind_shows_that_it_has_no_form() -> None:
    text = sample().document.text.replace("type: AsyncRetriever", "type: CustomRetriever", 1)
    session = BuilderSession(Document.parse(text), problems_visible=True)
    async with at_desk(session) as desk:
        assert "has no form" in desk.text


async def test_another_stream_is_shown_at_the_same_tab() -> None:
    session = new_session(StreamKind.SYNC, "lists")
    async with at_desk(session) as desk:
        await desk.form.open_tab("Schema")
        await desk.form.show(1)
        await desk.settle()
        assert desk.form.active_tab == "Schema"
        assert "lists" in desk.text
        await desk.form.next_tab()
        await desk.settle()
        assert desk.focused_path == ("streams", 1, "retriever", "requester", "url")


async def test_tab_keys_work_in_a_field_that_is_too_long_for_the_screen() -> None:
    session = new_session()
    url = (*STREAM, "retriever", "creation_requester", "url")
    session.set(url, "https://api.example.com/" + "long/" * 60)
    async with at_desk(session) as desk:
        await desk.go(url)
        await desk.press("end", "ctrl+pagedown")
        assert desk.form.active_tab == "Polling"
        await desk.press("ctrl+pageup")
        assert desk.form.active_tab == "Creation"
