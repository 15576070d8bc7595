"""Where each field has its place in the builder: the tabs of streams, and the views of what is global.

The order and the names of the fields that are written out here are those of Airbyte's builder; everything else that a
component has follows under "Advanced" by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from core.components.async_retriever import AsyncRetriever
from core.components.conditional_streams import ConditionalStreams
from core.components.dynamic import DynamicDeclarativeStream
from core.components.http_requester import HttpRequester
from core.components.simple_retriever import SimpleRetriever
from core.components.source import DeclarativeSource, Spec
from core.components.state_delegating_stream import StateDelegatingStream
from core.components.stream import DeclarativeStream
from core.manifest.problems import Path
from core.runtime.component import Component
from tui.model.places import LISTED, StreamPlace
from tui.model.specs import FieldSpec, form_spec

RETRIEVAL_TYPES = {"SimpleRetriever": "Synchronous Request", "AsyncRetriever": "Asynchronous Job"}
"""The kinds of streams that have a form: the type of the retriever, and its title."""
REQUESTERS = ("requester", "creation_requester", "polling_requester", "download_requester")
"""The requests of retrievers whose fields are spread out over the tabs."""
Named = tuple[str, Path]

_URL: Named = ("API Endpoint URL", ("url",))
"""The one field that every request needs, though its class allows the older way to write it."""
_URL_BASE: Named = ("API Base URL", ("url_base",))
_URL_PATH: Named = ("URL Path", ("path",))
"""The older way to write it, in place of the URL where a manifest has it."""
_METHOD: Named = ("HTTP Method", ("http_method",))
_AUTHENTICATOR: Named = ("Authenticator", ("authenticator",))
_CONTENT: tuple[Named, ...] = (
    ("Query Parameters", ("request_parameters",)),
    ("Request Headers", ("request_headers",)),
    ("Request Body", ("request_body",)),
)
_ERRORS: Named = ("Error Handler", ("error_handler",))
_INCREMENTAL: Named = ("Incremental Sync", ("incremental_sync",))
_PARTITIONS: Named = ("Partition Router", ("retriever", "partition_router"))
_SELECTOR: Named = ("Record Selector", ("retriever", "record_selector"))
_PRIMARY_KEY: Named = ("Primary Key", ("primary_key",))
_TRANSFORMATIONS: Named = ("Transformations", ("transformations",))
_SCHEMA: Named = ("Schema", ("schema_loader",))

_REQUEST = "Request"
_AUTHENTICATION = "Authentication"
_SENT = "Parameters, headers and body"
_RECORDS = "Records"
_FAILURES = "Errors"


@dataclass(frozen=True, slots=True)
class LayoutEntry:
    """A field in a tab. `path` leads to it from what is around the stream (in a global view: from the manifest)."""

    title: str
    path: Path
    spec: FieldSpec
    group: str = ""
    """The heading of the group of fields that it belongs to."""


@dataclass(frozen=True, slots=True)
class LayoutTab:
    """A tab, or a global view: its fields in order, and those under "Advanced"."""

    title: str
    entries: tuple[LayoutEntry, ...]
    advanced: tuple[LayoutEntry, ...] = ()

    def __iter__(self) -> Iterator[LayoutEntry]:
        """All fields."""
        yield from self.entries
        yield from self.advanced


@dataclass(frozen=True, slots=True)
class _Group:
    """Fields that stand together under a heading."""

    heading: str
    named: tuple[Named, ...]

    def __init__(self, heading: str, *named: Named) -> None:
        object.__setattr__(self, "heading", heading)
        object.__setattr__(self, "named", named)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A tab as it is declared: `rest` are the components whose other fields are its advanced ones."""

    title: str
    groups: tuple[_Group, ...]
    advanced: tuple[Named, ...] = ()
    rest: tuple[tuple[Path, type[Component]], ...] = ()

    @property
    def named(self) -> Iterator[Named]:
        """The fields of all groups."""
        return (named for group in self.groups for named in group.named)


