"""A plan, its parts read by processes of their own, and the state of all of them together."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.command.cli import main
from tests.command.support import end, start
from tests.scaling.support import KEY, CountingApi, found, ids, manifest, process_of, until, with_jobs

DAYS = 12
BUDGET = 3
"""Jobs at once, as the manifest says."""
SHARD = ("--run", "m.yaml", "--stream", "events", "--slices", "slices.jsonl", "--output", "lake/")


@pytest.fixture
def api() -> Iterator[CountingApi]:
    with CountingApi() as running:
        yield running


class Folder:
    """A working directory with a manifest, in which commands run: in this process, or in one of their own."""

    def __init__(self, path: Path, api: CountingApi, capture: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.lake = path / "lake"
        self._capture = capture
        manifest(path / "m.yaml", api, DAYS, budget=BUDGET)

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.path)
            patch.setattr(sys, "argv", ["longhaul", *arguments])
            self._capture.readouterr()
            code = main()
        printed = self._capture.readouterr()
        return code, printed.out + printed.err

    def plan(self, *arguments: str, name: str = "slices.jsonl") -> list[str]:
        code, text = self.run("--plan", "m.yaml", "--stream", "events", "--quiet", *arguments)
        assert code == 0, text
        (self.path / name).write_text(text)
        return text.splitlines()

    def shard(self, *arguments: str) -> tuple[int, str]:
        return self.run(*SHARD, *arguments)

    def start_shard(self, *arguments: str) -> subprocess.Popen[str]:
        return start(*SHARD, *arguments, folder=self.path)

    def merge(self) -> tuple[int, str]:
        merge = ("--merge-state", "m.yaml", "--stream", "events", "--slices", "slices.jsonl", "--output", "lake/")
        return self.run(*merge, "--state", "state.json")

    @property
    def state(self) -> dict[str, Any]:
        saved = [one["stream"] for one in json.loads((self.path / "state.json").read_text())]
        return {one["stream_descriptor"]["name"]: one["stream_state"] for one in saved}


@pytest.fixture
def folder(
    tmp_path: Path, api: CountingApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Folder:
    monkeypatch.setenv("LONGHAUL_KEY", KEY)
    return Folder(tmp_path, api, capsys)


@pytest.mark.slow
def test_a_stream_is_read_in_parts_of_which_one_is_killed(folder: Folder, api: CountingApi) -> None:
    lines = folder.plan()
    assert [json.loads(line)["cursor_slice"]["start_time"][:10] for line in lines] == [
        f"2024-01-{day:02}" for day in range(1, DAYS + 1)
    ]
    assert json.loads(lines[-1])["plan"]["slices"] == DAYS
    assert KEY not in "".join(lines)

    api.seconds = 2.0
    shards = [folder.start_shard("--shard", f"{number}/3") for number in range(3)]
    until(lambda: sum(process_of(path) == shards[1].pid for path in with_jobs(folder.lake)) == 3)
    shards[1].send_signal(signal.SIGKILL)
    shards[1].communicate()
    for shard in (shards[0], shards[2]):
        assert end(shard)[0] == 0
    code, said = folder.merge()
    assert (code, "of 12 slices are missing" in said) == (1, True)
    assert not (folder.path / "state.json").exists()

    api.seconds = 0.3
    code, said = folder.shard("--shard", "1/3")
    assert code == 0, said
    assert found(folder.lake) == ids(DAYS)
    assert {len(jobs) for jobs in api.made.values()} == {1}  # those of the killed part were followed
    code, said = folder.shard("--shard", "1/3")
    assert (code, "4 slices had been read before" in said) == (0, True)
    assert not [*folder.lake.glob("**/.*.jobs"), *folder.lake.glob("**/*.partial")]

    (folder.path / "state.json").write_text('{"other": {"a": 1}}')
    code, said = folder.merge()
    assert code == 0, said
    assert folder.state == {"other": {"a": 1}, "events": {"time": f"2024-01-{DAYS}T00:00:19"}}
    assert folder.merge()[0] == 0  # once more is no harm
    jobs = api.jobs
    lines = folder.plan("--state", "state.json", name="next.jsonl")
    assert len(lines) == 1
    assert api.jobs == jobs


@pytest.mark.slow
def test_jobs_that_a_killed_process_has_left_take_their_slots_before_others_are_made(
    folder: Folder, api: CountingApi
) -> None:
    folder.plan()
    api.seconds = 8.0
    shard = folder.start_shard()
    until(lambda: len(with_jobs(folder.lake)) == BUDGET)
    shard.send_signal(signal.SIGKILL)
    shard.communicate()
    api.seconds = 0.1
    code, said = folder.shard()
    assert code == 0, said
    assert found(folder.lake) == ids(DAYS)
    assert (api.jobs, api.most) == (DAYS, BUDGET)


@pytest.mark.slow
def test_a_slice_is_read_by_one_process_at_a_time(folder: Folder, api: CountingApi) -> None:
    folder.plan()
    api.gate.clear()
    first = folder.start_shard("--shard", "0/12")
    api.until(1)
    code, said = folder.shard("--shard", "0/12")
    assert (code, "in use by another run" in said) == (1, True)
    api.gate.set()
    assert end(first)[0] == 0
    assert api.jobs == 1


def test_a_plan_is_refused_where_it_does_not_belong(folder: Folder, api: CountingApi) -> None:
    lines = folder.plan()
    plan = folder.path / "slices.jsonl"
    refused = {
        "\n".join(lines[:-1]) + "\n": "its end is missing",
        "\n".join(lines) + "\n" + lines[0] + "\n": "its end is missing",
        "\n".join([*lines, *lines]) + "\n": "lines of it were lost",
        "\n".join(lines)[:-9]: "its end is missing",
        "a,b\n": "it is no plan of Longhaul",
        "\n".join([*lines[:3], *lines[4:]]) + "\n": "lines of it were lost",
        '{"a": 1}\n': "its end is missing",
        "": "its end is missing",
    }
    for text, why in refused.items():
        plan.write_text(text)
        code, said = folder.shard()
        assert (code, why in said) == (2, True), said
    plan.write_text("\n".join(lines) + "\n")
    code, said = folder.shard("--set", "region=eu")
    assert (code, "another manifest or other inputs" in said) == (2, True), said
    text = (folder.path / "m.yaml").read_text()
    (folder.path / "m.yaml").write_text(text.replace("step: P1D", "step: P2D"))
    code, said = folder.shard()
    assert (code, "another manifest or other inputs" in said) == (2, True), said
    assert api.jobs == 0


def test_a_state_that_has_moved_on_is_left_alone(folder: Folder, api: CountingApi) -> None:
    api.seconds = 0.0
    folder.plan()
    assert folder.shard()[0] == 0
    state = '{"events": {"time": "2024-01-20T00:00:00"}}'
    (folder.path / "state.json").write_text(state)
    code, said = folder.merge()
    assert (code, "has moved on" in said) == (2, True), said
    assert (folder.path / "state.json").read_text() == state
    folder.plan()
    code, said = folder.shard()  # another plan over the same days
    assert (code, "slices of another plan" in said) == (2, True), said


def test_a_failed_slice_is_tried_again(folder: Folder, api: CountingApi) -> None:
    api.seconds = 0.0
    api.broken = {"2024-01-03", "2024-01-05"}
    folder.plan()
    code, said = folder.shard("--format", "csv")
    assert code == 1
    assert "2 of 12 slices failed for the same reason" in said
    assert len(list(folder.lake.glob("**/*.csv"))) == DAYS - 2
    api.broken.clear()
    code, said = folder.shard("--format", "csv")
    assert (code, "10 slices had been read before" in said) == (0, True), said
    rows = [row for path in folder.lake.glob("**/*.csv") for row in path.read_text().splitlines()[1:]]
    assert sorted(row.split(",")[0] for row in rows) == sorted(ids(DAYS))


def test_wrong_credentials_end_the_read_at_once(
    folder: Folder, api: CountingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.plan()
    monkeypatch.setenv("LONGHAUL_KEY", "not-the-right-key")
    code, said = folder.shard()
    assert (code, "401" in said) == (1, True), said
    assert api.refused < 2 * DAYS  # each slice that is tried is refused twice


@pytest.mark.parametrize("option", [["--limit", "3"], ["--state", "s.json"], ["--keep-case", "x"]])
def test_what_makes_no_sense_with_slices_is_refused(folder: Folder, option: list[str]) -> None:
    folder.plan()
    code, said = folder.shard(*option)
    assert (code, f"{option[0]} doesn't go with --slices" in said) == (2, True), said


def test_slices_are_parquet_files_of_one_schema(folder: Folder, api: CountingApi) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra `parquet`")
    api.seconds = 0.0
    folder.plan()
    for shard in ("0/2", "1/2"):
        assert folder.shard("--shard", shard, "--format", "parquet")[0] == 0
    tables = [pq.read_table(path) for path in sorted(folder.lake.glob("**/*.parquet"))]
    assert len(tables) == DAYS
    assert {str(table.schema) for table in tables} == {"id: string\ntime: string"}
    assert sorted(one for table in tables for one in table["id"].to_pylist()) == sorted(ids(DAYS))
