"""What was found in a test, written into the stream: a status that is mapped, a node that was picked."""

from __future__ import annotations

from collections.abc import Sequence

from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from tui.model.session import BuilderSession
from tui.trials.view.questions import NodeUse

_EXTRACTORS: dict[NodeUse, Path] = {
    NodeUse.STATUS: ("retriever", "status_extractor"),
    NodeUse.DOWNLOAD_TARGET: ("retriever", "download_target_extractor"),
    NodeUse.RECORD_PATH: ("retriever", "record_selector", "extractor"),
}
_MAPPING: Path = ("retriever", "status_mapping")


def map_status(session: BuilderSession, stream: int, status: str, meaning: JobStatus) -> Path:
    """Put a status into one bucket of the mapping, and out of the others; gives the path of the bucket."""
    mapping: Path = ("streams", stream, *_MAPPING)
    with session.group((*mapping, str(meaning))):
        for bucket in JobStatus:
            path = (*mapping, str(bucket))
            written = session.value(path)
            known = [str(one) for one in written] if isinstance(written, list) else []
            if bucket is meaning and status not in known:
                session.set(path, [*known, status])
            elif bucket is not meaning and status in known:
                session.set(path, [one for one in known if one != status])
    return (*mapping, str(meaning))


def use_node(session: BuilderSession, stream: int, use: NodeUse, path: Sequence[str], *, add: bool = False) -> Path:
    """Write the path of a node where it is to be used; `add`: as one more field of the primary key. Gives the place."""
    own: Path = ("streams", stream)
    if use in _EXTRACTORS:
        return _extract(session, (*own, *_EXTRACTORS[use]), path)
    if use is NodeUse.PRIMARY_KEY:
        return _key(session, (*own, "primary_key"), path, add=add)
    return _follow(session, (*own, "incremental_sync"), path)


def primary_key(session: BuilderSession, stream: int) -> list[list[str]]:
    """The fields of a stream's primary key, each as a path; none when it has no key."""
    written = session.value(("streams", stream, "primary_key"))
    fields = written if isinstance(written, list) else [written] if written else []
    return [[str(step) for step in field] if isinstance(field, list) else [str(field)] for field in fields]


def cursor_field(session: BuilderSession, stream: int) -> str | None:
    """The cursor field of a stream; None when it is not incremental."""
    found = session.value(("streams", stream, "incremental_sync", "cursor_field"))
    return found if isinstance(found, str) and "{" not in found else None


def _extract(session: BuilderSession, extractor: Path, path: Sequence[str]) -> Path:
    place = (*extractor, "field_path")
    with session.group(place):
        present = session.value(extractor)
        if not isinstance(present, dict) or present.get("type", "DpathExtractor") != "DpathExtractor":
            session.choose_type(extractor, "DpathExtractor")
        session.set(place, list(path))
    return place


def _key(session: BuilderSession, place: Path, path: Sequence[str], *, add: bool) -> Path:
    fields = primary_key(session, int(place[1])) if add else []
    fields = [*fields, list(path)] if list(path) not in fields else fields
    if all(len(field) == 1 for field in fields):
        names = [field[0] for field in fields]
        session.set(place, names[0] if len(names) == 1 else names)
    else:
        session.set(place, fields)
    return place


def _follow(session: BuilderSession, cursor: Path, path: Sequence[str]) -> Path:
    place = (*cursor, "cursor_field")
    with session.group(place):
        if session.value(cursor) is None:
            session.choose_type(cursor, "DatetimeBasedCursor")
        session.set(place, ".".join(path))
    return place
