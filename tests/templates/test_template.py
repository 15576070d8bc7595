"""How templates are evaluated, what is known of them, and what their errors say."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from core.templates import Template, TemplateError, undeclared


def test_a_value_that_is_not_a_literal_is_its_text() -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    assert Template("{{ x }}").evaluate({"x": moment}) == "2024-01-01 00:00:00+00:00"
    assert Template("{{ x }}").evaluate({"x": float("nan")}) == "nan"
    assert Template("{{ x }}").evaluate({"x": [float("inf")]}) == "[inf]"


def test_a_list_or_dict_comes_back_as_a_copy() -> None:
    record = {"tags": ["a"]}
    for source in ("{{ record.tags }}", "{{ record['tags'] + [] }}", "['a']"):
        template = Template(source)
        template.evaluate({"record": record}).append("b")
        assert template.evaluate({"record": record}) == ["a"]
    assert record == {"tags": ["a"]}


def test_an_ellipsis_stays_text_where_the_reference_makes_an_unserializable_object() -> None:
    assert Template("...").evaluate({}) == "..."


def test_an_empty_result_or_a_lookup_in_something_missing_gives_the_default() -> None:
    context = {"config": {"empty": "", "none": None}}
    for source in ("{{ config.empty }}", "{{ config.missing }}", "{{ config.missing.deep }}", "", "{{ '' }}"):
        assert Template(source).evaluate_or(context, "default") == "default"
        assert Template(source).text_or(context, "default") == "default"
    assert Template("{{ config.none }}").evaluate_or(context, "default") is None


def test_text_is_not_read_as_a_literal() -> None:
    assert Template("{{ x }}").text({"x": 5}) == "5"
    assert Template("007 {{ x }}").text({"x": None}) == "007 None"
    assert Template("1_000").text({}) == "1_000"


def test_a_variable_takes_precedence_over_a_macro_of_the_same_name() -> None:
    assert Template("{{ duration }}").evaluate({"duration": 5}) == 5
    assert Template("{{ duration + 1 }}").evaluate({"duration": 5}) == 6


class Slice(Mapping[str, Any]):
    """A mapping that is no dict and has attributes, as slices do."""

    partition: ClassVar = {"id": 3}

    def __getitem__(self, key: str) -> Any:
        return {"id": 3, "start": "a"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("id", "start"))

    def __len__(self) -> int:
        return 2


def test_lookups_work_in_any_mapping_with_attributes() -> None:
    context = {"stream_slice": Slice()}
    assert Template("{{ stream_slice.partition.id }}").evaluate(context) == 3
    assert Template("{{ stream_slice['start'] }}").evaluate(context) == "a"
    assert Template("{{ stream_slice.start }}-{{ stream_slice.nothing }}").evaluate(context) == "a-"


def test_a_template_knows_its_variables() -> None:
    template = Template("{{ config.a }}{% for x in record.b %}{{ x ~ now_utc() }}{% endfor %}")
    assert template.variables == {"config", "record"}
    assert Template("{{ config.a }}/{{ record['b'] }}").variables == {"config", "record"}
    assert undeclared("{{ config.a ~ other }}", {"config"}) == {"other"}
    assert not template.constant
    assert Template("plain").constant


def test_templates_compare_by_their_text_and_survive_copying() -> None:
    template = Template("{{ a }}")
    assert template == Template("{{ a }}") != Template("{{ b }}")
    assert len({template, Template("{{ a }}")}) == 1
    assert copy.deepcopy(template) == pickle.loads(pickle.dumps(template)) == template
    with pytest.raises(AttributeError):
        template.source = "{{ b }}"


@pytest.mark.parametrize(
    "source",
    [
        "{{ x",
        "{% if x %}",
        "{{ x | nofilter }}",
        "{{ x is notest }}",
        "{{ }}",
        "{% unknown %}",
        "{{ 1 = 2 }}",
    ],
)
def test_a_syntax_error_is_reported_on_construction(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template("first line\n" + source)
    assert caught.value.line == 2
    assert ", line 2" in str(caught.value)
    assert caught.value.source.endswith(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ 1 + 'a' }}", "do not fit together"),
        ("{{ config.null > 3 }}", "do not fit together"),
        ("{{ nothing.x }}", "the variable “nothing” is not available here. Available: config, record"),
        ("{{ nothing | default(1) }}", "the variable “nothing” is not available"),
        ("{{ config[stream_state] }}", "use “stream_interval”"),
        (
            "{{ config.missing.deep }}",
            "“config.missing” is not there: “config” is an object without that key",
        ),
        ("{{ config.null.x.y ~ '' }}", "“config.null.x” is not there: “config.null” is null"),
        ("{{ config.missing + 1 }}", "“config.missing” is not there"),
        ("{% for x in [config] %}{{ x.gone.deep }}{% endfor %}", "“gone” is not there"),
        ("{{ 1 / 0 }}", "divides by zero"),
        ("{{ str_to_datetime(config.token) }}", "is not a date in ISO-8601 form"),
        ("{{ format_datetime(config.token, '%s', '%Y') }}", "does not fit the date format “%Y”"),
        ("{{ config.token | int(base=99) | hash('nope') }}", "cannot work with the value"),
        ("{{ {}[config.token].x }}", "is not there"),
        ("{{ [1] | map(config.token) | list }}", "cannot work with the value"),
        ("{{ [1] | map('nofilter') | list }}", "No filter named 'nofilter'."),
        ("{% include 'x' %}", "do not fit together"),
        ("{{ format_datetime(config.start, '%Y') }}", "“config.start” is not there"),
        ("{{ duration(config.start) }}", "“config.start” is not there"),
        ("{{ config.start | regex_search('(a)') }}", "“config.start” is not there"),
        ("{{ config.null | regex_search('(a)') }}", "goes with a text, not with NoneType"),
        ("{{ record.update(a=1) }}", "would change a value that it is given"),
    ],
)
def test_an_error_says_what_is_wrong_and_shows_no_value(source: str, words: str) -> None:
    context = {"config": {"token": "s3cret", "null": None}, "record": {}}
    with pytest.raises(TemplateError) as caught:
        Template(source).evaluate(context)
    assert words in str(caught.value)
    assert source in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_error_does_not_freeze_the_template() -> None:
    template = Template("{{ record.n + 1 }}")
    with pytest.raises(TemplateError):
        template.evaluate({"record": {"n": "text"}})
    assert template.evaluate({"record": {"n": 1}}) == 2
