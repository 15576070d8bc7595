"""Finds the API's own id of a job, so that people can look the job up on the other side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.components.answers import Answer
from core.templates.lookups import Lookup

ID_KEYS = (
    *("id", "jobid", "reportid", "exportid", "reportrequestid", "queryexecutionid", "executionid", "statementid"),
    *("statementhandle", "progressid", "taskid", "operationid", "runid", "batchid", "queryid", "bulkoperationid"),
)
"""How APIs call the id of a job, without case and separators; the first that is there counts."""
LESSER_KEYS = ("requestid", "uuid", "guid", "handle", "token", "name", "job", "report", "export")
"""What else may name a job, where none of the others does."""

_DEPTH = 3
_LONGEST = 200
_ADDRESSES = ("http://", "https://", "/")
_BESIDE = ("status_code", "request")
"""Variables of an answer that never hold an id."""


def job_id(answer: Answer, used: Iterable[Lookup] = ()) -> str | None:
    """The id in the answer to a creation, else the end of its `Location`; None when there is neither.

    `used` is what the request for polling looks up in the answer: an id that is asked for by is the id.
    """
    asked = {
        _plain(lookup.steps[-1][0]): value
        for lookup in used
        if lookup.steps[0][0] not in _BESIDE and (value := _scalar(lookup.value({lookup.root: answer.variables})))
    }
    ids = {name: value for name, value in asked.items() if not value.startswith(_ADDRESSES)}
    if ids:
        return next((ids[name] for name in (*ID_KEYS, *LESSER_KEYS) if name in ids), next(iter(ids.values())))
    for keys in (ID_KEYS, LESSER_KEYS):
        for element in answer.elements[:1]:
            found = _search(element, keys, _DEPTH)
            if found is not None:
                return found
    address = next(iter(asked.values()), answer.response.headers.get("location", ""))
    return address.partition("?")[0].rstrip("/").rpartition("/")[2] or None


def _search(value: Any, keys: Iterable[str], depth: int) -> str | None:
    """Look at the keys of this level before those of the levels below; of a list at its first item."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, Mapping) or depth == 0:
        return None
    by_name = {_plain(key): item for key, item in value.items()}
    for key in keys:
        found = _scalar(by_name.get(key))
        if found is not None:
            return found
    below = (_search(item, keys, depth - 1) for item in value.values())
    return next((text for text in below if text is not None), None)


def _plain(key: Any) -> str:
    return str(key).lower().replace("_", "").replace("-", "")


def _scalar(value: Any) -> str | None:
    """A text or number that may be an id."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if text and len(text) <= _LONGEST and text.isprintable() else None
