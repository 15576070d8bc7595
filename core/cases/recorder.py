"""Records a run as a case while it goes on: its traffic, its records, and how its streams end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.cases.case import CaseError, Expectation
from core.cases.keeping import LARGEST_RECORDS, Recording, keep_case
from core.connector import Connector
from core.events import Event, Outcome, StateAdvanced, StreamFinished
from core.http.secrets import Secrets
from core.http.tape import Tape
from core.outputs.encoders import JsonLines
from core.reading import Limits

Encode = Callable[[Sequence[Mapping[str, Any]]], bytes]


@dataclass(slots=True)
class _Recorded:
    expectation: Expectation
    lines: list[bytes] = field(default_factory=list)


class CaseRecorder:
    """Records the streams of one run for a case in `file`. Pass `tape` to the run; it may hold what was before."""

    def __init__(
        self,
        file: Path,
        manifest: Path,
        connector: Connector,
        config: Mapping[str, Any],
        tape: Tape | None = None,
    ) -> None:
        self.file = file
        self.tape = tape or Tape()
        self._manifest = manifest
        self._specification = connector.connection_specification
        self._config = config
        self._began = datetime.now(UTC)
        self._streams: dict[str, _Recorded] = {}
        self._encoder = JsonLines()
        self._room = LARGEST_RECORDS

    def begin(self, stream: str, limits: Limits, state: Mapping[str, Any] | None, encode: Encode) -> Encode:
        """A stream is about to be read; gives the encoder to read it with, which keeps the records."""
        recorded = self._streams[stream] = _Recorded(Expectation("", limits, state))

        def keeping(records: Sequence[Mapping[str, Any]]) -> bytes:
            if self._room >= 0:
                lines = self._encoder.encode(records)
                self._room -= len(lines)
                recorded.lines.append(lines)
            return encode(records)

        return keeping

    def take(self, event: Event) -> None:
        """Take note of how a stream goes."""
        recorded = self._streams.get(event.stream)
        if recorded is None:
            return
        match event:
            case StateAdvanced(state=state):
                recorded.expectation = replace(recorded.expectation, end_state=state)
            case StreamFinished(outcome=outcome, errors=errors, records=records):
                ended = replace(recorded.expectation, outcome=outcome, errors=errors, records=records)
                recorded.expectation = ended

    def keep(self, secrets: Secrets) -> None:
        """Write the case. Raises `CaseError` and `OutputError`."""
        if self._room < 0:
            limit = LARGEST_RECORDS // 1_000_000
            raise CaseError(f"This can't be kept as a case: there are more than {limit} MB of records.")
        for name, recorded in self._streams.items():
            if recorded.expectation.outcome in ("", Outcome.CANCELLED):
                raise CaseError(f"This can't be kept as a case: `{name}` was not read to its end.")
        recording = Recording(
            tape=self.tape,
            secrets=secrets,
            specification=self._specification,
            config=self._config,
            began=self._began,
            seconds=(datetime.now(UTC) - self._began).total_seconds(),
            streams={name: (one.expectation, one.lines) for name, one in self._streams.items()},
        )
        keep_case(self.file, self._manifest, recording)
