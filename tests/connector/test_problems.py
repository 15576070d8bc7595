"""What is wrong with a manifest is found when it is loaded: all of it, each thing at its place, in plain words."""

from __future__ import annotations

from textwrap import dedent

import pytest

from core.connector import Connector, load_connector, unsupported_in
from core.manifest.document import Document
from core.manifest.problems import Severity

MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [items]}
streams:
  - type: DeclarativeStream
    name: items
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: https://api.example.com/items
        http_method: GET
      record_selector:
        type: RecordSelector
        extractor: {type: DpathExtractor, field_path: [items]}
"""


def load(text: str) -> Connector:
    return load_connector(Document.parse(dedent(text), file="items.yaml"))


def test_a_good_manifest_has_no_problems() -> None:
    connector = load(MANIFEST)

    assert connector.usable
    assert connector.problems == ()
    assert connector.stream_names == ("items",)


@pytest.mark.parametrize("value", ["{}", "{limit: 3}", "''"])
def test_parameters_are_no_unknown_fields_of_what_they_are_handed_down_to(value: str) -> None:
    parameters = f"$parameters: {{request_parameters: {value}}}"
    assert load(MANIFEST.replace("name: items", f"name: items\n    {parameters}")).problems == ()


@pytest.mark.parametrize(
    ("change", "today"),
    [
        ("field_path: [items], field_pointer: [items]", "did you mean `field_path`?"),
        ("field_path: [items], $options: {a: b}", "did you mean `$parameters`?"),
        ("field_path: [\"{{ options['key'] }}\"]", "did you mean `parameters`?"),
        ("field_path: [items], stream_slicer: {}", "its dates are the stream's `incremental_sync`"),
    ],
)
def test_older_names_of_the_language_are_known(change: str, today: str) -> None:
    (problem,) = load(MANIFEST.replace("field_path: [items]", change)).problems
    assert (problem.hint or "").startswith(today)


def test_an_older_name_is_not_offered_where_today_s_does_not_belong() -> None:
    (problem,) = load(MANIFEST.replace("field_path: [items]", "field_path: [items], urls_extractor: {}")).problems
    assert problem.hint is None


@pytest.mark.parametrize(
    ("older", "today"),
    [
        ("urls_extractor: {type: DpathExtractor, field_path: [urls]}", "did you mean `download_target_extractor`?"),
        ("url_requester: {type: HttpRequester, url: x}", "did you mean `download_target_requester`?"),
        ("partition_router: {type: ListStreamSlicer}", "did you mean `ListPartitionRouter`?"),
        ("partition_router: {type: CartesianProductStreamSlicer}", "`partition_router` may be a list"),
        ("decoder: {type: GzipJsonDecoder}", "did you mean `GzipDecoder`?"),
    ],
)
def test_older_names_of_an_asynchronous_stream_are_known(older: str, today: str) -> None:
    text = MANIFEST.replace("type: SimpleRetriever", f"type: AsyncRetriever\n      {older}")
    hints = [problem.hint or "" for problem in load(text).problems]
    assert any(hint.startswith(today) for hint in hints), hints


@pytest.mark.parametrize(
    ("change", "line", "column", "said", "hint"),
    [
        (
            ("http_method: GET", "http_methd: GET"),
            12,
            9,
            "`http_methd` is not a field of HttpRequester",
            "`http_method`",
        ),
        (("http_method: GET", "http_method: FETCH"), 12, 9, "`http_method` must be 'GET'", None),
        (("type: RecordSelector", "type: RecordSelecter"), 14, 9, "`RecordSelecter`", "`RecordSelector`"),
        (
            ("type: SimpleRetriever", "type: HttpRequester"),
            8,
            7,
            "`HttpRequester` can't be used here",
            "SimpleRetriever",
        ),
        (
            ("field_path: [items]", "field_path: 3"),
            15,
            43,
            "`field_path` must be a list, but it is a whole number",
            None,
        ),
        (("        url: https", "        # url: https"), 9, 7, "has no `url`", None),
        (("/items\n", "/{{ confg['x'] }}\n"), 11, 9, "`confg`, which doesn't exist here", "`config`"),
        (("/items\n", "/{{ record['x'] }}\n"), 11, 9, "`record`", "known here: config"),
        (
            ("/items\n", "/{{Contact.Id}}\n"),
            11,
            9,
            "`Contact`, which doesn't exist here",
            "if the braces are text for the API, write {% raw %}{{Contact.Id}}{% endraw %}",
        ),
        (("/items\n", "/{{lead.First Name}}\n"), 11, 9, "stand between {% raw %} and {% endraw %}", None),
        (("/items\n", "/{{ config['x' }}\n"), 11, 9, "`url`", None),
        (("stream_names: [items]", "stream_names: [item]"), 3, 43, "no stream has that name", "`items`"),
        (("    name: items\n", ""), 5, 5, "no `name`", None),
    ],
)
def test_each_problem_names_its_place_what_is_wrong_and_what_may_help(
    change: tuple[str, str], line: int, column: int, said: str, hint: str | None
) -> None:
    problems = load(MANIFEST.replace(*change)).problems

    problem = next(problem for problem in problems if said in problem.message)
    assert problem.position is not None
    assert (problem.position.line, problem.position.column) == (line, column)
    assert hint is None or hint in (problem.hint or "")
    assert str(problem).startswith(f"items.yaml:{line}:{column}: ")


def test_braces_of_another_language_are_found_in_the_values_of_a_mapping() -> None:
    body = "request_body: {type: RequestBodyJsonObject, value: {a: 1, fields: {Id: '{{Activity.Field(Id)}}'}}}"
    text = MANIFEST.replace("        http_method: GET\n", f"        http_method: GET\n        {body}\n")

    hints = [problem.hint or "" for problem in load(text).problems]

    assert any("write {% raw %}{{Activity.Field(Id)}}{% endraw %}" in hint for hint in hints)
    raw = text.replace("'{{Activity.Field(Id)}}'", "'{% raw %}{{Activity.Field(Id)}}{% endraw %}'")
    assert load(raw).problems == ()


def test_all_problems_are_collected_in_the_order_of_the_file() -> None:
    text = MANIFEST.replace("http_method: GET", "http_method: FETCH").replace("field_path: [items]", "field_path: 3")

    lines = [problem.position.line for problem in load(text).problems if problem.position]

    assert lines == [12, 15]


def test_a_problem_inside_a_reference_points_to_where_it_is_written() -> None:
    text = MANIFEST.replace(
        "        type: HttpRequester\n        url: https://api.example.com/items\n        http_method: GET\n",
        '        $ref: "#/definitions/requester"\n',
    )
    text += """\
