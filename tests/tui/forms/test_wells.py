"""The look of the forms: labels and wells in their places, groups under headings, room for what is typed."""

from __future__ import annotations

import pytest
from textual.widget import Widget

from tests.tui.forms.support import Desk, at_desk, new_session, sample
from tui.forms.folding_row import Advanced
from tui.forms.reference_rows import RequestOptionRow
from tui.model.streams import StreamKind
from tui.widgets.code_editor import CodeEditor

RETRIEVER = ("streams", 0, "retriever")
CREATION = (*RETRIEVER, "creation_requester")
HEADER = "Amazon-Advertising-API-Scope"


def wells(desk: Desk) -> set[tuple[int, int]]:
    """The left and right edges of the controls."""
    return {(row.control.region.x, row.control.region.right) for row in desk.pane.walk()}


def line_with(text: str, screen: str) -> str:
    return next(line for line in screen.split("\n") if text in line)


async def test_a_template_says_whether_its_secret_has_a_value() -> None:
    session = sample()
    async with at_desk(session, size=(120, 40)) as desk:
        assert "•••• not set" in line_with("config['api_key']", desk.text)
        session.inputs.set_value("api_key", "SG.secret")
        await desk.settle()
        assert "•••• set" in line_with("config['api_key']", desk.text)
        assert "••••" not in line_with("config['api_url']", desk.text), "an address is no secret"
        await desk.go((*CREATION, "authenticator", "api_token"))
        await desk.type("x" * 60)
        assert "•••• set" not in desk.text, "what is typed needs the room"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 50)])
async def test_a_secret_that_is_typed_takes_the_place_of_the_input_and_is_said_to_be_in_plain_text(
    size: tuple[int, int],
) -> None:
    session, secret = sample(), "SG." + "x" * 70
    token = (*CREATION, "authenticator", "api_token")
    async with at_desk(session, size=size) as desk:
        await desk.go(token)
        await desk.type(secret)
        await desk.go((*CREATION, "authenticator"))
        await desk.settle()
        assert session.value(token) == secret
        assert "in plain text · F6" in desk.text
        assert secret[:5] not in desk.text


async def test_a_secret_that_is_typed_behind_a_template_is_said_to_be_in_plain_text_and_becomes_an_input() -> None:
    session, secret = sample(), "SG.0123456789"
    token = (*CREATION, "authenticator", "api_token")
    async with at_desk(session, size=(120, 40)) as desk:
        await desk.go(token)
        await desk.press("end")
        await desk.type(secret)
        template = "{{ config['api_key'] }}"
        assert session.value(token) == template + secret
        assert secret not in desk.text
        assert "saved in plain text. F6 makes an input of it." in desk.text
        await desk.menu("Make an input of the secret")
        await desk.settle()
        assert session.value(token) == f"{template}{{{{ config['bearer_token'] }}}}"
        assert session.values.config()["bearer_token"] == secret


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 50)])
async def test_all_wells_have_the_same_edges(size: tuple[int, int]) -> None:
    async with at_desk(sample(), size=size) as desk:
        for tab in desk.form.tab_titles:
            await desk.form.open_tab(tab)
            await desk.settle()
            assert len(wells(desk)) == 1
            assert all(row.control.region.height == 1 for row in desk.pane.walk() if isinstance(row, RequestOptionRow))


async def test_advanced_fields_have_the_edges_of_the_others() -> None:
    async with at_desk(sample("orders_paginated"), size=(120, 60)) as desk:
        await desk.settle()
        deep = [row for row in desk.pane.walk() if isinstance(row, Advanced) and row.place.depth]
        assert deep
        for row in deep:
            row.unfold()
        await desk.settle()
        assert all(row.rows for row in deep)
        assert len(wells(desk)) == 1


async def test_labels_have_their_place_before_the_form_has_its_size() -> None:
    session = sample()
    async with at_desk(session, size=(120, 40)) as desk:
        widths: list[int] = []
        pane = desk.pane
        pane.context.label_width = 0
        pane._measure()
        widths.append(pane.context.label_width)
        await desk.form.open_tab("Polling")
        widths.append(desk.pane.context.label_width)
        await desk.settle()
        widths.append(desk.pane.context.label_width)
        assert len(set(widths)) == 1


async def test_a_label_that_is_too_long_is_cut_and_its_field_stays_one_line() -> None:
    async with at_desk(sample(), size=(60, 24)) as desk:
        await desk.form.open_tab("Download")
        await desk.settle()
        row = desk.row((*RETRIEVER, "download_decoder"))
        assert "Download HTTP" in line_with("…", desk.text)
        assert row.region.height == 1 + sum(below.region.height for below in row.rows)


