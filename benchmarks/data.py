"""The data that is read: contacts with 20 columns, the same for the same number of rows, in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

SEED = 20
CHUNK = 1_000
COUNTRIES = ("DE", "FR", "US", "JP", "BR")
"""Each has a fifth of the contacts."""
COLUMNS = (
    *("id", "email", "first_name", "last_name", "phone", "company", "job_title", "street", "city", "postal_code"),
    *("country", "language", "created_at", "updated_at", "last_order", "orders", "revenue", "score", "status", "notes"),
)

_FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Emiko", "Fatou", "Grace", "Hugo", "Inés", "Jörg")
_LAST = ("Lovelace", "Ångström", "Dupont", "Ivanov", "Sato", "Diop", "Hopper", "Martín", "O'Neil", "Weiß")
_WORDS = ("called", "about", "the", "invoice,", "asked", "for", "a", '"quote"', "and", "waits", "until", "Monday")


def contacts(rows: int) -> Iterator[dict[str, Any]]:
    """The first `rows` contacts."""
    chance = random.Random(SEED)
    pick, number = chance.choice, chance.randrange
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for row in range(rows):
        first, last = pick(_FIRST), pick(_LAST)
        created = start + timedelta(seconds=number(100_000_000))
        yield {
            "id": row + 1,
            "email": f"{first}.{last}.{row}@example.com".lower(),
            "first_name": first,
            "last_name": last,
            "phone": f"+{number(10, 99)} {number(100, 999)} {number(1_000_000, 9_999_999)}",
            "company": f"{pick(_LAST)} & {pick(_LAST)}, Ltd.",
            "job_title": pick(("Engineer", "Buyer", "Head of Operations", "Accountant")),
            "street": f"{pick(_LAST)} Street {number(1, 400)}",
            "city": pick(("Berlin", "Lyon", "Springfield", "Osaka", "Recife", "Köln")),
            "postal_code": f"{number(100_000):05}",
            "country": COUNTRIES[row % len(COUNTRIES)],
            "language": pick(("de", "fr", "en", "ja", "pt")),
            "created_at": created.isoformat(),
            "updated_at": (created + timedelta(days=number(400))).isoformat(),
            "last_order": pick((None, f"{number(2020, 2026)}-{number(1, 13):02}-{number(1, 29):02}")),
            "orders": number(200),
            "revenue": number(10_000_000) / 100,
            "score": round(chance.random(), 4),
            "status": pick(("active", "unsubscribed", "bounced")),
            "notes": " ".join(chance.choices(_WORDS, k=8)),
        }


def make_files(directory: Path, rows: int) -> Path:
    """`contacts.csv`, `.csv.gz`, `.jsonl` and `.json` (one array) in a directory of their own; made only once."""
    folder = directory / f"{rows}-rows"
    if not folder.exists():
        making = directory / f"{rows}-rows.making"
        making.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            plain, lines, array = (
                files.enter_context((making / f"contacts.{ending}").open("wb")) for ending in ("csv", "jsonl", "json")
            )
            packed = files.enter_context(gzip.open(making / "contacts.csv.gz", "wb", 6))
            _write(contacts(rows), plain, packed, lines, array)
        making.rename(folder)
    return folder


def _write(
    records: Iterator[dict[str, Any]], plain: BinaryIO, packed: gzip.GzipFile, lines: BinaryIO, array: BinaryIO
) -> None:
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    array.write(b"[")
    separator = ""
    while chunk := list(islice(records, CHUNK)):
        writer.writerows(chunk)
        text = table.getvalue().encode()
        table.seek(0)
        table.truncate()
        plain.write(text)
        packed.write(text)
        texts = [json.dumps(record, ensure_ascii=False) for record in chunk]
        lines.write(("\n".join(texts) + "\n").encode())
        array.write((separator + ",".join(texts)).encode())
        separator = ","
    array.write(b"]")


def make_pages(directory: Path, pages: int, size: int) -> Path:
    """A directory with `1.json` and so on, `size` records under `data` in each, and one without any; made only once."""
    folder = directory / f"{pages}-pages"
    if folder.exists():
        return folder
    making = directory / f"{pages}-pages.making"
    making.mkdir(parents=True, exist_ok=True)
    records = contacts(pages * size)
    for page in range(1, pages + 2):
        body = {"data": list(islice(records, size)), "page": page}
        (making / f"{page}.json").write_text(json.dumps(body, ensure_ascii=False))
    making.rename(folder)
    return folder
