"""`--validate` warns of what works here and not in Airbyte: what its schema refuses, and what it would ignore."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from core.command.cli import main
from core.connector import load_connector
from core.connector.registry import choices, component_types
from core.manifest.document import Document
from core.runtime.component import field_plans
from tests.connector.test_problems import MANIFEST
from tests.support.oracle import Oracle

JOBS = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [jobs]}
streams:
  - type: DeclarativeStream
    name: jobs
    retriever:
      type: AsyncRetriever
      polling_interval: 1
      status_mapping: {type: AsyncJobStatusMap, running: [], completed: [b], failed: [], timeout: []}
      status_extractor: {type: DpathExtractor, field_path: [s]}
      creation_requester: {type: HttpRequester, url: "https://x.example", http_method: POST}
      polling_requester: {type: HttpRequester, url: "https://x.example/{{ creation_response['id'] }}"}
      download_requester: {type: HttpRequester, url: "https://x.example/{{ polling_response['file'] }}"}
      download_decoder: {type: GzipDecoder, decoder: {type: XmlDecoder}, max_ratio: 9}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [rows]}}
"""

ITEMS = {
    ("http_method: GET", "http_method: PATCH"): "12:9: Airbyte can't send PATCH requests",
    ("http_method: GET", "use_cache: 'yes'"): "12:9: Airbyte wants true or false here, but it is text",
    ("http_method: GET", "read_timeout_in_seconds: '5'"): "12:9: Airbyte wants a number here, but it is text",
    ("http_method: GET", "request_parameters: {a: 5}"): "12:30: Airbyte takes only text here (put it in quotes)",
    ("http_method: GET", "request_headers: {a: true}"): "12:27: Airbyte takes only text here",
    ("[items]}\n\n", "[1]}\n"): "15:57: Airbyte takes only text here",
    ("streams:\n", "x-notes: 1\nstreams:\n"): "4:1: Airbyte refuses a manifest with `x-notes` at the top",
    ("{type: DpathExtractor, field_path: [items]}", "{type: ResponseToFileExtractor}"): (
        "15:21: Airbyte refuses a ResponseToFileExtractor here"
    ),
    ("{type: DpathExtractor, field_path: [items]}", "{type: JsonPathExtractor, json_path: $.items}"): (
        "15:21: Airbyte has no components of type JsonPathExtractor"
    ),
}


def validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], text: str) -> str:
    """What the command says of a manifest that can be run."""
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(text)
    monkeypatch.setattr(sys, "argv", ["longhaul", "--validate", "m.yaml"])
    assert main() == 0
    return capfd.readouterr().out


@pytest.mark.parametrize(("change", "said"), ITEMS.items(), ids=lambda item: str(item)[:40])
def test_each_warning_has_its_path(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    change: tuple[str, str],
    said: str,
) -> None:
    text = (MANIFEST + "\n").replace(*change)
    assert text != MANIFEST + "\n"

    assert f"m.yaml:{said.split(':', maxsplit=1)[0]}:" in validated(tmp_path, monkeypatch, capfd, text)
    loaded = load_connector(Document.parse(text))
    place = [str(problem) for problem in (*loaded.problems, *loaded.portability)]
    assert any(said.split(": ", 1)[1] in one for one in place)


def test_job_features_that_only_longhaul_has_are_reported() -> None:
    told = [str(problem) for problem in load_connector(Document.parse(JOBS)).portability]

    assert told == [
        "9:7: Airbyte doesn't know `polling_interval` and ignores it",
        "15:55: Airbyte refuses a XmlDecoder here",
        "15:74: Airbyte doesn't know `max_ratio` and ignores it",
        "16:81: Airbyte doesn't look at this path, but takes the whole result of a job for a record "
        "(write it as the `download_extractor` of the retriever)",
    ]


@pytest.mark.parametrize("field", ["polling_job_timeout", "failed_retry_wait_time_in_seconds"])
@pytest.mark.parametrize("value", ["0.5", "'1.5'"])
def test_parts_of_minutes_and_seconds_are_reported(field: str, value: str) -> None:
    def told(written: str) -> bool:
        problems = load_connector(
            Document.parse(JOBS.replace("polling_interval: 1", f"{field}: {written}"))
        ).portability
        return "9:7: Airbyte takes only whole numbers here" in [str(problem) for problem in problems]

    assert told(value)
    assert not told("2")
    assert not told("'2'")
    assert not told("\"{{ config['minutes'] }}\"")


def test_a_run_says_nothing_of_it() -> None:
    assert load_connector(Document.parse(JOBS)).problems == ()


@pytest.fixture(scope="module")
def schema(oracle: Oracle) -> dict[str, Any]:
    """The schema that the reference checks manifests by."""
    found: dict[str, Any] = oracle.ask("manifest_texts", "schema")
    return found


def referred(part: Any) -> set[str]:
    """The component types that a part of the schema names."""
    if isinstance(part, list):
        return {name for item in part for name in referred(item)}
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"].rpartition("/")[2]} if isinstance(part.get("$ref"), str) else set()
    return own | {name for key, item in part.items() if key not in ("examples", "default") for name in referred(item)}


def test_the_fields_and_types_that_are_marked_are_those_that_the_reference_does_not_take(
    schema: dict[str, Any],
) -> None:
    known = schema["definitions"]
    for name, cls in component_types().items():
        described = schema if name == "DeclarativeSource" else known.get(name)
        if described is None:
            continue
        for key, plan in field_plans(cls).items():
            if key == "$parameters":
                continue
            assert plan.shown.ours == (key not in described["properties"]), (name, key)
            if plan.shown.ours or not plan.roles:
                continue
            here = {one.__name__ for role in plan.roles for one in choices(role)} & set(known)
            there = referred(described["properties"][key])
            assert set(plan.not_in_airbyte) == here - there, (name, key)


@pytest.mark.parametrize("change", [change for change, said in ITEMS.items() if "ignores" not in said])
def test_the_reference_refuses_it_indeed(oracle: Oracle, change: tuple[str, str]) -> None:
    text = (MANIFEST + "\n").replace(*change)

    assert oracle.ask("manifest_texts", "read", dedent(text), {}, "items")["refused"]
    assert not oracle.ask("manifest_texts", "refuses", MANIFEST)


def test_what_is_marked_as_text_is_only_text_there(schema: dict[str, Any]) -> None:
    for name, cls in component_types().items():
        described = schema["definitions"].get(name, {})
        for key, plan in field_plans(cls).items():
            written = yaml.safe_dump(described.get("properties", {}).get(key, {}))
            if plan.text:
                assert "type: integer" not in written, (name, key)
                assert "type: number" not in written, (name, key)


def test_parts_of_minutes_and_seconds_are_taken_nowhere(schema: dict[str, Any]) -> None:
    fields = schema["definitions"]["AsyncRetriever"]["properties"]

    for field in ("polling_job_timeout", "failed_retry_wait_time_in_seconds"):
        assert {one["type"] for one in fields[field]["anyOf"]} == {"integer", "string"}


def test_a_type_that_airbyte_does_not_know_is_one_warning_whatever_is_set_in_it() -> None:
    zip_of_tar = (
        "{type: ZipfileDecoder, members: a, decoder: {type: TarDecoder, members: b, decoder: {type: JsonDecoder}}}"
    )
    before = "{type: GzipDecoder, decoder: {type: XmlDecoder}, max_ratio: 9}"
    told = [problem.message for problem in load_connector(Document.parse(JOBS.replace(before, zip_of_tar))).portability]

    assert told.count("Airbyte doesn't know `members` and ignores it") == 1
    assert told.count("Airbyte has no components of type TarDecoder") == 1
