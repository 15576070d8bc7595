"""The actions on recorded cases: keep a test as one, work on the answers of one, build requests from one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core.cases.case import FOLDER, SUFFIX, Case, RecordedExchange, case_file, folder_of, problem_of_name
from core.cases.check import check_case
from core.cases.reading import read_case
from core.connector import Connector
from core.manifest.problems import Path as FieldPath
from core.units import count, size
from core.wording import one_line
from tui.forms.curl import fill_request
from tui.importing.recorded import curl_request, is_page_furniture
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.shell.trial_actions import TrialActions
from tui.trials.trials import Trials
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog, PromptDialog
from tui.widgets.file_dialog import FileDialog

_URL_SHOWN = 48
_MOST_LISTED = 2_000


class Builder(Protocol):
    """What the actions on cases need of the screen."""

    settings: Settings
    session: BuilderSession
    interaction: Interaction
    trials: Trials
    navigation: Navigation
    editor: EditorArea
    trial_actions: TrialActions


class CaseActions:
    """Keeps, opens and leaves cases, and takes requests from recordings."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._trials = builder.trials
        self._interaction = builder.interaction

    # Keep

    @property
    def can_keep(self) -> bool:
        """Whether the latest test of the stream can be kept."""
        stream = self._stream
        return stream is not None and self._trials.recorded_run(stream) is not None

    @property
    def _stream(self) -> str | None:
        index = self._builder.navigation.current_or_last_stream
        return self._trials.session.streams.name(index) if index is not None else None

    async def keep(self) -> None:
        """Ask for a name and keep the latest test of the stream as a case."""
        stream, manifest = self._stream, self._trials.session.path
        if stream is None or not self.can_keep:
            return
        if manifest is None:
            self._interaction.report_error("Save the manifest first: its cases are kept in a folder beside it.")
            return
        trial, run = self._trials.latest(stream), self._trials.recorded_run(stream)
        if trial is None or run is None:
            return
        name = await self._interaction.ask(
            PromptDialog(
                "Keep as a case",
                f"The requests, the answers and the records of this test go into the folder {FOLDER} beside the "
                "manifest, without secrets. longhaul --check reads them offline.",
                value=_plain(stream),
                confirm="Keep",
                validate=problem_of_name,
            )
        )
        if name is None:
            return
        file = case_file(manifest, name)
        if file.exists() and not await self._interaction.ask(
            ConfirmDialog("Replace the case?", f"There is a case {name} already.", confirm="Replace", destructive=True)
        ):
            return
        await asyncio.to_thread(run.keep, trial, file, manifest)
        await self._read_back(file, run.connector)

    async def _read_back(self, file: Path, connector: Connector) -> None:
        """Check the case that was just kept, with the connector that it was recorded with."""
        case = await asyncio.to_thread(read_case, file)
        result = await check_case(connector, case)
        if not result.passed:
            first = result.problem or result.hint or result.differences[0].text
            text = f"The case {case.name} was kept, but it does not read as the test did: {first}"
            self._interaction.notify(text, severity="warning", timeout=12)
            return
        requests = count(len(case.exchanges), "request")
        records = count(result.records, "record")
        self._interaction.notify(f"Kept as {FOLDER}/{file.name}: {requests}, {records}.", title="Case")

    # Open and leave

    async def open(self) -> None:
        """Ask for a case or another HAR file; from then on it answers in place of the API."""
        case = await self._ask_for_recording("Open a case")
        if case is None:
            return
        if not case.exchanges:
            self._interaction.report_error(f"There are no requests in {case.path.name}.")
            return
        if not await self._builder.trial_actions.may_end("Open the case"):
            return
        await self._trials.open_case(case)
        key = key_of(self._builder.editor.app, self._builder.settings, "test.leave-case")
        self._interaction.notify(
            f"Tests are answered from {case.path.name} now, without the API. {key} goes back to the API.", title="Case"
        )

    async def leave(self) -> None:
        """Let the API answer again."""
        if self._trials.case is not None:
            await self._trials.open_case(None)
            self._interaction.notify("Tests ask the API again.")

    async def _ask_for_recording(self, title: str) -> Case | None:
        manifest = self._trials.session.path
        start = folder_of(manifest) if manifest is not None else Path.cwd()
        start = start if start.is_dir() else start.parent
        path = await self._interaction.ask(FileDialog("open", start, title=title, suffixes=(SUFFIX,)))
        return None if path is None else await asyncio.to_thread(read_case, path)

    # Requests from a recording

    async def fill_request(self) -> None:
        """Choose an exchange of a recording, and fill the request of this tab from it."""
        form = self._builder.editor.stream_form
        if form is None or form.requester is None or not self._builder.editor.can_edit():
            return
        stream = self._builder.navigation.tracker.handle(form.stream)
        below = form.requester[len(form.path) :]
        exchange = await self._choose_exchange()
        if exchange is not None and stream.index is not None:
            self._fill((*self._trials.session.streams.around(stream.index), *below), exchange)

    def _fill(self, requester: FieldPath, exchange: RecordedExchange) -> None:
        fill_request(self._builder.editor.app, self._trials.session, requester, curl_request(exchange), "Recording")

    async def _choose_exchange(self) -> RecordedExchange | None:
        """An exchange of the case that is open, or else of a file that is asked for."""
        case = self._trials.case or await self._ask_for_recording("Choose a recording (HAR)")
        if case is None:
            return None
        listed = [one for one in case.exchanges if not is_page_furniture(one)] or list(case.exchanges)
        if not listed:
            self._interaction.report_error(f"There are no requests in {case.path.name}.")
            return None
        dialog = ChoiceDialog(f"Requests in {case.path.name}", _options(listed[:_MOST_LISTED]))
        chosen = await self._interaction.ask(dialog)
        return None if chosen is None else listed[int(chosen)]


def _options(exchanges: Sequence[RecordedExchange]) -> list[ChoiceOption]:
    return [ChoiceOption(str(number), _line(one), _answer(one)) for number, one in enumerate(exchanges)]


def _line(exchange: RecordedExchange) -> str:
    return f"{exchange.status or '—':>3} {exchange.method} {one_line(exchange.url.partition('://')[2], _URL_SHOWN)}"


def _answer(exchange: RecordedExchange) -> str:
    kind = exchange.response_header("content-type").partition(";")[0]
    length = size(len(exchange.body)) if exchange.body else ""
    return " ".join(filter(None, [length, kind]))


def _plain(stream: str) -> str:
    """The name of a stream as one of a case."""
    plain = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in stream)
    return plain[:100] or "case"