definitions:
  requester:
    type: HttpRequester
    url: https://api.example.com
    http_method: FETCH
"""

    (problem,) = load(text).problems

    assert problem.path == ("definitions", "requester", "http_method")
    assert problem.position is not None
    assert problem.position.line == 18


def test_two_streams_of_one_name_are_a_problem() -> None:
    text = MANIFEST + MANIFEST[MANIFEST.index("  - type: DeclarativeStream") :]

    (problem,) = load(text).problems

    assert "another stream is named `items` already" in problem.message


def test_a_component_of_an_unknown_type_where_only_one_can_be_is_an_error() -> None:
    connector = load(MANIFEST.replace("type: RecordSelector", "type: MySelector"))

    (problem,) = connector.problems
    assert not connector.usable
    assert problem.path[-2:] == ("record_selector", "type")


def test_a_missing_field_is_named_at_its_own_path() -> None:
    (problem,) = load(MANIFEST.replace(", field_path: [items]}", "}")).problems

    assert problem.message == "`field_path` is required by DpathExtractor"
    assert problem.path[-2:] == ("extractor", "field_path")


def test_a_status_in_two_buckets_is_a_problem() -> None:
    text = """\
    version: 7.0.0
    type: DeclarativeSource
    check: {type: CheckStream, stream_names: [jobs]}
    streams:
      - type: DeclarativeStream
        name: jobs
        retriever:
          type: AsyncRetriever
          status_mapping: {type: AsyncJobStatusMap, running: [a], completed: [b, a], failed: [], timeout: []}
          status_extractor: {type: DpathExtractor, field_path: [s]}
          creation_requester: {type: HttpRequester, url: "https://x.example"}
          polling_requester: {type: HttpRequester, url: "https://x.example/{{ creation_response['id'] }}"}
          download_requester: {type: HttpRequester, url: "https://x.example/{{ polling_response['file'] }}"}
          record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
    """

    (problem,) = load(text).problems

    assert "`a` is listed under `running` already" in problem.message
    assert problem.path[-3:] == ("status_mapping", "completed", 1)


@pytest.mark.parametrize(
    ("place", "visible"),
    [
        ("creation_requester", {"stream_slice"}),
        ("start_requester", {"stream_slice", "creation_response"}),
        ("polling_requester", {"stream_slice", "creation_response", "polling_response"}),
        ("download_target_requester", {"stream_slice", "creation_response", "polling_response"}),
        ("download_requester", {"stream_slice", "creation_response", "polling_response", "download_target"}),
        ("download_link_requester", {"stream_slice", "creation_response", "polling_response", "download_target"}),
        ("abort_requester", {"stream_slice", "creation_response", "polling_response"}),
    ],
)
def test_the_variables_of_a_job_are_known_from_the_phase_on_in_which_they_exist(place: str, visible: set[str]) -> None:
    wanted = ["stream_slice", "creation_response", "polling_response", "download_target"]
    use = "".join(f"{{{{ {name} }}}}" for name in wanted)
    requesters = dict.fromkeys(
        (
            "creation_requester",
            "start_requester",
            "polling_requester",
            "download_link_requester",
            "download_requester",
            "abort_requester",
            "download_target_requester",
        ),
        "https://x.example",
    )
    requesters[place] = f"https://x.example/{use}"
    text = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [jobs]}
streams:
  - type: DeclarativeStream
    name: jobs
    retriever:
      type: AsyncRetriever
      status_mapping: {type: AsyncJobStatusMap, running: [], completed: [b], failed: [], timeout: []}
      status_extractor: {type: DpathExtractor, field_path: [s]}
      download_target_extractor: {type: DpathExtractor, field_path: [u]}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
""" + "".join(f'      {name}: {{type: HttpRequester, url: "{url}"}}\n' for name, url in requesters.items())

    unknown = {name for name in wanted for problem in load(text).problems if f"`{name}`, which" in problem.message}

    assert unknown == set(wanted) - visible


