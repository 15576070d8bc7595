"""A HAR recording of a browser or proxy to take streams from: its requests, and the jobs that are found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.cases.case import Case, CaseError, RecordedExchange
from core.cases.reading import case_of
from core.units import count, size
from core.wording import one_line
from tui.importing.answers import decoder_of, field_path, json_of, records_path
from tui.importing.curl import CurlRequest
from tui.importing.drafts import ImportRefused, Offer, StreamDraft
from tui.importing.input_drafts import InputCollector
from tui.importing.material import Material
from tui.importing.recorded import curl_request, is_page_furniture
from tui.importing.recorded_jobs import RecordedJob, jobs_in, templated
from tui.importing.requests import definition, name_of, requester_of, selector

_MOST_OFFERED = 5_000
_PATH_SHOWN = 60
_JOBS = "Asynchronous jobs"
_PARTS = "Requests of these jobs"


class HarSource:
    """The requests of a recording that are about data, and its jobs, each as one stream."""

    def __init__(self, case: Case, name: str) -> None:
        listed = [one for one in case.exchanges if not is_page_furniture(one)] or list(case.exchanges)
        self._exchanges = _distinct(listed)[:_MOST_OFFERED]
        self._jobs = jobs_in(listed)
        self._name = name

    @property
    def title(self) -> str:
        return f"Recording {self._name}".strip()

    def offers(self) -> list[Offer]:
        """The jobs first, then the requests by their hosts; last those that the jobs are made of."""
        jobs = [
            Offer(f"job {place}", _job_line(job), _life(job), _JOBS, recommended=True)
            for place, job in enumerate(self._jobs)
        ]
        parts = {_question(one) for job in self._jobs for one in (job.creation, *job.polls, job.download)}
        groups = [_PARTS if _question(one) in parts else _host(one) for one in self._exchanges]
        order = [*dict.fromkeys(group for group in groups if group != _PARTS), _PARTS]
        requests = [
            Offer(str(place), _line(one), _answer(one), group)
            for group in order
            for place, one in enumerate(self._exchanges)
            if groups[place] == group
        ]
        return [*jobs, *requests]

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The streams of what was chosen; inputs that are the same are shared."""
        chosen = set(keys)
        jobs = [_job_draft(job) for place, job in enumerate(self._jobs) if f"job {place}" in chosen]
        return [*jobs, *(_draft(one) for place, one in enumerate(self._exchanges) if str(place) in chosen)]


def read_har_material(material: Material) -> HarSource | None:
    """The recording in a text or file; None when it is none. Raises ImportRefused."""
    log = material.mapping.get("log")
    if not isinstance(log, dict) or "entries" not in log:
        return None
    name = material.path.name if material.path is not None else ""
    try:
        case = case_of(material.mapping, Path(name or "the recording"))
    except CaseError as error:
        raise ImportRefused(str(error)) from None
    if not case.exchanges:
        raise ImportRefused("There are no requests in this recording.")
    return HarSource(case, name)


def _draft(exchange: RecordedExchange) -> StreamDraft:
    collector = InputCollector()
    requester = requester_of(curl_request(exchange), collector)
    name = name_of(exchange.url)
    retriever = {
        "type": "SimpleRetriever",
        "decoder": decoder_of(exchange),
        "requester": requester,
        "record_selector": selector(records_path(json_of(exchange))),
    }
    return StreamDraft(name, definition(name, retriever), collector.inputs)


def _job_draft(job: RecordedJob) -> StreamDraft:
    """One asynchronous stream that does what was recorded."""
    collector = InputCollector()
    template, download = job.template, job.download
    retriever: dict[str, Any] = {
        "type": "AsyncRetriever",
        "creation_requester": requester_of(curl_request(job.creation), collector),
        "polling_requester": _naming(job.polls[0], job.id, template, collector),
        "status_extractor": _status_extractor(job),
        "status_mapping": {"type": "AsyncJobStatusMap", **job.meanings()},
    }
    if job.target_place is None:
        retriever["download_requester"] = _naming(download, job.id, template, collector)
    else:
        target = field_path(job.target_place)
        retriever["download_target_extractor"] = {"type": "DpathExtractor", "field_path": target}
        requester = requester_of(replace(curl_request(download), url="{{ download_target }}", params=[]), collector)
        if not download.url.startswith("http") or urlsplit(download.url).path in _texts(job):
            requester["url"] = f"{_origin(download)}{{{{ download_target }}}}"
        retriever["download_requester"] = requester
    retriever["download_decoder"] = decoder_of(download)
    retriever["record_selector"] = selector(records_path(json_of(download)))
    name = name_of(job.creation.url)
    return StreamDraft(name, definition(name, retriever), collector.inputs, _notes(job))


def _status_extractor(job: RecordedJob) -> dict[str, Any]:
    if job.status_place is None:
        return {"type": "TemplateExtractor", "value": "{{ status_code }}"}
    return {"type": "DpathExtractor", "field_path": field_path(job.status_place)}


def _naming(exchange: RecordedExchange, name: str, template: str, collector: InputCollector) -> dict[str, Any]:
    """The requester for a request that names a job."""
    request = curl_request(exchange)
    params = [(key, template if value == name else value) for key, value in request.params]
    url = templated(request.url, name, template)
    if name == exchange.url:
        url, params = template, []
    elif name.startswith("/") and exchange.url == f"{_origin(exchange)}{name}":
        url, params = f"{_origin(exchange)}{template}", []
    kept: CurlRequest = replace(request, url=url, params=params)
    return requester_of(kept, collector)


def _notes(job: RecordedJob) -> tuple[str, ...]:
    return ("The recording shows no job that fails: name the statuses of those in Polling.",) if job.statuses else ()


def _texts(job: RecordedJob) -> set[str]:
    """The addresses in the last poll that are without a host."""
    value = json_of(job.polls[-1])
    for step in job.target_place or ():
        value = value[step]
    return {str(value).partition("?")[0]} if str(value).startswith("/") else set()


def _distinct(exchanges: Sequence[RecordedExchange]) -> list[RecordedExchange]:
    """The exchanges without those that ask the same again."""
    return list({_question(one): one for one in reversed(exchanges)}.values())[::-1]


def _question(exchange: RecordedExchange) -> tuple[str, str, object]:
    """What an exchange asks; equal for those that ask the same."""
    return exchange.method, exchange.url, exchange.request_body


def _host(exchange: RecordedExchange) -> str:
    return urlsplit(exchange.url).netloc


def _origin(exchange: RecordedExchange) -> str:
    parts = urlsplit(exchange.url)
    return f"{parts.scheme}://{parts.netloc}"


def _job_line(job: RecordedJob) -> str:
    return f"{job.creation.method} {one_line(urlsplit(job.creation.url).path, _PATH_SHOWN)}"


def _life(job: RecordedJob) -> str:
    last = one_line(job.statuses[-1], _PATH_SHOWN)
    status = f"HTTP {last}" if job.status_place is None else last
    return f"{count(len(job.polls), 'poll')} until {status}, then a download"


def _line(exchange: RecordedExchange) -> str:
    path = urlsplit(exchange.url).path or "/"
    return f"{exchange.method} {one_line(path, _PATH_SHOWN)}"


def _answer(exchange: RecordedExchange) -> str:
    kind = exchange.response_header("content-type").partition(";")[0]
    length = size(len(exchange.body)) if exchange.body else ""
    return " ".join(filter(None, [str(exchange.status or ""), length, kind]))
