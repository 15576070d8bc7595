"""Where streams stand in a manifest: in its list, below a condition, as one of two, as a template."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tui.model.places import PlaceKind
from tui.model.session import BuilderSession

STREAM = """
  type: DeclarativeStream
  name: {name}
  retriever:
    type: SimpleRetriever
    requester: {{type: HttpRequester, url: "https://api.example.com/{name}"}}
    record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""


def stream(name: str, indent: int) -> str:
    """A stream that stands that deep in a list or mapping."""
    lines = dedent(STREAM.format(name=name)).strip("\n").splitlines()
    lines = dedent("\n".join(lines)).splitlines()
    return ("\n" + " " * indent).join(lines)


@pytest.fixture
def session() -> BuilderSession:
    return BuilderSession.from_text(
        f"""\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [plain, paid]}}
streams:
- {stream("plain", 2)}
- type: ConditionalStreams
  condition: "{{{{ config['plan'] == 'paid' }}}}"
  streams:
  - {stream("paid", 4)}
  - {stream("invoices", 4)}
- type: StateDelegatingStream
  name: orders
  full_refresh_stream:
    {stream("orders", 4)}
  incremental_stream:
    {stream("orders", 4)}
- {stream("last", 2)}
dynamic_streams:
- type: DynamicDeclarativeStream
  name: tables
  stream_template:
    {stream("table", 4)}
  components_resolver:
    type: ParametrizedComponentsResolver
    stream_parameters: {{type: StreamParametersDefinition, list_of_parameters_for_stream: [{{name: a}}]}}
    components_mapping: []
"""
    )


def kinds(session: BuilderSession) -> list[tuple[str, str]]:
    return [(one.name, "template" if one.place.is_template else one.place.kind) for one in session.streams.all()]


def test_every_stream_is_found_wherever_it_stands(session: BuilderSession) -> None:
    assert kinds(session) == [
        ("plain", PlaceKind.LISTED),
        ("paid", PlaceKind.CONDITIONAL),
        ("invoices", PlaceKind.CONDITIONAL),
        ("orders", PlaceKind.FULL),
        ("orders", PlaceKind.INCREMENTAL),
        ("last", PlaceKind.LISTED),
        ("tables", "template"),
    ]


def test_a_path_leads_to_the_stream_that_it_is_in(session: BuilderSession) -> None:
    at = session.streams.at
    assert at(("streams", 0, "name")) == 0
    assert at(("streams", 1, "streams", 1, "retriever", "requester")) == 2
    assert at(("streams", 1, "condition")) == 1
    assert at(("streams", 2, "api_retention_period")) == 3
    assert at(("streams", 2, "incremental_stream", "name")) == 4
    assert at(("streams", 3)) == 5
    assert at(("dynamic_streams", 0, "components_resolver")) == 6
    assert at(("streams", 9)) is None
    assert at(("streams",)) is None
    assert at(("check", "stream_names", 0)) is None


def test_the_tabs_of_each_show_its_own_fields(session: BuilderSession) -> None:
    for index in range(session.view.stream_count):
        url = next(entry for entry in session.tabs(index)[0] if entry.path[-1] == "url")
        name = session.value((*session.streams.path(index), "name"))
        path = (*session.streams.around(index), *url.path)
        assert session.value(path) == f"https://api.example.com/{name}"
        assert session.locate(path).stream == index


def test_what_is_around_a_stream_has_a_tab(session: BuilderSession) -> None:
    titles = [[tab.title for tab in session.tabs(index)][2:] for index in range(session.view.stream_count)]
    assert titles == [[], ["Condition"], ["Condition"], ["Choice"], ["Choice"], [], ["Template"]]
    session.set((*session.streams.around(1), "condition"), "{{ config['trial'] }}")
    assert session.locate(("streams", 1, "condition")).entry is not None
    session.set(("streams", 2, "api_retention_period"), "P30D")
    found = session.locate(("streams", 2, "api_retention_period")).entry
    assert found is not None
    assert found.title == "API Retention Period"


def test_a_stream_of_two_stands_below_a_condition(session: BuilderSession) -> None:
    session.write(("streams", 1, "streams", 1), session.value(("streams", 2)))
    assert [str(one.place.kind) for one in session.streams.all()][:5] == ["", "if", "in full", "incremental", "in full"]
    assert [tab.title for tab in session.tabs(3)][2:] == ["Choice", "Condition"]
    assert session.streams.deleted_with(2) == ("orders",)


def test_two_ways_of_a_stream_have_one_name(session: BuilderSession) -> None:
    session.streams.rename(4, "sales")
    assert [name for name, _ in kinds(session)][3:5] == ["sales", "sales"]
    assert session.value(("streams", 2, "full_refresh_stream", "name")) == "sales"
    assert session.value(("streams", 2, "incremental_stream", "name")) == "sales"


def test_the_last_stream_below_a_condition_takes_the_condition_with_it(session: BuilderSession) -> None:
    assert session.streams.deleted_with(1) == ()
    session.streams.delete(1)
    assert [name for name, _ in kinds(session)] == ["plain", "invoices", "orders", "orders", "last", "tables"]
    assert session.value(("check", "stream_names")) == ["plain"]
    session.streams.delete(1)
    assert "ConditionalStreams" not in session.text
    session.undo()
    session.undo()
    assert len(kinds(session)) == 7


def test_one_of_two_is_not_deleted_alone(session: BuilderSession) -> None:
    assert session.streams.deleted_with(3) == ("orders",)
    session.streams.delete(4)
    assert [name for name, _ in kinds(session)] == ["plain", "paid", "invoices", "last", "tables"]


def test_a_template_is_deleted_with_what_makes_streams_of_it(session: BuilderSession) -> None:
    session.streams.delete(6)
    assert "dynamic_streams" not in session.text
    assert "components_resolver" not in session.text


def test_streams_move_among_those_beside_them(session: BuilderSession) -> None:
    assert session.streams.move(1, 1) == 2
    assert [name for name, _ in kinds(session)][:3] == ["plain", "invoices", "paid"]
    assert session.streams.move(2, 1) is None
    assert session.streams.move(3, 1) == 4
    assert [name for name, _ in kinds(session)] == ["plain", "invoices", "paid", "last", "orders", "orders", "tables"]
    assert session.streams.move(6, 1) is None


@pytest.mark.parametrize("index", [1, 3, 6])
def test_a_copy_stands_in_the_list_of_streams(session: BuilderSession, index: int) -> None:
    name, url = session.streams.name(index), (*session.streams.path(index), "retriever", "requester", "url")
    written = session.value(url)
    path = session.streams.duplicate(index)
    assert path[0] == "streams"
    assert len(path) == 2
    assert session.value((*path, "name")) == f"{name}_2"
    assert session.value((*path, "retriever", "requester", "url")) == written


def test_a_new_stream_comes_before_the_templates(session: BuilderSession) -> None:
    path = session.streams.add("new")
    assert path == ("streams", 4)
    assert session.streams.at(path) == 6
    assert kinds(session)[-2:] == [("new", PlaceKind.LISTED), ("tables", "template")]


def test_a_change_around_a_stream_makes_its_test_stale(session: BuilderSession) -> None:
    before = session.streams.written(6)
    session.set(("dynamic_streams", 0, "components_resolver", "components_mapping"), [{"value": "x"}])
    assert session.streams.written(6) != before
