"""Whatever is edited in whatever order: the text reads back to the edited tree, and undo brings back every byte."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.manifest.document import Document
from core.manifest.nodes import same
from core.manifest.problems import Path

SOURCES = {
    "comments, blank lines and quotes": """\
# head

version: "6.0.0" # v
'quoted key':   'it''s'   # aligned

# about streams
streams:
  # one
  - name: one   # c1
    empty:
    path: "a # b"

  # section

  # two
  - name: two
    list:
      - 1
      # before two
      - 2

      - - nested
        - "x"
  -
    name: three
# end
tail: 'x: y'
""",
    "unindented dashes, block scalars, no final line break": """\
a:
- |
  literal

  text
- >-
  folded
  text
- |+
  kept


- b: |2
      indented
  c: plain
    over lines
d:
    e: "double
      quoted"
    f: ''
g: |
  last""",
    "flow style": """\
a: {b: 1, c: [x, 'y', {z: null}], d: }
e: [
  one,  # first
  {two: 2, three: [3]},

  # before four
  four,
]
f: []
g: {}
h:
  - [1, [2, 3]]
  - {k: v}
""",
    "JSON": """\
{
  "version": "1",
  "streams": [
    {"name": "a", "on": true, "x": [1, 2.5, null]},
    {
      "name": "b"
    }
  ],
  "empty": {}, "list": []
}
""",
    "explicit keys, tags and odd layout": """\
---
? a
: b
? c
"d" : !!str 5
e:   &anchored   # c
     k:   v
     l: !!map
       m: 1
f: ! text
g: ~
h: {200: x, 1.5: y}
...
""",
    "Windows line breaks": """\
\ufeff# c
a: 1 # one
b:
    - x

    # y
    - y: |
        z
        w
c: {d: e}
""".replace("\n", "\r\n"),
}

TEXTS = st.one_of(
    st.sampled_from(
        ["on", "2024-01-01", "012", "1_000", "{{ config['a'] }}", "- x", "a: b", "a #b", "'", '"', "\\", " x", "x "]
    ),
    st.sampled_from(
        [
            "",
            "a\nb",
            "a\nb\n",
            "a\n  b\n\n",
            "\na",
            "a\n\nb\n",
            "a \n b",
            "#x\ny",
            "a\r\nb",
            "\t",
            "é\u2028",
            "a\n---\nb",
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8),
)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_edits_read_back_and_can_be_undone(source: str, data: st.DataObject) -> None:
    document = Document.parse(source)
    expected = copy.deepcopy(document.root)
    for _ in range(data.draw(st.integers(1, 5))):
        _edit_at_random(document, expected, data)
        assert same(document.root, expected)
    edited = document.text

    assert same(Document.parse(edited).root, expected)
    while document.history.can_undo:
        document.history.undo()
    assert document.text == source
    while document.history.can_redo:
        document.history.redo()
    assert document.text == edited


SHARED = """\
# shared
base: &base   # b
  url: x
  headers: &headers {A: 1, B: [2, 3]}   # h
limit: &limit 5
list: &list
  - *limit
  - &item
    k: v
  - *item
one:
  <<: *base   # merged
  url: y
two: {<<: [*headers, *base], own: *limit}
three: *list
four:
  - *base
  - <<: *item
    l: *headers
"""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_edits_of_shared_values_read_back_and_can_be_undone(data: st.DataObject) -> None:
    document = Document.parse(SHARED)
    for _ in range(data.draw(st.integers(1, 4))):
        with contextlib.suppress(LookupError):  # a merged key cannot be renamed
            _edit_at_random(document, copy.deepcopy(document.root), data)
    edited = document.text

    assert same(Document.parse(edited).root, document.root)
    while document.history.can_undo:
        document.history.undo()
    assert document.text == SHARED
    while document.history.can_redo:
        document.history.redo()
    assert document.text == edited


SINGLE_LINES = [source for name, source in SOURCES.items() if not name.startswith("explicit")]
OVER_LINES = ("folded text", "plain over lines", "double quoted", "last")


@pytest.mark.parametrize("source", SINGLE_LINES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_new_value_on_one_line_leaves_all_other_lines_alone(source: str, data: st.DataObject) -> None:
    document = Document.parse(source)
    on_one_line = [
        path
        for path, value in _places(document.root)
        if not isinstance(value, dict | list) and "\n" not in str(value) and value not in OVER_LINES
    ]

    document.set(data.draw(st.sampled_from(on_one_line)), data.draw(st.sampled_from(["x", "on", 5, None, "it's", []])))

    lines = zip(source.splitlines(True), document.text.splitlines(True), strict=True)
    assert sum(before != after for before, after in lines) <= 1


def _edit_at_random(document: Document, expected: Any, data: st.DataObject) -> None:
    """Do one edit to the document, and the same to the expected tree."""
    path, value = data.draw(st.sampled_from(list(_places(expected)) or [((), expected)]))
    parent = _at(expected, path[:-1])
    kinds = ["set", "delete", "add"]
    if isinstance(value, list):
        kinds += ["insert", "move"] if len(value) > 1 else ["insert"]
    if isinstance(parent, dict) and path and isinstance(path[-1], str):
        kinds.append("rename")
    kind = data.draw(st.sampled_from(kinds)) if path else "add"
    if kind == "set":
        new = data.draw(VALUES)
        document.set(path, new)
        parent[path[-1]] = copy.deepcopy(new)
    elif kind == "delete":
        document.delete(path)
        del parent[path[-1]]
    elif kind == "insert":
        index, new = data.draw(st.integers(0, len(value))), data.draw(VALUES)
        document.insert(path, index, new)
        value.insert(index, copy.deepcopy(new))
    elif kind == "move":
        start, end = (data.draw(st.integers(0, len(value) - 1)) for _ in range(2))
        document.move(path, start, end)
        value.insert(end, value.pop(start))
    elif kind == "rename":
        key = data.draw(TEXTS.filter(lambda text: text not in parent))
        document.rename(path, key)
        items = [(key if name == path[-1] else name, item) for name, item in parent.items()]
        parent.clear()
        parent.update(items)
    elif isinstance(parent, dict):
        key, new = data.draw(TEXTS), data.draw(VALUES)
        follower = data.draw(st.sampled_from([None, *(name for name in parent if isinstance(name, str))]))
        document.set((*path[:-1], key), new, () if follower is None else (key, follower))
        items = list(parent.items())
        names = list(parent)
        at = key if key in parent else follower
        place = len(names) if at is None else names.index(at)
        items[place : place + (key in parent)] = [(key, copy.deepcopy(new))]
        parent.clear()
        parent.update(items)


def _places(value: Any, path: Path = ()) -> Any:
    """All places in a tree, outermost first."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key), item
        if isinstance(item, dict | list):
            yield from _places(item, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value
