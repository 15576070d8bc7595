"""What was found in a captured answer, written into the stream: a node that was picked, a status and its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from tui.model.session import BuilderSession


class NodeUse(StrEnum):
    """Where a picked node goes; the value is its label."""

    STATUS = "Status Extractor"
    DOWNLOAD_TARGET = "Download Target Extractor"
    RECORD_PATH = "Record Selector, field path"
    PRIMARY_KEY = "Primary Key"
    CURSOR_FIELD = "Cursor field"
    STATUS_MAPPING = "Status Mapping: say what this status means"
    TEMPLATE = "Copy as template"


_VARIABLES = {
    Role.CREATE: "creation_response",
    Role.START: "start_response",
    Role.POLL: "polling_response",
    Role.LINK: "download_link_response",
}
_EXTRACTORS: dict[NodeUse, Path] = {
    NodeUse.STATUS: ("retriever", "status_extractor"),
    NodeUse.DOWNLOAD_TARGET: ("retriever", "download_target_extractor"),
    NodeUse.RECORD_PATH: ("retriever", "record_selector", "extractor"),
}
_MAPPING: Path = ("retriever", "status_mapping")
_AS_TEXT = {"true": "True", "false": "False", "null": "None"}
"""Statuses as JSON writes them, and as they are called when they come out of an answer."""


def uses(role: Role, *, asynchronous: bool, value: object) -> Iterator[NodeUse]:
    """What a node of an answer can be used for, the likeliest use first."""
    scalar = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    status = (NodeUse.STATUS, NodeUse.STATUS_MAPPING) if role is Role.POLL and scalar else ()
    is_address = isinstance(value, str) and value.startswith(("https://", "http://"))
    if not is_address:
        yield from status
    if role in (Role.POLL, Role.TARGET) or (role in (Role.CREATE, Role.START) and asynchronous):
        yield NodeUse.DOWNLOAD_TARGET
    if role in _VARIABLES:
        yield NodeUse.TEMPLATE
    if is_address:
        yield from status
    if role in (Role.PAGE, Role.DOWNLOAD):
        yield NodeUse.RECORD_PATH
        if scalar:
            yield NodeUse.PRIMARY_KEY
            yield NodeUse.CURSOR_FIELD


def path_for(use: NodeUse, path: Path) -> tuple[str, ...]:
    """The field path for a use: for records the path of their list, for a field of records its path within a record,
    for download targets that of all items of a list rather than of one.
    """
    match use:
        case NodeUse.RECORD_PATH:
            first_index = next((place for place, step in enumerate(path) if isinstance(step, int)), len(path))
            return _as_texts(path[:first_index])
        case NodeUse.PRIMARY_KEY | NodeUse.CURSOR_FIELD:
            indexes = [place for place, step in enumerate(path) if isinstance(step, int)]
            return _as_texts(path[indexes[-1] + 1 :] if indexes else path[-1:])
        case NodeUse.DOWNLOAD_TARGET:
            whole = path[:-1] if path and isinstance(path[-1], int) else path
            return tuple("*" if isinstance(step, int) else step for step in whole)
    return _as_texts(path)


def template_for(role: Role, path: Path) -> str:
    """The template that yields the node in a later request."""
    steps = "".join(f"[{step!r}]" for step in path)
    return f"{{{{ {_VARIABLES[role]}{steps} }}}}"


def template_of_list(path: Path) -> str:
    """The template that yields the node in what is put into a template of streams: a field of what one is made of."""
    steps = "".join(f"[{step!r}]" for step in path_for(NodeUse.PRIMARY_KEY, path))
    return f"{{{{ components_values{steps} }}}}"


def _as_texts(path: Path) -> tuple[str, ...]:
    return tuple(str(step) for step in path)


def use_node(
    session: BuilderSession, stream: int, use: NodeUse, field_path: Sequence[str], *, add: bool = False
) -> None:
    """Write the path of a node where it is used. With `add` it becomes one more field of the primary key."""
    own = session.streams.path(stream)
    if use in _EXTRACTORS:
        _set_extractor(session, (*own, *_EXTRACTORS[use]), field_path)
    elif use is NodeUse.PRIMARY_KEY:
        _set_primary_key(session, stream, field_path, add=add)
    else:
        _set_cursor_field(session, (*own, "incremental_sync"), field_path)


def map_status(session: BuilderSession, stream: int, status: str, meaning: JobStatus) -> None:
    """Put a status into one bucket of the status mapping, and take it out of the others."""
    mapping = (*session.streams.path(stream), *_MAPPING)
    with session.group((*mapping, str(meaning))):
        for bucket in JobStatus:
            path = (*mapping, str(bucket))
            written = session.value(path)
            known = [str(one) for one in written] if isinstance(written, list) else []
            if bucket is meaning and status not in known:
                session.set(path, [*known, status])
            elif bucket is not meaning and status in known:
                session.set(path, [one for one in known if one != status])


def meanings(session: BuilderSession, stream: int) -> dict[str, JobStatus]:
    """The status mapping of a stream as it is written, by status; true and the like as the engine calls them, too."""
    found: dict[str, JobStatus] = {}
    for bucket in JobStatus:
        written = session.value((*session.streams.path(stream), *_MAPPING, str(bucket)))
        for status in written if isinstance(written, list) else ():
            found[str(status)] = found[_AS_TEXT.get(str(status), str(status))] = bucket
    return found


def without_mapping(stream: Any) -> Any:
    """A stream as it is written, without its status mapping."""
    retriever = stream.get("retriever") if isinstance(stream, dict) else None
    if not isinstance(retriever, dict):
        return stream
    key = _MAPPING[-1]
    return {**stream, "retriever": {name: value for name, value in retriever.items() if name != key}}


def primary_key(session: BuilderSession, stream: int) -> list[list[str]]:
    """The fields of a stream's primary key, each as a path; empty without a key."""
    written = session.value((*session.streams.path(stream), "primary_key"))
    fields = written if isinstance(written, list) else [written] if written else []
    return [[str(step) for step in field] if isinstance(field, list) else [str(field)] for field in fields]


def cursor_field(session: BuilderSession, stream: int) -> str | None:
    """The cursor field of a stream; None when it is not incremental, or the field is a template."""
    found = session.value((*session.streams.path(stream), "incremental_sync", "cursor_field"))
    return found if isinstance(found, str) and "{" not in found else None


def _set_extractor(session: BuilderSession, extractor: Path, field_path: Sequence[str]) -> None:
    present = session.value(extractor)
    kind = present.get("type", "DpathExtractor") if isinstance(present, dict) else None
    place = (*extractor, "rows_path" if kind == "TableExtractor" else "field_path")
    with session.group(place):
        if kind not in ("DpathExtractor", "TableExtractor"):
            session.choose_type(extractor, "DpathExtractor")
        session.set(place, list(field_path))


def _set_primary_key(session: BuilderSession, stream: int, field_path: Sequence[str], *, add: bool) -> None:
    fields = primary_key(session, stream) if add else []
    fields = [*fields, list(field_path)] if list(field_path) not in fields else fields
    place = (*session.streams.path(stream), "primary_key")
    if all(len(field) == 1 for field in fields):
        names = [field[0] for field in fields]
        session.set(place, names[0] if len(names) == 1 else names)
    else:
        session.set(place, fields)


def _set_cursor_field(session: BuilderSession, cursor: Path, field_path: Sequence[str]) -> None:
    place = (*cursor, "cursor_field")
    with session.group(place):
        if session.value(cursor) is None:
            session.choose_type(cursor, "DatetimeBasedCursor")
        session.set(place, ".".join(field_path))
