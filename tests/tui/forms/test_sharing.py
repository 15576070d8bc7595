"""Sharing sections between streams, copying them, and requests as curl commands."""

from __future__ import annotations

from tests.tui.forms.support import at_desk, new_session, sample
from tui.forms.field_menu import CopyRequested
from tui.forms.wording import shared_with
from tui.model.streams import StreamKind

STREAM = ("streams", 0)
CREATION = (*STREAM, "retriever", "creation_requester")
POLLING = (*STREAM, "retriever", "polling_requester")
SYNC = (*STREAM, "retriever", "requester")
COMMAND = """curl -X POST 'https://api.example.com/v1/exports?kind=all' \\
  -H 'Authorization: Bearer s3cr3t' \\
  -H 'X-Team: blue' \\
  --json '{"format": "csv"}'"""


async def test_a_shared_section_names_the_others_and_is_edited_for_all() -> None:
    session = sample()
    async with at_desk(session, size=(80, 30)) as desk:
        await desk.go((*CREATION, "authenticator"))
        await desk.menu("share")
        await desk.go((*POLLING, "authenticator"))
        await desk.menu("share")
        assert "⇄ Shared with Creation" in desk.text
        await desk.press("down", "ctrl+u")
        await desk.paste("{{ config['other'] }}")
        assert session.value((*CREATION, "authenticator", "api_token")) == "{{ config['other'] }}"
        await desk.go((*POLLING, "authenticator"))
        await desk.menu("stop sharing")
        assert session.sharing.target((*POLLING, "authenticator")) is None
        assert "⇄" not in desk.text


def test_of_many_who_share_a_section_the_first_are_named() -> None:
    assert shared_with(["orders (Configuration)", "stores", "products"]).endswith(
        "orders (Configuration), stores, products"
    )
    histories = [f"companies_property_history_{number}" for number in range(9)]
    assert shared_with(histories) == "⇄ Shared with companies_property_history_0 and 8 more"
    assert shared_with(["x" * 60, "y"]) == f"⇄ Shared with {'x' * 60} and 1 more"


async def test_sharing_asks_which_of_two_values_to_keep() -> None:
    session = sample()
    session.sharing.share((*CREATION, "authenticator"))
    session.set((*POLLING, "authenticator", "api_token"), "{{ config['own'] }}")
    async with at_desk(session, size=(80, 30)) as desk:
        await desk.go((*POLLING, "authenticator"))
        await desk.menu("share")
        assert "it differs" in desk.text
        assert "config['own']" in desk.text
        await desk.press("right", "enter")
        assert session.value((*CREATION, "authenticator", "api_token")) == "{{ config['own'] }}"


async def test_a_section_is_copied_elsewhere() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go((*CREATION, "authenticator"))
        await desk.menu("copy to")
        await desk.type("download")
        await desk.press("enter")
        download = (*STREAM, "retriever", "download_requester", "authenticator")
        assert session.value(download) == session.value((*CREATION, "authenticator"))
        assert session.sharing.target(download) is None


async def test_a_section_is_copied_from_elsewhere() -> None:
    session = sample()
    download = (*STREAM, "retriever", "download_requester", "authenticator")
    session.unset(download)
    async with at_desk(session) as desk:
        await desk.go(download)
        await desk.menu("copy from")
        await desk.type("creation")
        await desk.press("enter")
        assert session.value(download) == session.value((*CREATION, "authenticator"))
        assert session.sharing.target(download) is None


async def test_a_curl_command_pasted_into_the_url_fills_the_request() -> None:
    session = new_session(StreamKind.SYNC)
    async with at_desk(session, size=(80, 40)) as desk:
        desk.form.focus_first()
        await desk.settle()
        await desk.paste(COMMAND)
        assert session.value(SYNC) == {
            "type": "HttpRequester",
            "url": "https://api.example.com/v1/exports",
            "http_method": "POST",
            "authenticator": {"type": "BearerAuthenticator", "api_token": "{{ config['api_key'] }}"},
            "request_parameters": {"kind": "all"},
            "request_headers": {"X-Team": "blue", "Accept": "application/json"},
            "request_body": {"type": "RequestBodyJsonObject", "value": {"format": "csv"}},
        }
        assert "s3cr3t" not in session.document.text
        assert "https://api.example.com/v1/exports" in desk.text
        assert "X-Team" in desk.text


