"""Says where in the stream's form to mend what a test read shows: the tab's name and the place in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.components.base import Component
from core.components.stream import DeclarativeStream
from core.events import JobPhase, Outcome
from core.http.exchange import Role
from tui.running.exchanges import Entry
from tui.running.run import Run
from tui.running.state import Partition, Stage
from tui.running.warnings import Concern

DocumentPath = tuple[str | int, ...]

_REQUESTERS: Mapping[Role, tuple[str, str]] = {
    Role.CREATE: ("Creation", "creation_requester"),
    Role.POLL: ("Polling", "polling_requester"),
    Role.TARGET: ("Polling", "download_target_requester"),
    Role.DOWNLOAD: ("Download", "download_requester"),
    Role.PAGE: ("Configuration", "requester"),
}
_BY_STATUS: Mapping[int, str] = {401: "authenticator", 403: "authenticator", 405: "http_method", 415: "request_headers"}
_URL_STATUSES = frozenset({404, 410})
_BY_CONCERN: Mapping[Concern, tuple[str, str]] = {
    Concern.KEY_MISSING: ("primary_key", "Primary Key"),
    Concern.KEY_REPEATED: ("primary_key", "Primary Key"),
    Concern.SCHEMA: ("schema_loader", "Schema"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A field of the stream: the tab that has it, its title, and its path below the stream in the document."""

    tab: str
    title: str
    path: DocumentPath

    def __str__(self) -> str:
        return self.title if self.title == self.tab else f"{self.tab}, {self.title}"


def where_to_mend(run: Run, concern: Concern | None = None) -> Place | None:
    """The field that an error (or a warning with its concern) points to; None where nothing points anywhere."""
    stream = run.declared
    if stream is None:
        return None
    final = "Download" if run.state.asynchronous else "Configuration"
    if concern is not None and concern in _BY_CONCERN:
        key, title = _BY_CONCERN[concern]
        return Place("Schema" if key == "schema_loader" else final, title, (key,))
    if concern is Concern.NO_RECORDS:
        return Place(final, "Record Selector", ("retriever", "record_selector", "extractor"))
    if run.state.outcome not in (Outcome.FAILED, None) and concern is None:
        return None
    failed = next((one for one in run.state.partitions if one.outcome is Outcome.FAILED), None)
    return _of_refused_request(run, stream) or (_of_job(failed, stream, final) if failed else None)


def _of_refused_request(run: Run, stream: DeclarativeStream) -> Place | None:
    """The last request of the read, if it was refused."""
    last = next((one for one in reversed(run.exchanges.entries) if one.head.role in _REQUESTERS), None)
    return None if last is None or not last.failed else _of_request(last, stream)


def _of_request(entry: Entry, stream: DeclarativeStream) -> Place:
    tab, key = _REQUESTERS[entry.head.role]
    requester = getattr(stream.retriever, key, None)
    field = _BY_STATUS.get(entry.head.status or 0, "")
    if entry.head.status is None or entry.head.status in _URL_STATUSES:
        field = "url" if getattr(requester, "url", None) else "url_base"
    title = _title(requester, field)
    path = ("retriever", key, field) if title else ("retriever", key)
    return Place(tab, title or tab, path)


def _of_job(partition: Partition, stream: DeclarativeStream, final: str) -> Place | None:
    """Where all requests were answered well but the slice failed."""
    if final == "Download" and partition.stage is Stage.POLLING:
        key = "status_mapping"
        if partition.phase is JobPhase.COMPLETED:
            key = "download_target_extractor"
        elif partition.api_status is None:
            key = "status_extractor"
        return Place("Polling", _title(stream.retriever, key), ("retriever", key))
    if partition.pages:
        key = "download_decoder" if final == "Download" else "decoder"
        return Place(final, _title(stream.retriever, key), ("retriever", key))
    return None


def _title(component: Component | None, field: str) -> str:
    known = type(component).model_fields.get(field) if component is not None and field else None
    return (known.title or field) if known else ""