def _of(requester: str, *named: Named) -> tuple[Named, ...]:
    return tuple((title, ("retriever", requester, *path)) for title, path in named)


_ASYNC = (
    _Plan(
        "Creation",
        (
            _Group(
                _REQUEST,
                *_of("creation_requester", _URL, _METHOD),
                ("HTTP Response Format", ("retriever", "decoder")),
            ),
            _Group(_AUTHENTICATION, *_of("creation_requester", _AUTHENTICATOR)),
            _Group(_SENT, *_of("creation_requester", *_CONTENT)),
            _Group("Slices", _INCREMENTAL, _PARTITIONS),
            _Group(_FAILURES, *_of("creation_requester", _ERRORS)),
        ),
        advanced=(("Start", ("retriever", "start_requester")),),
        rest=((("retriever", "creation_requester"), HttpRequester), ((), DeclarativeStream)),
    ),
    _Plan(
        "Polling",
        (
            _Group(_REQUEST, *_of("polling_requester", _URL, _METHOD)),
            _Group(_AUTHENTICATION, *_of("polling_requester", _AUTHENTICATOR)),
            _Group(
                "Job",
                ("Status Extractor", ("retriever", "status_extractor")),
                ("Status Mapping", ("retriever", "status_mapping")),
                ("Download Target Extractor", ("retriever", "download_target_extractor")),
                ("Polling Job Timeout", ("retriever", "polling_job_timeout")),
            ),
            _Group(_SENT, *_of("polling_requester", *_CONTENT)),
            _Group(_FAILURES, *_of("polling_requester", _ERRORS)),
        ),
        advanced=(
            ("Polling Interval", ("retriever", "polling_interval")),
            ("Follow Earlier Jobs For", ("retriever", "reuse_jobs_for")),
            ("Records While Polling", ("retriever", "records_while_polling")),
            ("Download Target Request", ("retriever", "download_target_requester")),
            ("Download Target Paginator", ("retriever", "download_target_paginator")),
            ("When There Is No Download Target", ("retriever", "on_no_target")),
        ),
        rest=((("retriever", "polling_requester"), HttpRequester),),
    ),
    _Plan(
        "Download",
        (
            _Group(
                _REQUEST,
                *_of("download_requester", _URL, _METHOD),
                ("Download HTTP Response Format", ("retriever", "download_decoder")),
            ),
            _Group(_RECORDS, _SELECTOR, _PRIMARY_KEY),
            _Group(_AUTHENTICATION, *_of("download_requester", _AUTHENTICATOR)),
            _Group(_SENT, *_of("download_requester", *_CONTENT)),
            _Group("Pages and changes", ("Download Paginator", ("retriever", "download_paginator")), _TRANSFORMATIONS),
            _Group(_FAILURES, *_of("download_requester", _ERRORS)),
        ),
        advanced=(
            ("Download Link Request", ("retriever", "download_link_requester")),
            ("Download Link Extractor", ("retriever", "download_link_extractor")),
        ),
        rest=((("retriever", "download_requester"), HttpRequester), (("retriever",), AsyncRetriever)),
    ),
    _Plan("Schema", (_Group("", _SCHEMA),)),
)
_SYNC = (
    _Plan(
        "Configuration",
        (
            _Group(_REQUEST, *_of("requester", _URL, _METHOD), ("HTTP Response Format", ("retriever", "decoder"))),
            _Group(_RECORDS, _SELECTOR, _PRIMARY_KEY),
            _Group(_AUTHENTICATION, *_of("requester", _AUTHENTICATOR)),
            _Group(_SENT, *_of("requester", *_CONTENT)),
            _Group("Pages and slices", ("Paginator", ("retriever", "paginator")), _INCREMENTAL, _PARTITIONS),
            _Group("Errors and changes", *_of("requester", _ERRORS), _TRANSFORMATIONS),
        ),
        rest=(
            (("retriever", "requester"), HttpRequester),
            (("retriever",), SimpleRetriever),
            ((), DeclarativeStream),
        ),
    ),
    _Plan("Schema", (_Group("", _SCHEMA),)),
)
_GLOBAL = _Plan(
    "Global",
    (
        _Group("Connection", ("Check", ("check",))),
        _Group(
            "Limits",
            ("Concurrency", ("concurrency_level",)),
            ("Job budget", ("max_concurrent_async_job_count",)),
            ("API budget", ("api_budget",)),
        ),
        _Group("About", ("Description", ("description",))),
    ),
    rest=(((), DeclarativeSource),),
)
_INPUTS = _Plan(
    "Inputs",
    (_Group("About", ("Documentation URL", ("spec", "documentation_url"))),),
    rest=((("spec",), Spec),),
)
_TEMPLATE = _Plan(
    "Template",
    (
        _Group(
            "Streams that are made",
            ("Made From", ("components_resolver",)),
            ("Name in the Template", ("stream_template", "name")),
        ),
    ),
    rest=(((), DynamicDeclarativeStream),),
)
_CHOICE = _Plan("Choice", (_Group("", ("API Retention Period", ("api_retention_period",))),))
_CONDITION = _Plan("Condition", (_Group("", ("Condition", ("condition",))),))
_IN_TEMPLATE: tuple[Path, ...] = (("name",), ("stream_template",))
"""The name of what makes streams is in the head, and their template has tabs of its own."""
_ELSEWHERE: tuple[Path, ...] = (
    ("name",),
    ("retriever",),
    *(("retriever", name) for name in REQUESTERS),
)
"""The name is in the head of a stream, and these components are spread out over its tabs."""
_ELSEWHERE_GLOBAL: tuple[Path, ...] = (
    ("streams",),
    ("dynamic_streams",),
    ("spec",),
    ("spec", "connection_specification"),
)
"""The navigator shows the streams, and the inputs are a list of their own."""


