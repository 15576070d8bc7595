"""Texts, numbers, paths, code: how each kind of field takes what is typed and shows what there is."""

from __future__ import annotations

import pytest

from tests.tui.forms.support import Known, at_desk, new_session, sample
from tui.forms.code_rows import fault_in
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldFocused
from tui.forms.hints import Offer
from tui.model.streams import StreamKind

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
CREATION = (*RETRIEVER, "creation_requester")
TIMEOUT = (*RETRIEVER, "polling_job_timeout")
SYNC = (*RETRIEVER, "requester")


async def test_text_that_is_not_a_number_is_kept_as_typed_and_marked() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(TIMEOUT)
        await desk.press("ctrl+u")
        await desk.type("1x")
        assert session.value(TIMEOUT) == 1
        await desk.press("tab")
        assert "1x" in desk.text
        assert "must be a number" in desk.text
        await desk.go(TIMEOUT)
        await desk.press("backspace", "5")
        assert session.value(TIMEOUT) == 15
        assert "must be a number" not in desk.text


async def test_a_number_may_be_a_template_where_that_is_allowed() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(TIMEOUT)
        await desk.press("ctrl+u")
        await desk.paste("{{ config['minutes'] }}")
        assert session.value(TIMEOUT) == "{{ config['minutes'] }}"


async def test_a_decimal_point_stays_while_it_is_typed() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(TIMEOUT)
        await desk.press("ctrl+u")
        await desk.type("0.5")
        assert session.value(TIMEOUT) == 0.5


async def test_clearing_a_field_removes_it_from_the_manifest() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(TIMEOUT)
        await desk.press("ctrl+u")
        assert not session.exists(TIMEOUT)


async def test_a_focused_template_shows_its_value_below() -> None:
    session = sample()
    known = Known(known={"creation_response": {"id": "job-7"}})
    async with at_desk(session, hints=known, size=(120, 30)) as desk:
        await desk.go((*RETRIEVER, "polling_requester", "url"))
        assert "= https://api.sendgrid.com/v3/marketing/contacts/exports/job-7" in desk.text
        await desk.press("down")
        assert "job-7" not in desk.text


async def test_names_are_completed_while_a_template_is_typed() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go((*RETRIEVER, "polling_requester", "url"))
        await desk.press("ctrl+u")
        await desk.type("{{ crea")
        assert "creation_response" in desk.text
        await desk.press("enter")
        assert session.value((*RETRIEVER, "polling_requester", "url")) == "{{ creation_response }}"


async def test_only_names_valid_at_the_field_are_offered() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go((*CREATION, "url"))
        await desk.press("ctrl+u")
        await desk.type("{{ ")
        assert "api_key" in desk.text
        assert "download_target" not in desk.text


async def test_tab_keys_leave_a_line_that_is_too_long_for_the_screen() -> None:
    async with at_desk(sample()) as desk:
        await desk.form.open_tab("Polling")
        desk.form.focus_first()
        await desk.press("ctrl+pagedown")
        assert desk.form.active_tab == "Download"


async def test_a_secret_is_masked_but_the_name_of_an_input_is_not() -> None:
    session = sample()
    path = (*CREATION, "authenticator", "api_token")
    async with at_desk(session) as desk:
        assert "config['api_key']" in desk.text
        await desk.go(path)
        await desk.press("ctrl+u")
        await desk.type("s3cr3t")
        assert "s3cr3t" not in desk.text
        await desk.menu("make an input")
        assert session.value(path) == "{{ config['bearer_token'] }}"
        assert session.values.config()["bearer_token"] == "s3cr3t"
        assert "s3cr3t" not in session.document.text


async def test_durations_and_formats_have_suggestions() -> None:
    session = new_session(StreamKind.SYNC)
    cursor = (*STREAM, "incremental_sync")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(cursor)
        await desk.choose("datetime")
        await desk.go((*cursor, "step"))
        await desk.press("f9")
        assert "one week" in desk.text
        await desk.type("P1W")
        await desk.press("enter")
        assert session.value((*cursor, "step")) == "P1W"
        await desk.go((*cursor, "datetime_format"))
        await desk.press("f9")
        assert "2026-03-31T14:05:09Z" in desk.text


async def test_records_suggest_the_values_of_fields() -> None:
    session = new_session(StreamKind.SYNC)
    cursor = (*STREAM, "incremental_sync")
    async with at_desk(session, hints=Known(suggested=[Offer("updated_at")]), size=(80, 40)) as desk:
        await desk.go(cursor)
        await desk.choose("datetime")
        await desk.go((*cursor, "cursor_field"))
        await desk.press("f9", "enter")
        assert session.value((*cursor, "cursor_field")) == "updated_at"


