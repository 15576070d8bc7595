from __future__ import annotations

import asyncio
import shlex
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from textual.widget import AwaitMount, Widget

from core.events import Log, Outcome, StateAdvanced
from core.http.exchange import Role
from core.levels import Level
from core.reading import Limits
from tests.tui.trials.support import (
    STREAM,
    ScriptedReader,
    asked,
    batch,
    ended,
    started,
    success,
)
from tests.tui.trials.view.support import Scene, scene
from tui.model.declared_schema import declared_schema
from tui.trials.schema_report import SchemaReport
from tui.trials.trial import Trial
from tui.trials.trials import Subject
from tui.trials.view.details import Details, LogPanel
from tui.trials.view.exchange_view import ExchangeView
from tui.trials.view.records_view import RecordsView
from tui.trials.view.results import Results
from tui.widgets.choice import Choice
from tui.widgets.doc_view import DocView
from tui.widgets.record_table import RecordTable


async def finished(stage: Scene) -> str:
    """The screen after a trial."""
    stage.start()
    return await stage.finish()


# Records


async def test_a_cell_is_opened_and_rows_are_filtered() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        text = await stage.press("1", "right", "enter")
        assert "EMAIL" in text
        assert "user0@example.com" in text
        await stage.press("escape", "slash", *"user7")
        text = await stage.settle()
        assert "1 of 40" in text
        assert "c008" not in text
        await stage.press("escape")
        assert "c008" in await stage.settle()


async def test_keys_on_the_tabs_enter_their_content_and_search_it() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        stage.pane.query_one(Results).strip.focus()
        await stage.press("slash", *"user7")
        assert "1 of 40" in await stage.settle()
        await stage.press("escape")
        assert stage.pane.query_one(RecordTable).has_focus
        stage.pane.query_one(Results).strip.focus()
        await stage.press("down")
        assert stage.pane.query_one(RecordTable).has_focus


async def test_records_can_be_read_as_json() -> None:
    async with scene(ScriptedReader(success(3))) as stage:
        await finished(stage)
        await stage.press("1", "v")
        assert '"EMAIL": "user0@example.com",' in await stage.settle()
        await stage.press("v")
        assert "CONTACT_ID  EMAIL" in await stage.settle()


async def test_the_headers_of_a_message_are_one_key_away() -> None:
    async with scene(ScriptedReader(success(2))) as stage:
        await finished(stage)
        assert "CONTACT_ID,EMAIL" in await stage.press("3")
        assert "Content-Type: text/csv" in await stage.press("e")
        assert "GET /1.csv HTTP/1.1" in await stage.press("2")
        await stage.press("c")
        (copied,) = stage.heard(ExchangeView.CopyRequested)
        assert copied.text.startswith("curl https://files.example.com/1.csv")


async def test_a_text_is_searched() -> None:
    async with scene(ScriptedReader(success(20))) as stage:
        await finished(stage)
        await stage.press("3", "slash", *"user1", "enter")
        assert "1/11" in await stage.settle()


async def test_the_pages_of_a_stream_are_shown_one_by_one() -> None:
    pages = [
        *(asked(Role.PAGE, 200, '[{"id": 1}]', url="https://api/?page=1", page=1), batch({"id": 1})),
        *(asked(Role.PAGE, 500, "oh", url="https://api/?page=2", page=2),),
        *(asked(Role.PAGE, 200, '[{"id": 2}]', url="https://api/?page=2", attempt=2, page=2),),
        batch({"id": 2}, page=2),
    ]
    reader = ScriptedReader([*started(), *pages, *ended(Outcome.COMPLETE, 2)])
    async with scene(reader, sample_name="orders_paginated", stream="orders") as stage:
        text = await finished(stage)
        assert "All 2 pages" in text
        assert "Records 2" in text
        await stage.press("P", "down", "down", "enter")
        text = await stage.settle()
        assert "Page 2" in text
        assert "Records 1" in text
        assert "GET /?page=2 HTTP/1.1" in await stage.press("2")
        assert "Page, attempt 1" in await stage.press("6")


