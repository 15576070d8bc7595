"""A moving picture of a terminal: SVG that needs no script, so that it moves wherever a picture is shown.

Frames have most of their cells in common. A run of cells that stays the same is written once, with the time for which
it is there; what is there all the time does not move at all. A reader who wants no motion gets the last frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from rich.color import Color, ColorType, blend_rgb
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI, TerminalTheme
from textual.strip import Strip

_CELL, _LINE, _SIZE = 8.4, 18.0, 14.0
"""Width and height of a cell, and of the letters, in pixels."""
_EDGE = 8
_THEME: TerminalTheme = DIMMED_MONOKAI


@dataclass(frozen=True, slots=True)
class Run:
    """Cells of one style side by side on a line."""

    line: int
    column: int
    text: str
    color: str
    background: str
    bold: bool
    italic: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen, and the seconds for which it is shown."""

    runs: frozenset[Run]
    seconds: float


def frame(lines: Iterable[Strip], seconds: float) -> Frame:
    """A frame of what a terminal shows."""
    return Frame(frozenset(run for number, strip in enumerate(lines) for run in _runs(number, strip)), seconds)


def _runs(line: int, segments: Iterable[Segment]) -> Iterable[Run]:
    column = 0
    for segment in Segment.simplify(segments):
        text, style = segment.text, segment.style or Style()
        color, background = _rgb(style, foreground=True), _rgb(style, foreground=False)
        if style.reverse:
            color, background = background, color
        if style.dim:
            color = _between(color, background)
        yield Run(line, column, text, color, background, bool(style.bold), bool(style.italic))
        column += segment.cell_length


def _rgb(style: Style, *, foreground: bool) -> str:
    color = style.color if foreground else style.bgcolor
    if color is None or color.type is ColorType.DEFAULT:
        triplet = _THEME.foreground_color if foreground else _THEME.background_color
    else:
        triplet = color.get_truecolor(_THEME, foreground=foreground)
    return triplet.hex


def _between(one: str, other: str) -> str:
    """The colour half way from one to another."""
    return blend_rgb(Color.parse(one).get_truecolor(), Color.parse(other).get_truecolor()).hex


def moving_picture(frames: Sequence[Frame], columns: int, lines: int, title: str) -> str:
    """All frames one after the other, again and again, as SVG."""
    total = sum(one.seconds for one in frames)
    begins = [sum(one.seconds for one in frames[:number]) for number in range(len(frames) + 1)]
    spans: dict[tuple[int, int], list[Run]] = defaultdict(list)
    for run in dict.fromkeys(run for one in frames for run in sorted(one.runs, key=_place)):
        for span in _spans(run, frames):
            spans[span].append(run)
    width, height = columns * _CELL + 2 * _EDGE, lines * _LINE + 2 * _EDGE
    whole = (0, len(frames))
    css, groups = [], []
    for number, (span, runs) in enumerate(sorted(spans.items(), key=lambda item: (item[0] != whole, item[0]))):
        if span != whole:
            css.append(_timing(number, span, [begin / total * 100 for begin in begins], total))
        last = "" if span[1] == len(frames) else ' visibility="hidden"'
        groups.append(f'<g class="t{number}"{last}>{"".join(map(_drawn, runs))}</g>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>text {{ font-family: monospace; font-size: {_SIZE:.0f}px; white-space: pre; }}",
            "@media (prefers-reduced-motion: no-preference) {",
            *css,
            "}</style>",
            f'<rect width="100%" height="100%" rx="8" fill="{_background(frames)}"/>',
            *groups,
            "</svg>\n",
        ]
    )


def _place(run: Run) -> tuple[int, int]:
    return run.line, run.column


def _spans(run: Run, frames: Sequence[Frame]) -> Iterable[tuple[int, int]]:
    """The stretches of frames in which a run is there, each as the first and the one behind the last."""
    begin = None
    for number, one in enumerate(frames):
        if run in one.runs:
            begin = number if begin is None else begin
        elif begin is not None:
            yield begin, number
            begin = None
    if begin is not None:
        yield begin, len(frames)


def _timing(number: int, span: tuple[int, int], percents: Sequence[float], total: float) -> str:
    """The style of what is there for a part of the time."""
    begin, end = percents[span[0]], percents[span[1]]
    steps = {0.0: "hidden", begin: "visible"} | ({end: "hidden"} if span[1] < len(percents) - 1 else {})
    keys = " ".join(f"{percent:.4g}% {{ visibility: {seen} }}" for percent, seen in steps.items())
    return f".t{number} {{ animation: k{number} {total:g}s step-end infinite }} @keyframes k{number} {{ {keys} }}"


def _background(frames: Sequence[Frame]) -> str:
    """The colour behind most of the cells."""
    cells: dict[str, int] = defaultdict(int)
    for run in frames[0].runs:
        cells[run.background] += len(run.text)
    return max(cells, key=cells.__getitem__)


def _drawn(run: Run) -> str:
    """A run's background and letters; each letter is kept to its cell by the length of the text."""
    x, y, width = run.column * _CELL + _EDGE, run.line * _LINE + _EDGE, Segment(run.text).cell_length * _CELL
    back = (
        f'<rect x="{x:.1f}" y="{y:.0f}" width="{width + 0.2:.1f}" height="{_LINE + 0.2:.1f}" fill="{run.background}"/>'
    )
    text = run.text.rstrip()
    if not text:
        return back
    indent = len(text) - len(text.lstrip())
    text = text.lstrip()
    x, width = x + indent * _CELL, Segment(text).cell_length * _CELL
    look = ' font-weight="bold"' * run.bold + ' font-style="italic"' * run.italic
    place = f'x="{x:.1f}" y="{y + 13.5:.1f}" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'{back}<text {place} fill="{run.color}"{look}>{escape(text, quote=False)}</text>'
