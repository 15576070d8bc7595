"""An OpenAPI document as a source of streams: each operation that reads can become one, and each job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from core.units import count
from tui.importing.answers import field_path
from tui.importing.drafts import ImportRefused, Offer, StreamDraft
from tui.importing.input_drafts import InputCollector
from tui.importing.material import Material
from tui.importing.openapi.document import ApiDocument, Operation, mapping, text_of, texts
from tui.importing.openapi.inputs import StreamInputs, literal
from tui.importing.openapi.jobs import Job, Jobs
from tui.importing.openapi.paging import paging_of
from tui.importing.openapi.parents import Parents, Places
from tui.importing.openapi.records import Answer, Records, answer_of, decoder_of, words_of
from tui.importing.openapi.requests import OperationRequest, singular
from tui.importing.openapi.schemas import Schemas
from tui.importing.requests import definition, selector

_SEARCHES = re.compile(r"search|quer(?:y|ies)|find|list|filter|lookup|report", re.I)
_VERB = re.compile(r"list|all|get|search|query|find|filter", re.I)
_VERSIONS = ("2.", "3.0", "3.1")
_JOBS = "Asynchronous jobs"
_OTHERS = "Other"


class OpenApiSource:
    """The operations of a document that read: those by GET, searches by POST, and jobs."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document
        self._schemas = Schemas(document)
        self._answers: dict[str, Answer] = {}
        self._jobs = {f"job {job.creation.key}": job for job in Jobs(document, self._schemas).found()}
        self._operations = {one.key: one for one in document.operations if self._reads(one)}
        self._offers = [
            *(_job_offer(key, job) for key, job in self._jobs.items()),
            *_by_tags(self._operations.values()),
        ]
        if not self._offers:
            raise ImportRefused(_nothing(document))

    @property
    def title(self) -> str:
        return f"OpenAPI document {self._document.title}".strip()

    def offers(self) -> list[Offer]:
        """The jobs first, then the operations by their tags."""
        return self._offers

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The streams of what was chosen; they have the same inputs for the same."""
        chosen = [offer.key for offer in self._offers if offer.key in set(keys)]
        names = stream_names([self._operations.get(key) or self._jobs[key].creation for key in chosen])
        collector = InputCollector()
        return [
            self._job_draft(self._jobs[key], name, StreamInputs(collector))
            if key in self._jobs
            else self._draft(self._operations[key], name, StreamInputs(collector))
            for key, name in zip(chosen, names, strict=True)
        ]

    def _reads(self, operation: Operation) -> bool:
        if operation.method == "GET":
            return True
        return _SEARCHES.search(operation.words) is not None and self._is_search(operation)

    def _is_search(self, operation: Operation) -> bool:
        answer = self._answer(operation)
        return bool(answer.whole) and answer.records.is_list

    def _answer(self, operation: Operation) -> Answer:
        if operation.key not in self._answers:
            self._answers[operation.key] = answer_of(self._document, self._schemas, operation)
        return self._answers[operation.key]

    def _draft(self, operation: Operation, name: str, inputs: StreamInputs) -> StreamDraft:
        notes: list[str] = []

        def stream_of(parent: Operation, places: Places) -> dict[str, Any]:
            [parent_name] = stream_names([parent])
            retriever = self._retriever(parent, places, inputs, notes)
            return {"type": "DeclarativeStream", "name": parent_name, "retriever": retriever}

        places = Parents(self._document, self._schemas, self._answer, stream_of).places_of(operation)
        notes.clear()
        retriever = self._retriever(operation, places, inputs, notes)
        found = definition(name, retriever)
        records = self._answer(operation).records
        if not places.router:
            found |= self._primary_key(records)
        return self._finished(name, found, records, inputs, notes)

    def _retriever(
        self, operation: Operation, places: Places, inputs: StreamInputs, notes: list[str]
    ) -> dict[str, Any]:
        answer = self._answer(operation)
        request = OperationRequest(self._document, self._schemas, operation, inputs)
        paging = paging_of(self._document, self._schemas, operation, request.page_fields(), answer)
        requester = request.requester(places.templates, paging.names)
        formats = self._document.formats(operation)
        if len(formats) > 1 and answer.content_type and not next(iter(formats)).startswith(answer.content_type):
            requester.setdefault("request_headers", {}).setdefault("Accept", literal(answer.content_type))
        notes += [*answer.records.notes, *paging.notes, *request.notes]
        parts = {
            "decoder": decoder_of(answer.content_type) or {"type": "JsonDecoder"},
            "requester": requester,
            "record_selector": selector([literal(step) for step in answer.records.path]),
            "paginator": paging.paginator,
            "partition_router": places.router,
        }
        return {"type": "SimpleRetriever"} | {key: value for key, value in parts.items() if value}

    def _job_draft(self, job: Job, name: str, inputs: StreamInputs) -> StreamDraft:
        notes: list[str] = []
        retriever: dict[str, Any] = {
            "type": "AsyncRetriever",
            "creation_requester": self._step(job.creation, job, inputs, notes),
            "polling_requester": self._step(job.polling, job, inputs, []),
            "status_extractor": {"type": "DpathExtractor", "field_path": field_path(job.status)},
            "status_mapping": {"type": "AsyncJobStatusMap", **job.meanings},
        }
        records = Records([])
        if job.download is not None:
            answer = self._answer(job.download)
            records = answer.records
            retriever["download_requester"] = self._step(job.download, job, inputs, [])
            retriever["download_decoder"] = decoder_of(answer.content_type) or {"type": "JsonDecoder"}
        else:
            target = {"type": "DpathExtractor", "field_path": field_path(job.target or ())}
            retriever["download_target_extractor"] = target
            retriever["download_requester"] = {
                "type": "HttpRequester",
                "url": "{{ download_target }}",
                "http_method": "GET",
            }
            retriever["download_decoder"] = {"type": "JsonDecoder"}
            notes.insert(0, "Set the format of the download; it is asked for without signing in.")
        retriever["record_selector"] = selector([literal(step) for step in records.path])
        return self._finished(name, definition(name, retriever), records, inputs, notes)

    def _step(self, operation: Operation, job: Job, inputs: StreamInputs, notes: list[str]) -> dict[str, Any]:
        """The requester of a step of a job."""
        request = OperationRequest(self._document, self._schemas, operation, inputs)
        places = {} if operation is job.creation else {job.place: job.id_template}
        requester = request.requester(places)
        notes += request.notes
        return requester

    def _primary_key(self, records: Records) -> dict[str, Any]:
        """The `id` that every record has by the document."""
        record = self._schemas.merged(records.schema)
        is_told = "id" in mapping(record.get("properties")) and "id" in texts(record.get("required"))
        return {"primary_key": "id"} if records.is_list and is_told else {}

    def _finished(
        self, name: str, found: dict[str, Any], records: Records, inputs: StreamInputs, notes: list[str]
    ) -> StreamDraft:
        schema = self._schemas.plain(records.schema) if records.schema else {}
        if schema.get("properties"):
            found["schema_loader"] = {"type": "InlineSchemaLoader", "schema": schema}
        if self._document.outside:
            notes.insert(0, _outside(self._document))
        return StreamDraft(name, found, inputs.drafts, tuple(notes))


def read_openapi(material: Material) -> OpenApiSource | None:
    """Read a document; None when the text is something else. Raises ImportRefused."""
    tree = material.mapping
    version = str(tree.get("openapi") or tree.get("swagger") or "")
    if not version or not ("paths" in tree or "info" in tree):
        return None
    if not version.startswith(_VERSIONS):
        raise ImportRefused(f"OpenAPI {text_of(version, 20)} is not supported; 2.0, 3.0 and 3.1 are.")
    return OpenApiSource(ApiDocument(tree))


def stream_names(operations: Sequence[Operation]) -> list[str]:
    """Names for the streams of operations: the last words of their paths, as many as tell them apart."""
    words = [_name_words(one) for one in operations]
    names: list[str] = []
    for mine in words:
        others = [one for one in words if one is not mine]
        lengths = range(1, len(mine) + 1)
        told = (length for length in lengths if all(one[-length:] != mine[-length:] for one in others))
        names.append("_".join(mine[-next(told, 1) :]))
    return names


def _name_words(operation: Operation) -> list[str]:
    words = words_of(operation)
    if not words:
        return ["stream"]
    if len(words) > 1 and _VERB.fullmatch(words[-1]):
        words = [*words[:-2], words[-2] if words[-1].lower() in ("list", "all", "get") else "_".join(words[-2:])]
    if operation.is_one:
        one = singular(words[-1])
        words = [*words[:-1], one if one != words[-1] else f"{one}_details"]
    return words


def _by_tags(operations: Iterable[Operation]) -> list[Offer]:
    """The offers of operations, those of a tag together."""
    groups: dict[str, list[Offer]] = {}
    for one in operations:
        tags = one.body.get("tags")
        group = text_of(tags[0], 80) if isinstance(tags, list) and tags else _OTHERS
        detail = f"deprecated: {one.summary}" if one.body.get("deprecated") is True else one.summary
        groups.setdefault(group, []).append(Offer(one.key, text_of(one.key), detail, group))
    if groups.keys() == {_OTHERS}:
        return [Offer(one.key, one.title, one.detail) for one in groups[_OTHERS]]
    return [offer for offers in groups.values() for offer in offers]


def _job_offer(key: str, job: Job) -> Offer:
    return Offer(
        key, text_of(job.creation.key), f"{job.creation.summary}; with polling and download".lstrip("; "), _JOBS
    )


def _nothing(document: ApiDocument) -> str:
    if document.outside:
        return f"{_outside(document)} Nothing to read is left."
    return "The OpenAPI document has no operation that reads: none by GET, and no search by POST."


def _outside(document: ApiDocument) -> str:
    which = f"{count(len(document.outside), 'reference')} to other files, such as {min(document.outside)}"
    return f"The document has {which}, which are never read: bundle it into one file first."
