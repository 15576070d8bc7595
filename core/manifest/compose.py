"""Reads YAML text into nodes, strictly: every way in which a manifest can be broken or hostile is a problem.

YAML 1.1 as PyYAML's safe loader reads it, which is what Airbyte uses, save that a date is the text that is written:
a manifest has no dates, only texts that look like some. The loader's events are composed here, not by PyYAML, so that
depth and size stay bounded, aliases keep their place, and all problems are found at once. What can be read, but not
quite as it looks, gets a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import yaml

from core.garbage import not_collected
from core.manifest.nodes import (
    Alias,
    BaseNode,
    Mapping,
    Node,
    NodeNote,
    Scalar,
    Sequence,
    SourceEntry,
    TopMapping,
    target_of,
)
from core.manifest.problems import ManifestError, Position, Problem, clipped

MAX_NODES = 1_000_000
"""Values a manifest may hold once every alias is written out."""
MAX_DEPTH = 100
"""Levels that collections may be nested in each other."""

COMPONENT_KEYS = frozenset({"type", "$ref", "$parameters", "class_name"})
"""Keys that a mapping has when it is, or stands for, a component."""

_ScalarEvent: Any = yaml.ScalarEvent
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECOND_TRY = 200_000
"""Characters up to which a text that libyaml can't read is parsed again by PyYAML (Airbyte: any text is)."""
_PREFIX = "tag:yaml.org,2002:"
_MAPPING = _PREFIX + "map"
_SEQUENCE = _PREFIX + "seq"
_STRING = _PREFIX + "str"
_DATE = _PREFIX + "timestamp"
_BYTES = _PREFIX + "binary"
_QUOTE = "put it in quotes"
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotAMapping(ManifestError):
    """The text is valid YAML, but something else than a mapping at the top."""


