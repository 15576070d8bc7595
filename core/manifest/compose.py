"""Reads YAML text into nodes, strictly: every way in which a manifest can be broken or hostile is a problem.

YAML 1.1 as PyYAML's safe loader reads it, which is what Airbyte uses, save that a date is the text that is written:
a manifest has no dates, only texts that look like some. The loader's events are composed here, not by PyYAML, so that
depth and size stay bounded, aliases keep their place, and all problems are found at once. What can be read, but not
quite as it looks, gets a note.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import yaml

from core.manifest.nodes import Alias, Mapping, Node, NodeNote, Scalar, Sequence, SourceEntry, target_of
from core.manifest.problems import ManifestError, Position, Problem, clipped

MAX_NODES = 1_000_000
"""Values a manifest may hold once every alias is written out."""
MAX_DEPTH = 100
"""Levels that collections may be nested in each other."""

COMPONENT_KEYS = frozenset({"type", "$ref", "$parameters", "class_name"})
"""Keys that a mapping has when it is, or stands for, a component."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECOND_TRY = 200_000
"""Characters up to which a text that libyaml can't read is parsed again by PyYAML (Airbyte: any text is)."""
_PREFIX = "tag:yaml.org,2002:"
_STRING = _PREFIX + "str"
_DATE = _PREFIX + "timestamp"
_BYTES = _PREFIX + "binary"
_QUOTE = "put it in quotes"
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotAMapping(ManifestError):
    """The text is valid YAML, but something else than a mapping at the top."""


def compose(text: str, file: str | None = None) -> Mapping:
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