async def test_labels_are_whole_where_the_form_has_half_of_a_wide_screen() -> None:
    session = sample()
    session.set(
        (*CREATION, "authenticator"),
        {"type": "OAuthAuthenticator", "token_refresh_endpoint": "https://127.0.0.1/token"},
    )
    async with at_desk(session, size=(79, 60)) as desk:
        await desk.go((*CREATION, "authenticator"))
        assert "Token Refresh Endpoint" in desk.text
        assert "Refresh Request Headers" in desk.text
        await desk.form.open_tab("Polling")
        await desk.settle()
        assert "Download Target Extractor" in desk.text
        assert "Polling Job Timeout (minutes)" in desk.text


async def test_groups_have_headings_and_free_lines_where_there_is_room() -> None:
    async with at_desk(sample(), size=(120, 40)) as desk:
        lines = [line.strip() for line in desk.text.split("\n")]
        assert lines[lines.index("Authentication") - 1] == ""
        assert lines.index("Request") < lines.index("Authentication") < lines.index("Slices") < lines.index("Errors")
    async with at_desk(sample(), size=(80, 24)) as desk:
        lines = [line.strip() for line in desk.text.split("\n")]
        assert lines[lines.index("Authentication") - 1] != ""
        assert "Request" not in lines


async def test_a_click_on_a_label_below_a_heading_goes_to_its_field() -> None:
    async with at_desk(sample(), size=(120, 40)) as desk:
        row = desk.row((*CREATION, "authenticator"))
        await desk.pilot.click(row, offset=(6, 1))
        assert desk.focused_path != row.path
        await desk.pilot.click(row, offset=(6, 2))
        assert desk.focused_path == row.path


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_name_of_a_header_is_seen_whole_while_it_is_typed(size: tuple[int, int]) -> None:
    async with at_desk(sample(), size=size) as desk:
        await desk.go((*CREATION, "request_headers"))
        await desk.press("a")
        await desk.type(HEADER)
        assert HEADER in desk.text
        await desk.press("escape")
        assert len(wells(desk)) == 1


async def test_an_editor_takes_the_lines_that_its_text_has_and_the_width_of_a_narrow_form() -> None:
    session = sample()
    body = (*CREATION, "request_body")
    session.set(body, {"type": "RequestBodyJsonObject", "value": {f"field_{n}": n for n in range(20)}})
    async with at_desk(session, size=(80, 50)) as desk:
        await desk.go((*body, "value"))
        assert "more lines" in desk.text
        left = desk.row((*body, "value")).control.region.x
        await desk.press("enter")
        editor = desk.app.focused
        assert isinstance(editor, CodeEditor)
        assert editor.region.height == 23
        assert editor.region.x < left
        await desk.press("escape")
        assert len(wells(desk)) == 1


async def test_a_date_is_asked_for_as_a_date_at_once() -> None:
    session = new_session(StreamKind.SYNC)
    cursor = ("streams", 0, "incremental_sync")
    start = (*cursor, "start_datetime")
    async with at_desk(session, size=(120, 60)) as desk:
        await desk.go(cursor)
        await desk.choose("date and time")
        assert "A date " in line_with("Start Datetime", desk.text)
        await desk.go((*start,))
        await desk.press("down")
        await desk.type("2024-01-01")
        assert session.value(start) == "2024-01-01"
        await desk.go(start)
        await desk.press("enter")
        listed = desk.text
        assert listed.index("A date  ") < listed.index("A date with its own format and bounds")


async def test_what_a_chosen_type_requires_is_open() -> None:
    session = new_session(StreamKind.SYNC)
    paginator = (*RETRIEVER, "paginator")
    async with at_desk(session, size=(120, 60)) as desk:
        desk.pane.context.budget.rows = 0
        await desk.go(paginator)
        await desk.choose("page after page")
        assert "Page numbers" in line_with("Pagination Strategy", desk.text)
        assert "Start From Page" in desk.text


async def test_methods_and_templates_have_their_colours() -> None:
    async with at_desk(sample(), size=(120, 40)) as desk:
        variables = desk.app.theme_variables
        method = desk.row((*CREATION, "http_method")).control
        assert colour_of(method, "POST") == variables["method-post"].lower()


def colour_of(widget: Widget, text: str) -> str:
    """The colour in which a text is drawn."""
    strips = widget.render_lines(widget.size.region)
    segment = next(part for strip in strips for part in strip if text in part.text)
    assert segment.style is not None
    assert segment.style.color is not None
    return segment.style.color.get_truecolor().hex
