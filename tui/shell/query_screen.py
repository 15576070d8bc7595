"""The screen on which the records of tests are queried: a prompt for SQL above the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.signal import Signal
from textual.widgets import Static

from core.errors import LonghaulError, fault_text
from core.units import count, duration
from tui.shell.help_dialog import HelpDialog, Topic, keys_on
from tui.shell.key_bar import KeyBar
from tui.trials.controller import TrialChanged
from tui.trials.export import Selection
from tui.trials.query import QueryDatabase, QueryError, QueryInterrupted, QueryResult, Source
from tui.trials.view.records_view import RecordsView
from tui.widgets.base import shown
from tui.widgets.dialog import Overlay
from tui.widgets.display_text import escape
from tui.widgets.panes import PaneScreen, is_plain
from tui.widgets.sql_prompt import SqlPrompt
from tui.widgets.title_bar import TitleBar

FIRST_QUERY = "SELECT * FROM records LIMIT 100"
_ABOUT = (
    "SQL over the records of tests, as DuckDB speaks it. Columns have the types of the schema; the fields of an object "
    "are reached with a dot, the items of a list by their number from 1. Queries can only read, and reach no files."
)
_EXAMPLES = (
    ("How many of each", "SELECT city, count(*) FROM records GROUP BY ALL ORDER BY 2 DESC"),
    ("What is not unique", "SELECT id, count(*) FROM records GROUP BY id HAVING count(*) > 1"),
    ("Each column at a glance", "SUMMARIZE records"),
    ("Columns and types", "DESCRIBE records"),
)
_TICK = 0.1
_ERROR_LINES = 8


class QueryScreen(PaneScreen[None], Overlay[None]):
    """Runs queries in a thread, one at a time, over what `sources` gives then; the first of them is `records`.

    A query that is run while another one is ends that. It is run again when a test of the stream has ended.
    """

    BINDING_GROUP_TITLE = "Query"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("E", "export", "Export…", "Write the result to a file, or load it into a database", "query.export"),
        shown("tab", "app.focus_next", "Query/result", "Go to the result, or back to the query", "query.next"),
        shown("f5,ctrl+r", "test", "Test", "Test the stream again; then the query is run again", "query.test"),
        shown("f1", "help", "Help", "What can be queried, examples, and all keys", "query.help"),
        shown("escape", "leave", "Interrupt/close", "Interrupt the query that runs, or else close", "query.leave"),
    ]

    def __init__(
        self,
        stream: str,
        sources: Callable[[], Sequence[Source]],
        history: list[str],
        *,
        changed: Signal[TrialChanged],
        test: Callable[[], None],
        export: Callable[[Selection], Awaitable[None]],
    ) -> None:
        super().__init__(classes="query")
        self._stream = stream
        self._sources = sources
        self._history = history
        self._changed = changed
        self._test = test
        self._export = export
        self._database = QueryDatabase()
        self._wanted: str | None = None
        """The query that is to be run next."""
        self._asked = ""
        """The query that runs."""
        self._began = 0.0
        self._interrupting = False
        self._testing = False
        """Whether a test of the stream is running."""
        self._latest = ""
        """The query that was run last."""
        self._queried: object = None
        """What the records were that it was run on."""
        self._result: QueryResult | None = None
        self._answered = ""
        """The query that the result is of."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Query", file=escape(self._stream))
        with Vertical(classes="pane query--pane query--prompt"):
            yield SqlPrompt(self._history[-1] if self._history else FIRST_QUERY, self._history)
        yield Static(markup=False, classes="query--problem")
        with Vertical(classes="pane query--pane query--result"):
            yield RecordsView()
        yield KeyBar()

    def on_mount(self) -> None:
        self._changed.subscribe(self, self._follow)
        self.set_interval(_TICK, self._tick)
        self._show_problem("")
        prompt = self.query_one(SqlPrompt)
        prompt.focus()
        self._start(prompt.text)

    def on_unmount(self) -> None:
        self._changed.unsubscribe(self)
        self._database.interrupt()
        asyncio.get_running_loop().run_in_executor(None, self._database.close)

    def on_resize(self) -> None:
        self._show_edges()

    # What runs

    @on(SqlPrompt.Submitted)
    def _submit(self, event: SqlPrompt.Submitted) -> None:
        event.stop()
        self._start(event.sql)

    def _start(self, sql: str) -> None:
        """Run a query, in place of the one that runs."""
        self._wanted = sql
        if self._asked:
            self._database.interrupt()
        else:
            self.run_worker(self._work(), group="query", exit_on_error=False)

    async def _work(self) -> None:
        while (sql := self._wanted) is not None:
            self._wanted, self._asked, self._latest = None, sql, sql
            self._interrupting, self._began = False, time.monotonic()
            sources = self._sources()
            self._queried = _mark(sources)
            self._show_title()
            self._show_problem("")
            self._show_edges()
            try:
                self._show_result(await asyncio.to_thread(self._database.query, sql, sources))
            except QueryInterrupted:
                seconds = duration(time.monotonic() - self._began)
                self._show_problem("" if self._wanted else f"■ Interrupted after {seconds}.")
            except LonghaulError as error:
                self._show_problem(f"✗ {error}", error.line if isinstance(error, QueryError) else None)
            except Exception as error:  # whatever the records hold, the builder goes on
                self._show_problem(f"✗ The query was {fault_text(error, str)}")
            self._asked = ""
            self._show_edges()

    def _tick(self) -> None:
        if self._asked:
            if self._interrupting or self._wanted is not None:
                self._database.interrupt()  # again: a query that was just beginning may have missed it
            self._show_edges()

    def _follow(self, change: TrialChanged) -> None:
        """Run the query again when a test of the stream has ended."""
        if change.stream != self._stream:
            return
        self._testing = change.trial.state.running
        self._show_title()
        if not self._testing and self._wanted is None and self._queried != _mark(self._sources()) and self._latest:
            self._start(self._latest)

    # What is shown

    def _show_result(self, result: QueryResult) -> None:
        self._result, self._answered = result, self._latest
        self._show_problem("")
        self.query_one(RecordsView).show(result.rows, "No rows.")
        self.refresh_bindings()

    def _show_problem(self, text: str, line: int | None = None) -> None:
        problem = self.query_one(".query--problem", Static)
        lines = [escape(one) for one in text.splitlines()]
        problem.update(Content("\n".join(lines[:_ERROR_LINES])))
        problem.display = bool(text)
        self.query_one(SqlPrompt).error_line = line

    def _show_title(self) -> None:
        testing = "testing… · " if self._testing else ""
        self.query_one(TitleBar).show(hint=testing + _tables(self._sources()))

    def _show_edges(self) -> None:
        """Titles and facts in the edges of the panes; without frames, both in the lines above them."""
        asked, told = self.query_one(".query--prompt"), self.query_one(".query--result")
        for pane, title, facts in ((asked, "SQL", self._progress()), (told, "Result", self._facts())):
            small = is_plain(self.size)
            pane.border_title = Content(f" {' · '.join(filter(None, (title, facts)))} " if small else title).markup
            pane.border_subtitle = Content("" if small else facts).markup

    def _progress(self) -> str:
        if not self._asked:
            return ""
        done, total = self._database.loading
        seconds = duration(time.monotonic() - self._began)
        doing = f"loading {done:,} of {count(total, 'record')}" if total else "running"
        return f"{doing} · {seconds} · Esc interrupts"

    def _facts(self) -> str:
        result = self._result
        if result is None:
            return ""
        rows = count(len(result.rows), "row")
        facts = [f"the first {rows}" if result.more else rows, f"{result.seconds:.3f} s"]
        if self._latest != self._answered and not self._asked:
            facts.append("of the query before")
        if self._queried != _mark(self._sources()):
            facts.append("the records have changed since")
        return " · ".join(facts)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The result can be exported from where letters are keys."""
        if action == "export" and self.is_mounted:
            return self._result is not None and not self.query_one(SqlPrompt).has_focus
        return True

    def action_leave(self) -> None:
        """Interrupt the query that runs, or else close."""
        if self._asked and not self._interrupting:
            self._interrupting = True
            self._wanted = None
            self._database.interrupt()
        else:
            self.dismiss(None)

    def action_help(self) -> None:
        """Say what can be queried and how."""
        tables = [("records", f"{count(len(self._sources()[0].records), 'record')} of {self._stream}, as last tested")]
        tables += [(one.name, count(len(one.records), "record")) for one in self._sources()[1:]]
        topics = [Topic("", (("", _ABOUT),)), Topic("Tables", tuple(tables)), Topic("Examples", _EXAMPLES)]
        self.app.push_screen(HelpDialog("Query", [*topics, *keys_on(self)]))

    def action_test(self) -> None:
        """Test the stream again."""
        self._test()

    def action_export(self) -> None:
        """Ask where the result goes, and write it there."""
        if self._result is not None:
            self.run_worker(self._write(self._result.selection(f"{self._stream}_query")), exit_on_error=False)

    async def _write(self, selection: Selection) -> None:
        await self._export(selection)


def _tables(sources: Sequence[Source]) -> str:
    """What can be queried, in a few words."""
    others = ", ".join(escape(source.name) for source in sources[1:])
    return f"records: {len(sources[0].records):,}" + (f" · other tables: {others}" if others else "")


def _mark(sources: Sequence[Source]) -> object:
    """Tells one version of the records from another."""
    return tuple((source.name, id(source.records), len(source.records)) for source in sources)
