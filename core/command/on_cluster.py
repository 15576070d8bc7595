"""`longhaul --run --on dask://...`: the slices of the streams are read on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from core.command.arguments import Arguments
from core.command.conduct import Conduct, progress_on
from core.command.custom_code import refuse_custom_code
from core.command.preparation import prepare
from core.command.run import chosen_streams
from core.command.slices import (
    check_senseless,
    slices_go_to,
    summarize,
    warn,
)
from core.errors import InputError, LonghaulError, fault_text
from core.events import Outcome
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.levels import Level
from core.manifest.files import read_text
from core.outputs.locks import hold
from core.outputs.paths import NamedPath, check_file
from core.outputs.state import StateFile
from core.progress.picture import RunPicture
from core.progress.sentences import run_summary
from core.scaling.cluster import Cluster
from core.scaling.cluster_run import ClusterRun
from core.scaling.cluster_worker import shared_tokens
from core.scaling.slice_files import SliceFolder

_MARK = "longhaul"
_GRACE = 25.0
"""Seconds that an orderly end may take: the jobs of all workers are aborted, then the workers of a local one stop."""


def run_on_cluster(arguments: Arguments) -> int:
    """Read the streams and return the exit code.

    Raises `ManifestError`, and `LonghaulError` for problems found before anything is read.
    """
    assert arguments.on is not None
    cluster = Cluster.parse(arguments.on)
    _refuse_senseless(arguments)
    assert arguments.manifest is not None
    destination = slices_go_to(arguments)
    output = destination.path
    assert output is not None
    prepared = prepare(arguments, arguments.manifest, tokens=shared_tokens(output))
    connector, config = prepared.connector, prepared.config
    streams = chosen_streams(connector, arguments.streams)
    files = [NamedPath("--output", output / _MARK)]
    if arguments.state is not None:
        check_file(state := NamedPath("--state", arguments.state))
        files.append(state)
    with hold(files):
        picture = RunPicture(streams)
        conduct = Conduct(picture, progress_on(arguments, picture, to_stdout=False), grace=_GRACE)
        warn(conduct, connector, config)
        for event in prepared.exchanges:
            conduct.trace(event)
        run = ClusterRun(
            connector,
            read_text(arguments.manifest),
            config,
            output,
            destination.format,
            nested=destination.nested,
            state=StateFile(arguments.state) if arguments.state else None,
            emit=conduct.emit,
            verbose=arguments.level is Level.DEBUG,
        )
        try:
            code = _read(run, cluster, streams, conduct)
        except LonghaulError:
            raise
        except Exception as error:
            secrets = Secrets(secret_values(connector.connection_specification, config))
            conduct.log(Level.ERROR, fault_text(error, secrets.mask))
            return 1
        for stream in streams:
            summarize(conduct, stream, SliceFolder(output, stream, connector.stream_names))
        if len(streams) > 1:
            conduct.log(*run_summary(picture))
    return code


def _refuse_senseless(arguments: Arguments) -> None:
    """Raises `InputError` for options that mean nothing to a cluster."""
    check_senseless(arguments, "--on", "state")
    for name in ("slices", "trace"):
        if getattr(arguments, name) is not None:
            raise InputError(f"--{name} doesn't go with --on.")
    refuse_custom_code(arguments, "--on")


def _read(run: ClusterRun, cluster: Cluster, streams: Sequence[str], conduct: Conduct) -> int:
    """Read on the cluster, and return the exit code."""

    async def work() -> int:
        async with cluster.client() as client:
            conduct.cancel = run.cancel
            outcomes = await run.read(client, streams)
        return int(any(outcome is not Outcome.COMPLETE for outcome in outcomes))

    return conduct(work)
