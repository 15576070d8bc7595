"""`longhaul --jobs STATE --abort MANIFEST`: clears away on the server what runs have left behind there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.command.arguments import Arguments
from core.command.custom_code import with_custom_code
from core.command.jobs import journal_of, no_jobs
from core.connector import Connector, load_connector
from core.errors import ReadError
from core.inputs import gather_inputs
from core.manifest.document import Document
from core.outputs import token_file
from core.outputs.durable import OutputError
from core.outputs.job_journal import JobJournal, beside
from core.outputs.job_records import JobRecord
from core.outputs.locks import hold
from core.outputs.paths import NamedPath, resolved
from core.reading import Reader, open_reader
from core.wording import on_one_line, slice_name


def abort_jobs(arguments: Arguments) -> int:
    """Abort and delete the jobs as the manifest says, and forget them; 1 when some may still run, else 0.

    Raises `ManifestError`, `InputError` and `OutputError`.
    """
    assert arguments.jobs is not None
    assert arguments.manifest is not None
    connector = with_custom_code(load_connector(Document.load(arguments.manifest)), arguments, arguments.manifest)
    rules = connector.input_rules
    config = gather_inputs(
        connector.connection_specification, arguments.config, os.environ, arguments.settings, None, rules=rules
    )
    state = arguments.jobs
    journal_of(state)
    files = [NamedPath("--jobs", state), NamedPath("its journal", beside(resolved(state)))]
    with hold(files):
        journal = journal_of(state)
        if not journal.records:
            print(no_jobs(state), flush=True)
            return 0
        try:
            left = asyncio.run(_abort_all(journal, connector, config, state))
        finally:
            _close(journal)
    return int(left > 0)


async def _abort_all(journal: JobJournal, connector: Connector, config: Mapping[str, Any], state: Path) -> int:
    """How many jobs could not be aborted."""
    left = 0
    tokens = token_file.TokenFile(token_file.beside(resolved(state)))
    async with open_reader(connector, config, body_limit=0, tokens=tokens) as reader:
        for record in journal.records:
            left += not await _abort(reader, journal, record)
    return left


async def _abort(reader: Reader, journal: JobJournal, record: JobRecord) -> bool:
    name = slice_name(record.slice)
    subject = f"{record.stream} [{name}]" if name else record.stream
    job = f"the job `{record.id}`" if record.id else "the job"
    try:
        what = await reader.clear_away(record.stream, record.slice, record.job)
    except ReadError as error:
        _say(reader, f"{subject}: {job} is left: {str(error).rstrip('.')}.")
        return False
    try:
        journal.forget(record)
    except OSError as error:
        raise OutputError.of(journal.path, error) from error
    _say(reader, f"{subject}: {job} {what}.")
    return True


def _say(reader: Reader, text: str) -> None:
    print(on_one_line(reader.mask(text)), flush=True)


def _close(journal: JobJournal) -> None:
    try:
        journal.close()
    except OSError as error:
        raise OutputError.of(journal.path, error) from error
