"""A source as it was asked for: its manifest, and its inputs as they were given and as they are used."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.connector import Connector, load_connector
from core.errors import ManifestError
from core.inputs import gather_inputs
from core.inputs.gathering import read_config
from core.protocols.custom_code import CHECKSUMS, COMPONENTS, custom_code
from core.protocols.errors import SourceError
from core.protocols.manifest import BUNDLED, INJECTED, find_manifest
from core.protocols.options import Request

_NO_INPUTS = (INJECTED, COMPONENTS, CHECKSUMS, "_limit", "_page_size")
"""Keys of a config that are Airbyte's own."""


@dataclass(frozen=True, slots=True)
class Source:
    """A connector; `given` is the config as it was given, less its migrations."""

    connector: Connector
    given: Mapping[str, Any]

    @classmethod
    def of(cls, request: Request) -> Source:
        """Raises `ManifestError`, `InputError` for a config that can't be read, and `SourceError`."""
        assert request.config is not None
        given = read_config(request.config)
        document = find_manifest(request.manifest, given)
        if document is None:
            raise SourceError(
                "There is no manifest: name it with --manifest-path or in the variable LONGHAUL_MANIFEST, or give it "
                f"as `{INJECTED}` in the config. There is none in {BUNDLED} either."
            )
        connector = load_connector(document)
        if connector.source is None or not connector.readable():
            raise ManifestError(connector.errors or connector.problems)
        return cls(connector.allowing(custom_code(connector, request.components, given)), given)

    def migrated(self) -> dict[str, Any]:
        """The config as it is to be given from now on: in today's shape. Raises `InputError`."""
        config = deepcopy(dict(self.given))
        if (rules := self.connector.input_rules) is not None and config:
            rules.migrate(config)
        return config

    def inputs(self) -> dict[str, Any]:
        """The inputs that a read is opened with. Raises `InputError`."""
        given = {name: value for name, value in self.given.items() if name not in _NO_INPUTS}
        connector = self.connector
        return gather_inputs(
            connector.connection_specification, given=given, rules=connector.input_rules, from_config=True
        )