async def test_a_page_in_portions_shows_the_last_answer_and_the_others_beside_it() -> None:
    pages = [
        asked(Role.PROPERTIES, 200, "[]", slice_=None),
        *(
            asked(Role.PAGE, 200, "[]", url=f"https://api/?p={names}", page=1, portion=number)
            for number, names in enumerate(("a", "b", "c"), 1)
        ),
        batch({"id": 1, "a": 1, "b": 2, "c": 3}),
    ]
    reader = ScriptedReader([*started(), *pages, *ended(Outcome.COMPLETE, 1)])
    async with scene(reader, sample_name="orders_paginated", stream="orders") as stage:
        text = await finished(stage)
        assert "Records 1" in text
        assert "GET /?p=c HTTP/1.1" in await stage.press("2")
        await stage.press("6", "enter")
        text = await stage.settle()
        assert "Page 1, portion 1" in text
        assert "Page 1, portion 2" in text
        assert "1  Properties" in text
        assert "portion 3" not in text


@pytest.mark.parametrize(("key", "variable"), [("ctrl+e", "VISUAL"), ("v", "PAGER")])
async def test_an_answer_is_looked_at_in_a_program_of_ones_own_as_it_is_shown_and_can_not_be_changed(
    key: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, seen = tmp_path / "program.py", tmp_path / "seen"
    program.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "mode = file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777\n"
        f"pathlib.Path({str(seen)!r}).write_text(f'{{file}}\\n{{mode}}\\n{{file.read_text()}}')\n"
    )
    monkeypatch.setenv(variable, shlex.join([sys.executable, str(program)]))
    events = [*started(), asked(Role.DOWNLOAD, 200, '{"a": ["\u200b****"]}'), *ended(Outcome.COMPLETE)]
    async with scene(ScriptedReader(events)) as stage:
        monkeypatch.setattr(stage.app, "suspend", nullcontext)
        await finished(stage)
        await stage.press("3", key)
        await stage.settle()
        file, mode, text = seen.read_text().split("\n", 2)
        assert (Path(file).suffix, mode) == (".json", str((0o400, 0o700)))
        assert [line.strip() for line in text.splitlines()][:2] == ["{", '"a": [']
        assert "\u200b" not in text
        assert "****" in text
        assert not Path(file).exists()
        assert "Response 200" in stage.app.text()


async def test_truncated_json_is_reported() -> None:
    events = [*started(), asked(Role.DOWNLOAD, 200, '{"a": [1, 2'), *ended(Outcome.FAILED, error="It breaks off.")]
    async with scene(ScriptedReader(events)) as stage:
        await finished(stage)
        assert "Not valid JSON: line 1, column 12" in " ".join((await stage.press("3")).split())


# Picking


async def test_a_node_of_a_poll_becomes_the_status_extractor() -> None:
    async with scene(ScriptedReader(success())) as stage:
        stage.session.set(("streams", 0, "retriever", "status_extractor", "field_path"), ["state"])
        await finished(stage)
        await stage.press("6")
        document = stage.pane.query_one(".other-requests #response DocView", DocView)
        document.focus()
        document.move_cursor(2)
        await stage.press("enter")
        assert "Status Extractor" in await stage.settle()
        await stage.press("enter")
        await stage.settle()
        assert stage.value("retriever", "status_extractor", "field_path") == ["status"]
        assert stage.notifications == ["Status Extractor: status"]


@pytest.mark.parametrize(("key", "end"), [("2", "as they happen."), ("5", "shows up here."), ("6", "shows up here.")])
async def test_the_sentences_of_empty_tabs_are_shown_in_full(key: str, end: str) -> None:
    async with scene(ScriptedReader(success()), (60, 24)) as stage:
        await stage.press(key)
        assert end in " ".join((await stage.settle()).split())


async def test_the_down_key_leads_from_the_list_of_requests_into_the_answer() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        await stage.press("6", "down", "down", "down", "enter")
        assert "Use status for" in await stage.settle()


async def test_a_status_that_was_seen_is_added_to_the_mapping() -> None:
    completed = ("retriever", "status_mapping", "completed")
    async with scene(ScriptedReader(success())) as stage:
        stage.session.set(("streams", 0, *completed), [])
        await finished(stage)
        await stage.press("6")
        document = stage.pane.query_one(".other-requests #response DocView", DocView)
        document.focus()
        document.move_cursor(2)
        await stage.press("enter", "down", "enter")
        assert "What does “ready” mean?" in await stage.settle()
        await stage.press(*"compl", "enter")
        await stage.settle()
        assert stage.value(*completed) == ["ready"]


# Settings, state, schema, log


