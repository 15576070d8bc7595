"""What trials offer to the forms: values of template variables, names of fields, formats of dates, schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson

from core.components.decoders import decoders_for
from core.connector.schema import DATETIME_FORMATS
from core.decoding.errors import DecodeError
from core.http.exchange import Exchange, Role
from core.manifest.problems import Path
from tui.forms.hints import Offer
from tui.model.schema_inference import DatetimeFormats
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind
from tui.trials.controller import TrialController
from tui.trials.exchanges import ExchangeEntry
from tui.trials.offers import Look, address_offers, key_offers, list_offers, path_offers, record_path, template_offers
from tui.trials.records import rows
from tui.trials.schema_report import SchemaReporter
from tui.trials.state import gives_records
from tui.trials.trial import Trial

_VERB = re.compile(r"[/:](?:start|create|submit|run|new|generate|begin|launch|trigger|enqueue)/?$", re.IGNORECASE)
"""Ends addresses that create a job; that of the job itself does without it."""
_RECORDS_EXAMINED = 1_000
_DATES_EXAMINED = 200
"""Records whose values are tried as dates, which takes longer. More would block the screen."""
_VARIABLES = {
    Role.CREATE: "creation_response",
    Role.START: "start_response",
    Role.POLL: "polling_response",
    Role.LINK: "download_link_response",
}
_MOST_READ = 1_000_000
"""Bytes of an answer of an earlier trial that is read for what it holds."""
_LOOKED_AT = {
    "status_extractor": (Role.POLL,),
    "download_target_extractor": (Role.TARGET, Role.POLL),
    "download_link_extractor": (Role.LINK,),
}
"""Which answers the extractors of a job look at; all others look at those that give records."""


class TrialHints:
    """Reads the latest trial of each stream."""

    def __init__(self, session: BuilderSession, controller: TrialController, reporter: SchemaReporter) -> None:
        self._session = session
        self._controller = controller
        self._reporter = reporter
        self._answers: dict[str, tuple[ExchangeEntry, Any]] = {}
        self._schemas: dict[str, tuple[Trial, Mapping[str, Any] | None]] = {}

    def variables(self, stream: str) -> Mapping[str, Any]:
        """The values of template variables in the stream's latest trial, such as `creation_response`."""
        trial = self._controller.results.get(stream)
        if trial is None:
            return {}
        return {**self._of_earlier(trial), **dict(_variables(trial))}

    def _of_earlier(self, trial: Trial) -> dict[str, Any]:
        """What is known of the job that a trial follows from those that came before."""
        known = next(iter(self._controller.jobs.get(trial.state.stream) or ()), None)
        if known is None:
            return {}
        answers = {
            "creation_response": known.creation,
            "start_response": known.start,
            "polling_response": known.polling,
        }
        texts = {name: one.text for name, one in answers.items() if one is not None and len(one.content) <= _MOST_READ}
        found = {name: _json(trial.mask(text)) for name, text in texts.items()}
        return {name: value for name, value in found.items() if value is not None}

    def answer(self, stream: str, path: Path) -> Mapping[str, Any]:
        """The variables of the last answer that the extractor at a path of the stream looks at."""
        trial = self._controller.results.get(stream)
        entry = _looked_at(trial, path) if trial is not None else None
        if trial is None or entry is None or entry.head.status is None:
            return {}
        exchange = trial.exchanges.exchange(entry)
        if exchange.cut:
            return {}
        known = self._answers.get(stream)
        if known is None or known[0] is not entry:
            known = self._answers[stream] = (entry, _decoded(exchange))
        response = known[1]
        if gives_records(entry.event):
            element = next(iter(response), None) if isinstance(response, list) else response
            return {} if element is None or isinstance(element, str) else {"response": element}
        headers = httpx.Headers(list(exchange.response_headers))
        return {"response": response, "headers": headers, "status_code": exchange.status}

    def lookups(self, stream: str) -> Sequence[Offer]:
        """How ids, links and statuses of the latest answers are looked up in templates."""
        trial = self._controller.results.get(stream)
        found: list[Offer] = []
        answers = self.variables(stream)
        for name in _VARIABLES.values() if trial is not None else ():
            looks = (Look.ID, Look.LINK, Look.STATUS)
            answer = answers.get(name)
            found += [Offer(one.value[3:-3], one.detail) for one in template_offers(answer, name, *looks)]
        return found

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[Offer]:
        """What the latest answers and records hold for a field, the likeliest first.

        Status extractors are offered what looks like a status, download targets and addresses what looks like a link or
        an id; keys are offered what differs in all records; a cursor the fields with dates, and a date format that of
        the cursor field beside it.
        """
        index = self._session.streams.at(path)
        trial = self._controller.results.get(self._session.streams.name(index)) if index is not None else None
        if trial is None:
            return ()
        if "retriever" in path:
            found = self._of_job(path, trial)
            if found is not None:
                return found
        if spec.suggestions == DATETIME_FORMATS:
            dates = _dates(trial)
            cursor = dates.get(str(self._session.value((*path[:-1], "cursor_field"))), ())
            formats = dict.fromkeys([*cursor, *(one for formats in dates.values() for one in formats)])
            return [Offer(one) for one in formats]
        if spec.key == "cursor_field":
            dates = _dates(trial)
            columns = sorted(trial.records.columns(), key=lambda name: name not in dates)
            return [Offer(name, " or ".join(dates.get(name, ()))) for name in columns]
        if spec.kind is Kind.PRIMARY_KEY:
            return key_offers(rows(trial.records, _RECORDS_EXAMINED), trial.records.columns())
        named = spec.key in ("field_path", "field_pointers")
        return [Offer(name) for name in trial.records.columns()] if named else ()

    def _of_job(self, path: Path, trial: Trial) -> Sequence[Offer] | None:
        """What the answers about a job hold for a field of its retriever; None where it has nothing to do with them."""
        answers = {**self.variables(trial.state.stream), "target": trial.exchanges.last_json(Role.TARGET)}
        polled = answers.get("polling_response")
        match path[path.index("retriever") + 1 :]:
            case ("status_extractor", "field_path"):
                return path_offers(polled, Look.STATUS)
            case ("status_extractor", "value"):
                return template_offers(polled, "response", Look.STATUS)
            case ("download_target_extractor", "field_path"):
                return path_offers(answers["target"] or polled, Look.LINK, Look.ID)
            case ("download_target_extractor", "value"):
                return template_offers(answers["target"] or polled, "response", Look.LINK, Look.ID)
            case ("record_selector", "extractor", "field_path") if len(trial.records) == 1:
                return list_offers(list(rows(trial.records, 1)), record_path(trial)) or None
            case (("start_requester" | "polling_requester" | "abort_requester" | "delete_requester") as key, "url"):
                known = ("creation_response",) if key == "start_requester" else ("start_response", "creation_response")
                bases = self._bases(path, key)
                return [offer for name in known for offer in address_offers(answers.get(name), name, bases)]
            case (("download_requester" | "download_target_requester") as key, "url") if polled is not None:
                return address_offers(polled, "polling_response", self._bases(path, key))
        return None

    def _bases(self, path: Path, requester: str) -> list[str]:
        """What an id may come behind in the address of a request, the likeliest first: what is written there, else
        where jobs are created, without a verb at its end.
        """
        own = str(self._session.value(path) or "")
        if own and "{" not in own:
            return [own]
        above = path[: path.index(requester)]
        created = str(self._session.value((*above, "creation_requester", "url")) or "")
        created = created.partition("?")[0]
        return list(dict.fromkeys((_VERB.sub("", created), created)))

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        """The JSON Schema of the records of the stream's latest trial, once it has ended."""
        trial = self._controller.results.get(stream)
        if trial is None or trial.state.running:
            return None
        known = self._schemas.get(stream)
        if known is None or known[0] is not trial:
            known = self._schemas[stream] = (trial, self._detected(trial))
        return known[1]

    def _detected(self, trial: Trial) -> Mapping[str, Any] | None:
        try:
            return self._reporter.detect(trial, _RECORDS_EXAMINED)
        except Exception:  # the Schema tab of the trial says why
            return None