def test_extra_fields_of_parents_are_variables_of_the_requester() -> None:
    text = MANIFEST.replace("/items\n", "/{{ owner_name }}\n").replace(
        "      record_selector:",
        """\
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - type: ParentStreamConfig
            parent_key: id
            partition_field: owner
            extra_fields: [[owner_name]]
            stream:
              type: DeclarativeStream
              name: owners
              retriever:
                type: SimpleRetriever
                requester: {type: HttpRequester, url: "https://api.example.com/owners"}
                record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
      record_selector:""",
    )

    assert load(text).problems == ()


IDS = "{type: ListPartitionRouter, values: [a, b], cursor_field: id}"
GROUPS = f"{{type: GroupingPartitionRouter, group_size: 2, underlying_partition_router: {IDS}}}"
UNION = "{type: UnionPartitionRouter, partition_field: id, partition_routers: [%s, %s]}"


def with_router(router: str) -> str:
    return MANIFEST.replace("      record_selector:", f"      partition_router: {router}\n      record_selector:")


@pytest.mark.parametrize(
    "router",
    [
        GROUPS,
        UNION % (IDS, IDS),
        UNION % (IDS, UNION % (IDS, IDS)),
        GROUPS.replace(IDS, UNION % (IDS, IDS)),
        f"[{GROUPS}, {UNION % (IDS, IDS)}]",
    ],
)
def test_routers_can_be_grouped_and_united(router: str) -> None:
    assert load(with_router(router)).problems == ()