async def test_limits_and_input_state_are_set_for_the_stream() -> None:
    async with scene(ScriptedReader(success())) as stage:
        assert "Test settings of contacts" in await stage.press("L")
        await stage.press("2", "5", "tab", "backspace", "x", "enter")
        assert "✗ Pages per partition must be a whole number" in await stage.settle()
        await stage.press("backspace", "tab", "tab", *'{"cursor": 1}')
        await stage.press("tab", "enter")
        await stage.settle()
        settings = stage.app.controller.settings_of(STREAM)
        assert settings.limits == Limits(25, None, 5, attempts=1)
        assert settings.state == {"cursor": 1}


async def test_the_state_reached_becomes_the_input_state() -> None:
    events = [*started(), StateAdvanced(stream=STREAM, state={"cursor": "2024-01-05"}), *ended(Outcome.COMPLETE)]
    async with scene(ScriptedReader(events)) as stage:
        await finished(stage)
        assert '"cursor": "2024-01-05"' in await stage.press("5")
        await stage.press("i")
        assert "Test settings" in await stage.settle()
        await stage.press("enter")
        await stage.settle()
        assert stage.app.controller.settings_of(STREAM).state == {"cursor": "2024-01-05"}


def a_schema(trial: Trial) -> SchemaReport:
    fields = ", ".join(f'"{name}": {{}}' for name in trial.records.columns())
    detected = f'{{"properties": {{{fields}}}}}'
    return SchemaReport(detected, "2 fields are new.", "+ CITY\n+ ORDERS", ("merge", "overwrite"))


def declared(stage: Scene) -> str:
    return str(declared_schema(stage.session, 0))


async def test_the_detected_schema_is_shown_and_imported() -> None:
    async with scene(ScriptedReader(success(2)), report=a_schema) as stage:
        await finished(stage)
        await stage.press("4")
        text = await stage.settle()
        assert "2 fields are new." in text
        assert "+ ORDERS" in text
        await stage.press("v")
        assert '"ORDERS": {}' in await stage.settle()
        stage.session.set(("streams", 0, "schema_loader", "schema", "properties"), {"OWN": {}})
        await stage.press("i", "enter")
        await stage.settle()
        assert "OWN" in declared(stage), "it was merged"
        assert "ORDERS" in declared(stage)


async def test_the_log_counts_by_severity() -> None:
    lines = [
        Log(stream=STREAM, slice={}, level=level, message=f"A {level} [b]line[/b].")
        for level in (Level.INFO, Level.WARNING, Level.ERROR, Level.WARNING)
    ]
    async with scene(ScriptedReader([*started(), *lines, *ended(Outcome.COMPLETE)])) as stage:
        assert "7 Log (✗ 1 error ▲ 2 warnings 1 info)" in await finished(stage)
        assert "✗ A error [b]line[/b]." in await stage.press("7")


@pytest.mark.parametrize(("lines", "height"), [(0, 1), (3, 3), (200, 16)])
async def test_the_log_is_as_high_as_its_lines_and_leaves_most_of_the_room_to_the_results(
    lines: int, height: int
) -> None:
    logs = [Log(stream=STREAM, slice={}, level=Level.INFO, message=f"Line {number}.") for number in range(lines)]
    async with scene(ScriptedReader([*started(), *logs, *ended(Outcome.COMPLETE)]), size=(120, 40)) as stage:
        await finished(stage)
        await stage.press("7")
        text = await stage.settle()
        assert (f"Line {lines - 1}." if lines else "Nothing was logged.") in text, "the end is in view"
        assert stage.pane.query_one(LogPanel).region.height == height


# Saving


@pytest.mark.parametrize(
    ("choice", "name", "begin"),
    [
        ("Lines", "contacts.jsonl", '{"CONTACT_ID":"c000"'),
        ("CSV", "contacts.csv", "CONTACT_ID,EMAIL"),
        ("HAR", "contacts.har", '{"log"'),
    ],
)
async def test_results_are_saved(tmp_path: Path, choice: str, name: str, begin: str) -> None:
    async with scene(ScriptedReader(success(3)), folder=tmp_path) as stage:
        await finished(stage)
        await stage.press("S", *choice, "enter")
        await stage.settle()
        await stage.press("enter")
        await stage.settle()
        (saved,) = tmp_path.iterdir()
        assert saved.name == name
        assert saved.read_text().startswith(begin)


# The budget


async def test_only_visible_tabs_are_built() -> None:
    async with scene(ScriptedReader(success())) as stage:
        await finished(stage)
        assert len(stage.pane.query("*")) <= 30
        assert stage.pane.query_one(Results).strip.active == "records"
        assert len(stage.pane.query(Choice)) == 2
        assert len(stage.pane.query(RecordTable)) == 1


