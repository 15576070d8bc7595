"""Wherever text can be written, a number can: it is taken as its text. (Airbyte refuses such a manifest.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.connector.building import TreeBuilder
from core.connector.registry import component_types
from core.runtime.component import Component, field_plans
from tests.support.paging_api import manifest
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

PAIRS: list[tuple[Any, Any]] = [("7", 7), (["7"], [7]), ([["7"]], [[7]])]
GROUPS = ["refresh_token_name", "access_token_config_path", "refresh_token_config_path", "refresh_token_error_values"]


def built(cls: type[Component], key: str, value: Any) -> tuple[list[str], Any]:
    """The errors at a field of a component with this value, and the value that it got."""
    builder = TreeBuilder()
    component = builder.build({"type": cls.__name__, key: value}, cls, (), frozenset())
    errors = [problem.message for problem in builder.problems if problem.path[:1] == (key,)]
    return errors, getattr(component, field_plans(cls)[key].name, None)


def text_fields() -> Iterator[tuple[type[Component], str]]:
    for cls in component_types().values():
        yield from ((cls, key) for key, plan in field_plans(cls).items() if plan.text)


@pytest.mark.parametrize(("cls", "key"), list(text_fields()), ids=lambda part: getattr(part, "__name__", part))
def test_numbers_are_taken_where_texts_are(cls: type[Component], key: str) -> None:
    taken = [(built(cls, key, text), built(cls, key, number)) for text, number in PAIRS]
    assert [with_number for with_text, with_number in taken if not with_text[0]] == [
        with_text for with_text, _ in taken if not with_text[0]
    ]


@pytest.mark.parametrize("key", GROUPS)
def test_in_a_group_of_fields_too(key: str) -> None:
    cls = component_types()["OAuthAuthenticator"]
    for text, number in PAIRS[:2]:
        with_text, with_number = (built(cls, "refresh_token_updater", {key: value}) for value in (text, number))
        assert len(with_number[0]) == len(with_text[0])


async def test_a_number_leads_into_a_list(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": [[{"n": 1}], [{"n": 2}]]}))
    told = await read_all(manifest(server, field_path="[items, 1]"))
    assert told.records == [{"n": 2}]
