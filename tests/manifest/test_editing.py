"""An edit changes the lines of what is edited, all others stay as they are byte for byte, and undo brings all back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import yaml

from core.manifest.document import Document
from core.manifest.problems import Path

COMMENTED = """\
# A connector, with remarks.
version: "1.0.0"   # quoted

definitions:
  # shared by all streams
  requester:
    type: HttpRequester
    url_base: 'https://api.example.com'   # the base
    request_headers:
      # what we accept
      Accept: application/json  # not XML

      X-Flag: "on"
  list: [one, two, {three: 3}]   # flow

streams:

  # the first stream
  - type: DeclarativeStream   # a stream
    name: users
    query: |
      select *
      from users

    retriever:
      requester: {$ref: "#/definitions/requester"}

  # the second stream
  - name: orders
    empty:
  # the third stream
  - name: items

# the end
"""


def test_one_header_value_through_a_reference_changes_exactly_one_line() -> None:
    document = Document.parse(COMMENTED)
    seen = ("streams", 0, "retriever", "requester", "request_headers", "Accept")

    document.set(document.through_refs(seen), "text/csv")

    assert _changed_lines(COMMENTED, document.text) == {
        "      Accept: application/json  # not XML": "      Accept: text/csv  # not XML"
    }


Edit = Callable[[Document], None]


def _edit_and_move(document: Document) -> None:
    document.set(("a", 0, "k"), 5)
    document.move(("a",), 0, 1)


REPLACEMENTS: dict[str, tuple[str, Edit, str]] = {
    "a double-quoted value keeps its quotes": (
        'a: "x"  # c\nb: 1\n',
        lambda document: document.set(("a",), "y"),
        'a: "y"  # c\nb: 1\n',
    ),
    "a single-quoted value keeps its quotes": (
        "a: 'x'\n",
        lambda document: document.set(("a",), "it's"),
        "a: 'it''s'\n",
    ),
    "a plain value gets quotes when it needs them": (
        "a: x\n",
        lambda document: document.set(("a",), "{{ config['x'] }}"),
        "a: \"{{ config['x'] }}\"\n",
    ),
    "an empty value": ("a:   # c\nb: 1\n", lambda document: document.set(("a",), 5), "a: 5   # c\nb: 1\n"),
    "an empty item": ("a:\n-\n- b\n", lambda document: document.set(("a", 0), "x"), "a:\n- x\n- b\n"),
    "a value on its own line": (
        "a:\n  # c\n  'x'\nb: 1\n",
        lambda document: document.set(("a",), "y"),
        "a:\n  # c\n  'y'\nb: 1\n",
    ),
    "aligned values": ("a:    x\nbcd:  y\n", lambda document: document.set(("a",), "z"), "a:    z\nbcd:  y\n"),
    "a mapping of which one value is different": (
        "a:\n  b: x  # c\n\n  # e\n  d: {f: 1,  g: 2}\n  h: 'y'\n",
        lambda document: document.set(("a",), {"b": "x", "d": {"f": 1, "g": 3}, "h": "y"}),
        "a:\n  b: x  # c\n\n  # e\n  d: {f: 1,  g: 3}\n  h: 'y'\n",
    ),
    "a mapping of which one key goes and another one comes": (
        "a:\n  b: x  # c\n  d: 1\n  e:   2  # f\n",
        lambda document: document.set(("a",), {"b": "x", "e": 2, "g": 3}),
        "a:\n  b: x  # c\n  e:   2  # f\n  g: 3\n",
    ),
    "text of many lines becomes a literal block": (
        "a:\n  b: x  # c\n  d: 1\n",
        lambda document: document.set(("a", "b"), "one\n  two\n"),
        "a:\n  b: |  # c\n    one\n      two\n  d: 1\n",
    ),
    "a literal block gets other lines": (
        "a: |  # c\n    one\n    two\n\n# d\nb: 1\n",
        lambda document: document.set(("a",), "three\nfour\n"),
        "a: |  # c\n  three\n  four\n\n# d\nb: 1\n",
    ),
    "a literal block becomes a single line": (
        "a: |  # c\n  one\n  two\n\nb: 1\n",
        lambda document: document.set(("a",), "x"),
        "a: x  # c\n\nb: 1\n",
    ),
    "a scalar becomes a mapping": (
        "a: x  # c\nb: 1\n",
        lambda document: document.set(("a",), {"k": 1, "l": {}}),
        "a:  # c\n  k: 1\n  l: {}\nb: 1\n",
    ),
    "a mapping becomes a scalar": (
        "a:  # c\n    # d\n    k: 1\n\nb: 1\n",
        lambda document: document.set(("a",), None),
        "a: null  # c\n\nb: 1\n",
    ),
    "an item becomes a mapping": (
        "a:\n  - x  # c\n  - y\n",
        lambda document: document.set(("a", 1), {"k": 1, "l": [2]}),
        "a:\n  - x  # c\n  - k: 1\n    l:\n      - 2\n",
    ),
    "a commented item becomes a mapping": (
        "a:\n  - x  # c\n  - y\n",
        lambda document: document.set(("a", 0), {"k": 1}),
        "a:\n  -  # c\n    k: 1\n  - y\n",
    ),
    "a value in flow style": (
        "a: {b: [1, 'x'], c: d}  # e\n",
        lambda document: document.set(("a", "b", 1), "y, z"),
        "a: {b: [1, 'y, z'], c: d}  # e\n",
    ),
    "a collection in flow style": (
        "a: [1, 2]\n",
        lambda document: document.set(("a", 0), {"b": [True]}),
        "a: [{b: [true]}, 2]\n",
    ),
    "a list in flow style that fits its line": (
        "a:\n  b: &x [one]  # c\n  d: [ 1,\n    2 ]\n",
        lambda document: document.set(("a", "b"), ["one", "x, y", {"k": [2]}]),
        'a:\n  b: &x [one, "x, y", {k: [2]}]  # c\n  d: [ 1,\n    2 ]\n',
    ),
    "a list in flow style that is too long for its line": (
        "a: [one]  # c\n",
        lambda document: document.set(("a",), ["x" * 60, "y" * 60]),
        f"a:  # c\n  - {'x' * 60}\n  - {'y' * 60}\n",
    ),
    "a list in flow style over several lines": (
        "a: [\n  1\n]\n",
        lambda document: document.set(("a",), [1, 2]),
        "a:\n  - 1\n  - 2\n",
    ),
    "a list in flow style by a mapping": (
        "a: [1]\n",
        lambda document: document.set(("a",), {"b": 2}),
        "a:\n  b: 2\n",
    ),
    "a mapping in flow style": (
        "a:\n- {type: A, b: 1}  # c\n",
        lambda document: document.set(("a", 0), {"type": "B"}),
        "a:\n- {type: B}  # c\n",
    ),
    "an anchored value keeps its anchor": (
        "a: &x 5\nb: *x\n",
        lambda document: document.set(("a",), 6),
        "a: &x 6\nb: *x\n",
    ),
    "an anchored mapping keeps its anchor": (
        "a: &x\n  k: 1\nb:\n  <<: *x\n",
        lambda document: document.set(("a",), {"l": 2}),
        "a: &x\n  l: 2\nb:\n  <<: *x\n",
    ),
    "a value reached through an alias changes the original": (
        "a: &x\n  k: 1  # c\nb: *x\n",
        lambda document: document.set(("b", "k"), 2),
        "a: &x\n  k: 2  # c\nb: *x\n",
    ),
    "an alias is replaced in its place": (
        "a: &x 5\nb: *x\n",
        lambda document: document.set(("b",), 6),
        "a: &x 5\nb: 6\n",
    ),
    "a merged key is written explicitly": (
        "a: &x {k: 1}\nb:\n  <<: *x\nc: 1\n",
        lambda document: document.set(("b", "k"), 2),
        "a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\nc: 1\n",
    ),
    "an alias whose anchored value changes its kind is written out": (
        "a: &x 5\nb: *x\n",
        lambda document: document.set(("a",), [1]),
        "a:\n  - 1\nb: 5\n",
    ),
    "the same value is no edit": ("a:   'x'\n", lambda document: document.set(("a",), "x"), "a:   'x'\n"),
    "a JSON manifest stays JSON": (
        '{\n  "a": {"b": "x"},\n  "c": [1]\n}\n',
        lambda document: document.set(("a", "b"), "{{ y }}"),
        '{\n  "a": {"b": "{{ y }}"},\n  "c": [1]\n}\n',
    ),
}

ADDITIONS: dict[str, tuple[str, Edit, str]] = {
    "a key before those that follow it": (
        "a:\n  b: 1  # one\n  # two\n  d: 2\n",
        lambda document: document.set(("a", "c"), 3, ("b", "c", "d")),
        "a:\n  b: 1  # one\n  c: 3\n  # two\n  d: 2\n",
    ),
    "a key before all others": (
        "a: {c: 1, d: 2}\n",
        lambda document: document.set(("a", "b"), 3, ("b", "c", "d")),
        "a: {b: 3, c: 1, d: 2}\n",
    ),
    "a key": (
        "a:\n    b: 1  # c\n\n# d\ne: 2\n",
        lambda document: document.set(("a", "x"), "z"),
        "a:\n    b: 1  # c\n    x: z\n\n# d\ne: 2\n",
    ),
    "a key at the end of a file without a final line break": (
        "a: 1\nb: x",
        lambda document: document.set(("c",), 2),
        "a: 1\nb: x\nc: 2",
    ),
    "a key after a literal block at the end of the file": (
        "a: 1  # one\nb:\n  c: |\n    x\n    y",
        lambda document: document.set(("d",), 2),
        "a: 1  # one\nb:\n  c: |-\n    x\n    y\nd: 2",
    ),
    "a key after a literal block that keeps its blank lines": (
        "a:\n  b: |+\n    x\n\n\nc: 1\n",
        lambda document: document.set(("a", "d"), 2),
        "a:\n  b: |+\n    x\n\n\n  d: 2\nc: 1\n",
    ),
    "a key and the mappings on the way": (
        "a: 1\n",
        lambda document: document.set(("b", "c", "d"), [1, {"e": "f", "g": []}]),
        "a: 1\nb:\n  c:\n    d:\n      - 1\n      - e: f\n        g: []\n",
    ),
    "a mapping in the place of nothing": (
        "a:\nb: 1\n",
        lambda document: document.set(("a", "x"), 1),
        "a:\n  x: 1\nb: 1\n",
    ),
    "the first key of an empty mapping": (
        "a: {}  # c\n",
        lambda document: document.set(("a", "x"), 1),
        "a:  # c\n  x: 1\n",
    ),
    "the first key of an empty manifest": (
        "# c\n{}\n",
        lambda document: document.set(("a", "b"), 1),
        "# c\na:\n  b: 1\n",
    ),
    "lists with the indentation of the document": (
        "a:\n- b: 1\nc:\n    d: 1\n",
        lambda document: document.set(("c", "e"), [{"f": {"g": 1}}]),
        "a:\n- b: 1\nc:\n    d: 1\n    e:\n    - f:\n          g: 1\n",
    ),
    "an item in the middle": (
        "a:\n  - 1  # one\n\n  # about two\n  - 2\n",
        lambda document: document.insert(("a",), 1, "x"),
        "a:\n  - 1  # one\n  - x\n\n  # about two\n  - 2\n",
    ),
    "an item at the start": (
        "a:\n  # about one\n  - k: 1\n    l: 2\n",
        lambda document: document.insert(("a",), 0, {"m": 1, "o": 2}),
        "a:\n  - m: 1\n    o: 2\n  # about one\n  - k: 1\n    l: 2\n",
    ),
    "an item at the end": ("a:\n- 1\nb: 1\n", lambda document: document.set(("a", 1), 2), "a:\n- 1\n- 2\nb: 1\n"),
    "several items at the end": (
        "a:\n- 1  # one\n# below\nb: 1\n",
        lambda document: document.extend(("a",), [2, {"c": 3}]),
        "a:\n- 1  # one\n- 2\n- c: 3\n# below\nb: 1\n",
    ),
    "an item of an empty list": ("a: []\n", lambda document: document.insert(("a",), 0, "x"), "a:\n  - x\n"),
    "an item of a nested list": (
        "a:\n  - - 1\n    - 2\n",
        lambda document: document.insert(("a", 0), 2, [3]),
        "a:\n  - - 1\n    - 2\n    - - 3\n",
    ),
    "an item in flow style": (
        "a: [1, 2]  # c\n",
        lambda document: document.insert(("a",), 1, "x"),
        "a: [1, x, 2]  # c\n",
    ),
    "a key in flow style": ("a: {b: 1}\n", lambda document: document.set(("a", "c"), "x: y"), 'a: {b: 1, c: "x: y"}\n'),
    "a key in flow style over several lines": (
        "a: {\n  b: 1,  # one\n  c: 2  # two\n}\n",
        lambda document: document.set(("a", "d"), 3),
        "a: {\n  b: 1,  # one\n  c: 2,\n  d: 3  # two\n}\n",
    ),
    "a key in JSON": (
        '{\n    "a": {\n        "b": 1\n    },\n    "c": {}\n}',
        lambda document: document.set(("a", "d"), {"e": ["f"], "g": None, "on": "on"}),
        '{\n    "a": {\n        "b": 1,\n        "d": {\n            "e": [\n                "f"\n            ],\n'
        '            "g": null,\n            "on": "on"\n        }\n    },\n    "c": {}\n}',
    ),
    "keys in a file with Windows line breaks": (
        "a:\r\n  b: 1\r\nc: 2\r\n",
        lambda document: document.set(("a", "d"), {"e": "x\ny"}),
        "a:\r\n  b: 1\r\n  d:\r\n    e: |-\r\n      x\r\n      y\r\nc: 2\r\n",
    ),
    "keys that need quotes": (
        "a: 1\n",
        lambda document: document.set(("m",), {"on": 1, "200": 2, "x: y": 3, "": 4, "$ref": 5, "X-Header": 6}),
        'a: 1\nm:\n  "on": 1\n  "200": 2\n  "x: y": 3\n  "": 4\n  $ref: 5\n  X-Header: 6\n',
    ),
}

REMOVALS: dict[str, tuple[str, Edit, str]] = {
    "a key with the comment above it": (
        "a: 1\n\n# section\n\n# about b\nb: # c\n  - 1\n# about c\nc: 1\n",
        lambda document: document.delete(("b",)),
        "a: 1\n\n# section\n\n# about c\nc: 1\n",
    ),
    "the first key, under the comment of the file": (
        "# the file\na: 1\nb: 2\n",
        lambda document: document.delete(("a",)),
        "# the file\nb: 2\n",
    ),
    "the first key of an item": (
        "a:\n  - b: 1\n    # about c\n    c: 2\n",
        lambda document: document.delete(("a", 0, "b")),
        "a:\n  - # about c\n    c: 2\n",
    ),
    "the last key": (
        "a:\n  b: 1\n  c: 2  # c\n\n# end\nd: 1\n",
        lambda document: document.delete(("a", "c")),
        "a:\n  b: 1\n\n# end\nd: 1\n",
    ),
    "the only key": ("a:  # c\n  b: 1\nd: 1\n", lambda document: document.delete(("a", "b")), "a: {}  # c\nd: 1\n"),
    "the only item": ("a:\n- b\nd: 1\n", lambda document: document.delete(("a", 0)), "a: []\nd: 1\n"),
    "everything": ("# c\na: 1\n", lambda document: document.delete(("a",)), "# c\n{}\n"),
    "an item": (
        "a:\n  # one\n  - x: 1\n\n  # two\n  - y: 1\n\n  # three\n  - z: 1\n",
        lambda document: document.delete(("a", 0)),
        "a:\n  # two\n  - y: 1\n\n  # three\n  - z: 1\n",
    ),
    "an item in flow style": ("a: [1, 2, 3]\n", lambda document: document.delete(("a", 1)), "a: [1, 3]\n"),
    "the last item in flow style": (
        "a: [\n  1,\n  2,\n]\n",
        lambda document: document.delete(("a", 1)),
        "a: [\n  1,\n]\n",
    ),
    "the first item in flow style": ("a: [ 1, 2 ]\n", lambda document: document.delete(("a", 0)), "a: [ 2 ]\n"),
    "a literal block": ("a: |\n  x\n\n  y\nb: 1\n", lambda document: document.delete(("a",)), "b: 1\n"),
    "an anchor, whose aliases are written out": (
        "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 1\n",
        lambda document: document.delete(("a",)),
        "b:\n  k: 1\nc:\n  <<:\n    k: 1\n  l: 1\n",
    ),
    "a merged key": (
        "a: &x {k: 1, l: 2}\nb:\n  <<: *x  # c\n  # own\n  m: 3\n",
        lambda document: document.delete(("b", "k")),
        "a: &x {k: 1, l: 2}\nb:\n  l: 2\n  # own\n  m: 3\n",
    ),
}

MOVES: dict[str, tuple[str, Edit, str]] = {
    "an item down, with its comment": (
        "a:\n  # one\n  - x: 1  # c\n\n  # section\n\n  # two\n  - y: |\n      z\n\n  # three\n  - z\nb: 1\n",
        lambda document: document.move(("a",), 0, 2),
        "a:\n  # two\n  - y: |\n      z\n\n  # section\n\n  # three\n  - z\n\n  # one\n  - x: 1  # c\nb: 1\n",
    ),
    "an item up": ("a:\n- 1\n- 2\n- 3\n", lambda document: document.move(("a",), 2, 0), "a:\n- 3\n- 1\n- 2\n"),
    "an item in flow style": (
        "a: [1,  {b: 2}, 3]\n",
        lambda document: document.move(("a",), 1, 0),
        "a: [{b: 2},  1, 3]\n",
    ),
    "an edited item": (
        "a:\n- k: 1  # c\n- k: 2  # d\n",
        _edit_and_move,
        "a:\n- k: 2  # d\n- k: 5  # c\n",
    ),
    "an anchored item below its alias": (
        "a:\n- &x [1]\n- *x\n",
        lambda document: document.move(("a",), 0, 1),
        "a:\n- - 1\n- &x [1]\n",
    ),
    "a key renamed": (
        "a:\n  'b':   1  # c\n  d: 2\n",
        lambda document: document.rename(("a", "b"), "on"),
        "a:\n  'on':   1  # c\n  d: 2\n",
    ),
    "a key renamed in flow style": (
        "a: {b: 1}\n",
        lambda document: document.rename(("a", "b"), "x y"),
        "a: {x y: 1}\n",
    ),
}

CASES = {
    f"{kind}: {name}": case
    for kind, cases in {"replace": REPLACEMENTS, "add": ADDITIONS, "remove": REMOVALS, "move": MOVES}.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("before", "edit", "after"), CASES.values(), ids=CASES.keys())
def test_an_edit_touches_only_its_lines_and_can_be_undone(before: str, edit: Edit, after: str) -> None:
    document = Document.parse(before)

    edit(document)

    assert document.text == after
    assert document.root == yaml.safe_load(after)
    while document.history.can_undo:
        document.history.undo()
    assert document.text == before
    while document.history.can_redo:
        document.history.redo()
    assert document.text == after


def test_json_stays_readable_as_json() -> None:
    document = Document.parse(json.dumps({"a": [], "b": {"c": "d"}, "e": 1}, indent=2))

    document.insert(("a",), 0, {"x": "{{ 'y' }}", "z": "\n\x7f"})
    document.set(("b", "on"), 1.5)
    document.rename(("e",), "true")

    assert json.loads(document.text) == document.root


def test_setting_the_old_value_again_brings_back_the_old_text() -> None:
    text = "a: >-\n  folded\n  text\nb: 0x1F\n"
    document = Document.parse(text)
    document.set(("a",), "x")
    document.set(("b",), 5)

    document.set(("b",), 31)
    document.set(("a",), "folded text")

    assert document.text == text


def test_earlier_trees_stay_as_they_were() -> None:
    document = Document.parse("a: {b: 1}\n")
    before = document.root

    document.set(("a", "b"), 2)

    assert before == {"a": {"b": 1}}
    assert document.root == {"a": {"b": 2}}


def test_the_caller_keeps_the_value_that_was_set() -> None:
    document = Document.parse("a: 1\n")
    value = {"k": [1]}
    document.set(("b",), value)

    value["k"].append(2)

    assert document.get(("b",)) == {"k": [1]}


def test_many_edits_of_a_large_manifest_are_quick() -> None:
    streams = "".join(
        f"  # stream {number}\n  - name: s{number}\n    headers:\n"
        + "".join(f"      h{i}: value {i}\n" for i in range(200))
        for number in range(150)
    )
    text = f"version: 1.0.0\nstreams:\n{streams}"
    assert len(text) > 500_000
    document = Document.parse(text)
    path: Path = ("streams", 75, "headers", "h100")
    started = time.process_time()

    for number in range(50):
        document.set(path, f"typed {number}")
        assert document.get((*path[:2], "name")) == "s75"
    edited = document.text

    assert time.process_time() - started < 5
    assert _changed_lines(text, edited) == {"      h100: value 100": "      h100: typed 49"}


def _changed_lines(before: str, after: str) -> dict[str, str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return {old: new for old, new in pairs if old != new}