async def test_a_schema_that_is_detected_too_late_is_neither_shown_nor_imported() -> None:
    late, first = threading.Event(), threading.Event()

    def report(trial: Trial) -> SchemaReport:
        if not first.is_set():
            first.set()
            late.wait(10)
            return SchemaReport('{"title": "the first test"}', "Detected.", "", ("import",))
        return SchemaReport('{"title": "the second test"}', "Detected.", "", ("import",))

    try:
        async with scene(ScriptedReader(success(2)), report=report) as stage:
            stage.start()
            await stage.app.controller.wait(10)
            await stage.pilot.pause()
            assert "Detecting the schema" in await stage.press("4")
            assert await asyncio.to_thread(first.wait, 10)
            stage.pane.focus_content()
            stage.start()
            await stage.app.controller.wait(10)
            await stage.press("4")
            late.set()
            assert "the second test" in await stage.settle()
            assert "the first test" not in stage.app.text()
            await stage.press("i")
            await stage.settle()
            assert "the second test" in declared(stage)
    finally:
        late.set()


async def test_a_failed_detection_is_reported_and_no_earlier_schema_is_offered() -> None:
    broken = False

    def report(trial: Trial) -> SchemaReport:
        if broken:
            raise RecursionError
        return SchemaReport('{"title": "the first test"}', "Detected.", "", ("import",))

    async with scene(ScriptedReader(success(2)), report=report) as stage:
        await finished(stage)
        await stage.press("4")
        assert "the first test" in await stage.settle()
        broken = True
        stage.pane.focus_content()
        await finished(stage)
        await stage.press("4")
        text = await stage.settle()
        assert "No schema could be detected: the records are nested too deeply." in text
        assert "the first test" not in text
        before = declared(stage)
        await stage.press("i")
        assert stage.notifications == ["There is nothing to import."]
        assert declared(stage) == before


async def test_a_schema_of_another_stream_is_gone_with_that_stream() -> None:
    async with scene(ScriptedReader(success(2)), report=a_schema) as stage:
        await finished(stage)
        await stage.press("4")
        await stage.settle()
        await stage.pane.show(Subject("lists"))
        await stage.settle()
        before = declared(stage)
        await stage.press("4", "i")
        assert declared(stage) == before
        assert "+ CITY" not in stage.app.text()


# Ticks while a tab is being built


@pytest.mark.parametrize(
    ("key", "parent", "shown"),
    [
        ("2", Results, "GET /1.csv HTTP/1.1"),
        ("4", Results, "+ CITY"),
        ("5", Results, "No state yet"),
        ("6", Details, "Async Job -- Polling 2"),
        ("7", Details, "A line of the log."),
    ],
)
async def test_a_tick_while_a_tab_is_built_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, key: str, parent: type[Widget], shown: str
) -> None:
    line = Log(stream=STREAM, slice={}, level=Level.INFO, message="A line of the log.")
    async with scene(ScriptedReader([*success(2)[:-2], line, *ended(Outcome.COMPLETE, 2)]), report=a_schema) as stage:
        await finished(stage)
        ticking(monkeypatch, stage, parent)
        await stage.press(key)
        assert shown in await stage.settle()


async def test_a_tick_while_the_json_of_the_records_is_built_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(ScriptedReader(success(3))) as stage:
        await finished(stage)
        await stage.press("1")
        ticking(monkeypatch, stage, RecordsView)
        await stage.press("v")
        assert '"EMAIL": "user0@example.com",' in await stage.settle()


def ticking(monkeypatch: pytest.MonkeyPatch, stage: Scene, parent: type[Widget]) -> None:
    """Let something happen in the trial whenever a widget begins to build something in itself."""
    mount = parent.mount

    def mount_during_tick(self: Widget, *widgets: Widget, **where: Any) -> AwaitMount:
        stage.app.controller.publish()
        return mount(self, *widgets, **where)

    monkeypatch.setattr(parent, "mount", mount_during_tick)


async def test_the_key_of_a_panel_that_is_open_already_goes_there_before_it_closes_it() -> None:
    async with scene(ScriptedReader(success()), (120, 50)) as stage:
        await finished(stage)
        details = stage.pane.query_one(Details)
        await stage.press("6")
        await stage.press("1")
        assert (details.open, details.has_focus_within) == ("others", False)
        await stage.press("6")
        assert (details.open, details.has_focus_within) == ("others", True)
        await stage.press("6")
        assert details.open is None