async def test_a_field_path_is_typed_with_dots_or_as_a_simple_jsonpath() -> None:
    session = sample()
    path = (*RETRIEVER, "status_extractor", "field_path")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("ctrl+u")
        await desk.type("job.status")
        assert session.value(path) == ["job", "status"]
        await desk.press("ctrl+u")
        await desk.type("$.jobs[0].state")
        assert session.value(path) == ["jobs", "0", "state"]
        await desk.press("tab")
        assert "jobs.0.state" in desk.text


async def test_a_jsonpath_with_a_filter_gets_the_extractor_for_it() -> None:
    session = sample()
    extractor = (*RETRIEVER, "status_extractor")
    async with at_desk(session) as desk:
        await desk.go((*extractor, "field_path"))
        await desk.press("ctrl+u")
        await desk.paste("$.jobs[?(@.mine)].state")
        await desk.press("tab", "shift+tab")
        assert "Press enter" in desk.text
        await desk.press("enter")
        assert session.value(extractor) == {
            "type": "JsonPathExtractor",
            "json_path": "$.jobs[?(@.mine)].state",
        }


async def test_invalid_json_is_kept_and_marked() -> None:
    session = new_session(StreamKind.SYNC)
    body = (*SYNC, "request_body")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(body)
        await desk.choose("json object")
        await desk.go((*body, "value"))
        await desk.press("enter")
        await desk.press("ctrl+a", "ctrl+k")
        await desk.paste('{"a": ')
        assert "Line 1: a value is missing" in desk.text
        await desk.paste("[1]}")
        assert session.value((*body, "value")) == {"a": [1]}
        assert "Line 1" not in desk.text


async def test_a_graphql_query_is_checked_and_has_room_for_variables() -> None:
    session = new_session(StreamKind.SYNC)
    body = (*SYNC, "request_body")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(body)
        await desk.choose("graphql")
        await desk.go((*body, "value"))
        await desk.press("enter")
        await desk.paste("query { orders { id ")
        assert "is not closed" in desk.text
        await desk.paste("} }")
        assert "is not closed" not in desk.text
        await desk.press("escape", "tab", "enter")
        await desk.paste('{"variables": {"n": 5}}')
        assert session.value((*body, "value")) == {
            "query": "query { orders { id } }",
            "variables": {"n": 5},
        }


@pytest.mark.parametrize(("typed", "error"), [("[1]", "This must be an object"), ('{"n": ', "a value is missing")])
async def test_graphql_variables_that_are_no_object_yet_stay_while_the_query_is_typed(typed: str, error: str) -> None:
    session = new_session(StreamKind.SYNC)
    body = (*SYNC, "request_body")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(body)
        await desk.choose("graphql")
        await desk.go((*body, "value"))
        await desk.press("tab", "enter")
        await desk.paste(typed)
        assert error in desk.text
        await desk.press("escape", "shift+tab", "enter")
        await desk.paste("{ orders { id } }")
        assert session.value((*body, "value")) == {"query": "{ orders { id } }"}
        assert session.unfinished((*body, "value")) is not None
        session.refresh()
        await desk.press("escape")
        assert error in desk.text
        assert typed.strip() in desk.text
        assert "{ orders { id } }" in desk.text


async def test_ticking_and_unticking_a_box_leaves_no_value() -> None:
    session = new_session(StreamKind.SYNC)
    path = (*SYNC, "use_tcp_keepalive")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(path)
        await desk.press("space")
        assert session.value(path) is True
        await desk.press("space")
        assert not session.exists(path)


async def test_unticking_a_box_says_no_where_nothing_means_neither() -> None:
    """Without a word, responses of parents are kept: `false` forbids it."""
    session = new_session(StreamKind.SYNC)
    path = (*SYNC, "use_cache")
    async with at_desk(session, size=(80, 40)) as desk:
        await desk.go(path)
        await desk.press("space")
        await desk.press("space")
        assert session.value(path) is False


async def test_the_focused_field_is_reported() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go((*CREATION, "http_method"))
        told = desk.heard(FieldFocused)[-1]
        assert told.path == (*CREATION, "http_method")
        assert told.title == "HTTP Method"
        assert told.spec.key == "http_method"


@pytest.mark.slow
async def test_showing_a_field_writes_nothing() -> None:
    session = sample("shopify_bulk_operation")
    before = session.document.text
    async with at_desk(session, size=(120, 60)) as desk:
        for title in desk.form.tab_titles:
            await desk.form.open_tab(title)
            await desk.settle()
            for row in list(desk.pane.walk())[::4]:
                row.focus_field()
                await desk.pilot.pause()
    assert session.document.text == before
    assert not session.dirty


