"""How pages follow each other, next to the reference, and what is sent for them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.components.paginators import CursorPagination, DefaultPaginator, NoPagination, OffsetIncrement, PageIncrement
from core.components.request_parts import RequestOption, RequestPath
from core.errors import ReadError
from core.http.request import RequestDraft
from core.runtime.context import Context
from core.runtime.pages import Page, Pages, PaginationStrategy
from tests.support.oracle import Oracle
from tests.support.slicing import world

STRATEGIES: dict[str, type[PaginationStrategy]] = {
    cls.__name__: cls for cls in (CursorPagination, OffsetIncrement, PageIncrement)
}
CONFIG = {"size": 2}


def start(strategy: dict[str, Any], context: Context | None = None, **more: Any) -> Pages:
    component = STRATEGIES[strategy["type"]].model_validate(strategy)
    return DefaultPaginator(pagination_strategy=component, **more).start(context or world(CONFIG).context)


def advance(pages: Pages, page: dict[str, Any]) -> bool:
    records = page["records"]
    response = httpx.Response(200, headers=page.get("headers", {}), json=page["body"])
    body = page["body"]
    first = (body[0] if body else {}) if isinstance(body, list) else body
    ends = (records[-1], records[0]) if records else (None, None)
    return pages.advance(Page(response, first, len(records), ends[0], len(records), first_record=ends[1]))


def tokens(strategy: dict[str, Any], pages: list[dict[str, Any]]) -> list[Any]:
    walk = start(strategy)
    asked = []
    for page in pages:
        asked.append(walk.token)
        if not advance(walk, page):
            return asked
    return [*asked, walk.token]


def page(count: int, body: Any = None, **headers: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"body": body or {}, "records": [{"id": index} for index in range(count)], "headers": names}


FULL_FULL_SHORT = [page(2), page(2), page(1)]
LINK = '<https://api.test/items?after=5>; rel="next", <https://api.test/items>; rel="first"'
CASES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"type": "PageIncrement", "page_size": 2}, FULL_FULL_SHORT),
    ({"type": "PageIncrement", "page_size": "{{ config['size'] }}", "start_from_page": 1}, FULL_FULL_SHORT),
    ({"type": "PageIncrement", "page_size": 2, "inject_on_first_request": True}, FULL_FULL_SHORT),
    ({"type": "PageIncrement"}, [page(2), page(1), page(0)]),
    ({"type": "PageIncrement", "page_size": 2}, [page(0)]),
    ({"type": "OffsetIncrement", "page_size": 2}, FULL_FULL_SHORT),
    ({"type": "OffsetIncrement", "page_size": "2", "inject_on_first_request": True}, FULL_FULL_SHORT),
    ({"type": "OffsetIncrement", "page_size": "{{ response['per'] or 2 }}"}, [page(3, {"per": 3}), page(2)]),
    ({"type": "OffsetIncrement"}, [page(3), page(2), page(0)]),
    ({"type": "CursorPagination", "cursor_value": "{{ response.next }}"}, [page(1, {"next": "a"}), page(1)]),
    (
        {"type": "CursorPagination", "cursor_value": "{{ response.next }}"},
        [page(1, {"next": 12}), page(0, {"next": 0})],
    ),
    (
        {
            "type": "CursorPagination",
            "cursor_value": "{{ last_record['id'] }}-{{ last_page_size }}",
            "stop_condition": "{{ last_page_size < page_size }}",
            "page_size": 2,
        },
        [page(2), page(1)],
    ),
    (
        {
            "type": "CursorPagination",
            "cursor_value": "x",
            "stop_condition": "{{ not response.meta.more }}",
        },
        [page(1, {"meta": {"more": True}}), page(1, {"meta": {"more": False}})],
    ),
    (
        {"type": "CursorPagination", "cursor_value": "{{ headers['link']['next']['url'] }}"},
        [page(1, link=LINK)],
    ),
    ({"type": "CursorPagination", "cursor_value": "{{ headers.link.next.url }}"}, [page(1, link=LINK)]),
    ({"type": "CursorPagination", "cursor_value": "{{ headers['X-Next'] }}"}, [page(1, X_Next="b"), page(1)]),
    (
        {"type": "CursorPagination", "cursor_value": "{{ response.cursor }}"},
        [page(1, [{"cursor": "of the first item"}]), page(0, [])],
    ),
]


@pytest.mark.parametrize(("strategy", "pages"), CASES, ids=range(len(CASES)))
def test_tokens_are_those_of_the_reference(
    oracle: Oracle, strategy: dict[str, Any], pages: list[dict[str, Any]]
) -> None:
    assert tokens(strategy, pages) == oracle.ask("slicing", "tokens", strategy, CONFIG, pages)


def test_header_names_may_be_written_in_any_case() -> None:
    strategy = {"type": "CursorPagination", "cursor_value": "{{ headers['x-next'] }}{{ headers.get('X-NEXT') }}"}

    assert tokens(strategy, [page(1, X_Next="b")]) == [None, "bb"]


def test_slice_and_config_are_known_to_the_token() -> None:
    context = world(CONFIG).context.with_variables(stream_slice={"id": 3})
    strategy = {"type": "CursorPagination", "cursor_value": "{{ stream_slice.id }}-{{ config.size }}"}
    pages = start(strategy, context)

    assert advance(pages, page(1))
    assert pages.token == "3-2"


def test_size_and_token_are_put_into_requests_the_size_always() -> None:
    pages = start(
        {"type": "PageIncrement", "page_size": 2},
        page_size_option=RequestOption(inject_into="request_parameter", field_name="per_page"),
        page_token_option=RequestOption(inject_into="body_json", field_path=["paging", "page"]),
    )
    first, second = RequestDraft(), RequestDraft()
    pages.fill(first, {"config": CONFIG})
    advance(pages, page(2))
    pages.fill(second, {"config": CONFIG})

    assert (first.params, first.json) == ({"per_page": "2"}, None)
    assert (second.params, second.json) == ({"per_page": "2"}, {"paging": {"page": 1}})


def test_the_first_number_is_sent_when_it_is_zero() -> None:
    pages = start(
        {"type": "PageIncrement", "inject_on_first_request": True},
        page_token_option=RequestOption(inject_into="request_parameter", field_name="page"),
    )
    draft = RequestDraft()
    pages.fill(draft, {"config": CONFIG})

    assert draft.params == {"page": "0"}


def test_a_token_can_be_the_path_of_the_next_request() -> None:
    pages = start({"type": "CursorPagination", "cursor_value": "{{ response.next }}"}, page_token_option=RequestPath())
    first, second = RequestDraft(), RequestDraft()
    pages.fill(first, {"config": CONFIG})
    advance(pages, page(1, {"next": "/items?page=2"}))
    pages.fill(second, {"config": CONFIG})

    assert (first.path, second.path) == (None, "/items?page=2")


def test_an_api_that_gives_the_same_page_for_ever_is_found_out() -> None:
    pages = start({"type": "CursorPagination", "cursor_value": "{{ response.next }}"})
    same = page(1, {"next": "a", "items": [1]})

    assert advance(pages, same)
    assert advance(pages, same)
    with pytest.raises(ReadError, match="makes no progress"):
        advance(pages, same)


def test_a_token_without_an_option_may_be_sent_by_templates() -> None:
    pages = start({"type": "OffsetIncrement", "page_size": 1}, page_token_option=None)
    same = page(1, {"items": [1]})

    with pytest.raises(ReadError, match=r"whatever the token, which templates may send \(`next_page_token`\), said"):
        for _ in range(1_100):
            advance(pages, same)


def test_a_token_that_stays_the_same_while_the_pages_change_is_fine() -> None:
    pages = start({"type": "CursorPagination", "cursor_value": "{{ response.scroll }}"})

    assert all(advance(pages, page(1, {"scroll": "s", "items": [index]})) for index in range(5))


@pytest.mark.parametrize("where", ["request_parameter", "body_json"])
def test_a_page_size_in_the_place_of_the_token_is_refused(where: str) -> None:
    def problems(token: str, size: str) -> list[str]:
        options = [RequestOption.model_validate({"inject_into": where, "field_name": name}) for name in (token, size)]
        strategy = OffsetIncrement.model_validate({"page_size": 5})
        paginator = DefaultPaginator(
            pagination_strategy=strategy, page_token_option=options[0], page_size_option=options[1]
        )
        return [problem.message for problem in paginator.lint()]

    assert problems("offset", "limit") == []
    assert "put their values in the same place" in problems("offset", "offset")[0]


BY_PARAMETER = "{{ parameters['n'] }}"
BY_INPUT = "{{ config[parameters['n']] }}"


def named(name: str, **parameters: str) -> dict[str, Any]:
    return {"inject_into": "body_json", "field_name": name, "$parameters": parameters}


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ((named(BY_PARAMETER, n="offset"), named(BY_PARAMETER, n="limit")), False),
        ((named(BY_PARAMETER, n="offset"), named(BY_PARAMETER, n="offset")), True),
        ((named(BY_PARAMETER, n="offset"), named("offset")), True),
        ((named("{{ 'off' + 'set' }}"), named("offset")), True),
        ((named("a"), {"inject_into": "body_json", "field_path": ["a"]}), True),
        ((named("a"), {"inject_into": "body_json", "field_path": ["a", "b"]}), False),
        ((named(BY_INPUT, n="offset"), named(BY_INPUT, n="limit")), False),
        ((named(BY_INPUT, n="offset"), named(BY_INPUT, n="offset")), True),
        ((named(BY_INPUT, n="offset"), named("offset")), False),
        ((named("{{ parameters['n']['m'] }}"), named("offset")), False),
    ],
)
def test_parameters_tell_the_place_of_an_option(options: tuple[dict[str, Any], dict[str, Any]], same: bool) -> None:
    one, other = map(RequestOption.model_validate, options)
    assert one.is_where(other) is same
    assert other.is_where(one) is same


def test_a_page_size_that_is_no_number_is_explained() -> None:
    pages = start({"type": "PageIncrement", "page_size": "{{ config['unknown'] }} pages"})

    with pytest.raises(ReadError, match="must give a whole number"):
        advance(pages, page(1))


def test_looking_into_what_is_not_there_is_explained() -> None:
    pages = start({"type": "CursorPagination", "cursor_value": "{{ response.meta.next }}"})

    with pytest.raises(ReadError, match="meta"):
        advance(pages, page(1))


def test_without_pagination_there_is_one_page() -> None:
    pages = NoPagination().start(world().context)
    draft = RequestDraft()
    pages.fill(draft, {})

    assert draft == RequestDraft()
    assert not advance(pages, page(100))


def test_a_size_option_needs_a_size() -> None:
    option = RequestOption(inject_into="request_parameter", field_name="n")
    without = DefaultPaginator(pagination_strategy=PageIncrement(), page_size_option=option)

    assert [problem.path for problem in without.lint()] == [("page_size_option",)]
    with_size = PageIncrement.model_validate({"page_size": 5})
    assert DefaultPaginator(pagination_strategy=with_size, page_size_option=option).lint() == []


def test_a_condition_can_compare_with_the_page_size_only_when_there_is_one() -> None:
    strategy = {"cursor_value": "x", "stop_condition": "{{ last_page_size < page_size }}"}

    [problem] = CursorPagination.model_validate(strategy).lint()
    assert problem.path == ("stop_condition",)
    assert CursorPagination.model_validate({**strategy, "page_size": 3}).lint() == []


def walk(strategy: dict[str, Any], answers: list[dict[str, Any]], **more: Any) -> Pages:
    pages = start(strategy, **more)
    for answer in answers:
        if not advance(pages, answer):
            break
    return pages


OFFSET = RequestOption(inject_into="request_parameter", field_name="skip")


@pytest.mark.parametrize("kind", ["OffsetIncrement", "PageIncrement"])
def test_an_api_that_does_not_know_the_parameter_is_found_out(kind: str) -> None:
    words = "3 times in a row the API returned the same page, whatever the query parameter `skip` said"
    with pytest.raises(ReadError, match=words):
        walk({"type": kind}, [page(2, {"items": [1, 2]})] * 3, page_token_option=OFFSET)


def test_one_record_again_and_again_takes_longer_to_be_sure_of() -> None:
    walk({"type": "OffsetIncrement"}, [page(1)] * 19, page_token_option=OFFSET)
    with pytest.raises(ReadError, match="20 times in a row"):
        walk({"type": "OffsetIncrement"}, [page(1)] * 20, page_token_option=OFFSET)


def test_the_same_records_in_bodies_that_differ_are_found_out() -> None:
    with pytest.raises(ReadError, match="5 times in a row"):
        walk({"type": "PageIncrement"}, [page(2, {"request_id": n}) for n in range(5)], page_token_option=OFFSET)


def test_pages_of_records_that_are_all_alike_may_be_alike() -> None:
    alike = {**page(2, {"items": [0, 0]}), "records": [{"n": 0}, {"n": 0}]}
    assert walk({"type": "OffsetIncrement"}, [alike] * 50, page_token_option=OFFSET).token == 100


def test_a_full_page_twice_and_then_another_is_no_fault() -> None:
    answers = [page(2, {"items": [1]})] * 2 + [page(2, {"items": [2]}), page(0)]
    answers[2]["records"] = [{"id": 7}, {"id": 8}]
    assert walk({"type": "OffsetIncrement"}, answers, page_token_option=OFFSET).token == 6


def test_tokens_that_go_in_circles_are_found_out() -> None:
    a, b = page(1, {"next": "a", "of": "b"}), page(1, {"next": "b", "of": "a"})
    with pytest.raises(ReadError, match="returned before, and the same token"):
        walk({"type": "CursorPagination", "cursor_value": "{{ response.next }}"}, [a, b] * 3)


def test_a_next_url_that_names_itself_is_found_out() -> None:
    itself = page(1, {"next": "/items?page=2"})
    strategy = {"type": "CursorPagination", "cursor_value": "{{ response.next }}"}
    with pytest.raises(ReadError, match="Check the path of the request"):
        walk(strategy, [itself] * 3, page_token_option=RequestPath())


def test_many_empty_pages_in_a_row_are_reported() -> None:
    made = world(CONFIG)
    pages = start({"type": "CursorPagination", "cursor_value": "{{ response.next }}"}, made.context)
    assert all(advance(pages, page(0, {"next": number})) for number in range(1, 151))
    told = [event for event in made.events if "pages in a row have had no records" in str(event)]
    assert len(told) == 1


@pytest.mark.parametrize(("strategy", "expected"), [("PageIncrement", [None, 1, 2]), ("OffsetIncrement", [None, 2, 3])])
def test_a_page_that_is_not_full_need_not_be_the_last(strategy: str, expected: list[int | None]) -> None:
    pages = [page(2), page(1), page(0)]
    assert tokens({"type": strategy, "page_size": 2, "stop_on": "empty_page"}, pages) == expected
    assert tokens({"type": strategy, "page_size": 2}, pages) == expected[:2]


def test_an_api_that_repeats_its_last_page_is_noticed_where_only_an_empty_page_ends_the_walk() -> None:
    short = page(1, {"items": [0], "page": 7})
    walked = start({"type": "PageIncrement", "page_size": 2, "stop_on": "empty_page"})
    with pytest.raises(ReadError, match="makes no progress"):
        for _ in range(30):
            assert advance(walked, short)


def test_a_page_of_equal_records_is_not_repeated_for_ever() -> None:
    alike = {**page(2, {"items": [0, 0]}), "records": [{"n": 0}, {"n": 0}]}
    walked = start({"type": "OffsetIncrement"})
    with pytest.raises(ReadError, match="1000 times in a row"):
        for _ in range(1_100):
            assert advance(walked, alike)
