"""A run on a Dask cluster: real workers in processes of their own, some of which are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import InputError
from core.scaling.cluster import Cluster
from tests.command.support import end, start
from tests.scaling.support import KEY, CountingApi, found, ids, manifest, process_of, until, with_jobs

pytest.importorskip("distributed", reason="needs the extra `dask`")

slow = pytest.mark.slow
DAYS = 8
BUDGET = 4
PRELUDE = "import core.scaling.cluster_run as c; c._HEAR_EVERY = 0.3"


@pytest.fixture
def api() -> Iterator[CountingApi]:
    with CountingApi(2.0) as running:
        yield running


def run_on(folder: Path, cluster: str, *arguments: object) -> subprocess.Popen[str]:
    run = ("--run", "m.yaml", "--on", cluster, "--output", "lake/", *arguments)
    return start(*run, folder=folder, code=PRELUDE, environment={"LONGHAUL_KEY": KEY})


@slow
def test_the_slices_of_a_killed_worker_go_to_others_with_their_jobs(tmp_path: Path, api: CountingApi) -> None:
    manifest(tmp_path / "m.yaml", api, DAYS, budget=BUDGET)
    process = run_on(tmp_path, "dask://local?workers=2", "--state", "state.json")
    until(lambda: process.poll() is not None or len(with_jobs(tmp_path / "lake")) >= BUDGET)
    os.kill(process_of(with_jobs(tmp_path / "lake")[0]), signal.SIGKILL)
    code, said = end(process)
    assert code == 0, said
    assert found(tmp_path / "lake") == ids(DAYS)
    assert {part: len(jobs) for part, jobs in api.made.items()} == dict.fromkeys(api.made, 1)
    assert api.most == BUDGET
    assert "is followed; no new one is created" in said
    assert "is lost. Its slices go to others." in said
    (state,) = json.loads((tmp_path / "state.json").read_text())
    assert state["stream"]["stream_state"] == {"time": f"2024-01-{DAYS:02}T00:00:19"}


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, Callable[[], str], subprocess.Popen[bytes]]]:
    """A cluster like one on other machines: its address, what its processes have logged, and its scheduler."""
    log = tmp_path / "cluster.log"
    place = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    with log.open("w") as output:

        def begin(*command: str) -> subprocess.Popen[bytes]:
            root = str(Path(__file__).parents[2])
            return subprocess.Popen([*dask, *command], stdout=output, stderr=output, cwd=root)

        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place))
        processes = [begin("scheduler", *options)]
        try:
            until(place.exists)
            processes += [begin("worker", "--scheduler-file", str(place), "--no-nanny", "--no-dashboard")] * 1
            processes += [begin("worker", "--scheduler-file", str(place), "--no-nanny", "--no-dashboard")]
            address = json.loads(place.read_text())["address"]
            yield address.replace("tcp://", "dask://"), log.read_text, processes[0]
        finally:
            for process in processes:
                process.kill()
                process.wait()


@slow
def test_a_cluster_that_is_there_reads_the_rest_after_a_signal(
    tmp_path: Path, api: CountingApi, scheduler: tuple[str, Callable[[], str], subprocess.Popen[bytes]]
) -> None:
    address, log, _ = scheduler
    manifest(tmp_path / "m.yaml", api, DAYS, budget=BUDGET)
    process = run_on(tmp_path, address)
    until(lambda: process.poll() is not None or (found(tmp_path / "lake") and api.running))
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    assert code == 143, said
    assert not api.running
    assert api.aborted
    assert "was aborted on the server" in said
    done = len(found(tmp_path / "lake"))
    assert 0 < done < len(ids(DAYS))

    api.seconds = 0.3
    code, said = end(run_on(tmp_path, address))
    assert code == 0, said
    assert found(tmp_path / "lake") == ids(DAYS)
    assert "had been read before" in said
    assert api.most <= BUDGET
    assert KEY not in log()
    assert KEY not in said


@slow
def test_a_run_ends_when_the_scheduler_is_lost(
    tmp_path: Path, api: CountingApi, scheduler: tuple[str, Callable[[], str], subprocess.Popen[bytes]]
) -> None:
    address, _, of_the_cluster = scheduler
    api.seconds = 600.0
    manifest(tmp_path / "m.yaml", api, DAYS, budget=BUDGET)
    process = run_on(tmp_path, address)
    until(lambda: process.poll() is not None or len(with_jobs(tmp_path / "lake")) >= BUDGET)
    of_the_cluster.kill()
    code, said = end(process)
    assert code == 1, said
    assert "its scheduler may be lost. Run again." in said
    assert not api.running
    assert api.jobs == BUDGET


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        ("dask://scheduler:8786", Cluster(address="tcp://scheduler:8786")),
        ("dask://[::1]:8786", Cluster(address="tcp://[::1]:8786")),
        ("dask://local?workers=4", Cluster(workers=4)),
        ("dask://local:8786", Cluster(address="tcp://local:8786")),
    ],
)
def test_a_cluster_is_named(text: str, cluster: Cluster) -> None:
    assert Cluster.parse(text) == cluster


@pytest.mark.parametrize(
    "text",
    [
        *("scheduler:8786", "dask://", "dask://scheduler", "dask://scheduler:x", "dask://local?workers=-1"),
        *("dask://local?workers=1000", "dask://local?threads=3", "spark://local", "dask://a:1/b"),
    ],
)
def test_what_names_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="dask://HOST:PORT"):
        Cluster.parse(text)
