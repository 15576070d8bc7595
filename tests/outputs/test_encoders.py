"""Records become whole lines, whatever is in them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.outputs.encoders import Csv, JsonLines


def lines(*records: dict[Any, Any]) -> list[Any]:
    return [json.loads(line) for line in JsonLines().encode(records).decode().splitlines()]


def rows(encoder: Csv, *batches: list[dict[Any, Any]]) -> list[list[str]]:
    data = b"".join([encoder.encode(batch) for batch in batches])
    return list(csv.reader(io.StringIO((encoder.header() + data).decode(), newline="")))


def test_a_record_is_one_json_line_exactly_as_it_is() -> None:
    record = {"id": 1, "name": "Zoë\n", "tags": ["a"], "none": None, "deep": {"x": 1.5}}
    assert JsonLines().encode([record, {}]) == (
        '{"id":1,"name":"Zoë\\n","tags":["a"],"none":null,"deep":{"x":1.5}}\n{}\n'.encode()
    )


@pytest.mark.parametrize(
    ("odd", "written"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (2**80, 2**80),
        (Decimal("1.10"), 1.1),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"text", "text"),
        (b"\xff\xfe", "//4="),
        ({1}, [1]),
        ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}),
        ("\ud800", "\ud800"),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_values_that_json_does_not_know_are_written_too(odd: object, written: object) -> None:
    assert lines({"odd": odd, "more": [odd, 2**70]}) == [{"odd": written, "more": [written, 2**70]}]


def test_a_big_decimal_keeps_its_digits() -> None:
    assert JsonLines().encode([{"price": Decimal("12345678901234567890.12")}]) == (
        b'{"price":12345678901234567890.12}\n'
    )


def test_one_odd_record_does_not_touch_the_others_of_its_batch() -> None:
    assert lines({"id": 1}, {"id": 2**70}, {"id": 3}) == [{"id": 1}, {"id": 2**70}, {"id": 3}]


def test_a_very_deep_record_is_written() -> None:
    record: dict[str, Any] = {}
    for _ in range(5000):
        record = {"in": record}
    assert JsonLines().encode([record]) == b'{"in":' * 5000 + b"{}" + b"}" * 5000 + b"\n"


def test_csv_has_the_declared_columns_first_then_new_keys_as_they_come() -> None:
    found = rows(Csv(["id", "name"]), [{"name": "a", "z": 1, "id": 1}, {"y": 2, "id": 2}])
    assert found == [["id", "name", "z", "y"], ["1", "a", "1", ""], ["2", "", "", "2"]]


def test_csv_cells_are_text_that_can_be_read_back() -> None:
    record = {"a": 'x "y", z', "b": "two\nlines", "c": "old\rmac", "d": "é", "e": " "}
    assert rows(Csv(), [record]) == [list(record), list(record.values())]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (float("nan"), ""),
        ([1, "é"], '[1,"é"]'),
        ({"a": {"b": 2**70}}, f'{{"a":{{"b":{2**70}}}}}'),
        (date(2024, 1, 2), "2024-01-02"),
        (Decimal("1.10"), "1.10"),
        (2**70, str(2**70)),
        ("\ud800", "?"),
    ],
)
def test_csv_values(value: object, cell: str) -> None:
    assert rows(Csv(), [{"id": 1, "value": value}]) == [["id", "value"], ["1", cell]]


def test_csv_takes_keys_that_are_not_text() -> None:
    assert rows(Csv(), [{1: "a", "b": 2}]) == [["1", "b"], ["a", "2"]]


def test_csv_knows_when_rows_differ_in_length() -> None:
    encoder = Csv(["id"])
    encoder.encode([{"id": 1}])
    assert not encoder.uneven
    encoder.encode([{"id": 2, "new": 3}])
    assert encoder.uneven
