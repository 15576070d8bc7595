"""Bodies for the tests of decoders."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import repeat


def archive(files: dict[str, bytes]) -> bytes:
    """A zip archive of the files."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return body.getvalue()


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    """The body in chunks of `size` bytes."""
    return (body[start : start + size] for start in range(0, len(body), size))


def gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts as one gzip file, compressed while it is read."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def long_json_array(elements: int) -> Iterator[bytes]:
    """A JSON array of objects of about 1,000 bytes, pretty enough to have line breaks."""
    yield b"[\n"
    for number in range(elements):
        comma = b",\n" if number else b""
        yield b'%s  {"id": %d, "name": "%s", "tags": [{"id": 1}, {"id": 2}]}' % (comma, number, b"x" * 950)
    yield b"\n]\n"


def long_row_of_objects(objects: int) -> Iterator[bytes]:
    """Objects of about 1,000 bytes on one line, with what looks like the end of one in their texts."""
    for number in range(objects):
        values = number, b"x" * 950, b" " * (number % 3)
        yield b'{"id": %d, "text": "}{ \\" } { \\\\", "more": [{"a": "%s"}]}%s' % values


def long_csv(rows: int) -> Iterator[bytes]:
    """A CSV file of rows of about 1,000 bytes."""
    yield b"id,name,text\n"
    yield from repeat(b"%d,%s,%s\n" % (7, b"n" * 20, b"t" * 975), rows)
