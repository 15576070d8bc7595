"""A document holds a manifest as it was written, finds places in it, and refuses what is broken or hostile."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.manifest.document import Document
from core.manifest.problems import ManifestError, Position, Severity


class DatesAsText(yaml.CSafeLoader):
    """PyYAML's safe loader without dates."""


DatesAsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = {
    "nothing": ("", "1:1: The manifest is empty."),
    "only comments": ("# a comment\n\n", "1:1: The manifest is empty."),
    "text": ("hello", "1:1: A manifest has to be a mapping (`key: value` lines) at the top."),
    "a list": ("- a\n- b\n", "1:1: A manifest has to be a mapping (`key: value` lines) at the top."),
    "two documents": ("a: 1\n---\nb: 2\n", "2:1: The file holds more than one YAML document."),
    "an unclosed bracket": ("a: [1,\n", "2:1: YAML syntax: a value is missing in a list or an object."),
    "an unclosed list": ("a: [1\nb: 2\n", "2:2: YAML syntax: a list that begins with `[` has no `,` or `]`"),
    "an unclosed quote": ("a: 1\nb: 'x\n", "2:4: YAML syntax: a text begins that has no closing quotation mark."),
    "wrong indentation": ("a:\n  b: 1\n c: 2\n", "3:2: YAML syntax: this line is not indented as those before it"),
    "two documents of JSON": ('{"a": 1}{"b": 2}', "1:9: YAML syntax: something follows the end of the document."),
    "a tab": ("a:\n\tb: 1\n", "2:1: YAML syntax:"),
    "a colon in plain text": ("a: b: c\n", "1:5: YAML syntax: a second `: ` on one line"),
    "a template without quotes": ("a: {{ config['x'] }}\n", "1:5: YAML syntax:"),
    "a template without quotes that is nearly YAML": ("a: {{ x }}\n", "1:5: A key has to be text"),
    "a list as a key": ("? [a, b]\n: 1\n", "1:3: A key has to be text, not a list or a mapping."),
    "a Python object": (
        "a: !!python/object/apply:os.system [ls]\n",
        "1:4: Python objects (`!!python/object/apply:os.system`) are not allowed in a manifest.",
    ),
    "a Python name": ("a: !!python/name:os.system\n", "1:4: Python objects (`!!python/name:os.system`)"),
    "a tag of its own": ("a: !vault x\n", "1:4: The YAML tag `!vault` has no meaning in a manifest."),
    "a set": ("a: !!set {x, y}\n", "1:4: The YAML tag `!!set` has no meaning in a manifest."),
    "an alias without an anchor": ("a: *nothing\n", "1:4: The alias `*nothing` has no anchor."),
    "an anchor set twice": ("a: &x 1\nb: &x 2\n", "2:4: The anchor `&x` is there twice."),
    "an alias in its own value": ("a: &x [1, *x]\n", "1:11: The alias `*x` stands for something that it is"),
    "a mapping merged into itself": ("a: &x {<<: *x}\n", "1:12: The alias `*x` stands for something that it is"),
    "a merge of text": ("a: {<<: text}\n", "1:9: `<<` takes in a mapping or a list of mappings, nothing else."),
    "an alias bomb": (BOMB, "6:32: The manifest holds more than 1,000,000 values."),
    "brackets nested deeply": ("a: " + "[" * 100_000, "1:103: The manifest is nested more than 100 levels deep."),
    "dashes nested deeply": ("a:\n" + "- " * 5_000, "The manifest is nested more than 100 levels deep."),
    "a NUL": ("a: x\nb: \x00\n", "2:4: The character U+0000 may not stand in a manifest."),
    "an escape character": ("a: \x1b[31m\n", "1:4: The character U+001B may not stand in a manifest."),
    "half a character": ("a: \ud800\n", "1:4: The character U+D800 may not stand in a manifest."),
    "an equals sign": ("a: =\n", "1:4: YAML gives `=` a meaning of its own."),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_or_hostile_text_is_refused_with_a_sentence_and_a_place(text: str, expected: str) -> None:
    started = time.process_time()

    with pytest.raises(ManifestError) as caught:
        Document.parse(text)

    assert expected in str(caught.value)
    assert time.process_time() - started < 5


def test_all_problems_of_a_text_are_reported() -> None:
    with pytest.raises(ManifestError) as caught:
        Document.parse("a: !!set {x}\nb: !x 1\nc: *c\n", "manifest.yaml")

    assert str(caught.value).splitlines() == [
        "manifest.yaml:1:4: The YAML tag `!!set` has no meaning in a manifest. (remove the tag)",
        "manifest.yaml:2:4: The YAML tag `!x` has no meaning in a manifest. (remove the tag)",
        "manifest.yaml:3:4: The alias `*c` has no anchor. (write `&c` at the value it stands for, further up)",
    ]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9t\xe9\n")
    (tmp_path / "wide.yaml").write_text("a: 1\n", encoding="utf-16")
    with (tmp_path / "large.yaml").open("wb") as large:
        large.truncate(10_000_001)

    assert _refusal(tmp_path / "missing.yaml").endswith("missing.yaml: There is no such file.")
    assert "This is a directory, not a manifest." in _refusal(tmp_path)
    assert "latin.yaml:2:4: The file is not UTF-8 text." in _refusal(tmp_path / "latin.yaml")
    assert "wide.yaml:1:1: The file is not UTF-8 text." in _refusal(tmp_path / "wide.yaml")
    assert "larger than 10 MB" in _refusal(tmp_path / "large.yaml")
    assert "cannot be read: " in _refusal(tmp_path / "a\0b")
    assert "cannot be read: Not a directory" in _refusal(tmp_path / "latin.yaml" / "x")


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, {y: z}]\nc: |\n  text\n",
        '{"version": "1", "streams": [{"name": "a", "n": 1.5e+3, "b": true, "x": null}]}',
        "base: &b {a: 1, b: [1]}\nx: {<<: *b, a: 2}\ny: *b\nz: {<<: [{a: 3}, *b], <<: {c: 1}}\n",
        "a: on\nb: 2024-01-01\nc: 2024-01-01T00:00:00Z\nd: 012\ne: 1_000\nf: 1:30\ng: .inf\nh: ~\ni: 1e3\n",
        "? a\n: b\n? c\nd: !!str 5\ne: !!int '7'\nf: ! x\ng: {200: x}\n",
        "---\na: 1\n",
        "%YAML 1.1\n---\na: 1\n...\n",
        'a: é\u00a0ü\nb: "\\u00e9"\n',
        "a: >-\n  x\n  y\n\n  z\nb: |+\n  x\n\n\nc: plain\n  text\n",
    ],
)
def test_the_raw_tree_is_what_the_safe_loader_gives(text: str) -> None:
    root = Document.parse(text).root

    expected = yaml.load(text, Loader=DatesAsText)
    assert root == expected
    assert list(root) == list(expected)


