"""What the tabs look like, and how many widgets they take.

The expected screens are the texts in `goldens/`; run with LONGHAUL_WRITE_SCREENS=1 to write them anew, and read the
difference before it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.forms.support import SAMPLES, at_desk, sample
from tui.forms.folding_row import Advanced
from tui.model.session import BuilderSession

SCREENS = Path(__file__).parent / "goldens"
MOST_AT_FIRST = 120
MOST_IN_A_TAB = 90


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("tab", ["Creation", "Polling", "Download", "Schema"])
async def test_the_tabs_look_as_expected(tab: str, size: tuple[int, int]) -> None:
    async with at_desk(sample(), size=size) as desk:
        await desk.form.open_tab(tab)
        desk.form.focus_first()
        await desk.settle()
        expected = SCREENS / f"{tab.lower()}_{size[0]}x{size[1]}.txt"
        if os.environ.get("LONGHAUL_WRITE_SCREENS"):
            expected.write_text(desk.text + "\n")
        assert desk.text + "\n" == expected.read_text()


def heavy() -> BuilderSession:
    """A stream in which nearly everything is switched on."""
    session = sample()
    stream, retriever = ("streams", 0), ("streams", 0, "retriever")
    session.set((*stream, "incremental_sync"), HEAVY_CURSOR)
    session.set((*stream, "transformations"), [{"type": "KeysToLower"}, {"type": "FlattenFields"}] * 3)
    session.set((*retriever, "download_paginator"), HEAVY_PAGINATOR)
    session.set((*retriever, "partition_router"), {"type": "ListPartitionRouter", "values": ["a"], "cursor_field": "b"})
    for requester in ("creation_requester", "polling_requester", "download_requester"):
        session.set((*retriever, requester, "error_handler"), HEAVY_ERRORS)
        session.set((*retriever, requester, "request_headers"), {"a": "b"})
    session.refresh()
    return session


HEAVY_CURSOR = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "updated_at",
    "start_datetime": {"type": "MinMaxDatetime", "datetime": "2024-01-01", "datetime_format": "%Y-%m-%d"},
    "datetime_format": "%Y-%m-%d",
    "step": "P1M",
    "cursor_granularity": "P1D",
    "lookback_window": "P3D",
}
HEAVY_PAGINATOR = {
    "type": "DefaultPaginator",
    "pagination_strategy": {"type": "CursorPagination", "cursor_value": "{{ response.next }}", "page_size": "100"},
    "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "after"},
}
HEAVY_ERRORS = {
    "type": "DefaultErrorHandler",
    "response_filters": [{"type": "HttpResponseFilter", "action": "RETRY", "http_codes": [429]}],
    "backoff_strategies": [{"type": "ConstantBackoffStrategy", "backoff_time_in_seconds": 5}],
}


async def test_a_form_is_first_painted_within_the_widget_budget() -> None:
    async with at_desk(heavy(), size=(120, 40)) as desk:
        assert len(list(desk.app.screen.walk_children())) <= MOST_AT_FIRST


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.yaml")))
async def test_every_tab_of_every_sample_keeps_to_the_widget_budget(name: str) -> None:
    async with at_desk(sample(name), size=(120, 60)) as desk:
        for title in desk.form.tab_titles:
            await desk.form.open_tab(title)
            await desk.settle()
            assert len(list(desk.pane.walk_children())) <= MOST_IN_A_TAB, title


async def test_a_stream_with_everything_keeps_to_the_widget_budget() -> None:
    async with at_desk(heavy(), size=(120, 60)) as desk:
        for title in desk.form.tab_titles:
            await desk.form.open_tab(title)
            await desk.settle()
            assert len(list(desk.pane.walk_children())) <= MOST_IN_A_TAB, title


async def test_the_advanced_fields_of_a_tab_follow_its_first_picture() -> None:
    async with at_desk(heavy(), size=(120, 40)) as desk:
        desk.session.set(("streams", 0, "retriever", "polling_interval"), 5)
        drawn: list[bool] = []

        def laid_out(_: object) -> None:
            if desk.form.active_tab == "Polling" and desk.pane.rows:
                drawn.append(any(isinstance(row, Advanced) for row in desk.pane.rows))

        desk.app.screen.screen_layout_refresh_signal.subscribe(desk.form, laid_out, immediate=True)
        await desk.form.open_tab("Polling")
        await desk.settle()
        assert (drawn[0], drawn[-1]) == (False, True)


async def test_rows_that_are_out_of_view_follow_the_first_picture_of_a_tab() -> None:
    async with at_desk(sample("ads_report"), size=(120, 40)) as desk:
        await desk.form.open_tab("Polling")
        titles = [row.place.title for row in desk.pane.rows]
        assert "Status Mapping" in titles
        assert "Error Handler" not in titles
        await desk.settle()
        assert "Error Handler" in [row.place.title for row in desk.pane.rows]


async def test_tabs_are_built_when_they_are_first_shown() -> None:
    async with at_desk(sample()) as desk:
        assert len(desk.form.query("FormPane")) == 1
        await desk.form.open_tab("Schema")
        await desk.settle()
        assert len(desk.form.query("FormPane, SchemaPane")) == 2
