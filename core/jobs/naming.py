"""Finds the API's own id of a job, so that people can look the job up on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.answers import Answer

ID_KEYS = ("id", "jobid", "reportid", "exportid", "requestid", "progressid", "taskid", "operationid", "runid")


def job_id(answer: Answer | None) -> str | None:
    """The id that the answer to a creation names, else the end of its `Location`; None when there is neither."""
    if answer is None:
        return None
    for element in answer.elements:
        found = _search(element, depth=3)
        if found is not None:
            return found
    location = answer.response.headers.get("location", "")
    return location.rstrip("/").rpartition("/")[2] or None


def _search(value: Any, depth: int) -> str | None:
    """Look at the keys of this level before those of the levels below."""
    if not isinstance(value, Mapping) or depth == 0:
        return None
    by_name = {str(key).lower().replace("_", "").replace("-", ""): item for key, item in value.items()}
    for key in ID_KEYS:
        if isinstance(by_name.get(key), (str, int)):
            return str(by_name[key])
    found = (_search(item, depth - 1) for item in value.values())
    return next((text for text in found if text is not None), None)