@pytest.mark.parametrize(
    ("router", "place", "said"),
    [
        (GROUPS.replace("2", "0"), ("group_size",), "greater than or equal to 1"),
        (GROUPS.replace("group_size: 2, ", ""), ("group_size",), "`group_size` is required"),
        (GROUPS.replace(IDS, GROUPS), ("underlying_partition_router", "type"), "can't be used here"),
        (UNION % (IDS, GROUPS), ("partition_routers", 1, "type"), "can't be used here"),
        (UNION.replace(", %s]", "]") % IDS, ("partition_routers",), "at least two"),
    ],
)
def test_what_can_not_be_grouped_or_united_is_reported(router: str, place: tuple[str | int, ...], said: str) -> None:
    [problem] = load(with_router(router)).problems

    assert problem.path[4:] == place
    assert said in problem.message


def test_extra_fields_are_variables_through_groups_and_unions() -> None:
    owners = """\
{type: SubstreamPartitionRouter, parent_stream_configs: [{type: ParentStreamConfig, parent_key: id, \
partition_field: id, extra_fields: [[owner_name]], stream: {type: DeclarativeStream, name: owners, retriever: \
{type: SimpleRetriever, requester: {type: HttpRequester, url: "https://api.example.com/owners"}, record_selector: \
{type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}}}}]}"""
    router = GROUPS.replace(IDS, UNION % (IDS, owners))

    text = with_router(router).replace("/items\n", "/{{ owner_name }}/{{ parent_slice }}\n", 1)
    assert load(text).problems == ()


def test_a_custom_router_in_a_group_loads_and_is_named() -> None:
    connector = load(with_router(GROUPS.replace(IDS, "{type: CustomPartitionRouter, class_name: components.Mine}")))

    assert connector.usable
    assert unsupported_in(connector.stream("items")) == ("CustomPartitionRouter",)


def test_unknown_component_types_load_and_are_named() -> None:
    text = MANIFEST.replace(
        "      record_selector:",
        "      paginator: {type: CustomPaginator, class_name: components.Mine}\n      record_selector:",
    )

    connector = load(text)

    assert connector.usable
    (problem,) = connector.problems
    assert problem.severity is Severity.WARNING
    assert unsupported_in(connector.stream("items")) == ("CustomPaginator",)


def test_a_custom_error_handler_among_others_is_named() -> None:
    handler = "{type: CompositeErrorHandler, error_handlers: [{type: CustomErrorHandler, class_name: a.B}]}"
    url = "        url: https://api.example.com/items\n"
    connector = load(MANIFEST.replace(url, f"{url}        error_handler: {handler}\n"))

    assert [problem.severity for problem in connector.problems] == [Severity.WARNING]
    assert unsupported_in(connector.stream("items")) == ("CustomErrorHandler",)


def test_a_custom_pagination_strategy_may_have_a_page_size_of_its_own() -> None:
    strategy = "{type: CustomPaginationStrategy, class_name: source.Pages, page_size: 100}"
    option = "{type: RequestOption, inject_into: request_parameter, field_name: size}"
    paginator = f"{{type: DefaultPaginator, page_size_option: {option}, pagination_strategy: {strategy}}}"
    connector = load(
        MANIFEST.replace("      record_selector:", f"      paginator: {paginator}\n      record_selector:")
    )

    assert [problem.severity for problem in connector.problems] == [Severity.WARNING]
    assert unsupported_in(connector.stream("items")) == ("CustomPaginationStrategy",)


def test_the_legacy_spelling_of_url_and_body_loads() -> None:
    text = MANIFEST.replace(
        "        url: https://api.example.com/items\n",
        "        url_base: https://api.example.com\n        path: items\n        request_body_json: {a: 1}\n",
    )

    assert load(text).problems == ()


def test_a_manifest_of_nonsense_is_refused_without_an_exception() -> None:
    for text in ("a: 1", "streams: 3", "streams: [1, 2]", "streams: [{retriever: []}]", "type: Nonsense", "check: []"):
        connector = load(text)
        assert not connector.usable, text
        assert all(problem.message for problem in connector.problems)


def test_a_check_of_streams_made_from_templates_is_known() -> None:
    check = "check: {type: CheckDynamicStream, stream_count: 1, use_check_availability: false}"
    assert load(MANIFEST.replace("check: {type: CheckStream, stream_names: [items]}", check)).problems == ()
    without = load(
        MANIFEST.replace("check: {type: CheckStream, stream_names: [items]}", "check: {type: CheckDynamicStream}")
    )
    assert any("stream_count" in problem.message for problem in without.problems)
