"""`longhaul --plan`, `--run --slices` and `--merge-state`: slices as units of work."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.command.arguments import Arguments
from core.command.conduct import Conduct, progress_on
from core.command.preparation import Prepared, prepare
from core.command.run import chosen_streams, warnings_of
from core.connector import Connector
from core.errors import InputError, LonghaulError, ReadError, fault_text
from core.events import Outcome
from core.http.exchange import BODY_LIMIT
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.levels import Level
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from core.outputs.locks import hold
from core.outputs.paths import NamedPath, check_file, kind
from core.outputs.state import StateFile
from core.outputs.token_file import TokenFile
from core.progress.picture import RunPicture
from core.progress.sentences import stream_summary
from core.reading import Reader, open_reader
from core.scaling.merging import SlicesMissing, merge_state
from core.scaling.plan import PlanError, PlanWriter, SlicePlan, fingerprint
from core.scaling.shard import ShardRead
from core.scaling.slice_files import SliceFolder
from core.scaling.slice_reading import Nested
from core.units import count
from core.wording import listed

_SENSELESS = {
    "limit": "a slice that is cut would count as read",
    "detach": "the journals beside the slices keep their jobs anyway: end the run, and run again",
    "keep_case": "a case is one whole read",
    "to": "a slice is one file; load the files when all are there",
    "dataset": "a slice is one file",
    "write": "a slice is one file",
    "state": "the plan holds the state that its slices are read from, and --merge-state writes the new one",
    "demo": "name a manifest of your own",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the command line names: the connector, one of its streams, and the inputs."""

    arguments: Arguments
    manifest: Path
    prepared: Prepared
    stream: str

    @classmethod
    def of(cls, arguments: Arguments) -> Setting:
        """All processes that work on a plan share the tokens, whatever file each keeps the state in.

        Raises `ManifestError`, `InputError`, `OutputError`, `ReadError`.
        """
        assert arguments.manifest is not None
        if len(arguments.streams) > 1:
            raise InputError(f"A plan is one of one stream; choose {' or '.join(arguments.streams)}.")
        prepared = prepare(arguments, arguments.manifest, tokens=TokenFile.of_manifest(arguments.manifest))
        streams = chosen_streams(prepared.connector, arguments.streams)
        if len(streams) != 1:
            raise InputError(
                f"A plan is one of one stream; choose one with --stream: {listed(streams) or 'there is none'}."
            )
        return cls(arguments, arguments.manifest, prepared, streams[0])

    @property
    def connector(self) -> Connector:
        """The connector, with the streams that are made from templates."""
        return self.prepared.connector

    @property
    def config(self) -> Mapping[str, Any]:
        """The inputs."""
        return self.prepared.config

    def open(self, body_limit: int = 0) -> AbstractAsyncContextManager[Reader]:
        """The connector, open for reading."""
        tokens, carried = self.prepared.tokens, self.prepared.carried
        return open_reader(self.connector, self.config, tokens=tokens, carried=carried, body_limit=body_limit)

    @property
    def fingerprint(self) -> str:
        """Equal as long as the stream is divided into slices alike."""
        return fingerprint(self.connector, self.stream, self.config)

    def plan(self) -> SlicePlan:
        """The plan that the command line names. Raises `PlanError`."""
        assert self.arguments.slices is not None
        plan = SlicePlan(self.arguments.slices)
        plan.check(self.stream, self.fingerprint)
        return plan

    def folder(self) -> SliceFolder:
        """Where the slices are. Raises `OutputError`."""
        destination = slices_go_to(self.arguments)
        assert destination.path is not None
        return SliceFolder(destination.path, self.stream, self.connector.stream_names, destination.format)

    def conduct(self, *, to_stdout: bool = False) -> Conduct:
        """Shows the work."""
        picture = RunPicture([self.stream])
        trace = HarTrace(self.arguments.trace) if self.arguments.trace else None
        conduct = Conduct(picture, progress_on(self.arguments, picture, to_stdout=to_stdout), trace)
        warn(conduct, self.connector, self.config)
        for event in self.prepared.exchanges:
            conduct.trace(event)
        return conduct

    def fault(self, error: Exception) -> str:
        """What is said of an error that nobody has foreseen."""
        secrets = Secrets(secret_values(self.connector.connection_specification, self.config))
        return fault_text(error, secrets.mask)


def warn(conduct: Conduct, connector: Connector, config: Mapping[str, Any]) -> None:
    """Say what is odd about the manifest and the inputs."""
    for warning in warnings_of(connector, config):
        conduct.log(Level.WARNING, warning)


