"""`longhaul --run ... --keep-case` and `longhaul --check`, as a person or a CI job calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cases.test_recorded_reads import PAGES
from tests.command.support import SlowApi

pytestmark = pytest.mark.slow  # each test starts the command in a process of its own

MANIFEST = PAGES.replace("{url: {type: string}}", "{url: {type: string}, key: {type: string, airbyte_secret: true}}")


def longhaul(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core.command.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}, check=False
    )


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest with one case, `first`, of an API that is gone by now."""
    path = tmp_path / "shop.yaml"
    text = MANIFEST.replace("field_path: [items]", "field_path: []").split("          paginator:")[0]
    path.write_text(text)
    with SlowApi() as api:
        api.gate.set()
        done = longhaul(
            "--run",
            str(path),
            "--set",
            f"url={api.url}",
            "--keep-case",
            "first",
            env={"LONGHAUL_KEY": "planted-secret"},
        )
    assert done.returncode == 0, done.stderr
    assert f"The case is kept in {tmp_path / 'cases' / 'first.har'}." in done.stderr
    return path


def test_a_run_is_kept_and_checked_without_api_and_inputs(manifest: Path) -> None:
    done = longhaul("--check", str(manifest))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok    first: 2 records from 1 recorded request, ")
    assert done.stdout.endswith("1 case, nothing differs.\n")
    assert sorted(path.name for path in (manifest.parent / "cases").iterdir()) == ["first.har", "first.records.jsonl"]
    assert "planted-secret" not in (manifest.parent / "cases" / "first.har").read_text()


def test_differences_are_listed_and_written_for_ci(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "cases" / "broken.har").write_text("{")
    (tmp_path / "cases" / "seen.har").write_text('{"log": {"entries": []}}')
    manifest.write_text(manifest.read_text().replace('size: "2"', 'size: "9"'))
    done = longhaul("--check", str(manifest), "--junit", str(tmp_path / "out.xml"))
    assert done.returncode == 1
    assert "FAIL  first\n      request: GET " in done.stdout
    assert "FAIL  broken\n" in done.stdout
    assert "skip  seen: a recording that was made elsewhere" in done.stdout
    assert done.stdout.endswith("3 cases, 2 differ.\n")
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()[0]
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "shop.yaml",
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    failure = suite.find("testcase[@name='first']/failure")
    assert failure is not None
    assert "query.size" in (failure.get("message") or "")


def test_other_records_are_accepted_but_no_other_requests(manifest: Path, tmp_path: Path) -> None:
    fields = "        transformations: [{type: AddFields, fields: [{path: [source], value: shop}]}]\n"
    manifest.write_text(manifest.read_text().rstrip() + "\n" + fields)
    done = longhaul("--check", str(manifest), "--accept", "--junit", str(tmp_path / "out.xml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("new   first: this is expected from now on\n      record: `items`, record")
    assert done.stdout.endswith("1 case, 1 was accepted, nothing else differs.\n")
    assert ElementTree.parse(tmp_path / "out.xml").getroot()[0].get("failures") == "0"
    assert '"source":"shop"' in (tmp_path / "cases" / "first.records.jsonl").read_text()
    assert longhaul("--check", str(manifest)).stdout.startswith("ok    first: 2 records from 1 recorded request, ")
    before = [path.read_bytes() for path in sorted((tmp_path / "cases").iterdir())]

    manifest.write_text(manifest.read_text().replace('size: "2"', 'size: "9"'))
    done = longhaul("--check", str(manifest), "--accept")
    assert done.returncode == 1
    assert "      Not accepted: only other records of the same requests are. " in done.stdout
    assert [path.read_bytes() for path in sorted((tmp_path / "cases").iterdir())] == before


def test_a_case_of_another_manifest_in_the_folder_is_left_to_that_one(manifest: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(manifest.read_text())
    done = longhaul("--check", str(other))
    assert done.returncode == 2
    assert f"longhaul: There are no cases of {other} in {tmp_path / 'cases'}. Keep one with " in done.stderr
    manifest.unlink()  # it was renamed, say
    assert longhaul("--check", str(other)).returncode == 0


def test_cases_and_streams_can_be_chosen(manifest: Path) -> None:
    assert longhaul("--check", str(manifest), "--case", "first", "--stream", "items").returncode == 0
    done = longhaul("--check", str(manifest), "--case", "second")
    assert (done.returncode, "There is no case `second`" in done.stderr) == (2, True)
    done = longhaul("--check", str(manifest), "--stream", "item")
    assert (done.returncode, "did you mean `items`?" in done.stderr) == (2, True)


def test_a_run_that_can_not_be_kept_says_so(manifest: Path) -> None:
    done = longhaul("--run", str(manifest), "--set", "url=http://127.0.0.1:1", "--keep-case", "../x")
    assert done.returncode == 2
    assert "The name of a case becomes the name of a file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "a.yaml", "--run", "b.yaml"], "--run and --check exclude each other."),
        (["--check", "a.yaml", "--limit", "5"], "--limit only goes with --run."),
        (["--run", "a.yaml", "--junit", "b.xml"], "--junit only goes with --check."),
        (["--run", "a.yaml", "--accept"], "--accept only goes with --check."),
        (["--run", "a.yaml", "--state", "s", "--detach", "--keep-case", "a"], "leave out --detach"),
        (["--demo", "--run", "--keep-case", "a"], "leave out --demo"),
    ],
)
def test_options_go_with_their_command(arguments: list[str], message: str) -> None:
    done = longhaul(*arguments)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_the_case_is_a_har_file_that_other_tools_read(manifest: Path) -> None:
    log = json.loads((manifest.parent / "cases" / "first.har").read_text())["log"]
    assert log["version"] == "1.2"
    (entry,) = log["entries"]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)


def test_a_run_that_failed_replaces_no_case(manifest: Path) -> None:
    before = (manifest.parent / "cases" / "first.har").read_bytes()
    manifest.write_text(manifest.read_text().replace("HttpRequester", "HttpRequester\n            http_method: PUT"))
    with SlowApi() as api:
        done = longhaul("--run", str(manifest), "--set", f"url={api.url}", "--keep-case", "first")
    assert done.returncode == 1
    assert "No case is kept, because items failed." in done.stderr
    assert (manifest.parent / "cases" / "first.har").read_bytes() == before