NOTED = {
    "a date": ("a: 2024-01-31\n", {"a": "2024-01-31"}, "1:4: YAML reads `2024-01-31` as a date"),
    "a time": (
        "a: [x, 2024-01-31 10:00:00.50 +01:00]\n",
        {"a": ["x", "2024-01-31 10:00:00.50 +01:00"]},
        "1:8: YAML reads `2024-01-31 10:00:00.50 +01:00` as a date",
    ),
    "a date as a key": ("a: {2024-01-31: 1}\n", {"a": {"2024-01-31": 1}}, "1:5: YAML reads `2024-01-31` as a date"),
    "a date that is none": ("a: 2024-13-45\n", {"a": "2024-13-45"}, "1:4: YAML reads `2024-13-45` as a date"),
    "an anchored date": ("a: &x 2024-01-31\nb: *x\n", {"a": "2024-01-31", "b": "2024-01-31"}, "1:4: YAML reads"),
    "a number that is too large": ("a: " + "9" * 5000, {"a": "9" * 5000}, "1:4: YAML reads `999"),
    "a binary value": ("a: !!binary aGk=\n", {"a": "aGk="}, "1:4: A manifest holds no binary values"),
    "a duplicate key": (
        "a: 1\nb:\n  c: 1\n  c: 2\n",
        {"a": 1, "b": {"c": 2}},
        "4:3: The key `c` appears twice; first on line 3. The last one counts.",
    ),
    "a boolean as a key at the top": ("on: 1\n", {"on": 1}, "1:1: The key `on` is read by YAML as the value True"),
    "a number as the key of a component": (
        "a:\n  type: X\n  0404: y\n",
        {"a": {"type": "X", "0404": "y"}},
        "3:3: The key `0404` is read by YAML as the value 260",
    ),
}