def slices_go_to(arguments: Arguments) -> Destination:
    """The directory of `--output`, and the format of the files. Raises `OutputError`, `MissingExtra`."""
    text = arguments.output or "-"
    is_directory = text != "-" and (
        kind(path := Path(text)) == "a directory" or not path.suffix or text.endswith(("/", os.sep))
    )
    if not is_directory or arguments.format == "duckdb":
        raise OutputError(
            f"--output {text}: slices go to a directory, each into a file of its own. Name one: --output lake/."
        )
    return Destination.parse(text, append=False, format=arguments.format, nested=arguments.nested)


def check_senseless(arguments: Arguments, what: str, *allowed: str) -> None:
    """Raises `InputError` for an option that makes no sense with another one."""
    for name, why in _SENSELESS.items():
        if name not in allowed and getattr(arguments, name) not in (None, False):
            raise InputError(f"--{name.replace('_', '-')} doesn't go with {what}: {why}.")


# The commands


def make_plan(arguments: Arguments) -> int:
    """Print the slices of a stream. Raises `ManifestError`, `InputError`, `OutputError`."""
    setting = Setting.of(arguments)
    state = StateFile(arguments.state, to_write=False).of(setting.stream) if arguments.state else None
    if sys.stdout is None:
        raise OutputError("Standard output is closed; send the plan into a file: --plan MANIFEST ... > slices.jsonl")
    conduct = setting.conduct(to_stdout=True)
    output = sys.stdout.buffer

    async def walk() -> int:
        async with setting.open(BODY_LIMIT) as reader:
            begin = reader.planned_state(setting.stream, state, conduct.emit)
            writer = PlanWriter(output.write, setting.stream, setting.fingerprint, begin, reader.mask)
            slices = reader.slices(setting.stream, begin, conduct.emit)
            async for slice_ in slices:
                writer.add(slice_)
            writer.end(slices.parents)
            output.flush()
        conduct.log(Level.INFO, f"{setting.stream}: {count(writer.count, 'slice')} planned.")
        return 0

    try:
        return conduct(walk)
    except (ReadError, PlanError) as error:
        conduct.log(Level.ERROR, f"{setting.stream}: {error} The plan is not complete.")
        return 1


def read_slices(arguments: Arguments) -> int:
    """Read the slices of a plan, or a part of them.

    Raises `ManifestError`, `InputError`, `OutputError`, `PlanError`.
    """
    check_senseless(arguments, "--slices")
    setting = Setting.of(arguments)
    plan, folder = setting.plan(), setting.folder()
    if arguments.trace is not None:
        check_file(NamedPath("--trace", arguments.trace))
    folder.claim(plan.summary.id, plan.summary.state)
    conduct = setting.conduct()
    nested: Nested = "struct" if arguments.nested == "struct" else "json"
    read = ShardRead(plan.summary, plan.slices(arguments.shard), folder, conduct.emit, nested=nested)
    conduct.cancel = read.cancel

    async def work() -> int:
        bodies = BODY_LIMIT if arguments.trace else 0
        async with setting.open(bodies) as reader:
            outcome = await read.read(reader)
        return int(outcome is not Outcome.COMPLETE)

    try:
        code = conduct(work)
    except LonghaulError:
        raise
    except Exception as error:
        conduct.log(Level.ERROR, setting.fault(error))
        return 1
    summarize(conduct, setting.stream, folder)
    return code


def summarize(conduct: Conduct, stream: str, folder: SliceFolder) -> None:
    """Say what came of a stream."""
    place, picture = str(folder.path), conduct.picture.streams[stream]
    if picture.result is not None:
        picture.records = picture.result.records  # those of slices that were read twice count once
    for level, text in stream_summary(picture, place, f"whole slices are in {place}"):
        conduct.log(level, text)


def merge_states(arguments: Arguments) -> int:
    """Write the state that covers all slices of a plan; 1 when some are missing.

    Raises `ManifestError`, `InputError`, `OutputError`, `PlanError`.
    """
    setting = Setting.of(arguments)
    assert arguments.state is not None
    plan, folder = setting.plan(), setting.folder()
    check_file(state := NamedPath("--state", arguments.state))
    with hold([state]):
        file = StateFile(arguments.state)
        conduct = setting.conduct()

        async def merge() -> int:
            async with setting.open(BODY_LIMIT) as reader:
                written = merge_state(reader, plan.summary, plan.slices(), folder, file, report=conduct.emit)
            said = "is saved in" if written else "is in"
            conduct.log(Level.INFO, f"{setting.stream}: the state of {count(len(plan), 'slice')} {said} {file.path}.")
            return 0

        try:
            return conduct(merge)
        except (ReadError, SlicesMissing) as error:
            conduct.log(Level.ERROR, f"{setting.stream}: {error}")
            return 1
        except OSError as error:
            raise OutputError.of(file.path, error) from error
