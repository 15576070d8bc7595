"""Where the streams of a manifest stand: in its list of streams, or inside of what makes streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.manifest.document import Document
from core.manifest.problems import Path


class PlaceKind(StrEnum):
    """What a stream is in its place; the values are words for people."""

    LISTED = ""
    CONDITIONAL = "if"
    FULL = "in full"
    INCREMENTAL = "incremental"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """The place of a stream: `path` leads to it, `around` to what stands in the manifest's list and holds it, which is
    the stream itself for most.
    """

    path: Path
    around: Path
    kind: PlaceKind = PlaceKind.LISTED

    @property
    def below(self) -> Path:
        """The way from what is around the stream to the stream."""
        return self.path[len(self.around) :]


def places(document: Document) -> Iterator[StreamPlace]:
    """The places of all streams, in the order of the manifest; those of templates come last."""
    for index, written in enumerate(_listed(document, ("streams",))):
        around: Path = ("streams", index)
        if written == "ConditionalStreams":
            count = len(_listed(document, (*around, "streams")))
            yield from (StreamPlace((*around, "streams", one), around, PlaceKind.CONDITIONAL) for one in range(count))
        else:
            yield from _chosen(around, (), written, PlaceKind.LISTED)
    for index, _ in enumerate(_listed(document, ("dynamic_streams",))):
        below: Path = ("stream_template",)
        around = ("dynamic_streams", index)
        yield from _chosen(around, below, _type(document, (*around, *below)), PlaceKind.TEMPLATE)


def _chosen(around: Path, below: Path, written: Any, kind: PlaceKind) -> Iterator[StreamPlace]:
    """The place of a stream, or of the two of which one is chosen."""
    path = (*around, *below)
    if written == "StateDelegatingStream":
        yield StreamPlace((*path, "full_refresh_stream"), around, PlaceKind.FULL)
        yield StreamPlace((*path, "incremental_stream"), around, PlaceKind.INCREMENTAL)
    else:
        yield StreamPlace(path, around, kind)


def _listed(document: Document, path: Path) -> list[Any]:
    """The types that are written in a list of components."""
    found = document.get(document.through_refs(path))
    return [_type(document, (*path, index)) for index in range(len(found))] if isinstance(found, list) else []


def _type(document: Document, path: Path) -> Any:
    written = document.get(document.through_refs(path))
    return written.get("type") if isinstance(written, Mapping) else None