async def test_a_new_input_is_made_where_it_is_needed() -> None:
    session = sample()
    path = (*RETRIEVER, "creation_requester", "request_body")
    async with at_desk(session) as desk:
        await desk.go((*CREATION, "url"))
        assert isinstance(desk.app.focused, FieldInput)
        await desk.press("ctrl+u")
        await desk.menu("new input")
        await desk.type("Account name")
        await desk.press("enter")
        assert session.value((*CREATION, "url")) == "{{ config['account_name'] }}"
        assert session.inputs.get("account_name") is not None
        assert not session.exists(path)


async def test_a_new_input_is_inserted_at_the_cursor() -> None:
    session = sample()
    url = (*CREATION, "url")
    async with at_desk(session) as desk:
        session.set(url, "/v3/exports")
        await desk.go(url)
        await desk.press("home")
        await desk.menu("new input")
        await desk.type("Base")
        await desk.press("enter")
        assert session.value(url) == "{{ config['base'] }}/v3/exports"
        await desk.press("end")
        await desk.type("?q={{ ")
        assert "New input…" in desk.text
        await desk.press("up", "enter")
        await desk.type("Query")
        await desk.press("enter")
        assert session.value(url) == "{{ config['base'] }}/v3/exports?q={{ config['query'] }}"
        assert session.inputs.get("query") is not None


async def test_an_incomplete_template_shows_no_problem_while_it_is_typed() -> None:
    session = sample()
    url = (*CREATION, "url")
    async with at_desk(session) as desk:
        await desk.go(url)
        await desk.press("ctrl+u", "tab", "shift+tab")
        await desk.type("{{ config['api_k")
        await desk.press("escape")
        assert "✗ `url`" not in desk.words
        assert "In the template" not in desk.words
        await desk.press("tab")
        assert "✗ A text in quotes does not end" in desk.words  # first of all, below a field that says the rest
        await desk.go(url)
        await desk.type("ey'] + }}")
        assert desk.words.count("Unexpected '}}'") == 1


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("query { a }", None),
        ('{ a(b: "}") # }\n c }', None),
        ("mutation {\n a }\n}", 2),
        ("query {\n a(\n }", 2),
        ("find all", 0),
        ("", 0),
    ],
)
def test_faults_in_graphql(query: str, line: int | None) -> None:
    fault = fault_in(query)
    assert (fault.line if fault else None) == line


async def test_clearing_a_field_writes_an_empty_text_where_that_has_a_meaning() -> None:
    session = new_session(StreamKind.ASYNC)
    quotes = (*RETRIEVER, "download_decoder", "quote_character")
    session.set(quotes[:-1], {"type": "CsvDecoder", "quote_character": "'"})
    async with at_desk(session) as desk:
        await desk.go(quotes)
        await desk.press("backspace")
        assert session.value(quotes) == ""
        assert "none: quotes are plain text" in desk.text
        await desk.type("'")
        assert session.value(quotes) == "'"


async def test_an_offer_that_is_too_long_for_the_line_shows_its_end() -> None:
    session = sample()
    path = (*RETRIEVER, "polling_requester", "url")
    session.set(path, "")
    offers = [Offer("{{ creation_response['_metadata']['self_link'] }}")]
    async with at_desk(session, size=(60, 24), hints=Known(suggested=offers)) as desk:
        await desk.go(path)
        assert "Tab: …" in desk.text
        assert "['self_link'] }}" in desk.text


async def test_what_was_seen_is_shown_in_an_empty_line_and_tab_takes_it() -> None:
    session = sample()
    path = (*RETRIEVER, "status_extractor", "field_path")
    session.set(path, [])
    async with at_desk(session, hints=Known(suggested=[Offer("status", "ready"), Offer("state")])) as desk:
        await desk.go(path)
        assert "Tab: status" in desk.text
        await desk.press("tab")
        assert session.value(path) == ["status"]
        assert desk.focused_path == path
        await desk.press("tab")
        assert desk.focused_path != path
        assert "Tab: " not in desk.text


async def test_a_new_input_is_what_a_template_begins_with_while_there_are_none() -> None:
    session = new_session()
    url = (*CREATION, "url")
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go(url)
        await desk.type("{{")
        await desk.press("enter")
        await desk.type("API URL")
        await desk.press("enter")
        assert session.value(url) == "{{config['api_url'] }}"
        await desk.press("end")
        await desk.type("/{{")
        await desk.press("enter")
        assert session.value(url) == "{{config['api_url'] }}/{{config['api_url'] }}", "what is there comes first now"
