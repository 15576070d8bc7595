"""Airbyte's interpolation of strings, booleans and mappings, its macros and its dates."""

from airbyte_cdk.sources.declarative.datetime.datetime_parser import DatetimeParser
from airbyte_cdk.sources.declarative.interpolation.interpolated_boolean import InterpolatedBoolean
from airbyte_cdk.sources.declarative.interpolation.interpolated_string import InterpolatedString
from airbyte_cdk.sources.declarative.requesters.request_options import (
    interpolated_nested_request_input_provider as nested_inputs,
)
from airbyte_cdk.sources.declarative.requesters.request_options import (
    interpolated_request_input_provider as inputs,
)
from jinja2.exceptions import UndefinedError


def _config_and_rest(context):
    rest = {key: value for key, value in context.items() if key not in {"config", "parameters"}}
    return context["config"], rest


def strings(templates, context):
    """For each template the repr of its value, or None where a value is looked up in something missing."""
    config, rest = _config_and_rest(context)
    answers = []
    for template in templates:
        string = InterpolatedString(template, parameters=context["parameters"])
        try:
            answers.append(repr(string.eval(config, **rest)))
        except UndefinedError:
            answers.append(None)
        except Exception as error:
            answers.append(f"raises {type(error).__name__}")
    return answers


def conditions(templates, context):
    config, rest = _config_and_rest(context)
    return [
        InterpolatedBoolean(template, parameters=context["parameters"]).eval(config, **rest) for template in templates
    ]


def decisions(templates, context):
    """For each condition whether it holds; "refused" where that can't be said."""
    answers = []
    for template in templates:
        try:
            answers += conditions([template], context)
        except Exception:
            answers.append("refused")
    return answers


def parameters(mapping, config):
    """The query parameters or form fields that a request gets from a mapping."""
    provider = inputs.InterpolatedRequestInputProvider(request_inputs=mapping, config=config, parameters={})
    return provider.eval_request_inputs(valid_key_types=(str,), valid_value_types=(str, list))


def bodies(mappings, config):
    """The JSON bodies that requests get from nested mappings."""
    return [
        nested_inputs.InterpolatedNestedRequestInputProvider(
            request_inputs=mapping, config=config, parameters={}
        ).eval_request_inputs()
        for mapping in mappings
    ]


def parsed_dates(cases):
    return [DatetimeParser().parse(value, format).isoformat() for value, format in cases]


def formatted_dates(cases):
    """Values that were parsed with the first format, in the second."""
    parser = DatetimeParser()
    return [parser.format(parser.parse(value, parse_format), format) for value, parse_format, format in cases]
