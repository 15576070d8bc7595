"""Where in the stream's form to fix what a trial shows: the name of the tab and the path in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from core.components.dynamic import DynamicDeclarativeStream, HttpComponentsResolver
from core.components.retriever import Retriever
from core.components.stream import DeclarativeStream
from core.events import JobPhase, Outcome, Stage
from core.http.exchange import Role
from core.runtime.component import Component
from core.wording import keys_named
from tui.model.layout import stream_tabs, tab_of
from tui.trials.exchanges import ExchangeEntry
from tui.trials.state import Partition
from tui.trials.trial import Trial

DocumentPath = tuple[str | int, ...]


class Concern(StrEnum):
    """What a warning is about."""

    NO_STATUS = "no status"
    STALE = "stale"
    ANSWERS = "answers"
    NO_RECORDS = "no records"
    KEY_MISSING = "key missing"
    KEY_REPEATED = "key repeated"
    SCHEMA = "schema"


_REQUESTERS: Mapping[Role, tuple[str, str]] = {
    Role.CREATE: ("Creation", "creation_requester"),
    Role.START: ("Creation", "start_requester"),
    Role.POLL: ("Polling", "polling_requester"),
    Role.TARGET: ("Polling", "download_target_requester"),
    Role.LINK: ("Download", "download_link_requester"),
    Role.DOWNLOAD: ("Download", "download_requester"),
    Role.PAGE: ("Configuration", "requester"),
}
_FURTHER = frozenset({"start_requester", "download_target_requester", "download_link_requester"})
"""Requests that a tab may have beside its main one."""
_BY_STATUS: Mapping[int, str] = {401: "authenticator", 403: "authenticator", 405: "http_method", 415: "request_headers"}
_URL_STATUSES = frozenset({404, 410})
_BY_CONCERN: Mapping[Concern, tuple[str, str]] = {
    Concern.KEY_MISSING: ("primary_key", "Primary Key"),
    Concern.KEY_REPEATED: ("primary_key", "Primary Key"),
    Concern.SCHEMA: ("schema_loader", "Schema"),
}
_LOOKED_FOR = ("field_path", "rows_path", "value")
"""Fields of extractors that say where to look."""
_TEMPLATE_TAB = "Template"
_RESOLVER = "components_resolver"
_MADE_OF = ("stream_config", "stream_parameters")
"""Fields of resolvers that say what streams are made of, where no API is asked."""
_CLEANUP = (Role.ABORT, Role.DELETE, Role.SCHEMA)
_ENDED_BY_TIME = (JobPhase.TIMED_OUT, JobPhase.ABORTED)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A field where something is fixed: the tab that has it, its title, and its path below the stream.

    `of_template`: the path is below what makes streams, which holds the template and what they are made of.
    """

    tab: str
    title: str
    path: DocumentPath
    of_template: bool = False

    def __str__(self) -> str:
        return self.title if self.title == self.tab else f"{self.tab}, {self.title}"


def where_to_fix(trial: Trial, concern: Concern | None = None, partition: Partition | None = None) -> Remedy | None:
    """The field that an error (or a warning with its concern) points to; None where nothing points anywhere.

    `partition` is the one that failed; without it the error is that of the read as a whole.
    """
    stream = trial.declared
    if trial.template is not None and not trial.state.made:
        ended_well = trial.state.outcome not in (Outcome.FAILED, None)
        if concern is Concern.NO_RECORDS or (concern is None and not ended_well):
            return _of_template(trial, trial.template)
        return None
    if stream is None:
        return None
    final = "Download" if trial.state.asynchronous else "Configuration"
    if concern is not None and concern in _BY_CONCERN:
        key, title = _BY_CONCERN[concern]
        return Remedy("Schema" if key == "schema_loader" else final, title, (key,))
    if concern is Concern.NO_STATUS:
        return _of_extractor(_of_retriever("Polling", stream, "status_extractor"), stream)
    if concern is Concern.NO_RECORDS:
        selector = Remedy(final, "Record Selector", ("retriever", "record_selector", "extractor"))
        return _of_extractor(selector, stream)
    if trial.state.outcome not in (Outcome.FAILED, None) and concern is None and partition is None:
        return None
    if _stopped_at_schema(trial, stream):
        return Remedy("Schema", "Schema", ("schema_loader",))
    refused = _of_refused_request(trial, stream, partition)
    if refused is not None or (trial.state.outcome is None and partition is None):
        return refused or (_of_retriever("Polling", stream, "status_mapping") if _has_failed_job(trial) else None)
    failed = partition or next((one for one in trial.state.partitions if one.outcome is Outcome.FAILED), None)
    if failed is None:
        return None
    return _of_web_page(trial, failed, stream) or _of_job(trial, failed, stream, final)


