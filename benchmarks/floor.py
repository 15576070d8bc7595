"""The least that plain Python does for the same result: `python -m benchmarks.floor IN OUT`, by the ending of IN."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from typing import BinaryIO

import orjson

BUFFER = 1 << 20


def from_csv(source: BinaryIO, target: BinaryIO) -> None:
    """`csv.reader`, a dict, `orjson`, a buffered file: record by record."""
    rows = csv.reader(io.TextIOWrapper(source, encoding="utf-8", newline=""))
    columns = next(rows)
    write = target.write
    for row in rows:
        write(orjson.dumps(dict(zip(columns, row)), option=orjson.OPT_APPEND_NEWLINE))  # noqa: B905  # the bare minimum


def from_json_lines(source: BinaryIO, target: BinaryIO) -> None:
    """`orjson` both ways."""
    write = target.write
    for line in source:
        write(orjson.dumps(orjson.loads(line), option=orjson.OPT_APPEND_NEWLINE))


def main(source: str, target: str) -> None:
    """Read one file, write the other."""
    opened = gzip.open(source, "rb") if source.endswith(".gz") else open(source, "rb", BUFFER)  # noqa: SIM115  # it is
    with opened as file, open(target, "wb", BUFFER) as out:
        convert = from_json_lines if source.endswith(".jsonl") else from_csv
        convert(file, out)  # type: ignore[arg-type]  # a GzipFile is as good


if __name__ == "__main__":
    main(*sys.argv[1:])