@pytest.mark.parametrize(("text", "root", "note"), NOTED.values(), ids=NOTED)
def test_values_that_are_read_otherwise_than_they_look_are_reported_with_their_position(
    text: str, root: object, note: str
) -> None:
    document = Document.parse(text)

    [problem] = document.notes
    assert document.root == root
    assert str(problem).startswith(note)
    assert problem.severity is Severity.WARNING
    assert len(str(problem)) < 200


def test_notes_follow_edits() -> None:
    document = Document.parse("a: 1\nb: 2024-01-31\n")

    document.delete(("a",))
    assert [str(problem)[:4] for problem in document.notes] == ["1:4:"]

    document.set(("b",), "2024-02-01")
    assert document.notes == ()
    assert document.text == 'b: "2024-02-01"\n'


def test_a_key_that_is_there_twice_is_edited_as_one() -> None:
    text = "a: 1\nb: 2\na: 3\n"
    document = Document.parse(text)

    document.set(("a",), 4)
    assert document.text == "a: 1\nb: 2\na: 4\n"

    document.rename(("a",), "c")
    assert document.text == "b: 2\nc: 4\n"

    document.history.undo()
    document.delete(("a",))
    assert document.text == "b: 2\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: yes", "yes"),
        ("a: &x  010 # eight", "010"),
        ("a: !!int 12:30", "12:30"),
        ("b: &x 1_0\na: *x", "1_0"),
        ("a: 'yes'", None),
        ("a: [yes]", None),
        ("b: yes", None),
    ],
)
def test_a_plain_value_is_known_as_it_is_written(text: str, written: str | None) -> None:
    assert Document.parse(text).written(("a",)) == written


YAML_SIGNS = ["{", "}", "[", "]", ", ", ": ", "- ", "? ", "'", '"', "|", ">-", "#", "!", "%", "@", "=", "---", "..."]
YAML_WORDS = ["a", "b: ", "c:", "&x ", "*x", "<<: ", "!!int ", "on", "1", "2024-01-01", "é"]
YAML_SPACE = ["\n", "\n  ", "\t", "\r\n", "\x85", "\u2028", "\0"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(YAML_SIGNS + YAML_WORDS + YAML_SPACE), max_size=25).map("".join))
def test_any_text_is_either_refused_with_problems_or_read_as_the_safe_loader_does(text: str) -> None:
    with contextlib.suppress(ManifestError):
        root = Document.parse(text).root
        expected = yaml.load(text, Loader=DatesAsText)
        assert root == expected or not all(isinstance(key, str) for key in expected)


SOURCE = """\
# a manifest
version: 1.0.0
definitions: &d
  requester:
    url: x
streams:
  - name: one
    retriever: {type: X, requester: {$ref: "#/definitions/requester"}}
  -
    name: two
alias: *d
merged:
  <<: *d
  own: 1
"""


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ((), Position(2, 1)),
        (("version",), Position(2, 1)),
        (("definitions", "requester", "url"), Position(5, 5)),
        (("streams",), Position(6, 1)),
        (("streams", 0), Position(7, 5)),
        (("streams", 0, "retriever", "requester", "$ref"), Position(8, 38)),
        (("streams", 1), Position(10, 5)),
        (("streams", 1, "name"), Position(10, 5)),
        (("streams", 1, "absent", "deeper"), Position(10, 5)),
        (("streams", 9), Position(6, 1)),
        (("alias", "requester"), Position(4, 3)),
        (("merged", "requester", "url"), Position(5, 5)),
        (("merged", "own"), Position(14, 3)),
    ],
)
def test_the_position_of_a_path(path: tuple[str | int, ...], position: Position) -> None:
    assert Document.parse(SOURCE).position(path) == position


def test_positions_follow_edits() -> None:
    document = Document.parse(SOURCE)
    document.set(("definitions", "requester", "body"), "a\nb\nc")

    assert document.position(("streams",)) == Position(10, 1)


