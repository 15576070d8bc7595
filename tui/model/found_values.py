"""What the template of an extractor finds in the last answer of a test, while it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Undefined
from pydantic import ValidationError

from core.components.extractors import TemplateExtractor
from core.components.job_status_map import AsyncJobStatusMap
from core.http.messages import shorten
from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from core.templates import Template, TemplateError
from core.templates.expressions import number_range, value_as_is
from core.templates.limits import hurried
from tui.model.completion import Preview, preview, shown_config
from tui.model.config_references import inputs_in
from tui.model.session import BuilderSession
from tui.model.view import component_at

PATIENCE = 0.1
"""Seconds that an evaluation may take while somebody types."""
LONGEST_SHOWN = 160
STATUS = "status_extractor"


def is_found_by_template(session: BuilderSession, path: Path) -> bool:
    """Whether the field at a path is the template of an extractor."""
    owner = component_at(session.view, path[:-1])
    return path[-1] == "value" and owner is not None and issubclass(owner, TemplateExtractor)


def found_preview(session: BuilderSession, path: Path, text: str, known: Mapping[str, Any]) -> Preview:
    """What a template gives as it is, and what that means where it is a status. `known` are the variables of the last
    test, with `response`, `headers` and `status_code` of the answer that it is about, where there was one.
    """
    scope = {"range": number_range, **known, "config": shown_config(session), "parameters": {}}
    try:
        template = Template(text)
        if not (template.variables <= scope.keys() and scope["config"].keys() >= set(inputs_in(text))):
            return preview(session, text, scope)
        with hurried(PATIENCE):
            value = value_as_is(template, scope)
    except TemplateError as error:
        return Preview("", error=str(error))
    return Preview(_status(session, path, value) if STATUS in path else _found(value))


def _found(value: Any) -> str:
    if isinstance(value, Undefined):
        return "nothing in the last answer"
    count = f"{len(value)} of them: " if isinstance(value, list) and len(value) > 1 else ""
    return count + _text(value)


def _status(session: BuilderSession, path: Path, value: Any) -> str:
    """The value with what the status mapping makes of it."""
    value = next(iter(value), None) if isinstance(value, list) else value
    if isinstance(value, dict):
        return f"{_text(value)}: no status, but an object"
    if isinstance(value, Undefined) or value in (None, ""):
        meaning = _meaning(session, path, "None")
        return f"no status in the last answer{f' → {meaning}' if meaning else ''}"
    meaning = _meaning(session, path, str(value))
    return f"{_text(value)} → {meaning or 'not in the status mapping: counts as running'}"


def _meaning(session: BuilderSession, path: Path, status: str) -> JobStatus | None:
    written = session.view.value((*path[: path.index(STATUS)], "status_mapping"))
    buckets = written if isinstance(written, dict) else {}
    lists = {str(bucket): found if isinstance(found := buckets.get(bucket), list) else [] for bucket in JobStatus}
    try:
        return AsyncJobStatusMap.model_validate(lists).meaning(status)
    except ValidationError:
        return None


def _text(value: Any) -> str:
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST_SHOWN)