def stream_tabs(
    retriever_type: str, place: StreamPlace = LISTED, url_in_parts: frozenset[str] = frozenset()
) -> tuple[LayoutTab, ...]:
    """The tabs of a stream with this type of retriever; none for a type that has no form. The last ones are about what
    is around the stream in its place. Paths are from what is around it.

    `url_in_parts`: the requests whose URL is written as a base and a path. The same arguments give the same object.
    """
    chosen_by = place.chosen_by
    chooser = chosen_by[len(place.around) :] if chosen_by is not None else None
    return _tabs_in(
        retriever_type,
        place.below,
        chooser,
        url_in_parts,
        has_condition=place.condition is not None,
        is_template=place.is_template,
    )


@cache
def _tabs_in(
    retriever_type: str,
    below: Path,
    chooser: Path | None,
    url_in_parts: frozenset[str],
    *,
    has_condition: bool,
    is_template: bool,
) -> tuple[LayoutTab, ...]:
    own = _tabs_of(retriever_type)
    if url_in_parts:
        own = tuple(_with_url_in_parts(tab, url_in_parts) for tab in own)
    if not own:
        return ()
    tabs = [_moved(below, tab) for tab in own]
    if chooser is not None:
        tabs += (_moved(chooser, tab) for tab in _built((_CHOICE,), (), {(): StateDelegatingStream}))
    if has_condition:
        tabs += _built((_CONDITION,), (), {(): ConditionalStreams})
    if is_template:
        tabs += _built((_TEMPLATE,), _IN_TEMPLATE, {("stream_template",): DeclarativeStream})
    return tuple(tabs) if below else own


