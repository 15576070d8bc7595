"""The SendGrid stream, field by field through the form, with the keyboard only."""

from __future__ import annotations

from tests.tui.forms.support import Desk, at_desk
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

BASE = "https://api.sendgrid.com/v3/marketing/contacts/exports"


async def creation(desk: Desk) -> None:
    await desk.type(BASE)
    await desk.press("down", "down", "down")
    await desk.choose("bearer")


async def polling(desk: Desk) -> None:
    await desk.paste(BASE + "/{{creation_response['id']}}")
    await desk.press("down", "down")
    await desk.choose("bearer")
    await desk.press("down", "down", "down")
    await desk.type("status")
    await desk.press("enter", "down")
    await desk.press("enter")
    for status in ("ready", "failed", "pending", "timeout"):
        await desk.type(status)
        await desk.press("enter")
    await desk.press("escape")
    await desk.press("down", "down")
    await desk.type("urls")
    await desk.press("enter", "down")
    await desk.type("30")


async def download(desk: Desk) -> None:
    assert desk.session.value(("streams", 0, "retriever", "download_requester", "url")) == "{{ download_target }}"
    await desk.press("down", "down")
    await desk.choose("csv")
    await desk.go(("streams", 0, "primary_key"))
    await desk.press("enter")
    await desk.type("CONTACT_ID")
    await desk.press("enter", "escape")


async def test_the_stream_is_built_field_by_field_with_the_keyboard() -> None:
    session = BuilderSession.new()
    session.streams.add("stream", StreamKind.ASYNC)
    async with at_desk(session) as desk:
        desk.form.query_one("FieldInput").focus()
        await desk.press("ctrl+u")
        await desk.type("contacts")
        await desk.press("enter")
        await creation(desk)
        await desk.press("ctrl+pagedown")
        await polling(desk)
        await desk.press("ctrl+pagedown")
        await download(desk)

    stream = session.value(("streams", 0))
    bearer = {"type": "BearerAuthenticator", "api_token": "{{ config['api_key'] }}"}
    assert stream["name"] == "contacts"
    assert stream["primary_key"] == "CONTACT_ID"
    retriever = stream["retriever"]
    assert retriever["creation_requester"] == {
        "type": "HttpRequester",
        "http_method": "POST",
        "url": BASE,
        "authenticator": bearer,
    }
    assert retriever["polling_requester"] == {
        "type": "HttpRequester",
        "http_method": "GET",
        "url": BASE + "/{{creation_response['id']}}",
        "authenticator": bearer,
    }
    assert retriever["status_extractor"] == {"type": "DpathExtractor", "field_path": ["status"]}
    assert retriever["status_mapping"] == {
        "type": "AsyncJobStatusMap",
        "running": ["pending"],
        "completed": ["ready"],
        "failed": ["failed"],
        "timeout": ["timeout"],
    }
    assert retriever["download_target_extractor"] == {"type": "DpathExtractor", "field_path": ["urls"]}
    assert retriever["polling_job_timeout"] == 30
    assert retriever["download_decoder"] == {"type": "CsvDecoder"}
    assert session.inputs.get("api_key") is not None
    assert session.connector.problems == ()


async def test_no_field_shows_a_problem_before_it_was_touched() -> None:
    session = BuilderSession.new()
    session.streams.add("contacts", StreamKind.ASYNC)
    async with at_desk(session) as desk:
        session.refresh()
        await desk.settle()
        assert "✗" not in desk.text
        desk.form.focus_first()
        await desk.press("down")
        assert "✗" in desk.text
        assert "url" in desk.text.lower()
        assert "Creation• ✗1" in desk.text
