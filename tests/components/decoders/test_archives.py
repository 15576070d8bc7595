"""Archives: tar and zip, in gzip or not, all files or some of them, and the name of the file in each record."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from core.components.decoders import (
    CsvDecoder,
    DecodeError,
    ExcelDecoder,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonlDecoder,
    TarDecoder,
    XmlDecoder,
    ZipfileDecoder,
)
from core.errors import ReadError
from core.runtime.roles import Decoder
from core.runtime.slices import SliceMemory
from core.templates import Template
from tests.support.archives import special, tar, xlsx
from tests.support.bodies import archive, gzipped, pieces
from tests.support.components import component

EXPORT = {
    "schema.json": b'{"version": "1.2.0"}',
    "users_000001.json": b'[{"login": "a"}]',
    "data/issues_000001.json": b'[{"n": 1}, {"n": 2}]',
    "data/issues_000002.json": b'[{"n": 3}]',
    "repositories/o/r.git/HEAD": b"ref: refs/heads/main\n",
}
ISSUES = [{"n": 1}, {"n": 2}, {"n": 3}]


def issues(**fields: Any) -> TarDecoder:
    return TarDecoder(decoder=JsonDecoder(), members="issues_*.json", **fields)


def refused(decoder: Decoder, body: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decoder.decode_all(body)
    return caught.value


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_chosen_files_of_a_tar_archive_plain_or_in_gzip(kind: int, mode: str) -> None:
    body = tar(EXPORT, kind=kind, mode=mode)
    assert issues().decode_all(body) == ISSUES
    assert list(issues().decode(pieces(body, 7))) == ISSUES
    assert GzipDecoder(decoder=issues()).decode_all(body) == ISSUES


def test_tar_and_zip_are_told_apart_by_their_bytes() -> None:
    for decoder in (issues(), ZipfileDecoder(decoder=JsonDecoder(), members="issues_*.json")):
        for body in (archive(EXPORT), tar(EXPORT), gzip.compress(archive(EXPORT)), gzip.compress(tar(EXPORT))):
            assert decoder.decode_all(body) == ISSUES
            assert GzipDecoder(decoder=decoder).decode_all(body) == ISSUES


def test_an_archive_from_before_there_were_magic_numbers_is_read() -> None:
    body = bytearray(tar({"a.json": b"[1]"}))
    body[257:265] = bytes(8)
    body[148:156] = b" " * 8
    body[148:156] = b"%06o\0 " % sum(body[:512])
    assert TarDecoder(decoder=JsonDecoder()).decode_all(bytes(body)) == [1]


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_names_beyond_ascii_are_read(kind: int) -> None:
    name = f"{'folder/' * 60}ärger-{'x' * 150}.json"
    decoder = TarDecoder(decoder=JsonDecoder(), member_field="file")
    body = tar({name: b'[{"a": 1}]', "b.json": b'[{"a": 2}]'}, kind=kind)
    assert records(decoder, body) == [{"a": 1, "file": name}, {"a": 2, "file": "b.json"}]


def test_what_is_no_regular_file_is_left_out() -> None:
    others = [
        special("folder.json/", tarfile.DIRTYPE),
        special("link.json", tarfile.SYMTYPE, "/etc/passwd"),
        special("hard.json", tarfile.LNKTYPE, "a.json"),
        special("device.json", tarfile.CHRTYPE),
        special("pipe.json", tarfile.FIFOTYPE),
    ]
    body = tar({"._a.json": b"\0\5\x16\7", "a.json": b"[1]"}, others=others)
    assert TarDecoder(decoder=JsonDecoder(), members="*.json").decode_all(body) == [1]


def test_attributes_of_the_whole_archive_are_no_file() -> None:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "4f2"}) as packed:
        info = tarfile.TarInfo("a.json")
        info.size = 3
        packed.addfile(info, io.BytesIO(b"[1]"))
    assert TarDecoder(decoder=JsonDecoder()).decode_all(body.getvalue()) == [1]


def test_a_sparse_file_is_refused_when_it_is_wanted_and_passed_over_otherwise() -> None:
    hole = tarfile.TarInfo("hole.json")
    hole.type, hole.size = tarfile.GNUTYPE_SPARSE, 3
    header = bytearray(hole.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    body = bytes(header) + bytes(512) + b"[1]".ljust(512, b"\0") + tar({"a.json": b"[2]"})
    assert TarDecoder(decoder=JsonDecoder(), members="a.json").decode_all(body) == [2]
    assert "`hole.json` of the tar archive: It is a sparse file" in str(
        refused(TarDecoder(decoder=JsonDecoder()), body)
    )


def test_an_empty_archive_or_body_is_no_data() -> None:
    for body in (b"", gzip.compress(b""), tar({}), tar({}, mode="w:gz"), archive({})):
        assert issues().decode_all(body) == []
    assert issues().decode_all(tar({}, others=[special("folder", tarfile.DIRTYPE)])) == []


def test_an_archive_that_is_cut_short_is_worth_another_try_wherever_it_ends() -> None:
    body = tar(EXPORT)
    end = len(body.rstrip(b"\0")) // 512 * 512 + 512
    for size in (700, 1536, 3 * 512, end - 512, end):
        error = refused(TarDecoder(decoder=IterableDecoder()), body[:size])
        assert error.retryable
        assert "cut short" in str(error)
    packed = gzip.compress(body)
    assert refused(issues(), packed[:-5]).retryable


def test_a_damaged_header_is_no_end_of_the_archive() -> None:
    body = bytearray(tar(EXPORT))
    body[1024 + 3] ^= 1
    assert "The tar archive is damaged (bad checksum)" in str(refused(TarDecoder(decoder=JsonlDecoder()), bytes(body)))
    assert "data follows its end mark" in str(refused(issues(), tar(EXPORT) + tar(EXPORT)))


def test_damage_in_gzip_behind_the_last_file_is_noticed() -> None:
    body = bytearray(gzip.compress(tar(EXPORT)))
    body[-6] ^= 0xFF
    assert "gzip file is damaged" in str(refused(issues(), bytes(body)))


def test_headers_of_any_size_are_refused() -> None:
    header = tarfile.TarInfo("PaxHeaders/x")
    header.type, header.size = tarfile.XHDTYPE, 2**33
    head = header.tobuf(tarfile.GNU_FORMAT)
    assert "belong to one header of the tar archive" in str(refused(issues(), head + bytes(5_000)))
    header.size = 12
    for content in (b"99 path=a\n", b"x path=a\n", b"0 path=a\n", b"10 path==\0"):
        broken = header.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\0")
        assert "damaged (bad pax header)" in str(refused(issues(), broken))


def test_a_tar_archive_is_read_in_constant_memory_and_a_bomb_is_refused() -> None:
    row = b'{"id": 1, "text": "%s"}\n' % (b"x" * 950)
    header = tarfile.TarInfo("a.jsonl")
    header.size = len(row) * 30_000

    def body() -> Iterator[bytes]:
        yield header.tobuf(tarfile.GNU_FORMAT)
        for _ in range(30):
            yield row * 1_000
        yield bytes(-header.size % 512 + 1024)

    tracemalloc.start()
    try:
        count = sum(1 for _ in TarDecoder(decoder=JsonlDecoder()).decode(body()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert peak < 8_000_000
    header.size = 2**36
    bomb = gzipped([header.tobuf(tarfile.GNU_FORMAT), *[bytes(1_000_000)] * 200])
    with pytest.raises(DecodeError, match="1,000 times its size"):
        list(issues().decode(bomb))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.json", ["a.json", "x/b.json", "x/y/c.json"]),
        ("x/*.json", ["x/b.json"]),
        ("x/**/*.json", ["x/b.json", "x/y/c.json"]),
        ("**/y/*", ["x/y/c.json"]),
        ("x/**", ["x/b.json", "x/y/c.json"]),
        ("?.json", ["a.json", "x/b.json", "x/y/c.json"]),
        ("[ab].json", ["a.json", "x/b.json"]),
        ("[!a-b].json", ["x/y/c.json"]),
        ("./a.json", ["a.json"]),
        ("a[.]json", ["a.json"]),
        (["a.json", "c.json"], ["a.json", "x/y/c.json"]),
    ],
)
def test_patterns_for_names(pattern: str | list[str], names: list[str]) -> None:
    files = dict.fromkeys(("a.json", "x/b.json", "x/y/c.json", "A.JSON", "a.json.bak", "axjson"), b'{"n": 1}')
    for decoder, body in ((TarDecoder, tar(files)), (ZipfileDecoder, archive(files))):
        chosen = decoder(decoder=JsonDecoder(), members=pattern, member_field="file")
        assert [element["file"] for element in records(chosen, body)] == names


def test_names_from_the_top_and_with_backslashes_are_the_same_to_patterns() -> None:
    for name in ("./x/a.csv", "/x/a.csv", "x\\a.csv"):
        assert TarDecoder(decoder=CsvDecoder(), members="x/*.csv").decode_all(tar({name: b"a\n1\n"})) == [{"a": "1"}]


@pytest.mark.parametrize("members", ["", " ", [], ["a", ""], "[]", "[z-a]"])
def test_a_pattern_that_can_fit_nothing_is_found_when_the_manifest_is_loaded(members: Any) -> None:
    if members == "[]":  # a bracket that nothing closes is itself
        assert TarDecoder(decoder=JsonDecoder(), members="[]").decode_all(tar({"[]": b"[1]"})) == [1]
        return
    with pytest.raises(ValidationError, match="name"):
        TarDecoder(decoder=JsonDecoder(), members=members)


def test_no_file_with_a_name_that_fits_is_an_error_with_the_names_that_are_there() -> None:
    files = {f"issues_{number}.ndjson": b"1" for number in range(8)}
    for body, kind in ((tar(files), "tar"), (archive(files), "zip")):
        message = str(refused(issues(), body))
        assert f"No file in the {kind} archive has a name like “issues_*.json”; there are “issues_0.ndjson”," in message
        assert "“issues_4.ndjson” and 3 more." in message


def records(decoder: Decoder, body: bytes, *path: str) -> list[Any]:
    selector = component(
        {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": [Template(key) for key in path]},
        }
    )
    batches = selector.pipeline({}).batches(decoder.decode(iter((body,))), 2)
    return [record for batch in batches for record in batch]


def test_each_record_gets_the_name_of_its_file_wherever_it_is_in_it() -> None:
    files = {"a.json": b'{"items": [{"n": 1}, {"n": 2}]}', "b.json": b'{"items": [{"n": 3}]}'}
    expected = [{"n": 1, "file": "a.json"}, {"n": 2, "file": "a.json"}, {"n": 3, "file": "b.json"}]
    for decoder, body in ((TarDecoder, tar(files)), (ZipfileDecoder, archive(files))):
        named = decoder(decoder=JsonDecoder(), member_field="file")
        assert records(named, body, "items") == expected
        assert records(GzipDecoder(decoder=named), gzip.compress(body), "items") == expected


def test_names_of_archives_in_archives() -> None:
    inner = TarDecoder(decoder=JsonDecoder(), member_field="file")
    body = archive(
        {"1.tar": tar({"a.json": b'[{"n": 1}]', "b.json": b'[{"n": 2}]'}), "2.tar": tar({"c.json": b'{"n": 3}'})}
    )
    both = ZipfileDecoder(decoder=inner, member_field="archive")
    assert [record["archive"] + "/" + record["file"] for record in records(both, body)] == [
        "1.tar/a.json",
        "1.tar/b.json",
        "2.tar/c.json",
    ]
    assert [record["file"] for record in records(ZipfileDecoder(decoder=inner), body)] == ["a.json", "b.json", "c.json"]


def test_a_field_for_the_name_must_be_free_and_needs_an_object() -> None:
    with pytest.raises(ReadError, match="of the archive have a field `n` already; choose"):
        records(issues(member_field="n"), tar(EXPORT))
    with pytest.raises(ReadError, match="The extractor found “1” where a record"):
        records(issues(member_field="file"), tar({"issues_1.json": b"[1]"}))


def test_formats_in_each_other() -> None:
    xml = '<?xml version="1.0" encoding="ISO-8859-1"?><r><i>\u00c4</i></r>'.encode("latin-1")
    record = [{"r": {"i": "Ä"}}]
    packed = GzipDecoder(decoder=XmlDecoder())
    assert ZipfileDecoder(decoder=packed).decode_all(archive({"a.xml.gz": gzip.compress(xml)})) == record
    assert TarDecoder(decoder=packed).decode_all(tar({"a.xml.gz": gzip.compress(xml)}, mode="w:gz")) == record
    inner = TarDecoder(decoder=XmlDecoder(), members="*.xml")
    outer = ZipfileDecoder(decoder=inner, members="*.tgz")
    assert outer.decode_all(archive({"b.txt": b"", "b.tgz": tar({"b.xml": xml, "c": b""}, mode="w:gz")})) == record
    bad = archive({"b.tgz": tar({"b.xml": b"<a>"}, mode="w:gz")})
    where = "In the file `b.tgz` of the zip archive: In the file `b.xml` of the tar archive: "
    assert str(refused(outer, bad)).startswith(where)
    book = xlsx({"S": [["a"], [1]]})
    for decoder in (GzipDecoder(decoder=ExcelDecoder()), ZipfileDecoder(decoder=ExcelDecoder())):
        assert decoder.decode_all(book) == [{"a": 1}]
    assert ZipfileDecoder(decoder=ExcelDecoder()).decode_all(archive({"a.xlsx": book})) == [{"a": 1}]


def test_the_header_of_the_first_file_holds_for_the_others_where_only_that_has_one() -> None:
    decoder = TarDecoder(decoder=CsvDecoder(first_header_holds=True), members="part-*").for_slice(SliceMemory())
    body = tar({"part-1": b"a,b\n1,2\n", "other": b"x", "part-2": b"3,4\n"})
    assert decoder.carries_over
    assert decoder.decode_all(body) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_body_in_gzip_in_place_of_a_zip_archive_is_one_file_unless_names_are_needed() -> None:
    body = gzip.compress(b'{"a": 1}\n{"a": 2}\n')
    assert ZipfileDecoder(decoder=JsonlDecoder()).decode_all(body) == [{"a": 1}, {"a": 2}]
    for fields in ({"members": "*.txt"}, {"member_field": "file"}):
        message = str(refused(ZipfileDecoder(decoder=JsonlDecoder(), **fields), body))
        assert message.startswith("Expected a zip archive, but the response is JSON")
        assert "It is inside gzip. `members` and `member_field` need files with names" in message


def test_what_is_no_archive_is_named() -> None:
    assert "Expected a tar archive, but the response is an HTML page" in str(refused(issues(), b"<html></html>"))
    message = str(refused(issues(), gzip.compress(b"[1]")))
    assert "Expected a tar archive, but the response is JSON that begins with “[1]”. It is inside gzip." in message
    assert "Wrap the decoder in a TarDecoder" in str(
        refused(GzipDecoder(decoder=JsonDecoder()), tar(EXPORT, mode="w:gz"))
    )
