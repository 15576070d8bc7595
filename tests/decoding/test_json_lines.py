"""JSON Lines are parsed a block at a time, and judged line by line."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from core.components.decoders import JsonlDecoder
from core.components.decoders import json as decoder
from core.decoding import chunks
from core.decoding.chunks import InBlocks, Lines
from core.decoding.errors import DecodeError
from tests.support.bodies import long_row_of_objects, pieces


def blocks(body: bytes) -> list[Any]:
    elements = JsonlDecoder().decode(iter([body]))
    assert isinstance(elements, InBlocks)
    return list(elements.blocks)


def test_lines_with_one_value_each_keep_their_text() -> None:
    body = b'{"a": [1, {"b": null}]}\n {"c": "x,y"} \n[1, 2]\nnull\n'
    (lines,) = blocks(body)
    assert isinstance(lines, Lines)
    assert lines == [{"a": [1, {"b": None}]}, {"c": "x,y"}, [1, 2], None]
    assert lines.text == body


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"a": 1}\n{"b": [1\n2]}\n', 2),
        (b'{"a": [1\n2]}\n{"b": 1}, {"c": 2}\n', 1),
        (b'{"a": [{"b": 1}\n{"c": 2}]}\n{"d": 1}, null, {"e": 2}\n', 1),
        (b'{"a": "x\ny"}\n{"b": 1}, {"c": 2}\n', 1),
        (b'{"a": 1}\n{"b": 1}, {"c": 2}\n', 2),
        (b'{"a": 1}\n], [\n', 2),
        (b'{"a": 1}\n{"b": "\xff"}\n', 2),
    ],
)
def test_values_over_several_lines_and_lines_of_several_values_are_errors_at_their_line(body: bytes, line: int) -> None:
    with pytest.raises(DecodeError, match=rf"[Ll]ine {line}\b"):
        blocks(body)


def test_a_number_like_the_mark_between_lines_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_MARK", 5)
    monkeypatch.setattr(decoder, "_BETWEEN_LINES", b",5,")
    assert blocks(b"5\n5\n5\n") == [[5, 5, 5]]
    with pytest.raises(DecodeError, match="Line 2"):
        blocks(b"5\n5, 5\n5\n5")


def test_the_line_of_an_error_counts_those_of_earlier_blocks() -> None:
    elements = JsonlDecoder().decode(iter([b'{"a": 1}\n' * 20_000, b'\n{"a": 1}\n' * 10_000, b'{"a": 2}\nx\n']))
    with pytest.raises(DecodeError, match="Line 40,002 "):
        list(elements)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}{"a": 2}\n{"a": 3}', [{"a": 1}, {"a": 2}, {"a": 3}]),
        (
            b'{"a": "}{"} {"a": {"b": 1234567890123456789012}}\r\n',
            [{"a": "}{"}, {"a": {"b": 1234567890123456789012}}],
        ),
    ],
)
def test_objects_without_a_line_between_are_read(body: bytes, expected: list[object]) -> None:
    assert [value for block in blocks(body) for value in block] == expected


def test_many_objects_on_a_line_are_read_as_they_come() -> None:
    many = b"".join(long_row_of_objects(2_000))
    body = b'{"first": 1}\n' + many + b'\n{"then": 2}\n' + many

    found = list(JsonlDecoder().decode(pieces(body, 10_000)))

    ids = [*range(2_000)]
    assert [element["id"] for element in found if "id" in element] == ids + ids
    assert found[0] == {"first": 1}
    assert found[1] == {"id": 0, "text": '}{ " } { \\', "more": [{"a": "x" * 950}]}
    assert found[2_001] == {"then": 2}
    assert len(found) == 4_002


@pytest.mark.parametrize("wrong", [b"[3]", b"5", b"x", b'{"a": x}{}', b'{"a": ', b'"\xff"'])
def test_objects_before_a_wrong_place_are_read_and_the_line_is_told(wrong: bytes) -> None:
    body = b"{}\n" + b"".join(long_row_of_objects(2_000)) + wrong + b"\n{}\n"
    found: list[Any] = []

    with pytest.raises(DecodeError, match=r"[Ll]ine 2\b"):
        found.extend(JsonlDecoder().decode(pieces(body, 10_000)))

    assert len(found) == 2_001


def test_a_wrong_place_behind_many_objects_of_the_first_line_does_not_look_like_another_format() -> None:
    body = b"".join(long_row_of_objects(2_000)) + b"{x}"
    with pytest.raises(DecodeError, match=r"in line 1 of the response is no object: “\{x\}”"):
        list(JsonlDecoder().decode(pieces(body, 10_000)))


def test_the_limit_of_a_line_is_that_of_each_object_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LONGEST_LINE", 1_000_000)
    assert len(list(JsonlDecoder().decode(long_row_of_objects(2_000)))) == 2_000
    long = b'{"a": "%s"}' % (b"}{" * 600_000)
    with pytest.raises(DecodeError, match="line 1 of the response"):
        list(JsonlDecoder().decode(chain(long_row_of_objects(2_000), pieces(long, 10_000))))


@pytest.mark.parametrize("body", [b'{"a": 1}{"a": \n', b'{"a": 1}{"a": 2}x\n', b'{"a": 1}{"a": 2}[3]\n', b"{}{}5\n"])
def test_what_else_follows_objects_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError, match="line 1"):
        blocks(body)