@not_collected()
def compose(text: str, file: str | None = None) -> TopMapping:
    """Read YAML text (without a byte order mark) into its top mapping.

    Raises ManifestError with all problems found; a syntax error ends the search.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        raise ManifestError([_unprintable_problem(text, unprintable.start(), file)])
    try:
        return _composed(text, file, _Loader)
    except yaml.MarkedYAMLError as error:
        problem = _syntax_problem(error, text, file)
    if len(text) <= _SECOND_TRY:
        with suppress(yaml.MarkedYAMLError):
            return _composed(text, file, yaml.SafeLoader)
    raise ManifestError([problem])


def _composed(text: str, file: str | None, kind: Any) -> TopMapping:
    """The top mapping, read by this kind of loader. Raises `MarkedYAMLError` for its syntax and `ManifestError`."""
    loader = kind(text)
    composer = _Composer(text, loader, file)
    try:
        root = composer.document()
    finally:
        loader.dispose()
    if composer.problems:
        raise ManifestError(composer.problems)
    return root


class _Composer:
    """Builds nodes from the events of one document and collects what is wrong with it."""

    def __init__(self, text: str, loader: Any, file: str | None) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._loader = loader
        self._file = file
        self._count = 0
        self._anchors: dict[str, tuple[Node | None, int]] = {}  # no node while it is being read; size
        self._plain: dict[str, Any] = {}
        self._aliases: list[Alias] = []
        self._is_noted = False

    def document(self) -> TopMapping:
        next_event = self._loader.get_event
        next_event()  # the stream starts
        if isinstance(next_event(), yaml.StreamEndEvent):
            raise self._fatal("The manifest is empty.", Position(1, 1), "it has to be a mapping with streams")
        event = next_event()
        root = self._node(event, 0)
        next_event()  # the document ends
        event_after = next_event()
        if not isinstance(event_after, yaml.StreamEndEvent):
            raise self._fatal(
                "The file holds more than one YAML document.",
                _position(event_after),
                "a manifest is a single document; remove the `---` between them",
            )
        if not isinstance(root, TopMapping):
            message = "A manifest has to be a mapping (`key: value` lines) at the top."
            raise NotAMapping(self._fatal(message, _position(event), "is this the right file?").problems)
        root.aliases, root.is_noted = tuple(self._aliases), self._is_noted
        return root

    def _node(self, event: Any, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._fatal(f"The manifest holds more than {MAX_NODES:,} values.", _position(event))
        kind = type(event)
        if event.anchor is None:
            return self._scalar(event) if kind is _ScalarEvent else self._collection(event, kind, depth)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        before = self._count
        if event.anchor in self._anchors:
            self._report(f"The anchor `&{event.anchor}` is there twice.", _position(event), "rename one of them")
        self._anchors[event.anchor] = (None, 0)
        node = self._scalar(event) if kind is _ScalarEvent else self._collection(event, kind, depth)
        self._anchors[event.anchor] = (node, self._count - before)
        return node

    def _alias(self, event: Any) -> Alias:
        if event.anchor not in self._anchors:
            hint = f"write `&{event.anchor}` at the value it stands for, further up"
            raise self._fatal(f"The alias `*{event.anchor}` has no anchor.", _position(event), hint)
        target, weight = self._anchors[event.anchor]
        if target is None:
            message = f"The alias `*{event.anchor}` stands for something that it is itself a part of."
            raise self._fatal(message, _position(event))
        self._count += weight
        alias = Alias(*_place(event), target=target)
        self._aliases.append(alias)
        return alias

    def _scalar(self, event: Any) -> Scalar:
        value, style, tag, note = event.value, event.style, event.tag, None
        if tag is not None and tag != "!":
            value, note = self._construct(tag, event)
        elif event.implicit[0]:
            known = self._plain.get(value)
            if known is None:
                known = self._construct(self._loader.resolve(yaml.ScalarNode, value, (True, False)), event)
                self._plain[value] = known
            value, note = known
        start, end = event.start_mark, event.end_mark  # written out, not `_place`: most nodes are made here
        scalar = Scalar(start.index, end.index, start.line, start.column, event.anchor, tag, note, value, style)
        if note is not None:
            self._is_noted = True
        if style is not None and scalar.is_block:
            scalar.end = self._end_of_block(scalar)
        return scalar

    def _construct(self, tag: str, event: Any) -> tuple[Any, NodeNote | None]:
        if tag == _STRING:
            return event.value, None
        if tag == _BYTES:
            return event.value, NodeNote(
                "A manifest holds no binary values; it is taken as text here.", "remove the tag"
            )
        if tag == _DATE:
            return event.value, NodeNote(
                f"YAML reads `{clipped(event.value)}` as a date; it is taken as text here.", _QUOTE
            )
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._loader.construct_object(node, deep=True), None
        except yaml.constructor.ConstructorError:
            self._refuse_tag(tag, event)
        except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError):
            kind = tag.removeprefix(_PREFIX)
            message = f"YAML reads `{clipped(event.value)}` as a {kind}, but it is not a valid one"
            if event.tag is None:
                return event.value, NodeNote(f"{message}; it is taken as text here.", _QUOTE)
            self._report(f"{message}.", _position(event), "remove the tag")
        return None, None

    def _end_of_block(self, scalar: Scalar) -> int:
        """Where the content of a block scalar ends: before its last line break, and before blank lines it drops."""
        written = self._text[scalar.start : scalar.end]
        header = written.splitlines()[0].partition("#")[0]
        if "+" not in header:
            return scalar.start + len(written.rstrip(" \t\r\n\x85\u2028\u2029"))
        return scalar.start + len(re.sub(r"(\r\n|[\r\n\x85\u2028\u2029])\Z", "", written))

    def _collection(self, event: Any, kind: type, depth: int) -> Mapping | Sequence:
        if depth >= MAX_DEPTH:
            raise self._fatal(f"The manifest is nested more than {MAX_DEPTH} levels deep.", _position(event))
        is_mapping = kind is yaml.MappingStartEvent
        if event.tag not in (None, "!", _MAPPING if is_mapping else _SEQUENCE):
            self._refuse_tag(event.tag, event)
        flow = bool(event.flow_style)
        if not is_mapping:
            sequence = Sequence(*_place(event), event.anchor, event.tag, None, flow)
            self._fill_sequence(sequence, depth)
            return sequence
        mapping = (Mapping if depth else TopMapping)(*_place(event), event.anchor, event.tag, None, flow)
        self._fill_mapping(mapping, depth)
        return mapping

    def _fill_sequence(self, sequence: Sequence, depth: int) -> None:
        next_event = self._loader.get_event
        items: list[SourceEntry] = []
        while type(event := next_event()) is not yaml.SequenceEndEvent:
            items.append(SourceEntry(None, self._node(event, depth + 1), len(items)))
        _close(sequence, items, event)

    def _fill_mapping(self, mapping: Mapping, depth: int) -> None:
        next_event = self._loader.get_event
        entries: list[SourceEntry] = []
        names: dict[Any, Scalar | Alias] = {}
        has_others = False
        while type(event := next_event()) is not yaml.MappingEndEvent:
            merge = type(event) is _ScalarEvent and event.value == "<<" and event.implicit[0]
            key = self._merge_key(event) if merge else self._key(event, depth + 1, len(entries))
            event = next_event()
            value = self._node(event, depth + 1)
            entry = SourceEntry(key, value, len(entries), merge)
            entries.append(entry)
            if merge:
                self._check_merged(value, event)
                continue
            if value.start == value.end and not mapping.flow and not self._has_colon(value):
                value.start = value.end = key.end  # PyYAML puts it at the next token
            name = key.value if type(key) is Scalar else entry.name
            if name in names:
                first = names[name].line + 1
                message = f"The key `{name}` appears twice; first on line {first}. The last one counts."
                self._note(key, message, "remove or rename one of them")
            names[name] = key
            if type(name) is not str:
                has_others = True
        _close(mapping, entries, event)
        if has_others and (depth == 0 or not COMPONENT_KEYS.isdisjoint(names)):
            self._write_out_names(entries)

    def _merge_key(self, event: Any) -> Scalar:
        self._count += 1
        return Scalar(*_place(event), value="<<")

    def _key(self, event: Any, depth: int, slot: int) -> Scalar | Alias:
        key = self._node(event, depth)
        if isinstance(key, Scalar) or (isinstance(key, Alias) and isinstance(target_of(key), Scalar)):
            return key
        is_template = self._text.startswith("{{", event.start_mark.index - 1)
        hint = "put a template such as `{{ config['key'] }}` in quotes" if is_template else None
        self._report("A key has to be text, not a list or a mapping.", _position(event), hint)
        return Scalar(*_place(event), value=f"key {slot}")

    def _has_colon(self, value: Node) -> bool:
        return self._text[value.start - 1] == ":"

    def _check_merged(self, value: Node, event: Any) -> None:
        value = target_of(value)
        items = [target_of(item.value) for item in value.entries] if isinstance(value, Sequence) else [value]
        if not all(isinstance(item, Mapping) for item in items):
            self._report("`<<` takes in a mapping or a list of mappings, nothing else.", _position(event))

    def _refuse_tag(self, tag: str, event: Any) -> None:
        shown = tag.replace(_PREFIX, "!!")
        if shown.startswith("!!python"):
            message = f"Python objects (`{shown}`) are not allowed in a manifest."
        elif shown == "!!value":
            message = "YAML gives `=` a meaning of its own."
        elif shown == "!!merge":
            message = "YAML gives `<<` a meaning of its own."
        else:
            message = f"The YAML tag `{shown}` has no meaning in a manifest."
        quotable = shown in ("!!value", "!!merge")
        self._report(message, _position(event), "put it in quotes" if quotable else "remove the tag")

    def _write_out_names(self, entries: Iterable[SourceEntry]) -> None:
        """Keys of components are text: `on:` or `404:`, which YAML reads as something else, become what is written."""
        for entry in entries:
            if entry.key and not entry.merge and not isinstance(entry.name, str):
                self._name_as_written(entry)

    def _name_as_written(self, entry: SourceEntry) -> None:
        assert entry.key is not None
        key = target_of(entry.key)
        assert isinstance(key, Scalar)
        written = self._text[key.start : key.end]
        message = f"The key `{clipped(written)}` is read by YAML as the value {key.value}; it is taken as text here."
        key.value = written
        self._note(key, message, f'write it as "{clipped(written)}"')

    def _note(self, node: BaseNode, message: str, hint: str | None) -> None:
        node.note = NodeNote(message, hint)
        self._is_noted = True

    def _report(self, message: str, position: Position, hint: str | None = None) -> None:
        self.problems.append(Problem(message, hint=hint, position=position, file=self._file))

    def _fatal(self, message: str, position: Position, hint: str | None = None) -> ManifestError:
        self._report(message, position, hint)
        return ManifestError(self.problems)


def _place(event: Any) -> tuple[int, int, int, int]:
    """Where a node is written: the first fields of it."""
    start = event.start_mark
    return start.index, event.end_mark.index, start.line, start.column


def _close(collection: Mapping | Sequence, entries: list[SourceEntry], end_event: Any) -> None:
    collection.entries = collection.source = tuple(entries)
    if entries and not (collection.flow and end_event.start_mark.index < end_event.end_mark.index):
        # PyYAML ends collections without a bracket only at the next token, after comments and blank lines.
        key, value, _, _ = entries[-1]
        collection.end = max(value.end, key.end) if key else value.end
    else:
        collection.end = end_event.end_mark.index


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _unprintable_problem(text: str, offset: int, file: str | None) -> Problem:
    before = text[:offset]
    position = Position(before.count("\n") + 1, offset - before.rfind("\n"))
    message = f"The character U+{ord(text[offset]):04X} may not stand in a manifest."
    return Problem(message, hint="is this a text file?", position=position, file=file)


_FAULTS = (
    ("flow sequence", "", "a list that begins with `[` has no `,` or `]` where one belongs"),
    ("flow mapping", "", "an object that begins with `{` has no `,` or `}` where one belongs"),
    ("quoted scalar", "unexpected end of stream", "a text begins that has no closing quotation mark"),
    ("", "mapping values are not allowed", "a second `: ` on one line, or a line with the wrong indentation"),
    ("", "cannot start any token", "no value can begin with this character"),
    ("", "expected <document start>", "something follows the end of the document"),
    ("block mapping", "", "this line is not indented as those before it, or it is no `name: value`"),
    ("block collection", "", "this line is not indented as those before it, or it does not begin with `- `"),
    ("flow node", "", "a value is missing in a list or an object"),
    ("simple key", "could not find expected ':'", "there is a name without `:`"),
    ("alias", "", "the alias (`*name`) can't be read"),
    ("anchor", "", "the anchor (`&name`) can't be read"),
)
"""What the parser says, by parts of its context and of its reason, and the same in plain words."""


def _in_words(context: str, reason: str) -> str:
    """What is wrong, in plain words where there are some."""
    for context_part, reason_part, words in _FAULTS:
        if context_part in context and reason_part in reason:
            return words
    return ", ".join(part for part in (context, reason) if part)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str | None) -> Problem:
    mark, reason = error.problem_mark, error.problem or ""
    is_template = error.context_mark and "{{" in text[max(error.context_mark.index - 1, 0) :][:3]
    if error.context_mark and (is_template or "end of stream" in reason or mark is None):
        mark = error.context_mark  # where it begins says more than where it was given up
    character = text[mark.index : mark.index + 1] if mark else ""
    hint = None
    if is_template:
        hint = "put a template such as `{{ config['key'] }}` in quotes"
    elif character == "\t":
        hint = "indent with spaces, not with tabs"
    elif mark and text[max(mark.index - 1, 0) : mark.index + 1] == "{%":
        hint = "put a template such as `{% raw %}...{% endraw %}` in quotes"
    elif character and character in "@`%":
        hint = f"put a value that begins with `{character}` in quotes"
    elif "mapping values are not allowed" in reason:
        hint = "put a value that holds `: ` in quotes, and check the indentation"
    details = _in_words(error.context or "", reason)
    position = Position(mark.line + 1, mark.column + 1) if mark else None
    return Problem(f"YAML syntax: {details}.", hint=hint, position=position, file=file)
