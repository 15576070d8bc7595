"""Finds asynchronous jobs in a recording: a request whose answer names a job, polls of it, and the download.

The name of a job is a value of the answer, or the address in a header such as `Location`. Its status is a value of the
answers to polls, or their HTTP status: 202 until it is 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from core.cases.case import RecordedExchange
from core.jobs.statuses import JobStatus
from tui.importing.answers import Place, json_of, leaves, template_path
from tui.model.status_names import suggested_meaning

_STATUS_KEYS = ("status", "state", "jobstatus", "job_status", "processingstatus", "phase", "done", "completed", "ready")
_NAMES_OF_JOBS = "id job export report token uuid guid key location url href name handle"
_ID_KEYS = tuple(_NAMES_OF_JOBS.split())
_SHORTEST_ID = 3
_LONGEST_ID = 500
_MOST_LOOKED_AT = 3_000
_MOST_NAMES = 20
_MOST_POLLED = 20
_MOST_ENDS = 20
_CREATING = ("POST", "PUT", "PATCH")
_ADDRESSES = ("Operation-Location", "Azure-AsyncOperation", "Content-Location", "Location")
_LONGEST_ADDRESS = 4_000
_ACCEPTED = 202
_NOT_YET = (_ACCEPTED, 204, 404)
_DONE = (200, 206)


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """A job as it was seen. `id` is how the answer to the creation names it, `template` gives that name in a run.

    `statuses` are those that were seen, in order, `status_place` is where they were: None for the HTTP status.
    `target_place` is where the last poll has the address of the download, None where the download is asked for by the
    name of the job.
    """

    creation: RecordedExchange
    polls: Sequence[RecordedExchange]
    download: RecordedExchange
    id: str
    template: str
    status_place: Place | None
    statuses: Sequence[str]
    target_place: Place | None

    def meanings(self) -> dict[str, list[str]]:
        """The statuses by what they mean: the last one is that of a job whose result was downloaded."""
        last = self.statuses[-1]
        if self.status_place is None:
            running = [one for one in dict.fromkeys(self.statuses) if one != last]
            return {"running": running or [str(_ACCEPTED)], "completed": [last], "failed": [], "timeout": []}
        found: dict[str, list[str]] = {"running": [], "completed": [last], "failed": [], "timeout": []}
        for status in dict.fromkeys(self.statuses):
            if status != last:
                meaning = suggested_meaning(status, ".".join(map(str, self.status_place)))
                found["failed" if meaning is JobStatus.FAILED else "running"].append(status)
        return found


def jobs_in(exchanges: Sequence[RecordedExchange]) -> list[RecordedJob]:
    """The jobs in a recording, in the order of their creation."""
    looked_at = list(exchanges[:_MOST_LOOKED_AT])
    mentioned: dict[str, list[int]] = {}
    for index, exchange in enumerate(looked_at):
        for name in _mentioned(exchange.url):
            mentioned.setdefault(name, []).append(index)
    found: list[RecordedJob] = []
    taken: set[int] = set()
    for index, exchange in enumerate(looked_at):
        if exchange.method in _CREATING and 200 <= exchange.status < 300 and id(exchange) not in taken:
            job = _job_of(index, looked_at, mentioned)
            if job is not None:
                found.append(job)
                taken.update(id(one) for one in (*job.polls, job.download))
    return found


def _job_of(
    at: int, exchanges: Sequence[RecordedExchange], mentioned: Mapping[str, Sequence[int]]
) -> RecordedJob | None:
    """The job that an exchange creates; `mentioned` are the places of the exchanges that mention names."""
    creation = exchanges[at]
    named = [one for one in _names(creation) if mentioned.get(one[0], (-1,))[-1] > at]
    for name, template in named[:_MOST_NAMES]:
        alike: dict[tuple[str, str], list[int]] = {}
        for place in mentioned[name]:
            if place > at:
                alike.setdefault((exchanges[place].method, exchanges[place].url), []).append(place)
        for places in islice(alike.values(), _MOST_POLLED):
            polls = [exchanges[place] for place in places]
            seen = _statuses(polls) or _http_statuses(creation, polls)
            if seen is None:
                continue
            status_place, statuses = seen
            after = exchanges[places[-1] + 1 :]
            download = _download(polls, after, name)
            if download is None and status_place is None:
                download = polls[-1], None  # the address that was polled has the result in the end
            if download is not None:
                return RecordedJob(creation, polls, download[0], name, template, status_place, statuses, download[1])
    return None


def _names(creation: RecordedExchange) -> list[tuple[str, str]]:
    """What may be the name of a job in an answer, and the template for it.

    Values whose keys sound like it come first, then addresses in headers, then other values.
    """
    found = [
        (_rank(place), str(value), template_path("creation_response", place))
        for place, value in leaves(json_of(creation))
        if isinstance(value, str | int) and not isinstance(value, bool)
        if _SHORTEST_ID <= len(str(value)) <= _LONGEST_ID or str(place[-1:]).lower().find("id") >= 0
    ]
    for header in _ADDRESSES:
        address = creation.response_header(header.lower())
        if address.startswith(("/", "http://", "https://")) and len(address) <= _LONGEST_ADDRESS:
            found.append(((1, 0), address, f"{{{{ creation_response.headers['{header}'] }}}}"))
    return [(name, template) for _, name, template in sorted(found)]


def _rank(place: Place) -> tuple[int, int]:
    key = str(place[-1]).lower() if place else ""
    return 0 if any(word in key for word in _ID_KEYS) else 2, len(place)


def _mentions(exchange: RecordedExchange, name: str) -> bool:
    """Whether a request names a job."""
    return name in _mentioned(exchange.url)


@lru_cache(_MOST_LOOKED_AT)
def _mentioned(url: str) -> frozenset[str]:
    """What a request names: in its path, in its query, and as its whole address, with the host and without."""
    parts = urlsplit(url)
    steps = [unquote(step) for step in parts.path.split("/")]
    values = {unquote(pair.partition("=")[2]) for pair in parts.query.split("&")}
    addresses = {url, parts.path, f"{parts.path}?{parts.query}"} - {"/"}
    begins = {step[: end.start()] for step in steps for end in islice(re.finditer("[.:]", step), _MOST_ENDS)}
    names = {one for one in begins if len(one) > _SHORTEST_ID}  # `123.csv` is of 123
    return frozenset({*steps, *values, *addresses, *names})


def _statuses(polls: Sequence[RecordedExchange]) -> tuple[Place, list[str]] | None:
    """Where the status is in the answers to polls, and those that were seen; the last is one of a job that is done."""
    answers = [json_of(one) for one in polls]
    answers = [one for one in answers if isinstance(one, dict)]
    if not answers:
        return None
    places = [
        place
        for place, value in leaves(answers[-1])
        if isinstance(value, str | bool) and str(place[-1]).lower().replace("-", "_") in _STATUS_KEYS
    ]
    for place in sorted(places, key=len):
        seen = [_written(_at(one, place)) for one in answers]
        known = [one for one in seen if one is not None]
        if known and suggested_meaning(known[-1], ".".join(map(str, place))) in (JobStatus.COMPLETED, None):
            return place, known
    return None


def _http_statuses(creation: RecordedExchange, polls: Sequence[RecordedExchange]) -> tuple[None, list[str]] | None:
    """The HTTP statuses of polls, when the last one says that the job is done and those before that it is not."""
    codes = [_DONE[0] if 300 <= one.status < 400 else one.status for one in polls]  # redirects are followed
    waited = codes[:-1]
    if codes[-1] not in _DONE or not all(code in _NOT_YET for code in waited):
        return None
    if not waited and creation.status != _ACCEPTED:
        return None
    return None, list(map(str, codes))


def _download(
    polls: Sequence[RecordedExchange], after: Sequence[RecordedExchange], name: str
) -> tuple[RecordedExchange, Place | None] | None:
    """The download, and where the last poll has its address."""
    places = {value: place for place, value in leaves(json_of(polls[-1])) if isinstance(value, str) and len(value) > 1}
    for one in after:
        if not 200 <= one.status < 300:
            continue
        for address in (one.url, unquote(one.url), one.url.partition("?")[0]):
            if address in places:
                return one, places[address]
        path = urlsplit(one.url)
        whole = f"{path.path}?{path.query}" if path.query else path.path
        if whole in places and len(whole) > 1:
            return one, None if _mentions(one, name) else places[whole]
        if _mentions(one, name) and one.url.partition("?")[0] != polls[0].url.partition("?")[0]:
            return one, None
    return None


def _at(value: Any, place: Place) -> Any:
    for step in place:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _written(value: Any) -> str | None:
    """A status as a mapping of statuses has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def templated(url: str, name: str, template: str) -> str:
    """An address with a template in the place of the name of a job."""
    return template if url == name else url.replace(quote(name, safe=""), template).replace(name, template)
