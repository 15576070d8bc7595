"""Partitions of lists, of parent streams and of products, next to the reference."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from core.components.partition_routers import ListPartitionRouter, SubstreamPartitionRouter
from core.components.stream import DeclarativeStream
from core.errors import ReadError
from core.http.request import RequestDraft
from core.runtime.context import Context
from core.runtime.partitions import PartitionRouter, Partitions, extra_field_names
from core.runtime.slices import StreamSlice
from tests.support.oracle import Oracle
from tests.support.slicing import world

COLOURS = {"type": "ListPartitionRouter", "values": ["red", "0"], "cursor_field": "colour"}
SIZES = {"type": "ListPartitionRouter", "values": "{{ config['sizes'] }}", "cursor_field": "size"}
CONFIG = {"sizes": [1, "m"], "text": "red"}


def option(name: str, where: str = "request_parameter") -> dict[str, Any]:
    return {"type": "RequestOption", "inject_into": where, "field_name": name}


async def collect(*routers: PartitionRouter, read_parent: Any = None) -> list[StreamSlice]:
    context = world(CONFIG, read_parent=read_parent).context
    written = routers[0] if len(routers) == 1 else routers
    return [partition async for partition in Partitions(written, context).walk()]


@pytest.mark.parametrize("definitions", [[COLOURS], [SIZES], [COLOURS, SIZES], [SIZES, COLOURS, SIZES]])
async def test_lists_and_products_give_the_partitions_of_the_reference(
    oracle: Oracle, definitions: list[dict[str, Any]]
) -> None:
    routers = [ListPartitionRouter.model_validate(definition) for definition in definitions]

    found = [dict(partition.partition) for partition in await collect(*routers)]

    assert found == oracle.ask("slicing", "partitions", definitions, CONFIG)


async def test_of_two_routers_that_add_the_same_the_first_wins(oracle: Oracle) -> None:
    definitions = [
        {**COLOURS, "request_option": option("q")},
        {**COLOURS, "cursor_field": "other", "request_option": option("q")},
        {**COLOURS, "cursor_field": "third", "request_option": option("r")},
    ]
    partition = {"colour": "red", "other": "blue", "third": "green"}
    routers = [ListPartitionRouter.model_validate(definition) for definition in definitions]
    draft = RequestDraft()

    partitions, slice_ = Partitions(routers, world().context), StreamSlice(partition)
    partitions.fill(draft, slice_, {"config": {}}, await partitions.additions(slice_))

    assert draft.params == oracle.ask("slicing", "product_params", definitions, {}, partition)
    assert draft.params == {"q": "red", "r": "green"}


@pytest.mark.parametrize(("value", "sent"), [(0, {"q": "0"}), (False, {"q": "False"}), ("", {}), (None, {})])
def test_zero_is_a_value_that_is_sent(value: Any, sent: dict[str, str]) -> None:
    router = ListPartitionRouter.model_validate({**COLOURS, "request_option": option("q")})
    draft = RequestDraft()

    router.fill(draft, StreamSlice({"colour": value}), {"config": {}})

    assert draft.params == sent


async def test_a_text_is_not_a_list_of_letters() -> None:
    router = ListPartitionRouter.model_validate({**COLOURS, "values": "{{ config['text'] }}"})

    with pytest.raises(ReadError, match="must be a list"):
        await collect(router)


class Posts(DeclarativeStream, role=True):
    """A parent stream."""

    name: str = "posts"
    retriever: Any = None


POSTS: list[dict[str, Any]] = [
    {"id": 7, "meta": {"key": "a"}, "tags": [{"name": "x"}]},
    {"id": None, "meta": {"key": "b"}},
    {"title": "no id"},
    {"id": 0, "meta": None},
]


class Api:
    """Gives the posts, and counts those that were asked for."""

    def __init__(self) -> None:
        self.given = 0
        self.walks = 0

    async def read_parent(
        self, _stream: Posts, _context: Context
    ) -> AsyncIterator[tuple[StreamSlice, Mapping[str, Any]]]:
        self.walks += 1
        slice_ = StreamSlice({"blog": 1, "parent_slice": {}}, {"start_time": "2024"})
        for post in POSTS:
            self.given += 1
            yield slice_, post


def substream(**more: Any) -> SubstreamPartitionRouter:
    config = {"stream": Posts(), "parent_key": "id", "partition_field": "post", **more}
    return SubstreamPartitionRouter.model_validate({"parent_stream_configs": [config]})


async def test_each_parent_record_with_the_key_is_a_partition() -> None:
    partitions = await collect(substream(), read_parent=Api().read_parent)

    parent = {"blog": 1, "parent_slice": {}}
    assert [dict(partition) for partition in partitions] == [
        {"post": 7, "parent_slice": parent},
        {"post": 0, "parent_slice": parent},
    ]


async def test_keys_and_extra_fields_are_found_at_paths() -> None:
    router = substream(parent_key="meta/key", extra_fields=[["id"], ["tags", "0", "name"], ["meta", "none", "x"]])

    first, second = await collect(router, read_parent=Api().read_parent)

    assert [first["post"], second["post"]] == ["a", "b"]
    assert first.extra_fields == {"id": 7, "tags.0.name": "x", "meta.none.x": None}


async def test_parents_are_read_as_they_are_needed() -> None:
    api = Api()
    context = world(read_parent=api.read_parent).context

    partition = await anext(aiter(substream().walk(context, {})))

    assert (partition["post"], api.given) == (7, 1)


async def test_in_a_product_parents_are_read_once() -> None:
    api = Api()
    colours = ListPartitionRouter.model_validate(COLOURS)

    partitions = await collect(colours, substream(), read_parent=api.read_parent)

    assert [(part["colour"], part["post"]) for part in partitions] == [
        ("red", 7),
        ("red", 0),
        ("0", 7),
        ("0", 0),
    ]
    assert api.walks == 1


async def test_a_parent_value_is_put_into_requests() -> None:
    router = substream(request_option=option("X-Post", "header"))
    draft = RequestDraft()

    router.fill(draft, StreamSlice({"post": 0, "parent_slice": {}}), {"config": {}})

    assert draft.headers == {"X-Post": "0"}


def test_extra_field_names_are_known_from_what_is_written() -> None:
    router = {"parent_stream_configs": [{"extra_fields": [["a", "b"], ["c"]]}, {"extra_fields": None}]}

    assert extra_field_names(router) == {"a.b", "c"}
    assert extra_field_names([router, {"values": []}, "?"]) == {"a.b", "c"}
    assert extra_field_names(None) == frozenset()


def test_a_substream_needs_a_parent() -> None:
    [problem] = SubstreamPartitionRouter.model_validate({"parent_stream_configs": []}).lint()

    assert problem.path == ("parent_stream_configs",)
