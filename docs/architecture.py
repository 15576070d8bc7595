"""Draws the rooms of the code from the code itself: `make pictures`.

The order of the rooms is the one that import-linter enforces (`pyproject.toml`); what a room is for is the first
paragraph of its docstring. Only the two ways through the rooms are written here.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

HERE = Path(__file__).parent
ROOT = HERE.parent

RECORD = (
    "core.manifest",
    "core.connector",
    "core.reading",
    "core.components",
    "core.jobs",
    "core.http",
    "core.decoding",
    "core.runtime",
    "core.events",
    "core.outputs",
)
"""The way of a record from YAML to a file."""
KEY = ("tui.app", "tui.shell", "tui.forms", "tui.model", "core.manifest")
"""The way of a key to the document."""

WIDTH, MARGIN, GAP = 1080, 24, 10
LINE = 16
"""Pixels between two lines of a description."""
COLUMN = 70
"""Pixels at the right of a room that are kept for its stops."""
CHARACTER = 6.3
"""Pixels that a character of a description takes on average."""
INK, PALE, PAPER = "#1f2933", "#616e7c", "#ffffff"
ENGINE, APP = "#e3f1ec", "#e8ecf8"
RECORD_COLOUR, KEY_COLOUR = "#0b7a5c", "#4656b8"


@dataclass(frozen=True)
class Room:
    """A package, or a module that stands for itself, as it is drawn."""

    name: str
    purpose: str

    @classmethod
    def of(cls, name: str) -> Room:
        """The room of a dotted name, with the first paragraph of its docstring."""
        path = ROOT / name.replace(".", "/")
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
        return cls(name, " ".join(docstring.split("\n\n")[0].split()))


def floors() -> Iterator[tuple[str, list[Room]]]:
    """The layers from top to bottom, each with the package (`tui` or `core`) that it belongs to."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        for layer in contract["layers"]:
            names = [name.strip() for name in layer.split("|")]
            if names != ["tui"]:
                yield names[0].partition(".")[0], [Room.of(name) for name in names]


def text(x: float, y: float, words: str, *, size: int = 12, colour: str = INK, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" {style}>{escape(words)}</text>'


def stop(x: float, y: float, number: int, colour: str) -> str:
    """A numbered stop of a way."""
    style = 'text-anchor="middle" font-weight="bold"'
    return f'<circle cx="{x:g}" cy="{y:g}" r="11" fill="{colour}"/>' + text(
        x, y + 4, str(number), colour=PAPER, style=style
    )


def described(room: Room, width: float) -> list[str]:
    """What a room is for, in lines."""
    return wrap(room.purpose, int((width - 24 - (COLUMN if stops_in(room) else 0)) / CHARACTER))


def box(room: Room, x: float, y: float, width: float, height: float) -> Iterator[str]:
    """A room: its name, what it is for, and the stops that are made in it."""
    fill = APP if room.name.startswith("tui") else ENGINE
    yield f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" stroke="{PALE}"/>'
    yield text(x + 12, y + 19, room.name, size=13, style='font-weight="bold" font-family="monospace"')
    for index, line in enumerate(described(room, width)):
        yield text(x + 12, y + 38 + LINE * index, line, colour=PALE)
    for index, (number, colour) in enumerate(reversed(stops_in(room))):
        yield stop(x + width - 24 - 28 * index, y + height / 2, number, colour)


def stops_in(room: Room) -> list[tuple[int, str]]:
    ways: Sequence[tuple[Sequence[str], str]] = ((RECORD, RECORD_COLOUR), (KEY, KEY_COLOUR))
    return [(number, colour) for way, colour in ways for number, name in enumerate(way, 1) if name == room.name]


def legend(y: float) -> Iterator[str]:
    """What the two colours mean."""
    yield stop(MARGIN + 11, y, 1, RECORD_COLOUR)
    yield text(MARGIN + 30, y + 4, "the way of a record, from YAML to a file")
    yield stop(MARGIN + 331, y, 1, KEY_COLOUR)
    yield text(MARGIN + 350, y + 4, "the way of a key, to the document")
    yield text(WIDTH - MARGIN, y + 4, "a room imports only what is below it", colour=PALE, style='text-anchor="end"')


def picture() -> str:
    """The rooms as SVG."""
    shapes = [text(MARGIN, 38, "The rooms of Longhaul", size=20, style='font-weight="bold"'), *legend(64)]
    y, before = 90.0, ""
    for package, rooms in floors():
        if package != before:
            title = {"tui": "the app", "core": "the engine, which knows nothing of the app"}[package]
            shapes.append(text(MARGIN, y + 14, title, size=13, colour=PALE))
            y, before = y + 24, package
        width = (WIDTH - 2 * MARGIN - GAP * (len(rooms) - 1)) / len(rooms)
        height = 34 + LINE * max(len(described(room, width)) for room in rooms)
        for index, room in enumerate(rooms):
            shapes += box(room, MARGIN + index * (width + GAP), y, width, height)
        y += height + GAP
    total = y + MARGIN - GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total:g}" width="{WIDTH}" height="{total:g}" '
        'font-family="Helvetica, Arial, sans-serif">'
    )
    paper = f'<rect width="{WIDTH}" height="{total:g}" rx="10" fill="{PAPER}"/>'
    return "\n".join([head, paper, *shapes, "</svg>"]) + "\n"


def main() -> None:
    """Draw the picture."""
    (HERE / "architecture.svg").write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
