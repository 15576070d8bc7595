"""A plan, its parts read by processes of their own, and the state of all of them together."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command.support import end, start
from tests.scaling.support import KEY, CountingApi, found, ids, manifest

pytestmark = pytest.mark.slow

DAYS = 12
ENVIRONMENT = {"LONGHAUL_KEY": KEY}


@pytest.fixture
def api() -> Iterator[CountingApi]:
    with CountingApi() as running:
        yield running


class Folder:
    """A working directory with a manifest, in which commands run."""

    def __init__(self, path: Path, api: CountingApi) -> None:
        self.path = path
        self.lake = path / "lake"
        manifest(path / "m.yaml", api, DAYS)

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        return start(*arguments, folder=self.path, environment={**ENVIRONMENT, **environment})

    def run(self, *arguments: object, **environment: str) -> tuple[int, str]:
        return end(self.start(*arguments, **environment))

    def plan(self, *arguments: object, name: str = "slices.jsonl") -> list[str]:
        process = self.start("--plan", "m.yaml", "--stream", "events", *arguments)
        text, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        (self.path / name).write_text(text)
        return text.splitlines()

    def shard(self, *arguments: object) -> subprocess.Popen[str]:
        slices = ("--slices", "slices.jsonl", "--output", "lake/")
        return self.start("--run", "m.yaml", "--stream", "events", *slices, *arguments)

    def merge(self, *arguments: object) -> tuple[int, str]:
        merge = ("--merge-state", "m.yaml", "--stream", "events", "--slices", "slices.jsonl", "--output", "lake/")
        return self.run(*merge, "--state", "state.json", *arguments)


@pytest.fixture
def folder(tmp_path: Path, api: CountingApi) -> Folder:
    return Folder(tmp_path, api)


def test_a_stream_is_read_in_parts_of_which_one_is_killed(folder: Folder, api: CountingApi) -> None:
    lines = folder.plan()
    assert [json.loads(line)["cursor_slice"]["start_time"][:10] for line in lines[:-1]] == [
        f"2024-01-{day:02}" for day in range(1, DAYS + 1)
    ]
    assert json.loads(lines[-1])["slices"] == DAYS
    assert KEY not in "".join(lines)

    api.seconds = 2.0
    shards = [folder.shard("--shard", f"{number}/3") for number in range(3)]
    api.until(9)
    shards[1].send_signal(signal.SIGKILL)
    shards[1].communicate()
    for shard in (shards[0], shards[2]):
        assert end(shard)[0] == 0
    code, said = folder.merge()
    assert (code, "of 12 slices are missing" in said) == (1, True)
    assert not (folder.path / "state.json").exists()

    made = api.jobs
    code, said = end(folder.shard("--shard", "1/3"))
    assert code == 0, said
    assert found(folder.lake) == ids(DAYS)
    assert api.jobs - made <= 1  # those of the killed part were followed
    assert {len(jobs) for jobs in api.made.values()} == {1}
    code, said = end(folder.shard("--shard", "1/3"))
    assert (code, "4 slices had been read before" in said) == (0, True)
    assert not [*folder.lake.glob("**/.*.jobs"), *folder.lake.glob("**/*.partial")]

    (folder.path / "state.json").write_text('{"other": {"a": 1}}')
    code, said = folder.merge()
    assert code == 0, said
    state = {one["stream"]["stream_descriptor"]["name"]: one["stream"]["stream_state"] for one in saved(folder)}
    assert state == {"other": {"a": 1}, "events": {"time": f"2024-01-{DAYS}T00:00:19"}}
    assert folder.merge()[0] == 0  # once more is no harm
    jobs = api.jobs
    lines = folder.plan("--state", "state.json", name="next.jsonl")
    assert len(lines) == 2
    assert api.jobs == jobs


def saved(folder: Folder) -> list[dict[str, dict[str, dict[str, object]]]]:
    content: list[dict[str, dict[str, dict[str, object]]]] = json.loads((folder.path / "state.json").read_text())
    return content


def test_a_slice_is_read_by_one_process_at_a_time(folder: Folder, api: CountingApi) -> None:
    folder.plan()
    api.gate.clear()
    first = folder.shard("--shard", "0/12")
    api.until(1)
    code, said = end(folder.shard("--shard", "0/12"))
    assert (code, "in use by another run" in said) == (1, True)
    api.gate.set()
    assert end(first)[0] == 0
    assert api.jobs == 1


def test_a_plan_is_refused_where_it_does_not_belong(folder: Folder, api: CountingApi) -> None:
    lines = folder.plan()
    plan = folder.path / "slices.jsonl"
    refused = {
        "\n".join(lines[:-1]) + "\n": "its last line is missing",
        "\n".join(lines) + "\n" + lines[0] + "\n": "it is no plan of Longhaul",
        "\n".join([*lines[:3], *lines[4:]]) + "\n": "lines of it were lost",
        '{"a": 1}\n': "its last line is missing",
        "": "its last line is missing",
    }
    for text, why in refused.items():
        plan.write_text(text)
        code, said = end(folder.shard())
        assert (code, why in said) == (2, True), said
    plan.write_text("\n".join(lines) + "\n")
    code, said = end(folder.shard("--set", "region=eu"))
    assert (code, "another manifest or other inputs" in said) == (2, True), said
    text = (folder.path / "m.yaml").read_text()
    (folder.path / "m.yaml").write_text(text.replace("step: P1D", "step: P2D"))
    code, said = end(folder.shard())
    assert (code, "another manifest or other inputs" in said) == (2, True), said
    assert api.jobs == 0


def test_a_state_that_has_moved_on_is_left_alone(folder: Folder, api: CountingApi) -> None:
    api.seconds = 0.0
    folder.plan()
    assert end(folder.shard())[0] == 0
    state = '{"events": {"time": "2024-01-20T00:00:00"}}'
    (folder.path / "state.json").write_text(state)
    code, said = folder.merge()
    assert (code, "has moved on" in said) == (2, True), said
    assert (folder.path / "state.json").read_text() == state
    folder.plan()
    code, said = end(folder.shard())  # another plan over the same days
    assert (code, "slices of another plan" in said) == (2, True), said


def test_a_failed_slice_is_tried_again(folder: Folder, api: CountingApi) -> None:
    api.seconds = 0.0
    api.broken = {"2024-01-03", "2024-01-05"}
    folder.plan()
    code, said = end(folder.shard("--format", "csv"))
    assert code == 1
    assert "2 of 12 slices failed for the same reason" in said
    assert len(list(folder.lake.glob("**/*.csv"))) == DAYS - 2
    api.broken.clear()
    code, said = end(folder.shard("--format", "csv"))
    assert (code, "10 slices had been read before" in said) == (0, True), said
    rows = [row for path in folder.lake.glob("**/*.csv") for row in path.read_text().splitlines()[1:]]
    assert sorted(row.split(",")[0] for row in rows) == sorted(ids(DAYS))


def test_wrong_credentials_end_the_read_at_once(folder: Folder, api: CountingApi) -> None:
    folder.plan()
    code, said = folder.run(
        "--run", "m.yaml", "--stream", "events", "--slices", "slices.jsonl", "--output", "lake/", LONGHAUL_KEY="wrong"
    )
    assert code == 1
    assert "401" in said


@pytest.mark.parametrize("option", [["--limit", "3"], ["--state", "s.json"], ["--keep-case", "x"]])
def test_what_makes_no_sense_with_slices_is_refused(folder: Folder, option: list[str]) -> None:
    folder.plan()
    code, said = end(folder.shard(*option))
    assert (code, f"{option[0]} doesn't go with --slices" in said) == (2, True), said