def _composed(text: str, file: str | None, kind: Any) -> Mapping:
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

    def document(self) -> Mapping:
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
        if not isinstance(root, Mapping):
            message = "A manifest has to be a mapping (`key: value` lines) at the top."
            raise NotAMapping(self._fatal(message, _position(event), "is this the right file?").problems)
        self._check_names(root, is_component=True)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._fatal(f"The manifest holds more than {MAX_NODES:,} values.", _position(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._count
        if event.anchor:
            if event.anchor in self._anchors:
                self._report(f"The anchor `&{event.anchor}` is there twice.", _position(event), "rename one of them")
            self._anchors[event.anchor] = (None, 0)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif depth >= MAX_DEPTH:
            raise self._fatal(f"The manifest is nested more than {MAX_DEPTH} levels deep.", _position(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._mapping(event, depth)
        if event.anchor:
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
        return Alias(target, **{**_marks(event), "anchor": None})

    def _scalar(self, event: Any) -> Scalar:
        value, note = event.value, None
        if event.tag not in (None, "!"):
            value, note = self._construct(event.tag, event)
        elif event.implicit[0]:
            if value not in self._plain:
                self._plain[value] = self._construct(self._loader.resolve(yaml.ScalarNode, value, (True, False)), event)
            value, note = self._plain[value]
        scalar = Scalar(value, event.style, **_marks(event))
        scalar.note = note
        if scalar.is_block:
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

    def _sequence(self, event: Any, depth: int) -> Sequence:
        self._check_collection_tag(event, "seq")
        sequence = Sequence(**_marks(event), flow=bool(event.flow_style))
        items: list[SourceEntry] = []
        while not isinstance(following := self._loader.get_event(), yaml.SequenceEndEvent):
            items.append(SourceEntry(None, self._node(following, depth + 1), slot=len(items)))
        _close(sequence, items, following)
        return sequence

    def _mapping(self, event: Any, depth: int) -> Mapping:
        self._check_collection_tag(event, "map")
        mapping = Mapping(**_marks(event), flow=bool(event.flow_style))
        entries: list[SourceEntry] = []
        names: dict[Any, Scalar | Alias] = {}
        while not isinstance(following := self._loader.get_event(), yaml.MappingEndEvent):
            entry = self._entry(following, depth, slot=len(entries))
            entries.append(entry)
            if entry.key is None or entry.merge:
                continue
            if not mapping.flow and entry.value.start == entry.value.end and not self._has_colon(entry):
                entry.value.start = entry.value.end = entry.key.end  # PyYAML puts it at the next token
            if entry.name in names:
                first = names[entry.name].line + 1
                message = f"The key `{entry.name}` appears twice; first on line {first}. The last one counts."
                entry.key.note = NodeNote(message, "remove or rename one of them")
            names[entry.name] = entry.key
        _close(mapping, entries, following)
        return mapping

    def _entry(self, event: Any, depth: int, slot: int) -> SourceEntry:
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            self._count += 1
            key = Scalar("<<", **_marks(event))
            following = self._loader.get_event()
            value = self._node(following, depth + 1)
            self._check_merged(value, following)
            return SourceEntry(key, value, slot, merge=True)
        key_node = self._node(event, depth + 1)
        if not isinstance(target_of(key_node), Scalar):
            is_template = self._text.startswith("{{", event.start_mark.index - 1)
            hint = "put a template such as `{{ config['key'] }}` in quotes" if is_template else None
            self._report("A key has to be text, not a list or a mapping.", _position(event), hint)
            key_node = Scalar(f"key {slot}", **_marks(event))
        assert isinstance(key_node, Scalar | Alias)
        return SourceEntry(key_node, self._node(self._loader.get_event(), depth + 1), slot)

    def _has_colon(self, entry: SourceEntry) -> bool:
        return self._text[entry.value.start - 1] == ":"

    def _check_merged(self, value: Node, event: Any) -> None:
        value = target_of(value)
        items = [target_of(item.value) for item in value.entries] if isinstance(value, Sequence) else [value]
        if not all(isinstance(item, Mapping) for item in items):
            self._report("`<<` takes in a mapping or a list of mappings, nothing else.", _position(event))

    def _check_collection_tag(self, event: Any, kind: str) -> None:
        if event.tag not in (None, "!", _PREFIX + kind):
            self._refuse_tag(event.tag, event)

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

    def _check_names(self, node: Node, *, is_component: bool = False) -> None:
        """Keys of components are text: `on:` or `404:`, which YAML reads as something else, become what is written."""
        if isinstance(node, Mapping):
            named = [entry for entry in node.entries if entry.key and not entry.merge]
            texts = {entry.name for entry in named if isinstance(entry.name, str)}
            if is_component or not texts.isdisjoint(COMPONENT_KEYS):
                for entry in named:
                    if not isinstance(entry.name, str):
                        self._name_as_written(entry)
        if isinstance(node, Mapping | Sequence):
            for entry in node.entries:
                self._check_names(entry.value)

    def _name_as_written(self, entry: SourceEntry) -> None:
        assert entry.key is not None
        key = target_of(entry.key)
        assert isinstance(key, Scalar)
        written = self._text[key.start : key.end]
        message = f"The key `{clipped(written)}` is read by YAML as the value {key.value}; it is taken as text here."
        key.value, key.note = written, NodeNote(message, f'write it as "{clipped(written)}"')

    def _report(self, message: str, position: Position, hint: str | None = None) -> None:
        self.problems.append(Problem(message, hint=hint, position=position, file=self._file))

    def _fatal(self, message: str, position: Position, hint: str | None = None) -> ManifestError:
        self._report(message, position, hint)
        return ManifestError(self.problems)


def _marks(event: Any) -> dict[str, Any]:
    return {
        "start": event.start_mark.index,
        "end": event.end_mark.index,
        "line": event.start_mark.line,
        "column": event.start_mark.column,
        "anchor": event.anchor,
        "tag": getattr(event, "tag", None),
    }


def _close(collection: Mapping | Sequence, entries: list[SourceEntry], end_event: Any) -> None:
    collection.entries = collection.source = tuple(entries)
    collection.end = end_event.end_mark.index
    has_bracket = end_event.start_mark.index < end_event.end_mark.index
    if entries and not has_bracket:
        # PyYAML ends block collections only at the next token, after comments and blank lines.
        last = entries[-1]
        collection.end = max(last.value.end, last.key.end if last.key else 0)


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
