"""The command `longhaul`, killed at a step of a load: python -m tests.loading.killed STEP [the arguments of longhaul].

Each slice becomes a load of its own; the process is killed in the second one, so that there is one that is complete.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from core.command import cli
from core.loading import loader
from core.loading.library import dlt

STEPS = (
    *("before extract", "after extract", "after normalize", "before begin", "after begin"),
    *("before job", "after job", "before complete", "after complete", "after settle"),
)
MERGING = tuple(step for step in STEPS if step.endswith(("job", "complete")))
"""Those that differ for a load that merges: it leaves no mark, and what is before is the same for all."""
WHICH = 2


def kill_at(step: str) -> None:
    from dlt.common.destination.client import RunnableLoadJob
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
    from dlt.destinations.job_client_impl import SqlJobClientBase
    from dlt.pipeline.pipeline import Pipeline

    from core.loading.unfinished import InDatabase, InLake, UnfinishedLoads

    when, _, what = step.partition(" ")
    targets: dict[str, list[tuple[Any, str]]] = {
        "extract": [(Pipeline, "extract")],
        "normalize": [(Pipeline, "normalize")],
        "begin": [(InDatabase, "begin"), (InLake, "begin")],
        "job": [(RunnableLoadJob, "_release")],  # called after the job was committed, before dlt writes that down
        "complete": [(SqlJobClientBase, "complete_load"), (FilesystemClient, "complete_load")],
        "settle": [(UnfinishedLoads, "settle")],
    }
    if step == "before job":
        targets["job"] = [(RunnableLoadJob, "run_managed")]
    if step == "after job":
        when = "before"
    if what == "complete" and when == "after":
        when = "return"
    if what == "job":
        only_records(targets["job"], when)
        return
    for owner, name in targets[what]:
        patch(owner, name, "after" if when in ("after", "return") else "before")


def patch(owner: Any, name: str, when: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    calls = [0]

    def replaced(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if when == "before" and calls[0] == WHICH:
            die()
        result = original(*arguments, **named)
        if when == "after" and calls[0] == WHICH:
            die()
        return result

    setattr(owner, name, replaced)


def only_records(targets: list[tuple[Any, str]], when: str) -> None:
    """Count the jobs that load records, not those of dlt's own tables."""
    for owner, name in targets:
        original: Callable[..., Any] = getattr(owner, name)
        calls = [0]

        def replaced(job: Any, *arguments: Any, original: Any = original, calls: Any = calls, **named: Any) -> Any:
            if not job.job_file_info().table_name.startswith("_dlt"):
                calls[0] += 1
                if calls[0] == WHICH:
                    die()
            return original(job, *arguments, **named)

        setattr(owner, name, replaced)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    step = sys.argv.pop(1)
    loader.PACKAGE = 1
    dlt()
    kill_at(step)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
