from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Records
from core.manifest.document import Document
from core.reading import open_reader
from sample_configs import Sample, sample, samples
from sample_configs.demo_api import DemoApi
from tests.support.oracle import Oracle, OracleError
from tests.support.samples import MADE
from tui.model.session import BuilderSession

WAITING = samples()[samples().index(sample("crm_tables")) + 1 :]
"""Samples that say in Longhaul's own words what Airbyte has none for."""
SAME_IN_AIRBYTE = [each for each in samples() if each not in WAITING]

every_sample = pytest.mark.parametrize("each", samples(), ids=lambda each: each.name)


def manifest_of(each: Sample) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load(each.path.read_text(encoding="utf-8"))
    return manifest


def test_the_samples_begin_with_the_simplest() -> None:
    first = samples()[0]
    assert (first.name, first.title, first.streams) == (
        "sendgrid_contacts",
        "SendGrid contacts",
        ("contacts",),
    )


def test_every_manifest_of_the_package_is_a_sample() -> None:
    files = sample("ads_report").path.parent.glob("*.yaml")
    assert {file.stem for file in files} == {each.name for each in samples()}


def test_an_unknown_sample_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(KeyError, match="no sample nothing; there are sendgrid_contacts, "):
        sample("nothing")


@every_sample
def test_the_demo_api_has_an_input_for_everything_that_is_required(each: Sample, api: DemoApi) -> None:
    specification = manifest_of(each)["spec"]["connection_specification"]
    inputs = api.inputs(each.name)
    assert set(specification["required"]) <= set(inputs) <= set(specification["properties"])
    assert inputs["api_url"] == api.url


@every_sample
def test_every_input_is_explained_and_every_secret_is_marked(each: Sample) -> None:
    for name, field in manifest_of(each)["spec"]["connection_specification"]["properties"].items():
        assert field["title"]
        assert field["description"]
        secret = any(word in name for word in ("key", "secret", "token", "password")) and not name.endswith("_url")
        assert field.get("airbyte_secret", False) == secret, name


@every_sample
def test_the_check_and_the_primary_keys_name_what_there_is(each: Sample) -> None:
    manifest = manifest_of(each)
    assert set(manifest["check"]["stream_names"]) <= set(each.streams)
    for stream in manifest["streams"]:
        keys = stream["primary_key"]
        assert set([keys] if isinstance(keys, str) else keys) <= set(stream["schema_loader"]["schema"]["properties"])


@every_sample
def test_a_manifest_is_right_and_says_what_airbyte_has_not(each: Sample) -> None:
    connector = load_connector(Document.load(each.path))
    assert [str(problem) for problem in connector.problems] == []
    assert all("Airbyte" in problem.message for problem in connector.portability)
    assert connector.portability or each not in WAITING


@every_sample
def test_a_manifest_is_saved_as_it_is_but_for_the_line_that_was_edited(each: Sample, tmp_path: Path) -> None:
    path = tmp_path / each.path.name
    path.write_bytes(each.path.read_bytes())
    session = BuilderSession.open(path)
    session.save()
    assert path.read_bytes() == each.path.read_bytes()
    session.set(("streams", 0, "name"), "renamed")
    session.save()
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (each.path, path))
    assert len(before) == len(after)
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        (f"    name: {each.streams[0]}", "    name: renamed")
    ]


@pytest.mark.parametrize("each", SAME_IN_AIRBYTE, ids=lambda each: each.name)
def test_the_reference_takes_the_manifest(each: Sample, api: DemoApi, oracle: Oracle) -> None:
    config = api.inputs(each.name)
    if each.name == "salesforce_bulk_query":  # valid, but it does not page through CSV
        with pytest.raises(OracleError, match="is not supported for pagination"):
            oracle.ask("samples", "streams", str(each.path), config)
    else:
        assert oracle.ask("samples", "streams", str(each.path), config) == [*each.streams, *MADE.get(each.name, ())]


def test_the_reference_reads_the_contacts_from_the_demo_api(api: DemoApi, oracle: Oracle) -> None:
    contacts = sample("sendgrid_contacts")
    answer = oracle.ask("samples", "read", str(contacts.path), api.inputs(contacts.name), "contacts")
    assert answer["status"] == "COMPLETE"
    assert len({record["CONTACT_ID"] for record in answer["records"]}) == 200


@pytest.mark.parametrize("stream", MADE["crm_tables"])
async def test_the_reference_reads_the_tables_from_the_demo_api(stream: str, api: DemoApi, oracle: Oracle) -> None:
    crm = sample("crm_tables")
    answer = oracle.ask("samples", "read", str(crm.path), api.inputs(crm.name), stream)
    async with open_reader(load_connector(Document.load(crm.path)), api.inputs(crm.name)) as reader:
        await reader.make_streams()
        events = [event async for event in reader.read(stream)]
    ours = [record for event in events if isinstance(event, Records) for record in event.records]
    assert sorted(ours, key=repr) == sorted(answer["records"], key=repr)
    assert len(ours) == 40


@pytest.mark.parametrize(("stream", "count"), [("orders", 200), ("stores", 5), ("products", 100)])
def test_the_reference_reads_the_shop_from_the_demo_api(stream: str, count: int, api: DemoApi, oracle: Oracle) -> None:
    shop = sample("orders_paginated")
    answer = oracle.ask("samples", "read", str(shop.path), api.inputs(shop.name), stream)
    assert answer["status"] == "COMPLETE"
    assert len(answer["records"]) == count
