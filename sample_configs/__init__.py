"""Manifests that work, ready to read, to copy and to run against the demo API beside them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

_NAMES = (
    "sendgrid_contacts",
    "sendgrid_contacts_gzip",
    "stripe_report_run",
    "salesforce_bulk_query",
    "shopify_bulk_operation",
    "qualtrics_responses",
    "ads_report",
    "orders_paginated",
    "crm_tables",
    "snowflake",
    "bigquery",
    "marketo",
    "microsoft_ads",
    "amazon_sp_api",
    "braze",
    "iterable",
    "databricks",
    "github_migrations",
    "athena",
    "trino",
)
"""The simplest first; from the CRM on, each shows what another API does differently."""


@dataclass(frozen=True)
class Sample:
    """A manifest of this package: its file, the title of its inputs and the names of the streams that are written."""

    name: str
    title: str
    path: Path
    streams: tuple[str, ...]


SIMPLEST = _NAMES[0]


def names() -> tuple[str, ...]:
    """The names of all samples, the simplest first; reads none of them."""
    return _NAMES


def samples() -> list[Sample]:
    """All samples, the simplest first."""
    return [sample(name) for name in _NAMES]


def sample(name: str) -> Sample:
    """One sample by its name, e.g. `sendgrid_contacts`.

    Raises:
        KeyError: There is none of this name.

    """
    if name not in _NAMES:
        raise KeyError(f"there is no sample {name}; there are {', '.join(_NAMES)}")
    path = Path(str(resources.files(__name__) / f"{name}.yaml"))
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Sample(
        name=name,
        title=manifest["spec"]["connection_specification"]["title"],
        path=path,
        streams=tuple(stream["name"] for stream in manifest["streams"]),
    )
