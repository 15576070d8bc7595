"""`longhaul --run`: gathers and checks what a headless run needs, then reads the streams."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from core.cases.case import CaseError, case_file
from core.cases.check import check_case
from core.cases.reading import read_case
from core.cases.recorder import CaseRecorder
from core.command.arguments import Arguments
from core.command.conduct import progress_on
from core.command.files import RunFiles
from core.command.headless import HeadlessRun, RunPlan
from core.command.preparation import Prepared, prepare
from core.connector import Connector
from core.errors import InputError, LonghaulError, ManifestError, fault_text
from core.http.secrets import Secrets
from core.inputs import secret_values, unknown_inputs
from core.levels import Level
from core.loading import Loads, Target, dataset_name, parse_address
from core.manifest.problems import Severity
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from core.outputs.job_journal import JobJournal, beside
from core.outputs.paths import resolved
from core.outputs.state import StateFile
from core.progress.picture import RunPicture
from core.progress.plain import Progress

_WARNINGS_SHOWN = 20


def run_headless(arguments: Arguments) -> int:
    """Read the streams and return the exit code.

    Raises `ManifestError`, `InputError`, `CaseError` and `OutputError` for problems found before anything is read.
    """
    with ExitStack() as stack:
        if arguments.demo:
            from sample_configs import SIMPLEST, sample
            from sample_configs.demo_api import DemoApi

            try:
                chosen = sample(arguments.sample or SIMPLEST)
            except KeyError as error:
                raise InputError(f"{error.args[0]}.") from None
            api = stack.enter_context(DemoApi())
            note = f"Reading {chosen.path} from the demo API at {api.url}."
            return _run(arguments, chosen.path, api.inputs(chosen.name), note)
        assert arguments.manifest is not None
        return _run(arguments, arguments.manifest)


def _run(arguments: Arguments, manifest: Path, given: Mapping[str, Any] | None = None, note: str = "") -> int:
    prepared = prepare(arguments, manifest, given)
    connector = prepared.connector
    streams = chosen_streams(connector, arguments.streams)
    loads = _loads(arguments, connector, manifest, streams)
    destination = _destination(arguments, streams) if loads is None else Destination()
    files = RunFiles(arguments, manifest, destination, streams, connector.stream_names)
    check_files(arguments, connector, streams)
    with files.locked(), loads.locked() if loads is not None else nullcontext():
        return _read(files, prepared, note, loads)


def _read(files: RunFiles, prepared: Prepared, note: str, loads: Loads | None) -> int:
    arguments, destination = files.arguments, files.destination
    connector, config = prepared.connector, prepared.config
    destination.check({name: connector.primary_key(name) for name in files.streams})
    specification = connector.connection_specification
    picture = RunPicture(files.streams)
    progress = progress_on(arguments, picture, to_stdout=destination.path is None and loads is None)
    if note:
        progress.log(Level.INFO, note)
    for warning in warnings_of(connector, config):
        progress.log(Level.WARNING, warning)
    for level, text in prepared.notes:
        progress.log(level, text)
    case = _case(files, prepared)
    state = StateFile(arguments.state) if arguments.state else None
    if loads is not None:
        loads.listen(lambda text: progress.log(Level.WARNING, text))
    jobs = _journal(loads, state)
    if case and jobs and any(one.stream in files.streams for one in jobs.records):
        raise CaseError(
            f"No case can be kept: the jobs of an earlier run in {jobs.path} are followed, and a case needs a run that "
            "creates its jobs. Run without --keep-case first, or without --state."
        )
    plan = RunPlan(
        connector=connector,
        config=config,
        streams=files.streams,
        destination=destination,
        state=state,
        loads=loads,
        tokens=prepared.tokens,
        files=files.folder(),
        trace=HarTrace(arguments.trace) if arguments.trace else None,
        case=case,
        limit=arguments.limit,
        jobs=jobs,
        detach=arguments.detach,
        before=prepared.exchanges,
        carried=prepared.carried,
    )
    try:
        code = HeadlessRun(plan, picture, progress)()
        return code or (_read_back(prepared.written, case, progress) if case else 0)
    except LonghaulError:
        raise
    except Exception as error:
        secrets = Secrets(secret_values(specification, config))
        progress.log(Level.ERROR, fault_text(error, secrets.mask))
        return 1


def _journal(loads: Loads | None, state: StateFile | None) -> JobJournal | None:
    """The jobs of earlier runs, and of this one, where they are kept. Raises `OutputError`."""
    if loads is not None:
        return _journal_of(loads)
    return JobJournal(beside(resolved(state.path)), state.of) if state else None


def _journal_of(loads: Loads) -> JobJournal:
    """Try the connection, and read what jobs there are. Ctrl-C ends the process at once, as nothing was begun: a driver
    that waits for a server can't be interrupted. Raises `OutputError`.
    """
    try:
        loads.check()
        return JobJournal(loads.journal, loads.of)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)


def _case(files: RunFiles, prepared: Prepared) -> CaseRecorder | None:
    name = files.arguments.keep_case
    if name is None:
        return None
    file = case_file(files.manifest, name)
    return CaseRecorder(file, files.manifest, prepared.connector, prepared.config, prepared.tape)


def _read_back(connector: Connector, case: CaseRecorder, progress: Progress) -> int:
    """Check a case right after it was kept; 1 when it does not give what was read."""
    result = asyncio.run(check_case(connector, read_case(case.file)))
    lines = [result.problem] if result.problem else [f"{one.kind}: {one.text}" for one in result.differences]
    for line in lines:
        progress.log(Level.ERROR, f"The case does not read as the run did. {line}")
    if result.hint:
        progress.log(Level.ERROR, result.hint)
    return int(not result.passed)


def chosen_streams(connector: Connector, wanted: Sequence[str]) -> tuple[str, ...]:
    """The streams to read; none where none are made from templates.

    Raises `ManifestError` when the manifest lets none of them be read, `InputError` for unknown ones.
    """
    names = connector.stream_names
    if connector.source is None:
        raise ManifestError(connector.errors)
    if not (names or connector.left_out or connector.templates):
        raise InputError("The manifest has no streams that can be read.")
    connector.require(wanted or names or connector.left_out)
    chosen = tuple(wanted) or names
    made = {name for names in connector.made_streams.values() for name in names}
    if chosen and not connector.readable(chosen) and not made.intersection(chosen):
        raise ManifestError(dict.fromkeys(problem for name in chosen for problem in connector.broken[name]))
    return chosen


def check_files(arguments: Arguments, connector: Connector, streams: Sequence[str]) -> None:
    """Raises `InputError` for a folder for files that none of the streams has."""
    names = [name for name in streams if name not in connector.broken]
    ways = [way for name in names for way in connector.stream(name).ways]
    if arguments.files is not None and not any(way.file_uploader for way in ways):
        raise InputError("--files: none of the streams has files (a `file_uploader`); leave it out.")


def warnings_of(connector: Connector, config: Mapping[str, Any]) -> list[str]:
    """The manifest's warnings, except those that only matter to Airbyte, and those about the inputs that it is given.

    Nothing is said of an input that is given and used, though the `spec` doesn't name it.
    """
    found = [problem for problem in connector.problems if problem.severity is Severity.WARNING]
    warnings = [str(problem) for problem in found if problem.unnamed_input not in config]
    more = len(warnings) - _WARNINGS_SHOWN
    rest = [f"There are {more} more warnings: longhaul --validate {connector.file}"] if more > 0 else []
    used = {problem.unnamed_input for problem in found}
    unused = {name: value for name, value in config.items() if name not in used}
    return [*warnings[:_WARNINGS_SHOWN], *rest, *unknown_inputs(connector.connection_specification, unused)]


def _loads(arguments: Arguments, connector: Connector, manifest: Path, streams: Sequence[str]) -> Loads | None:
    """What `--to` asks for. Raises `OutputError`."""
    if arguments.to is None:
        return None
    address = parse_address(arguments.to)
    dataset = dataset_name(arguments.dataset, manifest, address)
    target = Target(address, dataset, arguments.write, arguments.nested or "json")
    return Loads(target, connector, manifest, streams)


def _destination(arguments: Arguments, streams: Sequence[str]) -> Destination:
    destination = Destination.parse(
        arguments.output,
        append=arguments.state is not None,
        format=arguments.format,
        nested=arguments.nested,
        write=arguments.write,
    )
    if len(streams) > 1 and not destination.takes_many:
        place = destination.path or "standard output"
        raise OutputError(
            f"{len(streams)} streams can't all go to {place}. "
            f"Choose one with --stream NAME ({', '.join(streams)}), or give a directory: --output DIRECTORY, "
            "or a database: --output NAME.duckdb."
        )
    if destination.path is None and sys.stdout is None:
        raise OutputError("Standard output is closed; say where the records go with --output.")
    return destination
