"""Records become tables: typed where every value is exactly of the type, as text with a warning where one is not."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from core.decoding.chunks import Lines
from core.decoding.csv_rows import Rows, rows_of
from core.http.secrets import Secrets
from core.outputs.durable import OutputError
from core.outputs.tables.batches import Tables
from core.outputs.tables.frames import whole
from core.outputs.tables.schema import arrow_schema

INSTANT = {"type": ["null", "string"], "format": "date-time"}
CONTACTS = {
    "properties": {
        "id": {"type": "integer"},
        "score": {"type": ["null", "number"]},
        "active": {"type": "boolean"},
        "created": INSTANT,
        "met": INSTANT | {"airbyte_type": "timestamp_without_timezone"},
        "born": {"type": "string", "format": "date"},
        "name": {"type": "string"},
        "address": {"type": "object", "properties": {"zip": {"type": "string"}, "floor": {"type": "integer"}}},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
}
UTC = datetime.UTC


class Spoken:
    """Tables of one stream, and what they warned of."""

    def __init__(self, *properties: tuple[str, Any], **options: Any) -> None:
        self.warnings: list[str] = []
        options.setdefault("json_schema", {"properties": dict(properties)})
        self.tables = Tables(warn=self.warnings.append, **options)

    def rows(self, *records: Mapping[Any, Any]) -> list[dict[str, Any]]:
        return self.read(self.tables.encode(records))

    def read(self, data: bytes) -> list[dict[str, Any]]:
        table = self.tables.table(data)
        assert table.schema == self.tables.schema
        table.validate(full=True)
        return [dict(zip(table.column_names, row.values(), strict=True)) for row in table.to_pylist()]

    def type(self, name: str) -> Any:
        return self.tables.schema.field(name).type


def of_type(type_: str, **more: Any) -> Spoken:
    return Spoken(("x", {"type": ["null", type_], **more}))


def test_the_declared_schema_gives_the_types() -> None:
    record = {
        "id": 1,
        "score": 2,
        "active": True,
        "created": "2026-01-02T03:04:05.678+02:00",
        "met": "2026-01-02T03:04:05",
        "born": "2000-02-29",
        "name": "",
        "address": {"zip": "01234", "floor": 3},
        "tags": ["a", None],
    }
    typed = {
        "id": 1,
        "score": 2.0,
        "active": True,
        "created": datetime.datetime(2026, 1, 2, 1, 4, 5, 678_000, UTC),
        "met": datetime.datetime(2026, 1, 2, 3, 4, 5),
        "born": datetime.date(2000, 2, 29),
        "name": "",
    }
    spoken = Spoken(json_schema=CONTACTS)
    assert spoken.rows(record, {}) == [
        typed | {"address": '{"zip":"01234","floor":3}', "tags": '["a",null]'},
        dict.fromkeys(record),
    ]
    spoken = Spoken(json_schema=CONTACTS, nested="struct")
    assert spoken.rows(record) == [typed | {"address": {"zip": "01234", "floor": 3}, "tags": ["a", None]}]
    assert spoken.warnings == []
    assert spoken.tables.schema == arrow_schema(CONTACTS, nested="struct")


def test_what_may_be_of_several_types_is_text() -> None:
    properties = {
        "both": {"type": ["integer", "string"]},
        "any": {},
        "nothing": {"type": "null"},
        "number": {"type": ["integer", "number", "null"]},
        "same": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        "odd": {"type": 5},
        "items": {"type": "array"},
        "open": {"type": "object", "additionalProperties": True},
    }
    schema = arrow_schema({"properties": properties}, nested="struct")
    types = dict(zip(schema.names, schema.types, strict=True))
    assert types.pop("number") == pa.float64()
    assert types.pop("same") == pa.int64()
    assert set(types.values()) == {pa.string()}
    assert len(arrow_schema({})) == len(arrow_schema({"properties": None})) == 0


def test_without_a_schema_types_are_detected_and_widen() -> None:
    spoken = Spoken()
    assert spoken.rows({"n": 1, "b": True, "t": "2026-01-01", "z": None}) == [{"n": 1, "b": True, "t": "2026-01-01"}]
    assert spoken.tables.only_nulls == ["z"]
    assert spoken.rows({"n": 1.5, "z": 0.5}) == [{"n": 1.5, "b": None, "t": None, "z": 0.5}]
    assert spoken.rows({"n": 2, "new": [1]}) == [{"n": 2.0, "b": None, "t": None, "z": None, "new": "[1]"}]
    assert spoken.tables.schema.types == [pa.float64(), pa.bool_(), pa.string(), pa.float64(), pa.string()]
    assert spoken.warnings == []


def test_large_integers_do_not_become_floats() -> None:
    spoken = Spoken()
    spoken.rows({"n": 2**60 + 1})
    assert spoken.rows({"n": 0.5}) == [{"n": "0.5"}]
    assert len(spoken.warnings) == 1


@pytest.mark.parametrize(
    ("declared", "values", "expected"),
    [
        ({"type": "integer"}, ["42", 7, "2.0"], [42, 7, 2]),
        ({"type": "number"}, ["1.50", 2, 1e300, "0.30000000000000004", -0.0], [1.5, 2, 1e300, 0.1 + 0.2, 0]),
        ({"type": "number"}, [float("nan"), float("inf")], [None, None]),
        ({"type": "boolean"}, ["true", "FALSE", True], [True, False, True]),
        ({"type": "integer"}, ["", 1, "2"], [None, 1, 2]),
        ({"type": "number"}, ["", "0.5"], [None, 0.5]),
        ({"type": "boolean"}, [True, ""], [True, None]),
        ({"type": "string", "format": "date"}, ["", ""], [None, None]),
        (INSTANT, ["", None], [None, None]),
        (INSTANT | {"airbyte_type": "timestamp_without_timezone"}, [""], [None]),
        ({"type": ["string", "integer"]}, ["", 1], ["", "1"]),
        ({"type": "string"}, [5, 1.0, True, "", None, {"a": 1.5}], ["5", "1.0", "true", "", None, '{"a":1.5}']),
        ({"type": "string", "format": "date"}, [datetime.date(2026, 1, 1)], [datetime.date(2026, 1, 1)]),
        (INSTANT, [datetime.datetime(2026, 1, 1, tzinfo=UTC)], [datetime.datetime(2026, 1, 1, tzinfo=UTC)]),
    ],
)
def test_text_that_says_exactly_a_value_of_the_type_fits(
    declared: dict[str, Any], values: list[Any], expected: list[Any]
) -> None:
    spoken = Spoken(("x", declared))
    assert spoken.rows(*({"x": value} for value in values)) == [{"x": value} for value in expected]
    columns = Spoken(("x", declared))
    assert columns.rows(*({"x": value, "y": 1} for value in values)) == [{"x": value, "y": 1} for value in expected]
    assert spoken.warnings == columns.warnings == []


def test_an_empty_text_is_null_where_the_type_is_declared_and_a_text_where_it_is_detected() -> None:
    spoken = Spoken(("id", {"type": "integer"}))
    data = spoken.tables.encode(csv("id,name", ",x", "2,", ",")) + spoken.tables.encode([{"id": "", "n": 1}, {"n": ""}])
    assert [tuple(row.values()) for row in spoken.read(data)] == [
        (None, "x", None),
        (2, "", None),
        (None, "", None),
        (None, None, "1"),
        (None, None, ""),
    ]
    assert spoken.rows({"id": "007"}, {"id": ""}) == [{"id": text, "name": None, "n": None} for text in ("007", "")]
    spoken = Spoken(json_schema=CONTACTS, nested="struct")
    assert spoken.rows({"address": {"zip": "", "floor": ""}}) == [
        dict.fromkeys(CONTACTS["properties"]) | {"address": {"zip": "", "floor": None}}
    ]


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        ({"type": "integer"}, "007", "007"),
        ({"type": "integer"}, 1.5, "1.5"),
        ({"type": "integer"}, True, "true"),
        ({"type": "integer"}, 2**63, str(2**63)),
        ({"type": "integer"}, 2**70, str(2**70)),
        ({"type": "integer"}, [1], "[1]"),
        ({"type": "number"}, 2**53 + 1, str(2**53 + 1)),
        ({"type": "number"}, Decimal("1.00000000000000000001"), "1.00000000000000000001"),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "number"}, "00.5", "00.5"),
        ({"type": "boolean"}, 1, "1"),
        ({"type": "boolean"}, "yes", "yes"),
        (INSTANT, "2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        (INSTANT, "2026-02-30T00:00:00Z", "2026-02-30T00:00:00Z"),
        (INSTANT, "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456789Z"),
        (INSTANT, 1_700_000_000, "1700000000"),
        (INSTANT | {"airbyte_type": "timestamp_without_timezone"}, "2026-01-01", "2026-01-01"),
        ({"type": "string", "format": "date"}, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_a_value_that_does_not_fit_makes_its_column_text(declared: dict[str, Any], value: Any, text: str) -> None:
    spoken = Spoken(("x", declared), ("y", {"type": "integer"}))
    rows = spoken.rows({"x": None, "y": 1}, {"x": value, "y": 2}, {"x": None, "y": 3})
    assert rows == [{"x": None, "y": 1}, {"x": text, "y": 2}, {"x": None, "y": 3}]
    spoken.rows({"x": value})
    [warning] = spoken.warnings
    assert "`x`" in warning
    assert text in warning


@pytest.mark.parametrize("value", [{"zip": "1", "street": "x"}, {"floor": "first"}, "somewhere", [], {"zip": 2**70}])
def test_a_structure_that_is_another_becomes_json(value: Any) -> None:
    spoken = Spoken(json_schema=CONTACTS, nested="struct")
    [first, second] = spoken.rows({"address": {"floor": 1}}, {"address": value})
    if value == {"zip": 2**70}:
        assert second["address"] == {"zip": str(2**70), "floor": None}
        return
    assert json.loads(first["address"]) == {"floor": 1}
    assert second["address"] == (value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
    assert len(spoken.warnings) == 1


def test_values_of_several_kinds_stand_as_they_were_written() -> None:
    spoken = Spoken()
    values: Sequence[Any] = [1, "1", 1.0, True, None, {"a": [1, None]}, "", "null", "é", "\ud800", "\0", b"\xff"]
    texts = ["1", "1", "1.0", "true", None, '{"a":[1,null]}', "", "null", "é", "\\ud800", "\0", "/w=="]
    for _ in range(2):
        assert spoken.rows(*({"x": value} for value in values)) == [{"x": text} for text in texts]


def test_lines_that_nothing_changed_are_read_as_they_were_written() -> None:
    spoken = Spoken(("wei", {"type": "integer"}))
    text = b'{"wei": 1, "deep": {"n": 123456789012345678901234, "f": 1.50}}\n{"wei": 123456789012345678901234}\n'
    data = spoken.tables.encode(Lines(map(json.loads, text.splitlines()), text))
    assert [row["wei"] for row in spoken.read(data)] == ["1", "123456789012345678901234"]
    flat = b'{"wei":1,"a":"{["}\n{"wei":2,"wei":3}'
    data = spoken.tables.encode(Lines(map(json.loads, flat.splitlines()), flat))
    assert [row["wei"] for row in spoken.read(data)] == ["1", "3"]


@pytest.mark.parametrize("number", ["0.123456789012345678", "12345678.1234567891", "12345678901234567890.5e3"])
def test_fractions_of_lines_keep_all_their_digits(number: str) -> None:
    for text in (f'{{"a": {number}}}\n', f'{{"a": 0.5, "b": {{"n": {number}}}}}\n'):
        spoken = Spoken(("a", {"type": "number"}))
        data = spoken.tables.encode(Lines([json.loads(text)], text.encode()))
        [row] = spoken.read(data)
        found = row["a"] if "b" not in row else json.loads(row["b"], parse_float=Decimal)["n"]
        assert Decimal(found) == Decimal(number)
        assert len(spoken.warnings) == ("b" not in row)


def test_names_of_columns_may_be_anything() -> None:
    spoken = Spoken()
    names: list[Any] = ["", "a.b", "A.B", "Ünï", "select", "\0", 'quo"te', 5, None, "x" * 1000]
    [row] = spoken.rows({name: number for number, name in enumerate(names)})
    assert row == {str(name) if name is not None else "null": number for number, name in enumerate(names)}


def test_records_may_have_nothing_in_common() -> None:
    spoken = Spoken()
    assert spoken.tables.table(spoken.tables.encode([{}, {"z": None}])).num_rows == 2
    records = [{f"c{number}": number} for number in range(300)]
    rows = spoken.rows(*records)
    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == records
    assert spoken.tables.table(b"").num_rows == 0


def test_encoded_batches_can_be_put_together_in_any_order() -> None:
    spoken = Spoken(("n", {"type": "integer"}))
    pieces = [spoken.tables.encode([{"n": value}]) for value in (1, "2", [3], None, 2**70)]
    rows = spoken.read(b"".join(reversed(pieces)))
    assert [row["n"] for row in rows] == [str(2**70), None, "[3]", "2", "1"]


def test_required_columns_have_a_value_everywhere() -> None:
    spoken = Spoken(("id", {"type": ["null", "integer"]}), required=["id"])
    assert not spoken.tables.schema.field("id").nullable
    assert spoken.rows({"id": 1}) == [{"id": 1}]
    for record in ({"id": None}, {"name": "x"}):
        with pytest.raises(OutputError, match="has no `id`, which belongs to the primary key"):
            spoken.rows(record)
    with pytest.raises(OutputError, match="has no `key`"):
        Spoken(required=["key"]).rows({"id": 1})


def test_warnings_show_no_secrets() -> None:
    secrets = Secrets(["s3cr3t-token"])
    spoken = of_type("integer")
    spoken.rows({"x": "it is s3cr3t-token"})
    assert "s3cr3t" not in spoken.warnings[0]
    assert secrets


def csv(*lines: str) -> Rows:
    head, *rows = [line + "\n" for line in lines]
    read = rows_of(tuple(head.strip().split(",")), "".join(rows).encode(), trusts_quotes=True)
    assert read is not None
    return read


def test_rows_of_csv_are_typed_like_records() -> None:
    spoken = Spoken(("id", {"type": "integer"}), ("at", INSTANT), ("n", {"type": "number"}))
    rows = csv(
        "id,name,at,n",
        '1,"a ""b"", c",2026-01-01T00:00:00Z,1.50',
        '2,"x\ny",2026-01-02T00:00:00Z,2',
        "3,,2026-01-03T00:00:00Z,1e3",
    )
    data = spoken.tables.encode(rows)
    assert data.endswith(rows.text)
    found = spoken.read(data)
    assert [(row["id"], row["name"], row["n"]) for row in found] == [
        (1, 'a "b", c', 1.5),
        (2, "x\ny", 2.0),
        (3, "", 1000.0),
    ]
    assert found[0]["at"] == datetime.datetime(2026, 1, 1, tzinfo=UTC)
    assert spoken.warnings == []
    assert [row["id"] for row in spoken.read(spoken.tables.encode(csv("id", "4", "007")))] == ["4", "007"]
    assert len(spoken.warnings) == 1


def test_rows_of_csv_and_records_stay_in_their_order() -> None:
    spoken = Spoken(("id", {"type": "integer"}))
    batches: list[Any] = [
        [{"id": 0}],
        csv("id,a", "1,x"),
        csv("id,a", "2,y"),
        csv("a,id", "z,3"),
        [{"id": 4}, {"id": "5"}],
    ]
    pieces = [spoken.tables.encode(batch) for batch in batches]
    data = b"".join(pieces)
    ends = {sum(map(len, pieces[:count])) for count in range(len(pieces) + 1)} | {data.rfind(b"\n", 0, -1) + 1}
    assert {whole(data[:end]) for end in range(len(data) + 1)} == ends
    rows = spoken.read(data)
    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert [row["a"] for row in rows] == [None, "x", "y", "z", None, None]
