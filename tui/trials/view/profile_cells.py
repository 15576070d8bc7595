"""How the profile of a column reads: its cells in a table as wide as there is room, and all of it with a histogram."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10
from typing import Literal

from rich.cells import cell_len
from textual.content import Content

from core.progress.drawing import UNICODE
from core.units import count
from tui.trials.profile import BINS, ColumnSummary
from tui.widgets.display_text import escape, fit

Part = Literal["header", "cursor", "name", "plain", "quiet", "key", "bars"]
Cell = tuple[str, Part]

_GAP = 2
_EIGHTHS = len(UNICODE.heights)
_TALL = 3
"""Rows of the large histogram."""
_SIGNIFICANT = 3
_KINDS = {"date": "date", "time": "date-time", "number": "text number"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines of cells: that of the titles, and one for each column of the records."""

    header: Sequence[Cell] = ()
    rows: Sequence[Sequence[Cell]] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """A column of the table: its title, its narrowest and widest, and how its text is made and aligned."""

    title: str
    narrowest: int
    widest: int
    text: Callable[[ColumnSummary, int], str]
    part: Part = "plain"
    right: bool = False


def layout(columns: Sequence[ColumnSummary], records: int, width: int) -> Layout:
    """The table of the columns in so many cells: fields that matter less are left out where there is no room."""
    if not columns:
        return Layout()
    texts = {field.title: [field.text(column, records) for column in columns] for field in _FIELDS}
    widths = _widths(texts, width - 2)
    fields = [field for field in _ORDER if field.title in widths]
    header: list[Cell] = [("  ", "header")]
    for field in fields:
        size = widths[field.title]
        title = field.title if len(field.title) <= size else field.title.partition(",")[0]
        header += [(fit(title, size, right=field.right), "header"), (" " * _GAP, "header")]
    rows = []
    for index, column in enumerate(columns):
        cells: list[Cell] = [(_mark(column, records), "key")]
        for field in fields:
            text, size = texts[field.title][index], widths[field.title]
            if field is _HISTOGRAM:
                text = bars(column.histogram, size)
            part: Part = "quiet" if text == _NONE else field.part
            cells += [(fit(text, size, right=field.right), part), (" " * _GAP, "plain")]
        rows.append(cells)
    return Layout(header, rows)


def _widths(texts: dict[str, list[str]], room: int) -> dict[str, int]:
    """The width of each field that there is room for: what is left over goes to those that are cut, in their order."""
    natural = {}
    widths: dict[str, int] = {}
    for field in _FIELDS:
        longest = max((cell_len(text) for text in texts[field.title]), default=0)
        natural[field.title] = max(len(field.title), min(longest, field.widest))
        least = min(field.narrowest, natural[field.title])
        if room < least:
            break
        widths[field.title] = least
        room -= least + _GAP
    for title, least in widths.items():
        more = min(max(0, room), natural[title] - least)
        widths[title] = least + more
        room -= more
    if _HISTOGRAM.title in widths:
        widths[_HISTOGRAM.title] = next(size for size in (24, 12, 8) if size <= widths[_HISTOGRAM.title])
    return widths


def bars(histogram: Sequence[int], width: int) -> str:
    """A histogram as a line of so many bars; that of a single value is one bar. No bar touches the line above."""
    counts = _counts(histogram, width)
    top = max(counts, default=0)
    return "".join(UNICODE.heights[_height(one, top, _EIGHTHS - 1) - 1] if one else " " for one in counts)


