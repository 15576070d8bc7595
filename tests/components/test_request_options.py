from __future__ import annotations

from typing import Any

import pytest

from core.components.request_parts import RequestOption, RequestPath
from core.errors import ReadError
from core.http.request import RequestDraft
from tests.support.http_bench import build, build_with_problems

SCOPE = {"config": {"name": "since"}, "parameters": {}}


def injected(option: dict[str, Any], value: Any) -> RequestDraft:
    draft = RequestDraft()
    build({"type": "RequestOption", **option}, RequestOption).inject(draft, value, SCOPE)
    return draft


def test_a_value_becomes_a_query_parameter() -> None:
    assert injected({"inject_into": "request_parameter", "field_name": "page"}, 2).params == {"page": "2"}


def test_a_list_becomes_a_repeated_parameter() -> None:
    assert injected({"inject_into": "request_parameter", "field_name": "id"}, [1, 2]).params == {"id": ["1", "2"]}


def test_a_value_becomes_a_header() -> None:
    assert injected({"inject_into": "header", "field_name": "X-Page"}, 2).headers == {"X-Page": "2"}


def test_a_value_becomes_a_form_field() -> None:
    assert injected({"inject_into": "body_data", "field_name": "page"}, 2).form == {"page": "2"}


def test_a_value_keeps_its_type_in_a_json_body() -> None:
    assert injected({"inject_into": "body_json", "field_name": "page"}, 2).json == {"page": 2}


def test_a_field_path_reaches_into_a_json_body() -> None:
    option = {"inject_into": "body_json", "field_path": ["filter", "{{ config['name'] }}"]}
    assert injected(option, "2024").json == {"filter": {"since": "2024"}}


def test_a_field_name_may_be_a_template() -> None:
    option = {"inject_into": "header", "field_name": "X-{{ parameters['kind'] }}", "$parameters": {"kind": "Page"}}
    assert injected(option, 1).headers == {"X-Page": "1"}


def test_a_path_replaces_that_of_the_requester() -> None:
    draft = RequestDraft()
    build({"type": "RequestPath"}, RequestPath).inject(draft, "/next?page=2", SCOPE)
    assert draft.path == "/next?page=2"


def test_the_same_thing_twice_is_refused() -> None:
    draft = RequestDraft(params={"page": "1"})
    with pytest.raises(ReadError, match="query parameter `page` is set twice"):
        build(
            {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"}, RequestOption
        ).inject(draft, 2, SCOPE)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"inject_into": "header"}, "one of `field_name` and `field_path`"),
        ({"inject_into": "request_parameter", "field_name": ""}, "one of `field_name` and `field_path`"),
        ({"inject_into": "body_json", "field_name": "a", "field_path": ["b"]}, "one of `field_name` and `field_path`"),
        ({"inject_into": "header", "field_path": ["a"]}, "JSON bodies"),
    ],
)
def test_a_name_or_a_path_is_written_but_not_both(option: dict[str, Any], words: str) -> None:
    _, problems = build_with_problems({"type": "RequestOption", **option}, RequestOption)
    assert words in problems[0].message
