"""Where the manifest of a source is, and what it says about the inputs. Loads no engine, so that `spec` is quick."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.environment import MANIFEST
from core.manifest.document import Document
from core.manifest.emit import Style, flow
from core.manifest.problems import ManifestError
from core.manifest.resolver import NO_STREAM, resolve_section
from core.protocols.errors import SourceError
from core.protocols.messages import without_nulls

INJECTED = "__injected_declarative_manifest"
BUNDLED = Path("/airbyte/integration_code/source_declarative_manifest/manifest.yaml")
"""Where the images of Airbyte's connectors have their manifest."""

_SCHEMA = "http://json-schema.org/draft-07/schema#"
_ANYTHING = {"$schema": _SCHEMA, "type": "object", "properties": {}, "additionalProperties": True}
_GENERIC = {
    "$schema": _SCHEMA,
    "title": "Manifest and its inputs",
    "type": "object",
    "required": [INJECTED],
    "additionalProperties": True,
    "properties": {
        INJECTED: {
            "title": "Manifest",
            "type": "object",
            "description": "The manifest that says what is read, and how; its inputs stand beside it.",
        }
    },
}
_NOT_SAID = ("type", "$parameters", "$options")
"""Keys of a component that are no part of what it says."""


def find_manifest(named: Path | None, config: Mapping[str, Any] | None = None) -> Document | None:
    """The manifest: the one that is named, in the environment, in the config, or bundled; None: there is none.

    Raises `ManifestError` for one that can't be read, `SourceError` for one in the config that is no object.
    """
    named = named or (Path(path) if (path := os.environ.get(MANIFEST)) else None)
    if named is not None:
        return Document.load(named)
    if config is not None and INJECTED in config:
        injected = config[INJECTED]
        if not isinstance(injected, Mapping):
            raise SourceError(f"`{INJECTED}` in the config must be the manifest, an object.")
        return Document.parse(flow(injected, Style()))
    return Document.load(BUNDLED) if BUNDLED.exists() else None


def specification(document: Document | None) -> dict[str, Any]:
    """What a source with this manifest says about its inputs; without one, that it needs one.

    Raises `ManifestError` when what is said about the inputs can't be read.
    """
    if document is None:
        return _complete({"connectionSpecification": _GENERIC})
    resolved = resolve_section(document.root, NO_STREAM)
    if faults := resolved.faults(("spec",)):
        raise ManifestError([problem for problem in resolved.problems if problem.path in faults])
    spec = resolved.tree.get("spec")
    if not isinstance(spec, Mapping):
        spec = {}
    inputs = spec.get("connection_specification")
    said: dict[str, Any] = {"connectionSpecification": without_nulls(inputs) if inputs else _ANYTHING}
    if isinstance(url := spec.get("documentation_url"), str):
        said["documentationUrl"] = url
    if isinstance(consent := spec.get("advanced_auth"), Mapping):
        said["advanced_auth"] = _consent(consent)
    return _complete(said)


def _complete(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "supportsNormalization": False, "supportsDBT": False}


def _consent(written: Mapping[str, Any]) -> dict[str, Any]:
    """How a platform obtains consent, in two components inside one another."""
    said = _plain(written)
    if isinstance(flow := said.get("oauth_config_specification"), Mapping):
        flow = said["oauth_config_specification"] = _plain(flow)
        if isinstance(inputs := flow.get("oauth_connector_input_specification"), Mapping):
            flow["oauth_connector_input_specification"] = {"scopes_join_strategy": "space", **_plain(inputs)}
    return said


def _plain(component: Mapping[str, Any]) -> dict[str, Any]:
    """What a component says."""
    return {key: value for key, value in without_nulls(component).items() if key not in _NOT_SAID}
