from __future__ import annotations

import asyncio
import json

import pytest

from tests.tui.widgets.support import on_stage
from tui.widgets.doc_text import prepare
from tui.widgets.doc_view import DocView

JOB = {"job": {"id": 7, "links": [{"href": "one"}, {"href": "two", "a b": [1, [2, 3]], "none": {}}]}, "done": True}


def lines(view: DocView) -> list[str]:
    return [view.render_line(y).text[4:].rstrip() for y in range(min(view.size.height, len(view.doc)))]


async def test_json_is_laid_out_with_line_numbers() -> None:
    view = DocView('{"a":[1,{"b":null}]}', "json")
    async with on_stage(view):
        assert lines(view) == ["{", '  "a": [', "    1,", "    {", '      "b": null', "    }", "  ]", "}"]
        assert view.render_line(2).text.startswith("  3     1,")


async def test_invalid_json_is_shown_as_text_with_the_reason() -> None:
    view = DocView('{"a": NaN\n}', "json")
    async with on_stage(view) as stage:
        assert lines(view) == ['{"a": NaN', "}"]
        assert "NaN" in stage.app.heard(DocView.Loaded)[-1].problem
        view.load("<html>", "json")
        await stage.settle()
        assert stage.app.heard(DocView.Loaded)[-1].problem == (
            "Not valid JSON: line 1, column 1: a value is missing or not written as JSON (texts need double quotes)"
        )


def test_numbers_too_big_for_64_bits_keep_their_digits() -> None:
    assert prepare("[123456789012345678901234567890]", "json").line(1).strip() == ("123456789012345678901234567890")


def test_json_nested_too_deeply_is_shown_as_text() -> None:
    doc = prepare("[" * 100_000 + "]" * 100_000, "json")
    assert doc.problem == "Not valid JSON: nested too deeply"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[{"a": 1}, {"a": 2}, {"a"', [{"a": 1}, {"a": 2}]),
        ('{"data": [{"a": "x, ]"}, {"b": [1, 2', {"data": [{"a": "x, ]"}, {"b": [1]}]}),
        ('{"a": 1, "text": "never \\" end, ', {"a": 1}),
    ],
)
def test_truncated_json_is_laid_out_up_to_its_last_whole_item(text: str, shown: object) -> None:
    doc = prepare(text, "cut-json")
    assert doc.nodes is not None
    assert json.loads(doc.text) == shown
    assert (doc.source, doc.problem) == (text, "")


def test_only_the_beginning_of_long_truncated_json_is_laid_out() -> None:
    doc = prepare("[" + "1234567, " * 200_000, "cut-json")
    assert doc.nodes is not None
    assert 100_000 < len(doc) < 120_000
    assert doc.problem == "the first 1,000,000 characters are laid out"


def test_xml_in_one_line_is_indented_and_its_texts_stay_with_their_tags() -> None:
    doc = prepare('<?xml version="1.0"?><job a="1"><id>7</id><none/><list><i>x</i></list><e></e></job>', "xml")
    assert doc.text.split("\n") == [
        '<?xml version="1.0"?>',
        '<job a="1">',
        "  <id>7</id>",
        "  <none/>",
        "  <list>",
        "    <i>x</i>",
        "  </list>",
        "  <e></e>",
        "</job>",
    ]


@pytest.mark.parametrize("value", [JOB, [], 5, [[[]]], {"": [{'é " \\': "x, y: {"}]}])
def test_every_line_of_json_leads_to_a_node_of_the_value(value: object) -> None:
    doc = prepare(json.dumps(value), "json")
    assert doc.nodes is not None
    for line in range(len(doc)):
        node: object = value
        for step in doc.nodes.path(line):
            node = node[step]  # type: ignore[index]  # a path fits its own value
        assert doc.nodes.value(line) == node


async def test_enter_chooses_the_node_under_the_cursor() -> None:
    view = DocView(json.dumps(JOB), "json", pickable=True)
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("down", "down", "down", "down", "down")
        assert view.path == ("job", "links", 0, "href")
        moved = stage.app.heard(DocView.CursorMoved)[-1]
        assert (moved.line, moved.path) == (5, ("job", "links", 0, "href"))
        await stage.press("enter")
        chosen = stage.app.heard(DocView.NodeChosen)[-1]
        assert (chosen.path, chosen.value, chosen.control) == (("job", "links", 0, "href"), "one", view)


