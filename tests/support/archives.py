"""Tar archives and spreadsheets for tests, written byte by byte where a library would not write them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from datetime import date, datetime
from xml.sax.saxutils import escape

from tests.support.bodies import archive


def tar(
    files: dict[str, bytes], *, kind: int = tarfile.GNU_FORMAT, mode: str = "w", others: Sequence[tarfile.TarInfo] = ()
) -> bytes:
    """A tar archive of the files, after `others`, which have no content; `mode` "w:gz" puts it into gzip."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode=mode, format=kind) as packed:  # type: ignore[call-overload]  # any mode
        for info in others:
            packed.addfile(info)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return body.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member of a tar archive that is no regular file: a directory, a link, a device."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


Cell = str | int | float | bool | datetime | date | None
_ERROR = "#N/A"
_DAY_ZERO = datetime(1899, 12, 30)


def xlsx(sheets: dict[str, Sequence[Sequence[Cell]]], cells: str = "") -> bytes:
    """A workbook; `#N/A` is an error, and `cells` are put into the last row of each sheet as they are, in XML."""
    names = "".join(f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
    related = "".join(
        f'<Relationship Id="r{i}" Target="worksheets/sheet{i}.xml" Type="{_OFFICE}/worksheet"/>'
        for i in range(1, len(sheets) + 1)
    )
    return archive(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": (
                f'<Relationships xmlns="{_PACKAGE}">'
                f'<Relationship Id="r" Target="xl/workbook.xml" Type="{_OFFICE}/officeDocument"/></Relationships>'
            ).encode(),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
            ).encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{related}</Relationships>'.encode(),
            "xl/styles.xml": (
                f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>'
            ).encode(),
            **{f"xl/worksheets/sheet{i}.xml": _sheet(rows, cells) for i, rows in enumerate(sheets.values(), 1)},
        }
    )


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _sheet(rows: Sequence[Sequence[Cell]], cells: str) -> bytes:
    lines = "".join(
        f'<row r="{number}">{"".join(_cell(value, f"{chr(65 + at)}{number}") for at, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    last = f"<row>{cells}</row>" if cells else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}{last}</sheetData></worksheet>'.encode()


def _cell(value: Cell, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return f'<c r="{place}" s="1"><v>{(moment - _DAY_ZERO).total_seconds() / 86400!r}</v></c>'
    if isinstance(value, str):
        kind = "e" if value == _ERROR else "str"
        return f'<c r="{place}" t="{kind}"><v>{escape(value)}</v></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def ods(rows: Sequence[Sequence[str | float]]) -> bytes:
    """An OpenDocument spreadsheet with one sheet, `Sheet1`."""

    def cell(value: str | float) -> str:
        kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
        return f'<table:table-cell office:value-type="{kind}"><text:p>{value}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    name = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{name}:office:1.0" xmlns:table="{name}:table:1.0" '
        f'xmlns:text="{name}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Sheet1">{lines}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return archive({"mimetype": kind, "META-INF/manifest.xml": b"<m/>", "content.xml": content.encode()})
