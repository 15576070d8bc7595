"""Which streams are parents of others, and whose responses are worth keeping for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.components.simple_retriever import SimpleRetriever
from core.components.stream import ReadableStream, Stream
from core.runtime.partitions import routers_in


def parents(stream: ReadableStream) -> Iterator[ReadableStream]:
    """The streams whose records the partitions of a stream are made of."""
    for way in stream.ways:
        for router in routers_in(way.retriever.router):
            for config in router.parents:
                parent = getattr(config, "stream", None)
                if isinstance(parent, ReadableStream):
                    yield parent


def parent_requesters(streams: Iterable[Stream]) -> frozenset[bytes]:
    """The identities of the requesters of all parents, and of theirs: several children may ask them the same.

    Airbyte keeps the responses of parents as well, but for those of parents that only a parent has.
    """
    return frozenset(
        way.retriever.requester.identity
        for stream in streams
        if isinstance(stream, ReadableStream)
        for parent in _ancestors(stream)
        for way in parent.ways
        if isinstance(way.retriever, SimpleRetriever)
    )


def _ancestors(stream: ReadableStream) -> Iterator[ReadableStream]:
    for parent in parents(stream):
        yield parent
        yield from _ancestors(parent)
