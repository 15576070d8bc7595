"""Writes what a test read collected to files: records as JSON Lines or CSV, all exchanges as HAR."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from itertools import islice
from pathlib import Path

from core.outputs import HarTrace
from core.outputs.encoders import Csv, JsonLines
from core.progress.words import count
from tui.running import Run
from tui.running.records import Rows, rows

_BATCH = 500


class Saved(StrEnum):
    """What can be saved; the value is what a person reads."""

    JSON_LINES = "Records as JSON Lines"
    CSV = "Records as CSV"
    HAR = "All requests and answers as HAR"

    @property
    def suffix(self) -> str:
        """The usual end of such a file's name."""
        return {Saved.JSON_LINES: ".jsonl", Saved.CSV: ".csv", Saved.HAR: ".har"}[self]


def save(what: Saved, path: Path, run: Run, source: Rows) -> str:
    """Write a file, in a thread please, and give a sentence about it. Raises `OSError` and `OutputError`."""
    if what is Saved.HAR:
        return _save_har(path, run)
    with path.open("wb") as file:
        encoder: Csv | JsonLines = JsonLines()
        if what is Saved.CSV:
            encoder = Csv(run.records.columns())
            file.write(encoder.header())
        records = rows(source)
        saved = 0
        while batch := list(islice(records, _BATCH)):
            file.write(encoder.encode(batch))
            saved += len(batch)
    return f"{count(saved, 'record')} saved to {path}"


def _save_har(path: Path, run: Run) -> str:
    trace = HarTrace(path)
    try:
        for entry in list(run.exchanges.entries):
            trace.add(replace(entry.event, exchange=run.exchanges.exchange(entry)))
    finally:
        trace.close()
    return f"{count(len(run.exchanges), 'request')} saved to {path}"
