"""Decoders don't mind how a body is cut into chunks, and hold only a little of it at a time."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import chain
from tarfile import PAX_FORMAT
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.components.decoders import (
    CsvDecoder,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonItemsDecoder,
    JsonlDecoder,
    TarDecoder,
    XmlDecoder,
    ZipfileDecoder,
)
from core.decoding.chunks import InBlocks, Lines, whole_lines
from core.decoding.errors import DecodeError
from core.decoding.json_text import array_elements
from core.runtime.roles import Decoder
from tests.support.archives import tar
from tests.support.bodies import archive, gzipped, long_csv, long_json_array, long_row_of_objects, pieces

JSON = ' [ {"a": "é\U0001f600 },{ \\" ]", "b": [{"a": -1.5e3}, {"a": true}]},\r\n{"a": null}, [] , "x,y" , 12 ] \n'
TABLE = 'id,"näme"\r\n1,"a ""b"" \r\n c, \U0001f600"\r\n\r\n2,é\r\n'

NASTY: list[tuple[Decoder, bytes]] = [
    (JsonDecoder(), JSON.encode("utf-8-sig")),
    (JsonDecoder(), JSON.encode("utf-16")),
    (JsonDecoder(), '{"a": "é", "b": [1, 2]}'.encode()),
    (JsonlDecoder(), '\ufeff{"a": "é"}\r\n\r\n{"b": "\U0001f600"}\n[1]'.encode()),
    (JsonItemsDecoder(items_path="a"), '{"x": [{}], "a": [1, {"é": "\U0001f600"}]}'.encode()),
    (CsvDecoder(), TABLE.encode()),
    (CsvDecoder(encoding="utf-16"), TABLE.encode("utf-16")),
    (CsvDecoder(encoding="shift_jis"), "a,b\nテスト,1\n".encode("shift_jis")),
    (
        GzipDecoder(decoder=CsvDecoder()),
        gzip.compress(TABLE.encode()[:20]) + gzip.compress(TABLE.encode()[20:]),
    ),
    (ZipfileDecoder(decoder=CsvDecoder()), archive({"a.csv": TABLE.encode()})),
    (TarDecoder(decoder=CsvDecoder()), tar({"a.csv": TABLE.encode(), "ä": TABLE.encode()}, kind=PAX_FORMAT)[:5_120]),
    (TarDecoder(decoder=CsvDecoder()), tar({"a.csv": TABLE.encode()}, mode="w:gz")),
    (XmlDecoder(), '<?xml version="1.0" encoding="utf-8"?><r é="1">\U0001f600<a/></r>'.encode()),
    (IterableDecoder(), "é\r\n\r\n\U0001f600\n".encode()),
]


@pytest.mark.parametrize(("decoder", "body"), NASTY, ids=[f"{type(d).__name__}-{i}" for i, (d, _) in enumerate(NASTY)])
def test_every_split_point_of_a_body_gives_the_same_elements(decoder: Decoder, body: bytes) -> None:
    whole = decoder.decode_all(body)
    assert whole
    assert list(decoder.decode(pieces(body, 1))) == whole
    for cut in range(1, len(body)):
        assert list(decoder.decode(iter((body[:cut], b"", body[cut:])))) == whole


@pytest.mark.parametrize("block", range(1, 30))
def test_large_integers_are_the_same_however_much_is_parsed_at_a_time(block: int) -> None:
    text = f'[{{"a":{2**64 - 1}}},{{"a":{2**64}}},{{"a":{-(2**63)}}},{-(2**63) - 1},{{"a":{"9" * 200}}},{2**63}]'
    assert repr(list(array_elements(iter(text), block))) == repr(orjson.loads(text))


@pytest.mark.parametrize("block", range(1, 30))
def test_numbers_and_words_that_are_cut_are_put_together(block: int) -> None:
    text = '[1.7e+40,-12.5E-3 , 10,true,-Infinity,"\\u00e9\\ud83d\\ude00", null]'
    assert list(array_elements(iter(text), block)) == json.loads(text)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 20, 50])
def test_array_elements_are_the_same_however_much_is_parsed_at_a_time(block: int) -> None:
    text = JSON.lstrip()
    assert list(array_elements(iter(text), block)) == json.loads(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(elements=st.lists(JSON_VALUES, max_size=8), indent=st.sampled_from([None, 0, 2]), block=st.integers(1, 60))
def test_any_array_is_taken_apart_into_its_elements(elements: list[Any], indent: int | None, block: int) -> None:
    for escaped in (True, False):
        text = json.dumps(elements, indent=indent, ensure_ascii=escaped)
        assert list(array_elements(iter(text), block)) == elements


@given(
    body=st.lists(st.sampled_from([b"\n", b"\r\n", b"ab", b"\xef\xbb\xbf", b""]), max_size=12).map(b"".join),
    size=st.integers(1, 5),
)
def test_lines_stay_whole_however_the_body_is_cut(body: bytes, size: int) -> None:
    *blocks, last = [*whole_lines(pieces(body, size)), b""]
    assert b"".join([*blocks, last]) == body.removeprefix(b"\xef\xbb\xbf")
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert all(blocks)


@given(
    values=st.lists(JSON_VALUES | st.just(float("nan")), max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
    size=st.integers(1, 60),
)
def test_blocks_of_json_lines_hold_the_values_and_their_text(values: list[Any], end: str, size: int) -> None:
    body = end.join(json.dumps(value, ensure_ascii=False) for value in values).encode(errors="surrogatepass")
    decoded = JsonlDecoder().decode(pieces(body, size))
    assert isinstance(decoded, InBlocks)
    blocks = list(decoded.blocks)
    assert repr([value for block in blocks for value in block]) == repr(values)
    for block in blocks:
        if isinstance(block, Lines):
            assert block.text.endswith(b"\n")
            assert b"\r" not in block.text
            assert [orjson.loads(line) for line in block.text[:-1].split(b"\n")] == block


def test_the_lines_before_one_that_is_none_are_given() -> None:
    decoded = JsonlDecoder().decode(iter((b'{"a": 1}\n{"a": 2}\n{"a": oops}\n{"a": 4}\n',)))
    assert [next(decoded), next(decoded)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(DecodeError, match="Line 3"):
        next(decoded)


def test_the_first_elements_come_before_the_last_bytes() -> None:
    arrived = 0

    def arriving() -> Iterator[bytes]:
        nonlocal arrived
        for chunk in long_json_array(5_000):
            arrived += 1
            yield chunk

    elements = JsonDecoder().decode(arriving())
    assert next(elements)["id"] == 0
    assert arrived < 2_000


@pytest.mark.parametrize(
    ("decoder", "body", "count"),
    [
        (JsonDecoder(), lambda: long_json_array(50_000), 50_000),
        (CsvDecoder(), lambda: long_csv(50_000), 50_000),
        (JsonlDecoder(), lambda: long_row_of_objects(50_000), 50_000),
        (GzipDecoder(decoder=CsvDecoder()), lambda: gzipped(long_csv(50_000)), 50_000),
        (
            JsonItemsDecoder(items_path="a"),
            lambda: chain((b'{"a":',), long_json_array(50_000), (b"}",)),
            50_000,
        ),
    ],
    ids=["json", "csv", "objects in a row", "gzip", "items"],
)
def test_a_large_body_takes_little_memory(decoder: Decoder, body: Callable[[], Iterator[bytes]], count: int) -> None:
    chunks = body()
    tracemalloc.start()
    try:
        found = sum(1 for _ in decoder.decode(chunks))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == count
    assert peak < 4_000_000