@cache
def _tabs_of(retriever_type: str) -> tuple[LayoutTab, ...]:
    if retriever_type == "AsyncRetriever":
        return _built(_ASYNC, _ELSEWHERE, {(): DeclarativeStream, ("retriever",): AsyncRetriever})
    if retriever_type == "SimpleRetriever":
        return _built(_SYNC, _ELSEWHERE, {(): DeclarativeStream, ("retriever",): SimpleRetriever})
    return ()


def _with_url_in_parts(tab: LayoutTab, requesters: frozenset[str]) -> LayoutTab:
    """The tab with the parts of a URL where the URL would be, and that aside."""
    aside = {entry.path: entry for entry in tab.advanced}
    entries: list[LayoutEntry] = []
    for entry in tab.entries:
        if entry.path[-1:] != _URL[1] or entry.path[-2] not in requesters:
            entries.append(entry)
            continue
        for title, path in (_URL_BASE, _URL_PATH):
            part = aside.pop((*entry.path[:-1], *path))
            spec = replace(part.spec, required=path == _URL_BASE[1])
            entries.append(replace(part, title=title, spec=spec, group=entry.group))
        aside[entry.path] = replace(entry, spec=replace(entry.spec, required=False), group="")
    return replace(tab, entries=tuple(entries), advanced=tuple(aside.values()))


def _moved(below: Path, tab: LayoutTab) -> LayoutTab:
    """A tab whose paths begin further up."""

    def moved(entries: tuple[LayoutEntry, ...]) -> tuple[LayoutEntry, ...]:
        return tuple(replace(entry, path=(*below, *entry.path)) for entry in entries)

    return replace(tab, entries=moved(tab.entries), advanced=moved(tab.advanced))


@cache
def global_view() -> LayoutTab:
    """The fields of the manifest that belong to no stream."""
    return _built((_GLOBAL,), _ELSEWHERE_GLOBAL, {})[0]


@cache
def inputs_view() -> LayoutTab:
    """The fields around the inputs themselves."""
    return _built((_INPUTS,), _ELSEWHERE_GLOBAL, {})[0]


def tab_of(tabs: tuple[LayoutTab, ...], path: Path) -> tuple[int, int]:
    """The index of the tab that holds a path (from the stream), and that of the field in it.

    What no field holds, such as a problem of the stream as a whole, belongs to the beginning.
    """
    best, place = -1, (0, 0)
    for number, tab in enumerate(tabs):
        for index, entry in enumerate(tab):
            length = len(entry.path)
            if length > best and path[:length] == entry.path:
                best, place = length, (number, index)
    if best < 0 and path:
        deeper = (
            (number, index)
            for number, tab in enumerate(tabs)
            for index, entry in enumerate(tab)
            if entry.path[: len(path)] == path
        )
        return next(deeper, place)
    return place


def _built(
    plans: tuple[_Plan, ...], elsewhere: tuple[Path, ...], known: Mapping[Path, type[Component]]
) -> tuple[LayoutTab, ...]:
    """The tabs of some plans; `known` says which components are where, beside those whose rest is shown."""
    taken = {path for plan in plans for _, path in (*plan.named, *plan.advanced)} | set(elsewhere)
    tabs = []
    for plan in plans:
        owners = {**known, **dict(plan.rest)}
        rest = [
            LayoutEntry(field.title, (*above, field.key), field)
            for above, component in plan.rest
            for field in form_spec(component).fields
            if (*above, field.key) not in taken
        ]
        tabs.append(
            LayoutTab(
                plan.title,
                tuple(_entry(named, owners, group.heading) for group in plan.groups for named in group.named),
                (*(_entry(named, owners) for named in plan.advanced), *rest),
            )
        )
    return tuple(tabs)


def _entry(named: Named, owners: dict[Path, type[Component]], group: str = "") -> LayoutEntry:
    title, path = named
    spec = form_spec(owners[path[:-1]]).field(str(path[-1]))
    assert spec is not None, f"the layout names a field that does not exist: {path}"
    return LayoutEntry(title, path, replace(spec, required=True) if named[0] == _URL[0] else spec, group)
