"""Where the streams of a manifest stand: in its list of streams, or inside of what makes or chooses streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.manifest.document import Document
from core.manifest.problems import Path

STREAMS: Path = ("streams",)
TEMPLATES: Path = ("dynamic_streams",)
_TEMPLATE = "stream_template"
_BOTH = {"full_refresh_stream": "in full", "incremental_stream": "incremental"}


class PlaceKind(StrEnum):
    """What a stream is in its place, in words for people."""

    LISTED = ""
    CONDITIONAL = "if"
    FULL = "in full"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """The place of a stream: `path` leads to it, `around` to what stands in the manifest's list and holds it, which is
    the stream itself for most. `named` is where its name stands; where there are several places, the first one counts.
    """

    path: Path
    around: Path
    named: tuple[Path, ...]
    kind: PlaceKind = PlaceKind.LISTED

    @property
    def is_template(self) -> bool:
        """Whether streams are made from it."""
        return self.around[:1] == TEMPLATES

    @property
    def condition(self) -> Path | None:
        """What says for which inputs the stream is there, if something does."""
        return self.around if self.below[:1] == STREAMS else None

    @property
    def below(self) -> Path:
        """The way from what is around the stream to the stream."""
        return self.path[len(self.around) :]

    @property
    def chosen_by(self) -> Path | None:
        """What chooses between the stream and another, if something does."""
        return self.path[:-1] if self.kind in (PlaceKind.FULL, PlaceKind.INCREMENTAL) else None


def place_in(path: Path) -> StreamPlace:
    """The place of a stream that stands in a list by itself."""
    return StreamPlace(path, path, ((*path, "name"),))


LISTED = place_in((*STREAMS, 0))
"""The place of a stream that stands in the list of streams."""


def places(document: Document) -> Iterator[StreamPlace]:
    """The places of all streams, in the order of the manifest; those of templates come last."""
    for index, written in enumerate(_listed(document, STREAMS)):
        path = (*STREAMS, index)
        if written == "ConditionalStreams":
            for one, within in enumerate(_listed(document, (*path, "streams"))):
                for place in _chosen((*path, "streams", one), within):
                    kind = place.kind or PlaceKind.CONDITIONAL
                    yield replace(place, around=path, kind=kind)
        else:
            yield from _chosen(path, written)
    for index, _ in enumerate(_listed(document, TEMPLATES)):
        around = (*TEMPLATES, index)
        path = (*around, _TEMPLATE)
        for place in _chosen(path, _type(document, path)):
            yield replace(place, around=around, named=((*around, "name"),))


def _chosen(path: Path, written: Any) -> Iterator[StreamPlace]:
    """The place of a stream, or of the two of which one is chosen."""
    if written != "StateDelegatingStream":
        yield place_in(path)
        return
    named = ((*path, "name"), *((*path, key, "name") for key in _BOTH))
    for key, kind in _BOTH.items():
        yield StreamPlace((*path, key), path, named, PlaceKind(kind))


def _listed(document: Document, path: Path) -> list[Any]:
    """The types that are written in a list of components."""
    found = document.get(document.through_refs(path))
    return [_type(document, (*path, index)) for index in range(len(found))] if isinstance(found, list) else []


def _type(document: Document, path: Path) -> Any:
    written = document.get(document.through_refs(path))
    return written.get("type") if isinstance(written, Mapping) else None
