"""RECORD messages: an envelope around the bytes of each record, and no key that is null at its top."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from core.decoding.chunks import Lines
from core.protocols.envelope import Envelope, cut_nulls

KEYS = st.sampled_from(["id", "a", "b_c", "null", "", ":null", 'a"', ",", "{", "x,", "ä", "\\", "a b"])
TEXTS = st.sampled_from(["", "x", "null", ":null,", '":null', ',"a":null', '{"a":null}', "\\", '"', "a\\", " : null"])
VALUES = st.recursive(
    st.none() | st.none() | st.integers(-5, 5) | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5), min_size=1, max_size=4)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), (",\t", ":\t")])


def data(messages: bytes) -> list[Any]:
    read = [json.loads(line) for line in messages.decode().splitlines()]
    assert all(message["type"] == "RECORD" and message["record"]["stream"] == "my stream" for message in read)
    assert all(isinstance(message["record"]["emitted_at"], int) for message in read)
    return [message["record"]["data"] for message in read]


def without_nulls(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if value is not None} for record in records]


@given(RECORDS, SEPARATORS)
def test_only_what_is_null_at_the_top_is_left_out_however_it_is_written(
    records: list[dict[str, Any]], separators: tuple[str, str]
) -> None:
    text = "".join(json.dumps(record, separators=separators, ensure_ascii=False) + "\n" for record in records).encode()
    envelope = Envelope("my stream")
    assert data(envelope.encode(records)) == without_nulls(records)
    assert data(envelope.encode(Lines(records, text))) == without_nulls(records)


@given(RECORDS)
def test_what_is_cut_out_of_a_text_is_cut_right(records: list[dict[str, Any]]) -> None:
    text = b"".join(orjson.dumps(record) + b"\n" for record in records)
    cut = cut_nulls(text, len(records))
    assert cut is None or [orjson.loads(line) for line in cut.splitlines()] == without_nulls(records)


def test_flat_records_are_not_written_anew() -> None:
    text = b'{"id": 1.50, "a": null, "n": [1]}\n{"a":null,"b":null,"s":"say \\"no\\""}\n{"a":null}\n'
    records = [orjson.loads(line) for line in text.splitlines()]
    assert cut_nulls(text, 3) == b'{"id": 1.50, "n": [1]}\n{"s":"say \\"no\\""}\n{}\n'
    assert cut_nulls(b'{"a": null\t, "b": 1}\n', 1) == b'{"b": 1}\n'
    assert b'"data":{"id": 1.50, "n": [1]},' in Envelope("s").encode(Lines(records, text))


def test_there_is_nothing_in_an_empty_batch() -> None:
    assert Envelope("my stream").encode([]) == b""
