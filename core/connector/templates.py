"""Streams that are made from templates: the templates as they are written, and the streams that were made from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.components.dynamic import DynamicDeclarativeStream, template_name
from core.components.source import DeclarativeSource
from core.components.stream import BrokenStream, ReadableStream, Stream
from core.components.stream_groups import StreamGroup, conflicts
from core.connector.building import TreeBuilder
from core.connector.streams import StreamEntry
from core.manifest.document import Document
from core.manifest.parameters import Propagation, TooLargeError
from core.manifest.problems import Path, Problem, Severity, show_path
from core.manifest.references import Report, Traced
from core.manifest.resolver import Resolved
from core.runtime.component import Unsupported

TEMPLATES = "dynamic_streams"
"""Where they stand at the top of a manifest."""
_WARNINGS = 20
"""Warnings about made streams that are told; thousands of streams may have the same."""


@dataclass(frozen=True)
class StreamTemplate:
    """A dynamic stream as it is written: `tree` is its template, with references and parameters in place."""

    name: str
    index: int
    definition: DynamicDeclarativeStream
    _resolved: Resolved = field(repr=False)
    _document: Document = field(repr=False)

    @property
    def tree(self) -> Mapping[str, Any]:
        """The template, which is not to be changed."""
        tree: Mapping[str, Any] = self._resolved.value(self._template_path)
        return tree

    @property
    def path(self) -> Path:
        """Where it is in the resolved manifest."""
        return (TEMPLATES, self.index)

    @property
    def _template_path(self) -> Path:
        return (*self.path, "stream_template")

    def problem(self, message: str, hint: str | None = None) -> Problem:
        """A problem with what is made from the template."""
        return self._located(Problem(message, self.path, hint=hint))

    def at(self, problem: Problem) -> Problem:
        """A problem of a stream as a whole, as one of what is made from the template."""
        return self._located(problem.below(*self.path))

    def completed(self, tree: Mapping[str, Any], report: Report) -> Resolved:
        """The tree of a stream that was made, with parameters handed down once more, now that the values are in their
        places (Airbyte: the same). Raises `TooLargeError`.
        """
        handing_down = Propagation(report, outer_wins=self.definition.use_parent_parameters)
        return Resolved(handing_down.propagate(_traced({"type": "DeclarativeStream", **tree}, ())))

    def build(self, tree: Mapping[str, Any]) -> tuple[str | None, Stream | None, list[Problem]]:
        """The name and the component of a stream that was made, None for what is wrong, and the problems, which are at
        the template.
        """
        problems: list[Problem] = []

        def report(path: Path, message: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
            problems.append(Problem(message, path, severity, hint))

        try:
            resolved = self.completed(tree, report)
        except TooLargeError as error:
            return None, None, [self._at_template(Problem(str(error), error.path))]
        builder = TreeBuilder(lambda path: self._written(path, resolved))
        builder.handed_down = resolved.is_handed_down
        built = builder.build(resolved.tree, Stream, (), frozenset())
        problems += builder.problems
        builder.place(self._at_template)
        name = resolved.tree.get("name")
        if not isinstance(name, str) or not name:
            problems = [one for one in problems if one.path != ("name",)]
            problems.append(_nameless(name, keeps_text=self.definition.components_resolver.keeps_text))
            name = None
        stream = built if isinstance(built, Stream) else None
        return name, stream, [self._at_template(one) for one in problems]

    def _written(self, path: Path, made: Resolved) -> str | None:
        """How a value of a made stream is written, where it is one of the template."""
        here, there = made.find(path), self._resolved.find((*self._template_path, *path))
        if here is None or there is None or here.value != there.value:
            return None
        return self._document.written(there.origin)

    def _at_template(self, problem: Problem) -> Problem:
        return self._located(problem.below(*self._template_path))

    def _located(self, problem: Problem) -> Problem:
        path = self._resolved.origin(problem.path)
        return replace(problem, path=path, position=self._document.position(path), file=self._document.file)


def templates_in(
    source: DeclarativeSource, resolved: Resolved, document: Document, problems: Mapping[Path, Iterable[Problem]]
) -> tuple[tuple[StreamTemplate, ...], list[StreamEntry]]:
    """The templates of a source; those that are wrong stand for the streams that they would give."""
    templates: list[StreamTemplate] = []
    broken: list[StreamEntry] = []
    for index, definition in enumerate(source.dynamic_streams):
        path, name = (TEMPLATES, index), template_name(definition, index)
        is_unknown = isinstance(definition, Unsupported)
        wrong = [one for one in problems.get(path, ()) if is_unknown or one.severity is Severity.ERROR]
        if isinstance(definition, DynamicDeclarativeStream) and not wrong:
            templates.append(StreamTemplate(name, index, definition, resolved, document))
        else:
            broken.append(StreamEntry(path, name, BrokenStream(), tuple(wrong)))
    return tuple(templates), broken


def without_mapped(problems: Iterable[Problem], source: DeclarativeSource) -> list[Problem]:
    """The problems without those of templates at places where a value is put before a stream is made of them.

    That no mapping gives a name to a template which has none is a problem of the mappings.
    """

    def is_mapped(path: Path) -> bool:
        match path:
            case ("dynamic_streams", int(index), "stream_template", *rest) if rest:
                definition = source.dynamic_streams[index]
                if not isinstance(definition, DynamicDeclarativeStream):
                    return rest == ["name"]  # what is wrong may be the mapping that gives it
                resolver = definition.components_resolver
                return isinstance(resolver, Unsupported) or any(one.touches(tuple(rest)) for one in resolver.mappings)
        return False

    def placed(problem: Problem) -> Problem:
        match problem.path:
            case ("dynamic_streams", int(index), "stream_template", "name") if problem.severity is Severity.ERROR:
                path = ("dynamic_streams", index, "components_resolver", "components_mapping")
                return replace(_nameless(None, keeps_text=True), path=path)
        return problem

    return [placed(problem) for problem in problems if not is_mapped(problem.path)]


def _traced(value: Any, path: Path) -> Traced:
    if isinstance(value, Mapping):
        fields = {key: _traced(item, (*path, key)) for key, item in value.items()}
        return Traced(fields, path, 1 + sum(item.size for item in fields.values()))
    if isinstance(value, list):
        items = [_traced(item, (*path, index)) for index, item in enumerate(value)]
        return Traced(items, path, 1 + sum(item.size for item in items))
    return Traced(value, path)


def _nameless(name: Any, *, keeps_text: bool) -> Problem:
    if name in (None, ""):
        message = "no mapping gives the stream a name, or what it gives is empty"
        return Problem(message, ("name",), hint="put something that each has into the field path `name`")
    kind = "true or false" if isinstance(name, bool) else "a number" if isinstance(name, int | float) else "no text"
    hint = "add `value_type: string` to the mapping of the name" if keeps_text else "put something before it in `value`"
    return Problem(f"the name of the stream is {kind}, but a name is text", ("name",), hint=hint)


@dataclass(frozen=True, slots=True)
class MadeStream:
    """A stream as it was made from the template of this index: its tree, or why there is none.

    It may hold secrets, which its text does not show.
    """

    template: int
    tree: Mapping[str, Any] | None = field(default=None, repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of the templates of a connector: the streams, and for those that gave none, why, by their index."""

    streams: tuple[MadeStream, ...] = ()
    unmade: Mapping[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Assembled:
    """The streams that were made, and those that could not be made or can't be read, with what is wrong with each.

    What has no name of its own has one made of its template's. `names` are those of each template, in order, `unmade`
    the names of templates themselves that gave none, and `sources` is what each stream was built from.
    """

    entries: list[StreamEntry] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    unmade: list[str] = field(default_factory=list)
    sources: dict[str, MadeStream] = field(default_factory=dict)
    warnings: dict[Problem, None] = field(default_factory=dict)


def assembled(
    templates: Sequence[StreamTemplate],
    made: Made,
    others: Mapping[str, Stream],
    groups: Mapping[str, StreamGroup],
    mask: Callable[[str], str],
) -> Assembled:
    """The streams that were made of the templates, beside the `others` by name, in the `groups` that name them.

    A name that several of them have belongs to none: nobody could tell which is which. `mask` takes secrets out of
    problems; a name that holds one is none.
    """
    result = Assembled(names={one.name: [] for one in templates})
    by_index = {one.index: one for one in templates}
    built = [_Built.of(by_index[one.template], one, mask) for one in made.streams]
    counts = Counter(one.name for one in built)
    used = {*others, *filter(None, counts)}
    known = {**others, **{one.name: one.stream for one in built if one.name and one.stream}}
    for one, source in zip(built, made.streams, strict=True):
        one.check(others, counts)
        one.check_groups(groups, known)
        name = one.name or _label(one.template, len(result.names[one.template.name]) + 1, used)
        if name not in result.names[one.template.name]:
            result.names[one.template.name].append(name)
        errors = tuple(problem for problem in one.problems if problem.severity is Severity.ERROR)
        result.entries.append(StreamEntry(one.template.path, name, one.stream or BrokenStream(), errors))
        if not errors:
            result.sources[name] = source
        result.warnings |= dict.fromkeys(one.warnings[: max(0, _WARNINGS - len(result.warnings))])
    for index, why in made.unmade.items():
        template = by_index[index]
        name = template.name if template.name not in used else show_path(template.path)
        result.names[template.name].append(name)
        result.unmade.append(name)
        problem = template.problem(f"no stream can be made from the template: {mask(why)}")
        result.entries.append(StreamEntry(template.path, name, BrokenStream(), (problem,)))
    return result


def _label(template: StreamTemplate, number: int, used: Collection[str]) -> str:
    """What a stream without a name of its own is called."""
    name = f"{template.name} {number}"
    return name if name not in used else f"{show_path(template.path)} {number}"


@dataclass(slots=True)
class _Built:
    template: StreamTemplate
    name: str | None = None
    stream: Stream | None = None
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, template: StreamTemplate, made: MadeStream, mask: Callable[[str], str]) -> _Built:
        if made.tree is None:
            return cls(template, problems=[template.problem(f"a stream can't be made: {mask(made.problem)}")])
        name, stream, problems = template.build(made.tree)
        problems = [
            replace(one, message=mask(one.message), hint=mask(one.hint) if one.hint else None) for one in problems
        ]
        if name is not None and mask(name) != name:
            name = None
            problems.append(template.problem("the name of a stream that is made holds a secret", "name it otherwise"))
        return cls(template, name, stream, problems)

    @property
    def warnings(self) -> list[Problem]:
        return [one for one in self.problems if one.severity is not Severity.ERROR]

    def check(self, taken: Collection[str], counts: Mapping[str | None, int]) -> None:
        """Add what the other streams are a problem for."""
        if self.name is None:
            return
        if self.name in taken:
            message = f"a stream that is made has the name of one that the manifest has anyway, `{self.name}`"
            self.problems.append(self.template.problem(message, "give it another one"))
            self.name = None
        elif counts[self.name] > 1:
            message = f"{counts[self.name]} streams that are made have the same name, `{self.name}`"
            self.problems = [self.template.problem(message, "give each a name of its own")]
        elif isinstance(self.stream, Unsupported):
            message = f"Longhaul doesn't run streams of type `{self.stream.written_type}`"
            self.problems.append(self.template.problem(message))

    def check_groups(self, groups: Mapping[str, StreamGroup], known: Mapping[str, Stream]) -> None:
        """Add that it is in a group with its parent."""
        if isinstance(self.stream, ReadableStream):
            for group in groups.values():
                if self.name in group.names:
                    found = conflicts(self.stream, group, known)
                    self.problems += [self.template.at(problem) for problem in found]
