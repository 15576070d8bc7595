"""What a node of a captured answer can be used for, and the path that each use takes of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from core.http.exchange import Role
from tui.widgets.doc_nodes import Path


class NodeUse(StrEnum):
    """Where a picked node goes; the value is what a person reads."""

    STATUS = "Status Extractor"
    DOWNLOAD_TARGET = "Download Target Extractor"
    RECORD_PATH = "Record Selector, field path"
    PRIMARY_KEY = "Primary Key"
    CURSOR_FIELD = "Cursor field"
    STATUS_MAPPING = "Status Mapping: say what this status means"
    TEMPLATE = "Copy as template"


_VARIABLES = {Role.CREATE: "creation_response", Role.POLL: "polling_response"}


def uses(role: Role, *, asynchronous: bool, value: object) -> Iterator[NodeUse]:
    """What a node can be used for, the likeliest first."""
    scalar = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if role is Role.POLL and scalar:
        yield NodeUse.STATUS
        yield NodeUse.STATUS_MAPPING
    if role in (Role.POLL, Role.TARGET) or (role is Role.CREATE and asynchronous):
        yield NodeUse.DOWNLOAD_TARGET
    if role in _VARIABLES:
        yield NodeUse.TEMPLATE
    if role in (Role.PAGE, Role.DOWNLOAD):
        yield NodeUse.RECORD_PATH
        if scalar:
            yield NodeUse.PRIMARY_KEY
            yield NodeUse.CURSOR_FIELD


def path_for(use: NodeUse, path: Path) -> tuple[str, ...]:
    """The field path for a use: up to the list for records, within a record for its fields, a list and not its item."""
    match use:
        case NodeUse.RECORD_PATH:
            return _texts(path[: _first_index(path)])
        case NodeUse.PRIMARY_KEY | NodeUse.CURSOR_FIELD:
            indexes = [place for place, step in enumerate(path) if isinstance(step, int)]
            return _texts(path[indexes[-1] + 1 :] if indexes else path[-1:])
        case NodeUse.DOWNLOAD_TARGET if path and isinstance(path[-1], int):
            return _texts(path[:-1])
    return _texts(path)


def template_for(role: Role, path: Path) -> str:
    """The template that gives the node in a later request."""
    steps = "".join(f"[{step!r}]" for step in path)
    return f"{{{{ {_VARIABLES[role]}{steps} }}}}"


def _first_index(path: Path) -> int:
    return next((place for place, step in enumerate(path) if isinstance(step, int)), len(path))


def _texts(path: Path) -> tuple[str, ...]:
    return tuple(str(step) for step in path)
