"""Another connector's manifest to take streams from: they come whole, with what they refer to and their inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import orjson

from core.errors import ManifestError
from core.units import size
from core.wording import one_line
from tui.importing.drafts import ImportRefused, InputDraft, Offer, StreamDraft, WholeManifest
from tui.importing.secret_names import is_secret_name
from tui.model.config_references import inputs_of
from tui.model.inputs import PROPERTIES, REQUIRED
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

_NAME_SHOWN = 60
_MOST_BYTES = 2_000_000
"""How much is added to a manifest at once: more would make it larger than manifests may be, and slow to edit."""
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
        drafts = []
        length = 0
        for index in chosen:
            draft = self._draft(index)
            length += len(orjson.dumps(draft.definition, default=str))
            if length > _MOST_BYTES:
                raise ImportRefused(
                    f"With all that they refer to, these are more than {size(_MOST_BYTES)}. Choose fewer streams, or "
                    f"open {self._manifest.title} as a connector of its own."
                )
            drafts.append(draft)
        return drafts

    def _draft(self, index: int) -> StreamDraft:
        stream = self._session.value(self._session.streams.path(index))
        definition = deepcopy(stream) if isinstance(stream, dict) else {}
        return StreamDraft(
            self._session.streams.name(index), definition, self._inputs(definition), self._manifest.notes
        )

    def _inputs(self, definition: dict[str, Any]) -> tuple[InputDraft, ...]:
        described = self._session.value(PROPERTIES)
        described = described if isinstance(described, Mapping) else {}
        required = self._session.value(REQUIRED)
        required = required if isinstance(required, list) else []
        return tuple(_input(key, described.get(key), required=key in required) for key in inputs_of(definition))


def _input(key: str, schema: Any, *, required: bool) -> InputDraft:
    """An input as it is described; where it is not, as one that is asked for."""
    if not isinstance(schema, Mapping):
        return InputDraft(key, secret=is_secret_name(key))
    secret = bool(schema.get("airbyte_secret"))
    default = deepcopy(schema.get("default"))
    return InputDraft(key, secret=secret, required=required, default=default, schema=deepcopy(dict(schema)))
