"""A full disk, a directory that goes, a pipe that nobody reads: one sentence, the right code, no torn output."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sample_configs import sample
from sample_configs.demo_api import DemoApi

ORDERS = str(sample("orders_paginated").path)
CONTACTS = str(sample("sendgrid_contacts").path)
ROWS = 3_000
SMALL = 30_000
"""Bytes that fit on the small disk; the contacts need several times as many."""


@pytest.fixture(scope="module")
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=ROWS) as demo:
        yield demo


def command(api: DemoApi, *arguments: object) -> list[str]:
    settings = [f"--set={name}={value}" for name, value in api.inputs("sendgrid_contacts").items()]
    return [sys.executable, "-m", "core.command.cli", "--run", CONTACTS, *settings, *map(str, arguments)]


def small_files() -> None:
    """Let no file of this process grow large."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))


def run(command: list[str], before: Callable[[], None] | None = None, stdout: int = subprocess.PIPE) -> tuple[int, str]:
    done = subprocess.run(
        command,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=before,
    )
    assert "Traceback" not in done.stderr
    assert "internal error of Longhaul" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.jsonl.gz"])
def test_a_file_that_can_not_grow_fails_the_stream_with_the_reason(api: DemoApi, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"the run before")

    code, said = run(command(api, "--output", tmp_path / name), small_files)

    assert code == 1
    assert f"{name}.partial can't be written: the file grew larger than the system allows" in said
    assert (tmp_path / name).read_bytes() == b"the run before"


def test_a_full_disk_with_a_state_loses_nothing_in_the_end(api: DemoApi, tmp_path: Path) -> None:
    arguments = command(api, "--output", tmp_path / "out.jsonl", "--state", tmp_path / "state.json")

    code, said = run(arguments, small_files)
    again, _ = run(arguments)

    assert (code, again) == (1, 0)
    assert "can't be written" in said
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert len({json.loads(line)["CONTACT_ID"] for line in lines}) == ROWS


def test_standard_output_on_a_full_disk_fails_the_stream(api: DemoApi) -> None:
    with open("/dev/full", "wb") as full:
        code, said = run(command(api), stdout=full.fileno())

    assert code == 1
    assert "standard output can't be written: the disk is full" in said


def test_a_trace_that_can_not_grow_does_not_stop_the_records(api: DemoApi, tmp_path: Path) -> None:
    code, said = run(command(api, "--trace", tmp_path / "run.har", "--limit", 100), small_files)

    assert code == 0
    assert "The trace ends here" in said


@pytest.mark.parametrize("kept", ["out.jsonl", "state.json", None])
def test_a_directory_that_goes_during_the_run_is_told(api: DemoApi, tmp_path: Path, kept: str | None) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    places = {name: (tmp_path if name == kept else folder) / name for name in ("out.jsonl", "state.json")}
    options = ["--output", places["out.jsonl"], *([] if kept is None else ["--state", places["state.json"]])]
    process = subprocess.Popen(command(api, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    shutil.rmtree(folder)
    said += process.communicate(timeout=60)[1]

    assert process.returncode == 1, said
    assert "gone" in said
    assert "Traceback" not in said


def test_a_reader_that_takes_the_head_gets_whole_lines_and_ends_the_run(api: DemoApi) -> None:
    process = subprocess.Popen(command(api), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    first = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.stdout.close()

    assert process.wait(30) == 0
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    assert len({record["CONTACT_ID"] for record in first}) == 3
    assert "rror" not in said
    assert "Traceback" not in said


def test_nobody_reads_the_progress_either(api: DemoApi) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(command(api), stdout=subprocess.PIPE, stderr=writing)
    os.close(writing)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert len(out.splitlines()) == ROWS


@pytest.mark.parametrize("redirection", ["2>&-", "</dev/null 2>&-", "<&- 2>&-"])
def test_closed_standard_error_changes_nothing(api: DemoApi, tmp_path: Path, redirection: str) -> None:
    output = tmp_path / "out.jsonl"
    words = " ".join(f"'{word}'" for word in command(api, "--output", output))

    done = subprocess.run(["sh", "-c", f"exec {words} {redirection}"], check=False, timeout=60)

    assert done.returncode == 0
    assert len(output.read_text().splitlines()) == ROWS


def test_closed_standard_output_does_not_matter_when_the_records_go_to_a_file(api: DemoApi, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    words = " ".join(f"'{word}'" for word in command(api, "--output", output))

    done = subprocess.run(["sh", "-c", f"exec {words} >&-"], stderr=subprocess.PIPE, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert len(output.read_text().splitlines()) == ROWS