def test_looking_up_values() -> None:
    document = Document.parse(SOURCE)

    assert document.get(("streams", 1, "name")) == "two"
    assert document.get(("streams", 5)) is None
    assert document.exists(("merged", "requester"))
    assert not document.exists(("version", "deeper"))
    assert not document.exists(("streams", -1))


REFERENCES = """
definitions:
  limit: 50
  base: {type: HttpRequester, url: x, authenticator: {$ref: "#/definitions/auth"}, limit: "#/definitions/limit"}
  auth: {type: Bearer, token: t}
  named: {$ref: "#/definitions/base", name: n}
  link: "#/definitions/auth"
  circle: {$ref: "#/definitions/circle", x: 1}
  broken: {$ref: "#/definitions/nothing"}
streams:
  - requester: {$ref: "#/definitions/base"}
  - requester: {$ref: "#/definitions/base", url: own}
  - requester: {$ref: "#/definitions/named"}
  - $ref: "#/streams/0"
  - requester: "#/definitions/base"
  - requester: {$ref: "#/definitions/link", own: 1}
  - requester: {$ref: "#/definitions/limit", own: 1}
"""


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ((), ()),
        (("version",), ("version",)),
        (("streams", 0, "requester"), ("definitions", "base")),
        (("streams", 0, "requester", "url"), ("definitions", "base", "url")),
        (("streams", 0, "requester", "new"), ("definitions", "base", "new")),
        (("streams", 0, "requester", "limit"), ("definitions", "limit")),
        (("streams", 0, "requester", "authenticator", "token"), ("definitions", "auth", "token")),
        (("streams", 1, "requester", "url"), ("streams", 1, "requester", "url")),
        (("streams", 1, "requester", "type"), ("definitions", "base", "type")),
        (("streams", 1, "requester", "new"), ("streams", 1, "requester", "new")),
        (("streams", 1, "requester"), ("streams", 1, "requester")),
        (("streams", 2, "requester", "url"), ("definitions", "base", "url")),
        (("streams", 2, "requester", "name"), ("definitions", "named", "name")),
        (("streams", 3, "requester", "url"), ("definitions", "base", "url")),
        (("streams", 4, "requester", "authenticator", "new"), ("definitions", "auth", "new")),
        (("streams", 5, "requester", "token"), ("definitions", "auth", "token")),
        (("streams", 5, "requester", "own"), ("streams", 5, "requester", "own")),
        (("streams", 6, "requester"), ("definitions", "limit")),
        (("definitions", "circle", "x"), ("definitions", "circle", "x")),
        (("definitions", "circle", "y"), ("definitions", "circle", "y")),
        (("definitions", "broken", "y"), ("definitions", "broken", "y")),
    ],
)
def test_the_place_that_owns_a_value_seen_through_references(
    path: tuple[str | int, ...], owner: tuple[str | int, ...]
) -> None:
    assert Document.parse(REFERENCES).through_refs(path) == owner


def test_saving_writes_the_text_and_keeps_permissions_and_links(tmp_path: Path) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1  # one\r\nb: 2")
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    document = Document.load(link)
    assert not document.dirty

    document.set(("a",), 3)
    assert document.dirty
    document.save()

    assert file.read_bytes() == b"\xef\xbb\xbfa: 3  # one\r\nb: 2"
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert not document.dirty
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link.yaml", "manifest.yaml"]
    document.history.undo()
    assert document.dirty
    document.history.redo()
    assert not document.dirty


def test_saving_elsewhere_makes_that_the_file(tmp_path: Path) -> None:
    document = Document.parse("a: 1\n")
    with pytest.raises(ValueError, match="no file yet"):
        document.save()

    document.save(tmp_path / "new.yaml")
    document.set(("a",), 2)
    document.save()

    assert (tmp_path / "new.yaml").read_text() == "a: 2\n"


def test_a_save_that_fails_says_so_and_leaves_the_file_alone(tmp_path: Path) -> None:
    document = Document.parse("a: 1\n")

    with pytest.raises(ManifestError, match="The file cannot be saved: No such file or directory"):
        document.save(tmp_path / "nowhere" / "manifest.yaml")
    with pytest.raises(ManifestError, match="The file cannot be saved: Is a directory"):
        document.save(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert document.file is None


def _refusal(path: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        Document.load(path)
    return str(caught.value)