def remedy_named_in(text: str, trial: Trial) -> Remedy | None:
    """The first field of the stream or its retriever that a message of the engine names; None where no stream is read
    yet.
    """
    stream = trial.declared
    if stream is None or (trial.template is not None and not trial.state.made):
        return None
    tabs = stream_tabs(type(stream.retriever).__name__)
    for key in (key for key in keys_named(text) if "_" in key):  # one word may be anything
        for owner, path in ((stream.retriever, ("retriever", key)), (stream, (key,))):
            if key in type(owner).model_fields and tabs:
                return Remedy(tabs[tab_of(tabs, path)[0]].title, _title(owner, key), path)
    return None


def abort_remedy(trial: Trial) -> Remedy | None:
    """The request that should have aborted the jobs which a cancelled read left running."""
    if trial.declared is None or not trial.state.jobs_left:
        return None
    return _of_retriever("Download", trial.declared, "abort_requester")


def next_to_describe(trial: Trial, missing: Remedy | None = None) -> Remedy | None:
    """Where the stage is described that a trial did not come to: what it is `missing`, else its request; None when it
    came to all of them.
    """
    if trial.state.next_stage is None:
        return None
    if missing is not None:
        return missing
    tab, key = _requester_of_stage(trial.state.next_stage)
    return Remedy(tab, tab, ("retriever", key, "url"))


def _of_template(trial: Trial, template: DynamicDeclarativeStream) -> Remedy:
    """What keeps streams from being made of a template: what they are made of, or what is put into it."""
    resolver = template.components_resolver
    path: DocumentPath = (_RESOLVER,)
    if trial.made:
        path = (*path, "components_mapping")
    elif isinstance(resolver, HttpComponentsResolver):
        path = (*path, *_of_listing(trial, resolver.retriever))
    else:
        path = (*path, next((key for key in _MADE_OF if key in type(resolver).model_fields), ""))
    owner: object = template
    for key in path[:-1]:
        owner = getattr(owner, str(key), None)
    title = _title(owner, str(path[-1])) if isinstance(owner, Component) else ""
    return Remedy(_TEMPLATE_TAB, title or _TEMPLATE_TAB, path if title else (_RESOLVER,), of_template=True)


def _of_listing(trial: Trial, retriever: Retriever) -> DocumentPath:
    """The part of the retriever of a list that its last request points to: the request, or what is looked for in the
    answer.
    """
    last = last_request(trial)
    requester = getattr(retriever, "requester", None)
    if last is not None and not last.failed:
        return ("retriever", "record_selector", "extractor")
    if last is None or last.head.role is Role.AUTH:
        field = "" if last is None else "authenticator"
    elif last.head.status is None or last.head.status in _URL_STATUSES:
        field = "url" if getattr(requester, "url", None) else "url_base"
    else:
        field = _BY_STATUS.get(last.head.status, "")
    known = isinstance(requester, Component) and field in type(requester).model_fields
    return ("retriever", "requester", field) if known else ("retriever", "requester")


def _stopped_at_schema(trial: Trial, stream: DeclarativeStream) -> bool:
    """Whether nothing was read because the schema, which comes first, could not be loaded."""
    has_begun = trial.state.running or bool(trial.state.partitions) or trial.loaded_schema is not None
    return not has_begun and any(loader.written is None for loader in stream.schema_loaders)


def _has_failed_job(trial: Trial) -> bool:
    """Whether a job of a read that goes on has failed and is created again."""
    phases = (JobPhase.FAILED, *_ENDED_BY_TIME)
    return trial.state.asynchronous and any(one.attempt > 1 or one.phase in phases for one in trial.state.partitions)


def last_request(trial: Trial, partition: Partition | None = None) -> ExchangeEntry | None:
    """The request that an error is about: the last one of a partition, or else a refused one that served all of them;
    without a partition the last one of the read.
    """
    made = [one for one in reversed(trial.exchanges.entries) if one.head.role not in _CLEANUP and not one.cancelled]
    if partition is None:
        return next(iter(made), None)
    own = next((one for one in made if one.partition == partition.number), None)
    shared = next((one for one in made if one.partition is None), None)
    return next((one for one in (own, shared) if one is not None and one.failed), own)


