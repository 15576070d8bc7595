"""The records of a test, exported and queried from the builder."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from core.decoding.chunks import Lines
from sample_configs.demo_api import DemoApi
from tests.support.goldens import looks_like
from tests.tui.shell.support import Shell, opened, quickly_polled
from tui.shell.query_screen import QueryScreen
from tui.trials import export, query
from tui.trials.records import RecordStore, batches, rows
from tui.trials.trial import TrialSettings
from tui.widgets.record_table import RecordTable
from tui.widgets.sql_prompt import SqlPrompt

GOLDENS = Path(__file__).parent / "goldens"
FOREVER = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"


@asynccontextmanager
async def after_test(folder: Path, api: DemoApi, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Shell]:
    """The builder after a test of the sample, in front of its records."""
    async with opened(quickly_polled(folder), size=size, values=api.inputs("sendgrid_contacts")) as shell:
        await shell.press("f5")
        await shell.tested("contacts")
        yield shell


async def name(shell: Shell, path: Path | str) -> None:
    """Name a place in the dialog that asks for one, in place of what is there."""
    shell.app.screen.query_one(Input).value = str(path)
    await shell.pilot.pause()


async def asking(shell: Shell) -> SqlPrompt:
    """The prompt, once the first query has its result."""
    await shell.press("Q")
    await shell.until_dialog("QueryScreen")
    await shell.until(lambda: " row" in shell.lines[-2] or "Result ·" in shell.text, "the result")
    return shell.app.screen.query_one(SqlPrompt)


# Export


async def test_records_are_exported_and_the_place_is_remembered(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api) as shell:
        await shell.press("E")
        await shell.until_shown("30 records as JSON Lines.")
        await name(shell, tmp_path / "mine.csv")
        await shell.until_shown("30 records as CSV.")
        await shell.press("enter")
        await shell.until_said(f"30 records exported to {tmp_path / 'mine.csv'}.")
        assert len((tmp_path / "mine.csv").read_text().splitlines()) == 31
        await shell.perform("test.export")
        await shell.until_dialog("ExportDialog")
        assert shell.app.screen.query_one(Input).value == str(tmp_path / "mine.csv")


async def test_the_export_leaves_the_test_in_view_on_a_small_screen(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api, size=(80, 24)) as shell:
        await shell.press("E")
        await shell.until_shown("30 records as JSON Lines.")
        box = shell.app.screen.query_one(".dialog--box").region
        assert box.height <= 17
        assert shell.app.screen.query("Button").last().region.bottom < box.bottom, "all of it is in view"


async def test_an_existing_file_is_asked_about_and_records_that_are_missing_are_mentioned(
    tmp_path: Path, api: DemoApi
) -> None:
    (tmp_path / "contacts.jsonl").write_text("what was there\n")
    async with opened(quickly_polled(tmp_path), values=api.inputs("sendgrid_contacts")) as shell:
        await shell.perform("test.export")
        await shell.until_said("There are no records to export yet: test the stream first.")
        await shell.perform("test.query")
        await shell.until_said("There are no records to query yet: test the stream first.")
        limits = TrialSettings().limits
        shell.builder.trials.configure("contacts", TrialSettings(type(limits)(records=7)))
        await shell.press("f5")
        await shell.tested("contacts")
        await shell.press("E")
        await shell.until_dialog("ExportDialog")
        await shell.press("enter")
        await shell.until_shown("contacts.jsonl exists. Press enter again to replace it.")
        assert (tmp_path / "contacts.jsonl").read_text() == "what was there\n"
        await shell.press("enter")
        await shell.until_said("7 records exported")
        await shell.until_said("limit of 7 records; there is more.")
        assert len((tmp_path / "contacts.jsonl").read_text().splitlines()) == 7


async def test_what_is_wrong_with_a_place_is_said_in_the_dialog(
    tmp_path: Path, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "is_installed", lambda module: False)
    async with after_test(tmp_path, api, (80, 24)) as shell:
        await shell.press("E")
        await shell.until_dialog("ExportDialog")
        for path, words in (
            (tmp_path / "x.txt", "The ending .txt says no format"),
            (tmp_path / "no" / "x.jsonl", "There is no folder"),
            (Path("/proc/x.jsonl"), "✗"),
            (tmp_path / "x.parquet", "longhaul-connectors[parquet]"),
        ):
            await name(shell, path)
            await shell.press("enter")
            await shell.until_shown(words)
        await name(shell, tmp_path / "bare")
        await shell.press("enter")
        await shell.until_said("exported")
        assert (tmp_path / "bare.jsonl").exists()


async def test_an_export_shows_how_far_it_is_and_can_be_cancelled(
    tmp_path: Path, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(source: RecordStore) -> Iterator[Lines]:
        yield from batches(source)
        go_on.wait(10)
        yield from batches(source)

    monkeypatch.setattr(export, "batches", slow)
    async with after_test(tmp_path, api) as shell:
        await shell.press("E")
        await shell.until_dialog("ExportDialog")
        await shell.press("enter")
        await shell.until_shown("30 of 30 records. Escape cancels.")
        await shell.press("escape")
        go_on.set()
        await shell.until_shown("Cancelled: nothing was written.")
        assert not (tmp_path / "contacts.jsonl").exists()
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)


async def test_records_are_loaded_into_a_database_by_its_url(tmp_path: Path, api: DemoApi) -> None:
    pytest.importorskip("dlt", reason="loads need dlt")
    url = f"duckdb:///{tmp_path}/crm.duckdb"
    async with after_test(tmp_path, api) as shell:
        await shell.press("E")
        await shell.until_dialog("ExportDialog")
        await name(shell, "postgresql://me:s3cr3t@127.0.0.1:1/crm")
        await shell.until_shown("longhaul_test.contacts, a table that is replaced")
        await shell.press("enter")
        await shell.until_shown("can't be reached")
        await name(shell, url)
        await shell.press("enter")
        await shell.until_said(f"30 records loaded into longhaul_test.contacts of {url}.")
        assert not any("s3cr3t" in note for note in shell.notes)
        await shell.press("E")
        await shell.until_dialog("ExportDialog")
        assert shell.app.screen.query_one(Input).value == str(tmp_path / "contacts.jsonl"), "URLs are not remembered"


# Query


async def test_records_are_queried_and_the_result_is_exported(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api) as shell:
        prompt = await asking(shell)
        assert prompt.text == "SELECT * FROM records LIMIT 100"
        assert "30 rows" in shell.text
        prompt.load_text("SELECT nope FROM contacts")
        await shell.press("enter")
        await shell.until_shown("LINE 1: SELECT nope FROM contacts")
        assert prompt.error_line == 0
        prompt.load_text("SELECT count(*) AS n, min(CREATED_AT) AS first FROM contacts")
        await shell.press("enter")
        await shell.until_shown("1 row ·")
        assert "LINE 1" not in shell.text
        await shell.press("tab", "E")
        await shell.until_shown("1 record as JSON Lines.")
        await shell.press("enter")
        await shell.until_said("1 record exported")
        assert json.loads((tmp_path / "contacts_query.jsonl").read_text())["n"] == 30
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        again = await asking(shell)
        assert again.text.startswith("SELECT count(*)"), "what was run last is there again"


async def test_the_query_is_run_again_when_the_test_is(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api) as shell:
        prompt = await asking(shell)
        prompt.load_text("SELECT count(*) AS n FROM records WHERE EMAIL IS NOT NULL")
        await shell.press("enter")
        await shell.until_shown("  30")
        limits = TrialSettings().limits
        shell.builder.trials.configure("contacts", TrialSettings(type(limits)(records=7)))
        before = shell.run("contacts")
        await shell.press("f5")
        await shell.until(lambda: shell.run("contacts") is not before)
        await shell.tested("contacts")
        await shell.until_shown("records: 7")
        await shell.until_shown("  7 ")
        assert shell.dialog == "QueryScreen"


async def test_the_query_explains_itself(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api) as shell:
        prompt = await asking(shell)
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        await shell.until_shown("30 records of contacts")
        await shell.until_shown("SUMMARIZE records")
        assert "Interrupt the query that runs" in shell.text
        await shell.press("escape")
        await shell.until_dialog("QueryScreen")
        assert prompt.has_focus


async def test_a_query_is_interrupted_by_escape_and_by_the_next_one(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api, (80, 24)) as shell:
        prompt = await asking(shell)
        prompt.load_text(FOREVER)
        await shell.press("enter")
        await shell.until_shown("Esc interrupts")
        await shell.press("escape")
        await shell.until_shown("■ Interrupted after")
        await shell.press("enter")
        await shell.until_shown("Esc interrupts")
        prompt.load_text("SELECT 'the next ' || 'one' AS x")
        await shell.press("enter")
        await shell.until_shown("the next one")
        assert "Interrupted" not in shell.text


async def test_the_builder_is_left_while_a_query_runs(tmp_path: Path, api: DemoApi) -> None:
    async with after_test(tmp_path, api) as shell:
        prompt = await asking(shell)
        screen = shell.app.screen
        assert isinstance(screen, QueryScreen)
        prompt.load_text(FOREVER)
        await shell.press("enter")
        await shell.until_shown("Esc interrupts")
        await shell.press("ctrl+q")
        await shell.until(lambda: screen._database._connection is None, "the end of the database")


async def test_without_duckdb_one_line_says_what_to_install(
    tmp_path: Path, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "is_installed", lambda module: False)
    async with after_test(tmp_path, api) as shell:
        await shell.press("Q")
        await shell.until_said("Queries need the extra `duckdb`: pip install 'longhaul-connectors[duckdb]'.")
        assert shell.dialog is None


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_the_query_looks_as_it_should(tmp_path: Path, api: DemoApi, size: tuple[int, int]) -> None:
    async with after_test(tmp_path, api, size) as shell:
        prompt = await asking(shell)
        prompt.load_text("SELECT * FROM records ORDER BY CONTACT_ID")  # one download or the other ends first
        await shell.press("enter")
        table = shell.app.screen.query_one(RecordTable)
        await shell.until(
            lambda: (ids := [str(row["CONTACT_ID"]) for row in rows(table.source)]) == sorted(ids), "order"
        )
        await shell.settled()

        def text() -> str:
            return re.sub(r"\d\.\d{3} s", "0.000 s", shell.text).rstrip()

        await looks_like(GOLDENS / f"query-{size[0]}x{size[1]}.txt", text, shell.pilot)