async def test_text_that_is_not_a_curl_command_is_refused() -> None:
    session = new_session(StreamKind.SYNC)
    async with at_desk(session) as desk:
        desk.form.paste_curl()
        await desk.settle()
        await desk.paste("curl --data")
        await desk.press("tab", "enter")
        assert session.value((*SYNC, "url")) is None
        assert "Nothing was filled in" in desk.text


async def test_a_request_is_copied_as_curl_with_its_secrets_masked() -> None:
    session = sample()
    session.inputs.set_value("api_key", "s3cr3t")
    session.set((*CREATION, "request_headers"), {"X-Team": "blue"})
    session.set((*CREATION, "request_body"), {"type": "RequestBodyJsonObject", "value": {"a": 1}})
    async with at_desk(session) as desk:
        desk.form.copy_curl()
        await desk.settle()
        text = desk.heard(CopyRequested)[0].text
        assert text.startswith("curl 'https://api.sendgrid.com/v3/marketing/contacts/exports'") or text.startswith(
            "curl https://api.sendgrid.com/v3/marketing/contacts/exports"
        )
        assert "X-Team: blue" in text
        assert "Authorization: Bearer" in text
        assert '{"a":1}' in text
        assert "s3cr3t" not in text


async def test_a_shared_section_has_one_note_about_it() -> None:
    async with at_desk(sample("ads_report"), size=(120, 40)) as desk:
        assert desk.text.count("⇄ Shared with Polling") == 1


async def test_text_that_would_be_a_circular_reference_is_kept_but_not_written() -> None:
    session = sample()
    token = (*CREATION, "authenticator", "api_token")
    async with at_desk(session, size=(80, 30)) as desk:
        await desk.go(token)
        before = session.text
        await desk.press("ctrl+u")
        await desk.paste("#/streams/0")
        assert session.text.count("#/streams/0") == 0
        unfinished = session.unfinished(token)
        assert unfinished is not None
        assert unfinished.text == "#/streams/0"
        assert "would lead back to itself" in unfinished.message
        await desk.press("ctrl+u")
        await desk.paste("{{ config['api_key'] }}")
        assert session.unfinished(token) is None
        assert session.text == before


async def test_an_authenticator_is_reused_for_the_next_request_with_one_key() -> None:
    session = sample()
    polling = (*POLLING, "authenticator")
    session.unset(polling)
    async with at_desk(session, size=(100, 30)) as desk:
        await desk.go(polling)
        assert "s: the same as in Creation" in desk.text
        await desk.press("s")
        assert session.sharing.target(polling) == session.sharing.target((*CREATION, "authenticator"))
        assert session.value(polling) == session.value((*CREATION, "authenticator"))
        session.undo()
        assert not session.exists(polling)
        assert session.sharing.target((*CREATION, "authenticator")) is None
        await desk.go(polling)
        await desk.press("S")
        assert session.value(polling) == session.value((*CREATION, "authenticator"))
        assert session.sharing.target(polling) is None


async def test_headers_are_reused_for_the_next_request_with_one_key() -> None:
    session = sample()
    headers = (*POLLING, "request_headers")
    session.set((*CREATION, "request_headers"), {"X-Team": "blue", "Accept": "text/csv"})
    async with at_desk(session, size=(100, 30)) as desk:
        await desk.go(headers)
        assert "=: the same as in Creation" in desk.text
        await desk.press("=")
        assert session.value(headers) == {"X-Team": "blue", "Accept": "text/csv"}
        assert "the same as" not in desk.text
        await desk.press("a")
        await desk.type("X-Equal")
        await desk.press("enter")
        await desk.type("a=b")
        await desk.press("enter", "escape")
        assert session.value(headers)["X-Equal"] == "a=b"
        assert session.value((*CREATION, "request_headers")) == {"X-Team": "blue", "Accept": "text/csv"}


def test_where_others_share_something_else_a_copy_is_reused() -> None:
    session = sample()
    creation, polling = (*CREATION, "authenticator"), (*POLLING, "authenticator")
    session.sharing.share(polling)
    session.set((*creation, "api_token"), "{{ config['own'] }}")
    download = (*STREAM, "retriever", "download_requester", "authenticator")
    session.sharing.reuse(download, creation)
    assert session.value(download) == session.value(creation)
    assert session.sharing.target(download) is None
    assert session.value((*polling, "api_token")) != "{{ config['own'] }}"
