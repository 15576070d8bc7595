"""Fresh values are written as YAML that people would write, and that every YAML reader understands alike."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import yaml

from core.manifest.emit import Style, after_marker, block, flow, scalar

PLAIN = [
    "GET",
    "application/json",
    "https://api.example.com/v1",
    "a b",
    "it's",
    "a-b",
    "-a",
    "x#y",
    "12 apples",
    "$ref",
]
QUOTED = {
    "": '""',
    "on": '"on"',
    "No": '"No"',
    "y": '"y"',
    "null": '"null"',
    "~": '"~"',
    "012": '"012"',
    "0o17": '"0o17"',
    "1_000": '"1_000"',
    "1e3": '"1e3"',
    "1:30": '"1:30"',
    "1.0.0": '"1.0.0"',
    "2024-01-01": '"2024-01-01"',
    "=": '"="',
    "<<": '"<<"',
    "- a": '"- a"',
    "a: b": '"a: b"',
    "a #b": '"a #b"',
    "a:": '"a:"',
    " a": '" a"',
    "*a": '"*a"',
    "#/definitions/x": '"#/definitions/x"',
    "{{ config['x'] }}": "\"{{ config['x'] }}\"",
    '{{ config["x"] }}': "'{{ config[\"x\"] }}'",
    "%Y-%m-%d": '"%Y-%m-%d"',
    "- \\d+": "'- \\d+'",
    "a\tb": '"a\\tb"',
    "\x07\u2028\ufeff": '"\\u0007\\u2028\\ufeff"',
}


@pytest.mark.parametrize("text", PLAIN)
def test_text_is_plain_where_it_can_be(text: str) -> None:
    assert scalar(text) == text
    assert yaml.safe_load(f"k: {text}") == {"k": text}


@pytest.mark.parametrize(("text", "written"), QUOTED.items())
def test_text_is_quoted_where_it_would_mean_something_else(text: str, written: str) -> None:
    assert scalar(text) == written
    assert yaml.safe_load(f"k: {written}") == {"k": text}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -5,
        1.5,
        1e22,
        1e-7,
        float("inf"),
        b"\x00\xff",
        datetime.date(2024, 1, 2),
        datetime.datetime(2024, 1, 2, 3),
    ],
)
def test_other_values_read_back(value: Any) -> None:
    assert yaml.safe_load(f"k: {scalar(value)}") == {"k": value}


def test_text_of_many_lines_is_a_literal_block() -> None:
    assert after_marker("a\n\n b\n", 2, Style(), is_item=False) == (" |", ["    a", "", "     b"])
    assert after_marker("a\nb", 0, Style(step=4), is_item=False) == (" |-", ["    a", "    b"])
    assert after_marker(" a\nb", 0, Style(), is_item=False) == (' " a\\nb"', [])


def test_blocks_follow_the_style() -> None:
    value = {"a": [{"b": 1, "c": []}, [2]], "d": {"e": {}}}

    assert block(value, 0, Style(step=4, dash=0)) == ["a:", "- b: 1", "  c: []", "- - 2", "d:", "    e: {}"]
    assert block(value, 0, Style(step=2, dash=2))[:3] == ["a:", "  - b: 1", "    c: []"]


def test_flow_is_one_line_or_indented() -> None:
    value = {"a": ["x, y", None], "b": {}}

    assert flow(value, Style()) == '{a: ["x, y", null], b: {}}'
    assert flow(value, Style(as_json=True), 0) == '{\n  "a": [\n    "x, y",\n    null\n  ],\n  "b": {}\n}'
