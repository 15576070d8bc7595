"""Two runs side by side never write the same file, and never use up each other's tokens."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command.support import SlowApi, end, manifest, run, start

pytestmark = pytest.mark.slow


@pytest.fixture
def api() -> Iterator[SlowApi]:
    with SlowApi() as api:
        yield api


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (["--output", "out.jsonl"], ["--output", "./out.jsonl"], "--output: out.jsonl"),
        (["--output", "out.jsonl"], ["--output", "link.jsonl"], "--output: link.jsonl"),
        (["--output", "out.parquet"], ["--output", "./out.parquet", "--write", "append"], "--output: out.parquet"),
        (["--output", "out.duckdb"], ["--output", "../here/out.duckdb"], "--output: ../here/out.duckdb"),
        (["--output", "data"], ["--output", "data/"], "the file of `users` in --output: data/users.jsonl"),
        (["--output", "data"], ["--output", "data/users.jsonl"], "--output: data/users.jsonl"),
        (["--state", "s.json"], ["--state", "../here/s.json"], "--state: ../here/s.json"),
        (["--trace", "t.har"], ["--trace", "t.har"], "--trace: t.har"),
        (["--trace", "x.json"], ["--state", "x.json"], "--state: x.json"),
    ],
)
def test_the_second_run_into_the_same_file_ends_before_any_request(
    api: SlowApi, tmp_path: Path, first: list[str], second: list[str], shared: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "link.jsonl").symlink_to("out.jsonl")
    written = manifest(tmp_path / "m.yaml", api.url, "users")
    running = start("--run", written, *first, folder=here)
    api.was_asked(1)
    code, output = run("--run", written, *second, folder=here)
    assert code == 2
    assert output.startswith(f"longhaul: {shared} is in use by another run (process {running.pid} on ")
    assert len(api.asked) == 1
    api.gate.set()
    assert end(running)[0] == 0
    assert [name for _, _, names in os.walk(here) for name in names if name.endswith((".lock", ".new"))] == []


def test_different_streams_go_into_one_directory_side_by_side(api: SlowApi, tmp_path: Path) -> None:
    written = manifest(tmp_path / "m.yaml", api.url, "users", "orders")
    out = tmp_path / "out"
    running = [start("--run", written, "--stream", name, "--output", out) for name in ("users", "orders")]
    api.was_asked(2)
    assert {f".{name}.jsonl.lock" for name in ("users", "orders")} < set(os.listdir(out))
    api.gate.set()
    assert [end(process)[0] for process in running] == [0, 0]
    assert sorted(os.listdir(out)) == ["orders.jsonl", "users.jsonl"]


def test_after_a_kill_the_next_run_goes_ahead(api: SlowApi, tmp_path: Path) -> None:
    written = manifest(tmp_path / "m.yaml", api.url, "users")
    options = ["--output", tmp_path / "o.jsonl", "--state", tmp_path / "s.json", "--trace", tmp_path / "t.har"]
    running = start("--run", written, *options)
    api.was_asked(1)
    running.send_signal(signal.SIGKILL)
    assert end(running)[0] == -signal.SIGKILL
    api.gate.set()
    assert run("--run", written, *options)[0] == 0
    assert sorted(os.listdir(tmp_path)) == ["m.yaml", "o.jsonl", "s.json", "t.har"]


def oauth(api: SlowApi) -> dict[str, Any]:
    return {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": f"{api.url}/token",
        "client_id": "the-client",
        "client_secret": "the-client-secret",
        "refresh_token": "{{ config['refresh_token'] }}",
    }


@pytest.mark.parametrize("with_state", [True, False])
def test_runs_one_after_the_other_and_side_by_side_go_on_with_the_renewed_token(
    api: SlowApi, tmp_path: Path, with_state: bool
) -> None:
    api.gate.set()
    written = manifest(tmp_path / "m.yaml", api.url, "users", authenticator=oauth(api))
    home = {"LONGHAUL_STATE_DIR": "", "XDG_STATE_HOME": str(tmp_path / "state")}
    environment = {**home, "LONGHAUL_REFRESH_TOKEN": "refresh-token-0"}
    options = ["--state", tmp_path / "state.json"] if with_state else []
    for _ in range(2):
        code, output = run("--run", written, *options, environment=environment)
        assert code == 0, output
    others = [start("--run", written, environment=environment) for _ in range(0 if with_state else 3)]
    assert [end(process)[0] for process in others] == [0] * len(others)
    assert len(set(api.renewals)) == len(api.renewals) >= 2
    folder = tmp_path / "state" / "longhaul" / "tokens"
    (kept,) = [tmp_path / "state.tokens.json"] if with_state else folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept_tokens = {one["refresh_token"] for one in json.loads(kept.read_text())["tokens"].values()}
    assert kept_tokens == {f"refresh-token-{len(api.renewals)}"}
    assert "refresh-token-0" not in kept.read_text()


def test_a_token_that_can_not_be_saved_is_reported_at_the_end_too(api: SlowApi, tmp_path: Path) -> None:
    api.gate.set()
    written = manifest(tmp_path / "m.yaml", api.url, "users", authenticator=oauth(api))
    (tmp_path / "state").write_text("a file where the folder should be")
    code, output = run(
        "--run",
        written,
        environment={"LONGHAUL_STATE_DIR": str(tmp_path / "state"), "LONGHAUL_REFRESH_TOKEN": "refresh-token-0"},
    )
    assert code == 0
    warnings = [line for line in output.splitlines() if "WARNING" in line]
    assert "the new one can't be kept" in warnings[0]
    assert "sign in again and put the new refresh token into the inputs" in output.splitlines()[-1]
    assert "refresh-token" not in output
