"""Rows of CSV as JSON Lines, a batch in one go: no cell becomes text of Python's, no row becomes a record."""

from __future__ import annotations

import orjson

from core.decoding.csv_rows import Rows

_SEPARATOR = b"\x01"
_SEPARATING = bytes.maketrans(b",\n", _SEPARATOR * 2)
_ESCAPED = ((b"\\", b"\\\\"), (b"\t", b"\\t"))
"""Characters that JSON escapes and that are common in tables, the mark of all escapes first."""
_RARE = bytes(code for code in range(32) if code not in b"\t\n")
"""Those that are rare."""


def json_lines(rows: Rows) -> bytes | None:
    """A line of JSON for each row; None for rows with rare control characters.

    The parts of the text between quotation marks are by turns outside and inside of quoted cells. Commas and line feeds
    outside become separators, of which none is inside. A part outside that is empty stands for a quotation mark.
    """
    text = rows.text
    if len(text.translate(None, _RARE)) < len(text):
        return None
    for character, escape in _ESCAPED:
        if character in text:
            text = text.replace(character, escape)
    parts = text.split(b'"')
    begin, *plain = b'"'.join(parts[::2]).translate(_SEPARATING).split(b'"')
    parts[::2] = [begin, *[part or b'\\"' for part in plain]]
    if rows.breaks:
        parts[1::2] = [part.replace(b"\n", b"\\n") for part in parts[1::2]]
    cells = b"".join(parts).removesuffix(_SEPARATOR).split(_SEPARATOR)
    first, *others = [orjson.dumps(name) for name in rows.columns]
    keys = [b'"}\n{' + first + b':"', *[b'",' + name + b':"' for name in others]]
    pieces = [b""] * (2 * len(cells))
    pieces[::2] = keys * len(rows)
    pieces[1::2] = cells
    pieces[0] = pieces[0].removeprefix(b'"}\n')
    pieces.append(b'"}\n')
    return b"".join(pieces)
