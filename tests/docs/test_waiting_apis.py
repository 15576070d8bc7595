"""The page about APIs that make you wait: each of its fragments is right, as are its commands and its links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.command.arguments import parse
from core.connector import load_connector
from core.manifest.document import Document
from sample_configs import samples

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "waiting-apis.md").read_text(encoding="utf-8")
FRAGMENTS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^    (?:[\d* ]+)?(longhaul .*?)(?: +#.*)?$", PAGE, re.MULTILINE)
INPUTS = ("api_url", "account", "access_key", "secret_key", "session_token", "region")


def request(url: str) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": url, "http_method": "GET"}


def manifest(**fields: Any) -> str:
    """A connector whose retriever has these fields, and the others as simple as can be."""
    nothing: list[str] = []
    statuses = {"running": nothing, "completed": ["done"], "failed": nothing, "timeout": nothing}
    retriever = {
        "type": "AsyncRetriever",
        "creation_requester": request("{{ config['api_url'] }}/jobs"),
        "polling_requester": request("{{ config['api_url'] }}/jobs/{{ creation_response['id'] }}"),
        "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
        "status_mapping": {"type": "AsyncJobStatusMap", **statuses},
        "download_target_extractor": {"type": "DpathExtractor", "field_path": ["url"]},
        "download_requester": request("{{ download_target }}"),
        "record_selector": {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": nothing},
        },
        **fields,
    }
    if fields.get("records_while_polling"):
        retriever = {name: value for name, value in retriever.items() if not name.startswith("download_")}
    schema = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}
    stream = {"type": "DeclarativeStream", "name": "rows", "retriever": retriever, "schema_loader": schema}
    inputs = {"type": "object", "properties": {name: {"type": "string"} for name in INPUTS}}
    content = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["rows"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": inputs},
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda text: text.split(":")[0])
def test_a_fragment_is_right(fragment: str) -> None:
    fields = yaml.safe_load(fragment)
    assert [str(problem) for problem in load_connector(Document.parse(manifest(**fields))).problems] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_given(command: str) -> None:
    parse(shlex.split(command)[1:])


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line[3:].lower()).replace(" ", "-") for line in PAGE.splitlines() if line[:3] == "## "
    }
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        path, _, anchor = link.partition("#")
        assert not anchor or anchor in headings, link
        assert not path or (ROOT / "docs" / path).is_file(), link


def test_every_sample_with_a_job_is_in_the_table_or_among_those_beside_it() -> None:
    named = set(re.findall(r"sample_configs/(\w+)\.yaml", PAGE))
    simple = {"orders_paginated", "crm_tables", "sendgrid_contacts_gzip", "stripe_report_run"}
    assert {each.name for each in samples()} - simple == named