def _looked_at(trial: Trial, path: Path) -> ExchangeEntry | None:
    """The last answer that the extractor at a path looks at."""
    roles = next((_LOOKED_AT[key] for key in path if key in _LOOKED_AT), None)
    entries = [one for one in reversed(trial.exchanges.entries) if not one.cancelled and one.head.error is None]
    if roles is None:
        return next((one for one in entries if gives_records(one.event)), None)
    return next((one for role in roles for one in entries if one.head.role is role), None)


def _decoded(exchange: Exchange) -> Any:
    """The body of an answer: what its JSON or its content type says, else the text."""
    body = exchange.response_body or ""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        kind = httpx.Headers(list(exchange.response_headers)).get("content-type", "").partition(";")[0].strip().lower()
    for decoder in decoders_for(kind):
        try:
            elements = decoder.decode_all(body.encode())
        except DecodeError:
            continue
        return elements[0] if len(elements) == 1 else elements
    return body.strip() or {}


def _dates(trial: Trial) -> dict[str, tuple[str, ...]]:
    """The record fields that hold dates, each with the formats that all of its values fit."""
    formats = DatetimeFormats()
    for record in rows(trial.records, _DATES_EXAMINED):
        formats.add(record)
    return formats.found()


def _variables(trial: Trial) -> Iterator[tuple[str, Any]]:
    for role, name in _VARIABLES.items():
        answer = trial.exchanges.last_json(role)
        if answer is not None:
            yield name, answer
    roles = {one.head.role for one in trial.exchanges.entries}
    download = next((one for one in trial.exchanges.entries if one.head.role is Role.DOWNLOAD), None)
    if download is not None:
        yield "download_link" if Role.LINK in roles else "download_target", download.head.url


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
