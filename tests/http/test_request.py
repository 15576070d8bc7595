from __future__ import annotations

import httpx
import pytest

from core.errors import ReadError
from core.http.request import RequestDraft, join_url
from tests.support.oracle import Oracle


def drafted(**fields: object) -> RequestDraft:
    draft = RequestDraft(url="https://api.example.com/v1", source="the requester")
    for name, value in fields.items():
        setattr(draft, name, value)
    return draft


BASES = ["https://a.com", "https://a.com/", "https://a.com/v1", "https://a.com/v1/", "https://a.com/v1.0/x.json"]
PATHS = [
    *("items", "items/", "a/b", "/items?page=2", "?page=2", "items?page=2", "../v2/items", "./items", ".", "a b"),
    *("https://b.com/x?y=1", "//b.com/x", "", None, "items;v=1", "v1/files:export", "%2F", "a?u=https://b.com/"),
]


def test_a_path_is_joined_to_the_url_or_replaces_it_as_in_the_reference(oracle: Oracle) -> None:
    pairs = [(base, path) for base in BASES for path in PATHS]
    joined = oracle.ask("http_requests", "joined", pairs)
    assert {pair: join_url(*pair) for pair in pairs} == dict(zip(pairs, joined, strict=True))
    assert join_url("https://a.com/v1", "items") == "https://a.com/v1/items"


@pytest.mark.parametrize(
    ("url", "path", "here", "there"),
    [
        ("https://a.com/v1", "files:export", "https://a.com/v1/files:export", "files:export"),
        ("https://a.com/api?key=1", "items", "https://a.com/api/items?key=1", "https://a.com/items"),
        ("https://a.com/api?key=1", "items?n=2", "https://a.com/api/items?n=2&key=1", "https://a.com/items?n=2"),
        ("https://a.com/api?method=", "items", "https://a.com/api?method=items", "https://a.com/items"),
        ("https://a.com/api?", "n=2", "https://a.com/api?n=2", "https://a.com/n=2"),
    ],
)
def test_a_path_and_a_url_that_the_reference_can_not_join(
    oracle: Oracle, url: str, path: str, here: str, there: str
) -> None:
    assert join_url(url, path) == here
    assert oracle.ask("http_requests", "joined", [(url, path)]) == [there]


def test_parameters_go_into_the_url_and_lists_repeat_their_name() -> None:
    request = drafted(params={"q": "a b&c", "id": ["1", "2"]}).build()
    assert str(request.url) == "https://api.example.com/v1?q=a+b%26c&id=1&id=2"


def test_a_parameter_that_the_url_has_with_the_same_value_is_not_repeated() -> None:
    draft = drafted(url="https://api.example.com/v1?page=2&size=10#top", params={"page": "2", "size": "20"})
    assert str(draft.build().url) == "https://api.example.com/v1?page=2&size=10&size=20"


def test_a_json_body_is_sent_as_json() -> None:
    request = drafted(method="POST", json={"name": "Zoë", "n": 5}).build()
    assert request.content == '{"name":"Zoë","n":5}'.encode()
    assert request.headers["content-type"] == "application/json"


def test_a_form_is_url_encoded() -> None:
    request = drafted(method="POST", form={"a": "x y", "b": ["1", "2"]}).build()
    assert request.content == b"a=x+y&b=1&b=2"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_plain_text_is_sent_unchanged() -> None:
    request = drafted(method="POST", content='{"a": 1}').build()
    assert request.content == b'{"a": 1}'
    assert request.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_content_type_of_the_manifest_takes_precedence() -> None:
    request = drafted(method="POST", content="<a/>", headers={"content-type": "application/xml"}).build()
    assert request.headers.get_list("content-type") == ["application/xml"]


def test_a_get_request_can_have_a_body() -> None:
    assert drafted(json={"a": 1}).build().content == b'{"a":1}'


def test_an_empty_json_object_or_form_is_no_body() -> None:
    request = drafted(json={}, form={}).build()
    assert request.content == b""
    assert "content-type" not in request.headers


def test_two_kinds_of_body_are_refused() -> None:
    with pytest.raises(ReadError, match="two bodies: JSON and a form"):
        drafted(json={"a": 1}, form={"b": "2"}).build()


def test_white_space_around_header_values_is_dropped_and_line_breaks_are_refused() -> None:
    assert drafted(headers={"X-Key": " abc\n"}).build().headers["x-key"] == "abc"
    with pytest.raises(ReadError, match="header `X-Key` has a line break"):
        drafted(headers={"X-Key": "a\nb"}).build()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com/v1",
        "ftp://example.com/x",
        "https://exa mple.com:port/",
        "http://",
        "https:///x",
        "https://a b/",
    ],
)
def test_an_invalid_url_is_named(url: str) -> None:
    with pytest.raises(ReadError, match="URL"):
        drafted(url=url).build()


def test_two_parts_that_add_the_same_parameter_are_both_named() -> None:
    draft = drafted()
    draft.add_param("page", 1)
    extra = RequestDraft(source="the paginator")
    extra.add_param("page", 2)
    with pytest.raises(ReadError, match="query parameter `page` is set by the requester and by the paginator"):
        draft.merge(extra)


def test_headers_collide_whatever_their_case() -> None:
    draft = drafted()
    draft.add_header("Authorization", "a")
    draft.source = "the authenticator"
    with pytest.raises(ReadError, match="header `authorization` is set by the requester and by the authenticator"):
        draft.add_header("authorization", "b")


def test_form_fields_collide_even_with_equal_values() -> None:
    draft = drafted()
    draft.add_form("a", "1")
    with pytest.raises(ReadError, match="form field `a` is set twice by the requester"):
        draft.add_form("a", "1")


def test_json_bodies_with_different_or_equal_fields_are_merged() -> None:
    draft = drafted()
    draft.merge_json({"filter": {"from": 1}, "same": True})
    extra = RequestDraft()
    extra.add_json(["filter", "to"], 2)
    extra.add_json(["same"], True)
    draft.merge(extra)
    assert draft.json == {"filter": {"from": 1, "to": 2}, "same": True}


def test_json_bodies_that_contradict_each_other_are_refused() -> None:
    draft = drafted()
    draft.merge_json({"filter": {"from": 1}})
    extra = RequestDraft(source="the slice")
    extra.add_json(["filter", "from"], 2)
    with pytest.raises(ReadError, match=r"`filter\.from` is set by the requester and by the slice"):
        draft.merge(extra)


def test_merging_does_not_change_the_merged_draft() -> None:
    extra = RequestDraft(json={"a": {"b": 1}})
    draft = drafted()
    draft.merge(extra)
    draft.add_json(["a", "c"], 2)
    assert extra.json == {"a": {"b": 1}}


def test_the_path_of_a_paginator_is_used() -> None:
    draft, extra = drafted(), RequestDraft()
    extra.set_path("https://other.example.com/next")
    draft.merge(extra)
    assert draft.build().url == httpx.URL("https://other.example.com/next")


def test_a_copy_is_independent() -> None:
    draft = drafted(json={"a": 1})
    copied = draft.copy()
    copied.add_json(["b"], 2)
    copied.add_header("X", "1")
    assert draft.json == {"a": 1}
    assert draft.headers == {}