async def test_a_double_click_chooses_a_node() -> None:
    view = DocView(json.dumps(JOB), "json", pickable=True)
    async with on_stage(view) as stage:
        await stage.click(view, x=8, y=2, times=2)
        assert stage.app.heard(DocView.NodeChosen)[-1].value == 7


async def test_plain_text_has_no_nodes() -> None:
    view = DocView("one\ntwo")
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("down", "enter")
        assert view.cursor == 1
        assert view.path is None
        assert stage.app.heard(DocView.NodeChosen) == []


async def test_a_search_counts_its_matches_and_steps_around_them() -> None:
    view = DocView("a Needle\nnothing\nneedle NEEDLE")
    async with on_stage(view) as stage:
        view.focus()
        view.search("needle")
        await stage.settle()

        def place() -> tuple[int, int, int]:
            last = stage.app.heard(DocView.SearchMoved)[-1]
            return last.current, last.total, view.cursor

        assert place() == (1, 3, 0)
        await stage.press("n")
        assert place() == (2, 3, 2)
        await stage.press("n", "n")
        assert place() == (1, 3, 0)
        await stage.press("N")
        assert place() == (3, 3, 2)
        view.search("missing")
        await stage.settle()
        assert place() == (0, 0, 2)


async def test_slash_requests_a_search() -> None:
    view = DocView("x")
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("/")
        assert len(stage.app.heard(DocView.SearchRequested)) == 1


async def test_a_match_far_to_the_right_is_scrolled_into_view() -> None:
    view = DocView("x" * 500 + "needle" + "y" * 500)
    async with on_stage(view) as stage:
        view.search("needle")
        await stage.settle()
        assert "needle" in lines(view)[0]


def test_a_match_across_the_edge_of_a_search_window_is_found_once() -> None:
    doc = prepare("x" * ((1 << 20) - 3) + "needle", "text")
    assert list(doc.find("needle")) == [(1 << 20) - 3]


async def test_copying_gives_the_line_or_the_text_as_it_was_received() -> None:
    view = DocView('{"a":1}', "json")
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("down", "y", "Y")
        line, text = stage.app.heard(DocView.CopyRequested)
        assert (line.text, line.what) == ('"a": 1', "line")
        assert (text.text, text.what) == ('{"a":1}', "text")


async def test_nothing_in_a_text_is_markup_or_a_control_code() -> None:
    view = DocView("[red]x[/] \x1b[2J \ud800 \u202e end")
    async with on_stage(view):
        assert lines(view)[0] == "[red]x[/] \u241b[2J \ufffd \ufffd end"


async def test_long_lines_scroll_sideways() -> None:
    view = DocView("".join(f"{n:04}" for n in range(500)))
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("end")
        assert lines(view)[0].endswith("0499")
        await stage.press("home")
        assert lines(view)[0].startswith("0000")


async def test_an_empty_text_takes_every_key() -> None:
    view = DocView("", "text")
    async with on_stage(view) as stage:
        view.focus()
        await stage.press("up", "down", "pageup", "pagedown", "enter", "y", "Y", "n", "N", "end", "ctrl+end")
        assert view.cursor == 0


async def test_opening_ten_megabytes_of_small_objects_does_not_block_the_event_loop() -> None:
    rows = [{"id": n, "name": f"user number {n}", "tags": ["a", {"x": None}], "score": n / 7} for n in range(100_000)]
    text = json.dumps(rows)
    view = DocView()
    async with on_stage(view) as stage:
        view.load(text, "json")
        beats = 0
        while not any(loaded.lines > 900_000 for loaded in stage.app.heard(DocView.Loaded)):
            await asyncio.sleep(0.001)
            beats += 1
        assert beats > 10
        view.focus()
        await stage.press("ctrl+end", "up")
        assert view.path == (99_999,)
