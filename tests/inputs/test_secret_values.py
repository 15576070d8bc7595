"""Secrets are found wherever the specification marks them."""

from __future__ import annotations

from typing import Any

import pytest

from core.inputs import secret_values

SECRET = {"type": "string", "airbyte_secret": True}


@pytest.mark.parametrize(
    ("specification", "config", "found"),
    [
        ({"properties": {"a": SECRET, "b": {}}}, {"a": "x", "b": "y"}, ["x"]),
        ({"properties": {"a": {"properties": {"b": SECRET}}}}, {"a": {"b": "x", "c": "y"}}, ["x"]),
        (
            {"properties": {"a": {"oneOf": [{"properties": {"b": SECRET}}, {"properties": {"c": SECRET}}]}}},
            {"a": {"b": "x", "c": "y"}},
            ["x", "y"],
        ),
        ({"allOf": [{"anyOf": [{"properties": {"a": SECRET}}]}]}, {"a": "x"}, ["x"]),
        ({"properties": {"a": {"items": SECRET}}}, {"a": ["x", "y", "x"]}, ["x", "y"]),
        ({"properties": {"a": {"items": {"properties": {"b": SECRET}}}}}, {"a": [{"b": "x"}]}, ["x"]),
        (
            {"properties": {"a": {"airbyte_secret": True}}},
            {"a": {"pem": "x", "ids": [12345]}},
            ["x", "12345"],
        ),
        ({"properties": {"a": {"oneOf": [{"type": "integer"}, SECRET]}}}, {"a": "x"}, ["x"]),
        ({"properties": {"a": {"anyOf": [{"oneOf": [{"items": SECRET}]}]}}}, {"a": ["x"]}, ["x"]),
        ({"properties": {"a": SECRET}}, {"a": ""}, []),
        ({"properties": {"a": SECRET}}, {}, []),
        ({}, {"a": "x"}, []),
        ({"properties": "wrong"}, {"a": "x"}, []),
    ],
)
def test_secret_values(specification: dict[str, Any], config: dict[str, Any], found: list[str]) -> None:
    assert secret_values(specification, config) == found
