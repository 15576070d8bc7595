"""Another connector's manifest to take streams from: they come whole, with what they refer to and their inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from core.errors import ManifestError
from core.wording import one_line
from tui.importing.drafts import ImportRefused, InputDraft, Offer, StreamDraft, WholeManifest
from tui.model.config_references import inputs_of
from tui.model.inputs import PROPERTIES, REQUIRED
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

_NAME_SHOWN = 60
_KINDS = {StreamKind.ASYNC: "Asynchronous Job", StreamKind.SYNC: "Synchronous Request", StreamKind.OTHER: ""}


class ManifestSource:
    """The streams of a manifest. Making one takes a second for a large manifest; raises ImportRefused."""

    def __init__(self, manifest: WholeManifest) -> None:
        self._manifest = manifest
        try:
            self._session = BuilderSession.from_text(manifest.text)
        except ManifestError as error:
            raise ImportRefused(f"{manifest.title} can't be read as a manifest: {error.problems[0].message}") from None

    @property
    def title(self) -> str:
        return f"Streams of {self._manifest.title}"

    def offers(self) -> list[Offer]:
        """The streams, in the order of the manifest."""
        streams = self._session.streams
        return [
            Offer(str(index), one_line(name, _NAME_SHOWN) or f"Stream {index + 1}", _KINDS[streams.kind(index)])
            for index, name in enumerate(streams.names())
        ]

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The chosen streams, references resolved and parameters filled in."""
        chosen = [index for index in range(self._session.view.stream_count) if str(index) in keys]
        return [self._draft(index) for index in chosen]

    def _draft(self, index: int) -> StreamDraft:
        stream = self._session.value(("streams", index))
        definition = deepcopy(stream) if isinstance(stream, dict) else {}
        return StreamDraft(
            self._session.streams.name(index), definition, self._inputs(definition), self._manifest.notes
        )

    def _inputs(self, definition: dict[str, Any]) -> tuple[InputDraft, ...]:
        described = self._session.value(PROPERTIES)
        described = described if isinstance(described, Mapping) else {}
        required = self._session.value(REQUIRED)
        required = required if isinstance(required, list) else []
        return tuple(
            InputDraft(
                key,
                secret=bool(schema.get("airbyte_secret")),
                required=key in required,
                default=schema.get("default"),
                schema=deepcopy(dict(schema)),
            )
            for key in inputs_of(definition)
            if isinstance(schema := described.get(key, {}), Mapping)
        )
