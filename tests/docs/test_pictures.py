"""The picture that moves shows the builder as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from docs import pictures
from docs.moving_picture import Frame, frame, moving_picture

PICTURE = Path(pictures.__file__).parent / "builder.svg"
LARGEST = 400_000
_DIFFERENT = 0.1
"""The part of the last frame that may be different: how many records are in view depends on what the job line says."""
_SVG = "{http://www.w3.org/2000/svg}"
_DRAWN = re.compile(r"[^\w\s.,:;{}()'\[\]*/+-]")
"""What is drawn rather than written differs with the time that a run takes."""


def words(texts: Iterable[str]) -> set[str]:
    """What is written, with times, counts and identifiers all the same."""
    plain = {re.sub(r"[0-9a-f]*\d[0-9a-f.,-]*", "0", text).strip() for text in texts if not _DRAWN.search(text)}
    return {" ".join(text.split()) for text in plain} - {""}


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


def said(one: Frame) -> list[str]:
    return [run.text for run in one.runs]


@pytest.mark.slow
async def test_it_is_up_to_date() -> None:
    frames = await pictures.frames_of_a_test()
    drawn = words(texts(PICTURE.read_text(encoding="utf-8")))
    assert words(said(frames[0])) <= drawn, "draw it again: make pictures"
    last = words(said(frames[-1]))
    assert len(last - drawn) < len(last) * _DIFFERENT, "draw it again: make pictures"


def test_it_moves_without_a_script_and_is_small() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert "@keyframes" in svg
    assert "prefers-reduced-motion" in svg
    assert not re.search(r"<script|<foreignObject|@import|href=|url\(", svg)
    assert len(svg) < LARGEST
    assert "127.0.0.1:40000" in " ".join(texts(svg))


def line(*segments: tuple[str, str]) -> Strip:
    return Strip([Segment(text, Style.parse(style)) for text, style in segments])


def test_what_stays_is_written_once_and_what_changes_has_its_time() -> None:
    frames = [frame([line(("name ", "red"), (state, "green"))], seconds=1) for state in ("waits", "runs", "waits")]
    svg = moving_picture(frames, columns=10, lines=1, title="A <test>")
    assert sorted(texts(svg)) == ["name", "runs", "waits", "waits"]
    assert "A &lt;test&gt;" in svg
    assert svg.count("@keyframes") == 3
    assert "33.33% { visibility: visible } 66.67% { visibility: hidden }" in svg
    root = ElementTree.fromstring(svg)
    hidden = [group for group in root.iter(f"{_SVG}g") if group.get("visibility") == "hidden"]
    assert [element.text for group in hidden for element in group.iter(f"{_SVG}text")] == ["waits", "runs"]


def test_the_same_frames_are_the_same_picture() -> None:
    frames = [frame([line((text, "bold on blue"))], seconds=0.5) for text in ("one", "two")]
    assert moving_picture(frames, 10, 1, "test") == moving_picture(list(frames), 10, 1, "test")