def _of_refused_request(trial: Trial, stream: DeclarativeStream, partition: Partition | None) -> Remedy | None:
    """The last request, if it was refused."""
    last = last_request(trial, partition)
    if last is None or not last.failed:
        return None
    if last.event.parent is not None:
        first = "Creation" if trial.state.asynchronous else "Configuration"
        return _of_retriever(first, stream, "partition_router")
    if last.head.role is Role.AUTH:
        return _of_requester(*_requester_at_work(trial, partition), stream, "authenticator")
    return _of_request(last, stream) if last.head.role in _REQUESTERS else None


def _requester_at_work(trial: Trial, partition: Partition | None) -> tuple[str, str]:
    """The tab and the name of the requester that the read, or a partition of it, has reached."""
    if not trial.state.asynchronous:
        return _REQUESTERS[Role.PAGE]
    at_work = partition or next(reversed(trial.state.partitions), None)
    return _requester_of_stage(at_work.stage if at_work is not None else Stage.CREATION)


def _requester_of_stage(stage: Stage) -> tuple[str, str]:
    return {str(tab): (tab, key) for tab, key in _REQUESTERS.values() if key not in _FURTHER}[stage]


def _of_request(entry: ExchangeEntry, stream: DeclarativeStream) -> Remedy:
    tab, key = _requester_of(entry, stream)
    if entry.head.status is None or entry.head.status in _URL_STATUSES:
        return _of_url(entry, stream)
    return _of_requester(tab, key, stream, _BY_STATUS.get(entry.head.status, ""))


def _requester_of(entry: ExchangeEntry, stream: DeclarativeStream) -> tuple[str, str]:
    """The tab and the name of the requester of an exchange; pages of targets may be asked for by the one for polls."""
    tab, key = _REQUESTERS[entry.head.role]
    is_poll = entry.head.role is Role.TARGET and getattr(stream.retriever, key, None) is None
    return _REQUESTERS[Role.POLL] if is_poll else (tab, key)


def _of_url(entry: ExchangeEntry, stream: DeclarativeStream) -> Remedy:
    tab, key = _requester_of(entry, stream)
    requester = getattr(stream.retriever, key, None)
    return _of_requester(tab, key, stream, "url" if getattr(requester, "url", None) else "url_base")


def _of_requester(tab: str, key: str, stream: DeclarativeStream, field: str) -> Remedy:
    """A field of a requester, or the requester as a whole where it has no such field."""
    title = _title(getattr(stream.retriever, key, None), field)
    return Remedy(tab, title or tab, ("retriever", key, field) if title else ("retriever", key))


def _of_web_page(trial: Trial, partition: Partition, stream: DeclarativeStream) -> Remedy | None:
    """The URL of the request for records that was answered with a web page."""
    page = next((one for one in trial.exchanges.finals(partition.number) if _is_web_page(one)), None)
    return _of_url(page, stream) if page is not None else None


def _is_web_page(entry: ExchangeEntry) -> bool:
    headers = entry.head.response_headers
    return any(name.lower() == "content-type" and "html" in value.lower() for name, value in headers)


def _of_job(trial: Trial, partition: Partition, stream: DeclarativeStream, final: str) -> Remedy | None:
    """Where all requests succeeded but the slice failed."""
    if final == "Download" and partition.stage is Stage.POLLING:
        return _of_retriever("Polling", stream, _key_of_polling(trial, partition))
    if partition.pages:
        return _of_retriever(final, stream, "download_decoder" if final == "Download" else "decoder")
    return None


def _key_of_polling(trial: Trial, partition: Partition) -> str:
    if partition.phase is JobPhase.COMPLETED:
        return "download_target_extractor"
    if partition.api_status is None:
        return "status_extractor"
    mapped = partition.api_status not in trial.state.unmapped and partition.meaning != "timeout"
    return "polling_job_timeout" if mapped and partition.phase in _ENDED_BY_TIME else "status_mapping"


def _of_retriever(tab: str, stream: DeclarativeStream, key: str) -> Remedy:
    return Remedy(tab, _title(stream.retriever, key), ("retriever", key))


def _of_extractor(found: Remedy, stream: DeclarativeStream) -> Remedy:
    """The field that says what an extractor looks for, where it has one: what was seen is suggested there."""
    extractor: object = stream
    for key in found.path:
        extractor = getattr(extractor, str(key), None)
    fields = type(extractor).model_fields if isinstance(extractor, Component) else {}
    field = next((one for one in _LOOKED_FOR if one in fields), None)
    return found if field is None else replace(found, path=(*found.path, field))


def _title(component: Component | None, field: str) -> str:
    known = type(component).model_fields.get(field) if component is not None and field else None
    return (known.title or field) if known else ""
