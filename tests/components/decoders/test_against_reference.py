"""The decoders give the elements that Airbyte's decoders give."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from core.components.decoders import (
    CsvDecoder,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonItemsDecoder,
    JsonlDecoder,
    XmlDecoder,
    ZipfileDecoder,
)
from core.runtime.roles import Decoder
from tests.support.bodies import archive
from tests.support.oracle import Oracle


def written(decoder: Decoder) -> dict[str, Any]:
    inner = getattr(decoder, "decoder", None)
    fields = decoder.model_dump(mode="json", exclude_unset=True, exclude={"decoder"})
    return {"type": type(decoder).__name__, **fields, **({"decoder": written(inner)} if inner else {})}


CASES: list[tuple[Decoder, bytes]] = [
    (JsonDecoder(), b'[{"a": 1}, {"a": 2.5}, "x", null, [1]]'),
    (JsonDecoder(), b'{"a": {"b": [1, 2]}}'),
    (JsonDecoder(), b'"text"'),
    (JsonDecoder(), b"12"),
    (JsonDecoder(), b" \n [ 1 , 2 ] \n"),
    (JsonDecoder(), b'{"a": 1, "a": 2}'),
    (JsonDecoder(), '{"ü": "\U0001f600 \\ud83d\\ude00 \\u00e9"}'.encode()),
    (JsonDecoder(), b"[18446744073709551615, -9223372036854775808, 18446744073709551616, 1e400]"),
    (JsonDecoder(), b'{"half pair": "\\ud83d", "inf": Infinity}'),
    (JsonlDecoder(), b'{"a": 1}\n{"a": 2}\n'),
    (JsonlDecoder(), b'{"a": 1}\r\n\r\n  \r\n{"a": 2}'),
    (JsonlDecoder(), b'1\n"x"\n[1, 2]\nnull\n'),
    (JsonlDecoder(), b'{"a": NaN}\n{"a": "\xe2\x80\xa8"}\n'),
    (JsonlDecoder(), b""),
    (JsonItemsDecoder(items_path="data.items"), b'{"data": {"items": [1, {"x": 1.5}, null], "n": 2}}'),
    (JsonItemsDecoder(items_path="data"), b'{"other": [1]}'),
    (JsonItemsDecoder(items_path="data"), b'{"data": {"no": "array"}}'),
    (JsonItemsDecoder(items_path="a.item.b"), b'{"a": [{"b": [1, 2]}, {"b": [3]}]}'),
    (JsonItemsDecoder(items_path="d", encoding="latin-1"), '{"d": ["é", "ü"]}'.encode("latin-1")),
    (CsvDecoder(), b"id,name\n1,Ann\n2,Bob\n"),
    (CsvDecoder(), b"id,name\r\n1,Ann\r\n\r\n2,Bob"),
    (CsvDecoder(), b'id,"the ""name"""\n1,"a, b"\n2,"two\nlines"\n3,"two\r\nlines"\n'),
    (CsvDecoder(), b"a,b,c\n1\n1,2\n,,\n"),
    (CsvDecoder(), b"a,a,b\n1,2,3\n"),
    (CsvDecoder(), b"a,b\n1,x\x00y\n"),
    (CsvDecoder(), b'a,b\n1,it"s\n2,x""y"\n3, "z"\n'),
    (CsvDecoder(), b'a,b,c\n1,"x, y\nz"\n2,"x\n",""\n'),
    (CsvDecoder(), b"a\n1\n\n"),
    (CsvDecoder(), b""),
    (CsvDecoder(), b"only,a,header\n"),
    (CsvDecoder(delimiter=";"), b"a;b\n1,5;2\n"),
    (CsvDecoder(delimiter="\\t"), b"a\tb\n1\t2\n"),
    (CsvDecoder(delimiter="\t"), b"a\tb\n1\t2\n"),
    (CsvDecoder(encoding="latin-1"), "a,b\né,ü\n".encode("latin-1")),
    (CsvDecoder(encoding="utf-16"), "a,b\né,ü\n".encode("utf-16")),
    (CsvDecoder(encoding="utf-8-sig"), "\ufeffa,b\n1,2\n".encode()),
    (CsvDecoder(set_values_to_none=["", "NULL"]), b"a,b,c\n,NULL,null\n1\n"),
    (GzipDecoder(decoder=CsvDecoder()), gzip.compress(b"a\n1\n2\n")),
    (GzipDecoder(decoder=CsvDecoder()), b"a\n1\n2\n"),
    (GzipDecoder(decoder=JsonlDecoder()), gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n')),
    (GzipDecoder(decoder=JsonDecoder()), gzip.compress(b'[{"a": 1}]')),
    (GzipDecoder(decoder=GzipDecoder(decoder=JsonDecoder())), gzip.compress(gzip.compress(b"[1]"))),
    (GzipDecoder(decoder=JsonlDecoder()), gzip.compress(b"1\n") + b"\0" * 20),
    (ZipfileDecoder(decoder=CsvDecoder()), archive({"one": b"a\n1\n", "two": b"b\n2\n"})),
    (ZipfileDecoder(decoder=JsonDecoder()), archive({"one": b'[{"a": 1}]', "two": b'{"b": 2}'})),
    (ZipfileDecoder(decoder=GzipDecoder(decoder=CsvDecoder())), archive({"one": gzip.compress(b"a\n1\n")})),
    (XmlDecoder(), b"<a/>"),
    (XmlDecoder(), b'<?xml version="1.0"?><r x="1"><i>1</i><i k="v">2</i><e/><t> s </t></r>'),
    (XmlDecoder(), b'<n:r xmlns:n="urn:x"><n:i>1</n:i></n:r>'),
    (XmlDecoder(), b"<r><![CDATA[<b>]]> and &amp; &#233;<!-- no --></r>"),
    (XmlDecoder(), b"<r>mixed <b>bold</b> text</r>"),
    (XmlDecoder(), "<r>é</r>".encode()),
    (IterableDecoder(), b"one\ntwo\r\n\r\nthree"),
]


@pytest.mark.parametrize(("decoder", "body"), CASES, ids=[f"{type(d).__name__}-{i}" for i, (d, _) in enumerate(CASES)])
def test_a_body_gives_the_elements_that_airbyte_gives(oracle: Oracle, decoder: Decoder, body: bytes) -> None:
    expected = oracle.ask("records", "decode", written(decoder), base64.b64encode(body).decode())
    found = decoder.decode_all(body)
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("body", [b"", b"[]", b"null"])
def test_a_json_body_without_data_gives_no_records_as_with_airbyte(oracle: Oracle, body: bytes) -> None:
    theirs = oracle.ask("records", "decode", written(JsonDecoder()), base64.b64encode(body).decode())
    assert not any(theirs)
    assert not any(JsonDecoder().decode_all(body))
