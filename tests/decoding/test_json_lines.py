"""JSON Lines are parsed a block at a time, and judged line by line."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.decoders import JsonlDecoder
from core.components.decoders import json as decoder
from core.decoding.chunks import InBlocks, Lines
from core.decoding.errors import DecodeError


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


@pytest.mark.parametrize("body", [b'{"a": 1}{"a": \n', b'{"a": 1}{"a": 2}x\n', b'{"a": 1}{"a": 2}[3]\n', b"{}{}5\n"])
def test_what_else_follows_objects_is_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError, match="line 1"):
        blocks(body)
