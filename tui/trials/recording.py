"""Trials and recorded cases: a trial is kept as a case, and an open case answers the requests of trials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from core.cases.case import Case, CaseError, Expectation
from core.cases.keeping import Recording, keep_case
from core.cases.replay import Replay
from core.cases.stand_ins import with_stand_ins
from core.connector import Connector
from core.events import Outcome
from core.http.secrets import Secrets
from core.http.tape import Tape
from core.reading import Reader, open_reader
from core.runtime.tokens import TokenStore
from tui.trials.records import rows
from tui.trials.trial import Trial, TrialSettings

_SPARE_BODIES = 12_000_000
"""Bytes of large bodies that a trial keeps for its screen. More would block the screen while they are processed."""


@dataclass
class RecordedRun:
    """The traffic of a trial. `follows`: it used a job that was there before."""

    connector: Connector
    config: Mapping[str, Any]
    tape: Tape
    tokens: TokenStore
    follows: bool = False
    secrets: Secrets | None = None

    @asynccontextmanager
    async def open(self, connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[Reader]:
        """Open a connector so that its traffic is recorded."""
        async with open_reader(
            connector, config, spare_bodies=_SPARE_BODIES, tokens=self.tokens, tape=self.tape
        ) as reader:
            self.secrets = reader.secrets
            yield reader

    def keep(self, trial: Trial, file: Path, manifest: Path) -> None:
        """Write the trial as a case. Raises `CaseError` and `OutputError`."""
        state = trial.state
        if self.follows:
            raise CaseError("This test followed the job of an earlier one. Test with a new job, then keep that.")
        if self.secrets is None or state.outcome in (None, Outcome.CANCELLED):
            raise CaseError("Only a test that came to its end can be kept as a case.")
        expectation = Expectation(
            outcome=state.outcome or "",
            limits=state.limits,
            state=state.input_state,
            end_state=state.state,
            errors=tuple(state.errors),
            records=len(trial.records),
        )
        recording = Recording(
            tape=self.tape,
            secrets=self.secrets,
            specification=self.connector.connection_specification,
            config=self.config,
            began=state.began,
            seconds=state.seconds,
            streams={trial.read_as: (expectation, (orjson.dumps(row) for row in rows(trial.records)))},
        )
        keep_case(file, manifest, recording)


class OpenCase:
    """A case that answers the requests of trials in place of the API."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @asynccontextmanager
    async def open(self, connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[Reader]:
        """Open a connector so that it reads from the recording."""
        around = Replay(self.case).surroundings
        async with open_reader(connector, config, spare_bodies=_SPARE_BODIES, around=around) as reader:
            yield reader

    def config(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The inputs of the recording; those given where it has none, as one that was made elsewhere."""
        return with_stand_ins(self.case.inputs) if self.case.inputs else given

    def settings(self, stream: str, chosen: TrialSettings) -> TrialSettings:
        """The limits and the state that the stream was recorded with; the chosen ones for another stream."""
        expected = self.case.streams.get(stream)
        return chosen if expected is None else replace(chosen, limits=expected.limits, state=expected.state)