def _counts(histogram: Sequence[int], width: int) -> list[int]:
    """A histogram in so many cells: its ranges are put together or drawn out."""
    ranges = len(histogram)
    if ranges <= 1:
        return list(histogram)
    if ranges < width:
        return [histogram[cell * ranges // width] for cell in range(width)]
    edges = [cell * ranges // width for cell in range(width + 1)]
    return [sum(histogram[start:stop]) for start, stop in pairwise(edges)]


def _height(number: int, top: int, most: int) -> int:
    """How high the bar of a number is, at least 1 unless there is nothing."""
    return max(1, round(number / top * most)) if number else 0


# The texts of the fields

_NONE = "–"


def _mark(column: ColumnSummary, records: int) -> str:
    if not column.unique_in or records < 2:
        return "  "
    return "◆ " if column.unique_in == records else "◇ "


def _name(column: ColumnSummary, records: int) -> str:
    del records
    return escape(column.name)


def _type(column: ColumnSummary, records: int) -> str:
    del records
    names = [_KINDS[column.reads_as] if kind == "text" and column.reads_as else kind for kind, _ in column.types]
    return ", ".join(names) or _NONE


def _nulls(column: ColumnSummary, records: int) -> str:
    return share(column.missing, records)


def share(part: int, whole: int) -> str:
    """A part of a whole in percent, which is only 0 or 100 when it is exactly that."""
    if not part or not whole:
        return _NONE
    percent = part * 100 / whole
    if percent < 0.1:
        return "<0.1 %"
    if percent > 99.9 and part < whole:
        return ">99.9 %"
    return f"{percent:.1f} %" if percent < 1 else f"{percent:.0f} %"


def _distinct(column: ColumnSummary, records: int) -> str:
    del records
    if column.distinct_is_exact:
        return f"{column.distinct:,}" if column.distinct else _NONE
    return f"≈ {_shown_distinct(column):,}"


def _rounded(number: int) -> int:
    """An estimate without digits that mean nothing."""
    return round(number, _SIGNIFICANT - 1 - floor(log10(number))) if number else 0


def _least(column: ColumnSummary, records: int) -> str:
    del records
    return escape(column.least) or _NONE


def _most(column: ColumnSummary, records: int) -> str:
    del records
    return escape(column.most) or _NONE


def _histogram(column: ColumnSummary, records: int) -> str:
    """As long as it may become: it is drawn once its width is known."""
    del column, records
    return " " * BINS


_NAME = _Field("Column", 12, 40, _name, "name")
_TYPE = _Field("Type", 9, 24, _type)
_NULLS = _Field("Null", 6, 7, _nulls, right=True)
_DISTINCT = _Field("Distinct", 8, 14, _distinct, right=True)
_HISTOGRAM = _Field("Spread", 8, BINS, _histogram, "bars")
_LEAST = _Field("Smallest, shortest", 8, 48, _least)
_MOST = _Field("Largest, longest", 8, 48, _most)
_FIELDS = (_NAME, _TYPE, _NULLS, _DISTINCT, _HISTOGRAM, _LEAST, _MOST)
"""In the order in which they matter."""
_ORDER = (_NAME, _TYPE, _NULLS, _DISTINCT, _LEAST, _MOST, _HISTOGRAM)


# All of a column


def detail(column: ColumnSummary, records: int, width: int) -> Content:
    """What is known of a column, in lines of so many cells, with a histogram of `_TALL` rows."""
    facts = [_types(column, records - column.missing), _missing(column, records)]
    facts.append(f"{'' if column.distinct_is_exact else 'about '}{count(_shown_distinct(column), 'distinct value')}")
    if key := _as_key(column, records):
        facts.append(key)
    head = Content.assemble((escape(column.name), "bold"), "  ", (" · ".join(facts), "$foreground-muted"))
    if not column.histogram:
        return head
    size = BINS * max(1, min(3, width // BINS))
    rows = [Content.styled(row, "$text-accent") for row in _tall(_counts(column.histogram, size))]
    least, most = escape(column.least), escape(column.most)
    between = " " * max(0, size - cell_len(least) - cell_len(most)) or " … "
    measured = "" if column.reads_as or not _is_text(column) else "  by length"
    room = width - cell_len(measured)
    axis = Content.assemble(fit(least + between + most, min(room, max(size, cell_len(least + between + most)))))
    return Content("\n").join([head, *rows, axis + Content.styled(measured, "$foreground-muted")])


def _types(column: ColumnSummary, values: int) -> str:
    if len(column.types) == 1:
        return _type(column, values)
    return ", ".join(f"{kind} {share(number, values)}" for kind, number in column.types) or "no values"


def _missing(column: ColumnSummary, records: int) -> str:
    if not column.missing:
        return "never null"
    return f"{share(column.missing, records)} null or missing ({count(column.missing, 'record')})"


def _shown_distinct(column: ColumnSummary) -> int:
    return column.distinct if column.distinct_is_exact else _rounded(column.distinct)


def _is_text(column: ColumnSummary) -> bool:
    return bool(column.types) and column.types[0][0] == "text"


def _as_key(column: ColumnSummary, records: int) -> str:
    if not column.unique_in or records < 2:
        return ""
    return "◆ unique" if column.unique_in == records else f"◇ unique in the first {column.unique_in:,}"


def key_title(column: ColumnSummary, records: int) -> str:
    """A column that may be a key, and how far that is known."""
    known = "" if column.unique_in == records else f" (unique in the first {column.unique_in:,})"
    return f"{_mark(column, records)}{escape(column.name)}{known}"


def _tall(counts: Sequence[int]) -> list[str]:
    """A histogram in rows of bars, the highest row first."""
    top = max(counts)
    heights = [_height(one, top, _TALL * _EIGHTHS) for one in counts]
    rows = []
    for row in reversed(range(_TALL)):
        levels = (max(0, min(_EIGHTHS, height - row * _EIGHTHS)) for height in heights)
        rows.append("".join(UNICODE.heights[level - 1] if level else " " for level in levels))
    return rows


def not_a_key(column: ColumnSummary, records: int) -> str:
    """Why a column can't be the primary key, as a sentence; empty when it can."""
    if column.unique_in:
        return ""
    name = escape(column.name)
    if column.missing:
        return (
            f"{name} can't be the primary key: {count(column.missing, 'record has', 'records have')} no value for it."
        )
    if {kind for kind, _ in column.types} - {"text", "integer"}:
        return f"{name} can't be the primary key: its values are not texts or whole numbers."
    return f"{name} can't be the primary key: some of its values come in more than one of {count(records, 'record')}."
