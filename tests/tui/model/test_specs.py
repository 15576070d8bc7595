"""Every field of every component class has a specification that a form can be made of."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from core.components.async_retriever import AsyncRetriever
from core.components.authenticators import BearerAuthenticator
from core.components.http_requester import HttpRequester
from core.components.partition_routers import GroupingPartitionRouter, UnionPartitionRouter
from core.components.stream import DeclarativeStream
from core.components.transformations import AddFields
from core.connector.registry import component_types
from core.runtime.component import Component, Gives, Shown
from core.templates import Template
from tui.model.specs import FieldSpec, FormSpec, Kind, form_spec, type_choices


def field(component: type[Component], key: str) -> FieldSpec:
    found = form_spec(component).field(key)
    assert found is not None
    return found


@pytest.mark.parametrize("component", component_types().values(), ids=list(component_types()))
def test_every_field_of_every_component_has_a_title_and_help(component: type[Component]) -> None:
    forms: list[FormSpec] = [form_spec(component)]
    forms += [form_spec(field.group) for field in forms[0].fields if field.group]
    keys = {info.alias or name for name, info in component.model_fields.items()} - {"$parameters"}
    assert {field.key for field in forms[0].fields} == keys
    assert forms[0].label
    assert forms[0].help
    for spec in (field for form in forms for field in form.fields):
        assert spec.title, spec.key
        assert spec.help, spec.key
        if spec.kind in (Kind.COMPONENT, Kind.COMPONENTS, Kind.COMPONENT_MAP):
            assert all(choice.label and choice.help for choice in spec.types)
        if spec.kind is Kind.CHOICE:
            assert spec.options


@pytest.mark.parametrize(
    ("component", "key", "kind"),
    [
        ("HttpRequester", "url", Kind.TEXT),
        ("HttpRequester", "http_method", Kind.CHOICE),
        ("HttpRequester", "request_headers", Kind.PAIRS),
        ("HttpRequester", "request_body_json", Kind.JSON),
        ("HttpRequester", "use_cache", Kind.BOOLEAN),
        ("HttpRequester", "authenticator", Kind.COMPONENT),
        ("HttpRequester", "request_parameters", Kind.PAIRS),
        ("HttpRequester", "query_properties", Kind.COMPONENT),
        ("QueryProperties", "property_list", Kind.COMPONENT),
        ("GroupByKeyMergeStrategy", "key", Kind.PLAIN),
        ("ExcelDecoder", "sheet", Kind.PLAIN),
        ("ZipfileDecoder", "members", Kind.STRINGS),
        ("DeclarativeStream", "state_migrations", Kind.COMPONENTS),
        ("DeclarativeStream", "name", Kind.PLAIN),
        ("DeclarativeStream", "primary_key", Kind.PRIMARY_KEY),
        ("DeclarativeStream", "transformations", Kind.COMPONENTS),
        ("AsyncRetriever", "polling_job_timeout", Kind.NUMBER),
        ("AsyncRetriever", "status_mapping", Kind.STATUS_MAPPING),
        ("AsyncJobStatusMap", "completed", Kind.STRINGS),
        ("DpathExtractor", "field_path", Kind.FIELD_PATH),
        ("ParentFieldPath", "parent_path", Kind.FIELD_PATH),
        ("RecordExpander", "expand_records_from_field", Kind.FIELD_PATH),
        ("RemoveFields", "field_pointers", Kind.FIELD_PATHS),
        ("HttpResponseFilter", "http_codes", Kind.NUMBERS),
        ("HttpResponseFilter", "action", Kind.CHOICE),
        ("RecordSelector", "schema_normalization", Kind.CHOICE),
        ("RequestBodyGraphQL", "value", Kind.GRAPHQL),
        ("RequestBodyUrlEncodedForm", "value", Kind.PAIRS),
        ("DatetimeBasedCursor", "step", Kind.DURATION),
        ("DatetimeBasedCursor", "datetime_format", Kind.DATETIME_FORMAT),
        ("DatetimeBasedCursor", "start_datetime", Kind.COMPONENT),
        ("SelectiveAuthenticator", "authenticators", Kind.COMPONENT_MAP),
        ("JwtAuthenticator", "jwt_payload", Kind.GROUP),
        ("InlineSchemaLoader", "schema", Kind.SCHEMA),
        ("TypesMap", "current_type", Kind.PLAIN),
        ("TypesMap", "target_type", Kind.COMPONENT),
    ],
)
def test_the_kind_of_a_field_follows_from_its_type(component: str, key: str, kind: Kind) -> None:
    assert field(component_types()[component], key).kind is kind


def test_specifications_keep_the_declared_order() -> None:
    keys = [spec.key for spec in form_spec(HttpRequester).fields]
    assert keys[:4] == ["url", "http_method", "authenticator", "request_parameters"]


def test_secret_advanced_and_own_fields_are_marked() -> None:
    assert field(BearerAuthenticator, "api_token").secret
    assert field(HttpRequester, "use_cache").advanced
    assert field(AsyncRetriever, "polling_interval").ours
    assert not field(HttpRequester, "url").advanced


def test_a_number_may_be_written_as_a_template_and_has_its_unit_and_limits() -> None:
    timeout = field(AsyncRetriever, "polling_job_timeout")
    assert timeout.or_text
    assert timeout.unit == "minutes"
    assert field(AsyncRetriever, "polling_interval").limits == {"gt": 0}


def test_a_field_for_one_component_is_distinguished_from_a_list() -> None:
    assert field(AsyncRetriever, "partition_router").or_list
    assert not field(AsyncRetriever, "decoder").or_list


@pytest.mark.parametrize(
    ("owner", "key"),
    [(GroupingPartitionRouter, "underlying_partition_router"), (UnionPartitionRouter, "partition_routers")],
)
def test_only_routers_of_single_values_can_be_grouped_and_united(owner: type[Component], key: str) -> None:
    names = {choice.name for choice in field(owner, key).types}
    assert names == {"ListPartitionRouter", "SubstreamPartitionRouter", "UnionPartitionRouter"}


def test_the_variables_that_a_field_gives_are_known() -> None:
    gives = field(AsyncRetriever, "polling_requester").gives
    assert gives is not None
    assert "creation_response" in gives.names


def test_choices_are_named_for_people() -> None:
    labels = {choice.name: choice.label for choice in field(HttpRequester, "authenticator").types}
    assert labels["BearerAuthenticator"] == "Bearer"
    assert labels["BasicHttpAuthenticator"] == "Basic HTTP"
    assert labels["OAuthAuthenticator"] == "OAuth"
    bodies = {choice.label for choice in field(HttpRequester, "request_body").types}
    assert bodies == {"GraphQL", "JSON object", "Plain text", "URL encoded form"}


def test_types_that_airbyte_does_not_know_are_marked() -> None:
    extractors = {choice.name: choice.portable for choice in field(AsyncRetriever, "status_extractor").types}
    assert extractors["DpathExtractor"]
    assert not extractors["JsonPathExtractor"]


def test_defaults_are_plain_values() -> None:
    assert field(HttpRequester, "http_method").default == "GET"
    assert field(DeclarativeStream, "transformations").default == []
    assert field(component_types()["OAuthAuthenticator"], "grant_type").default == "refresh_token"


def test_a_new_class_has_its_form_without_further_ado() -> None:
    class Lighthouse(Component, role=True):
        """Shows the way. And more."""

        brightness: Annotated[float | Template | None, Shown(advanced=True)] = Field(
            None, le=9, title="Brightness", description="How bright it is."
        )
        keeper: Annotated[str, Gives("sea"), Shown(secret=True)] = Field(title="Keeper", description="Who keeps it.")

    form = form_spec(Lighthouse)
    assert form.help == "Shows the way."
    assert [(one.key, one.kind, one.required) for one in form.fields] == [
        ("brightness", Kind.NUMBER, False),
        ("keeper", Kind.PLAIN, True),
    ]


def test_choices_of_a_role_have_help() -> None:
    assert {choice.name for choice in type_choices((AddFields,))} == {"AddFields"}
