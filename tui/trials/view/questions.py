"""What a captured answer can be used for: nodes that are picked, and statuses whose meaning is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from core.wording import one_line
from tui.trials.state import TrialState, Unmapped
from tui.widgets.base import WidgetMessage, shown
from tui.widgets.doc_text import NodePath


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


def path_for(use: NodeUse, path: NodePath) -> tuple[str, ...]:
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


def template_for(role: Role, path: NodePath) -> str:
    """The template that gives the node in a later request."""
    steps = "".join(f"[{step!r}]" for step in path)
    return f"{{{{ {_VARIABLES[role]}{steps} }}}}"


def _first_index(path: NodePath) -> int:
    return next((place for place, step in enumerate(path) if isinstance(step, int)), len(path))


def _texts(path: NodePath) -> tuple[str, ...]:
    return tuple(str(step) for step in path)


_MEANINGS = {
    JobStatus.COMPLETED: "the result is ready",
    JobStatus.FAILED: "the job went wrong",
    JobStatus.RUNNING: "keep polling",
    JobStatus.TIMEOUT: "the job took too long",
    JobStatus.SKIPPED: "there is no data",
}
_SHOWN = 60
_READ_IN = 0.5
"""Seconds that a question is there before a key answers it: one pressed earlier was meant for what was there before."""


class StatusQuestion(Widget, can_focus=True):
    """The question about one status, visible while there is one. It stays until it is answered or of no use any more,
    whatever other statuses come meanwhile. `clock` gives seconds.
    """

    BINDING_GROUP_TITLE = "Unmapped status"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown(bucket[0], f"answer('{bucket}')", bucket.capitalize(), f"The status means: {meaning}", f"status.{bucket}")
        for bucket, meaning in _MEANINGS.items()
    ]

    @dataclass
    class Answered(WidgetMessage["StatusQuestion"]):
        """A person said what a status of a stream means."""

        stream: str
        status: str
        bucket: JobStatus

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(classes="status-question")
        self._clock = clock
        self._state: TrialState | None = None
        self._unmapped: Unmapped | None = None
        self._running = False
        self._since = 0.0
        """When the question came, on the clock."""
        self.display = False

    @property
    def asking(self) -> str | None:
        """The status that is asked about."""
        return self._unmapped.status if self._unmapped else None

    @property
    def takes_answers(self) -> bool:
        """Whether the question was there long enough to be read."""
        return self._unmapped is not None and self._clock() - self._since >= _READ_IN

    def ask(self, state: TrialState | None) -> None:
        """Go on asking about a status of a test, or ask about another when that is answered."""
        unmapped = None if state is None else self._still_open(state) or state.question
        running = state is not None and state.running
        if state is not self._state or unmapped != self._unmapped:
            self._since = self._clock()
            if unmapped is not None:
                self.set_timer(_READ_IN, self.refresh)
        elif running == self._running:
            return
        self._state, self._unmapped, self._running = state, unmapped, running
        self.display = unmapped is not None
        self.refresh(layout=True)

    def _still_open(self, state: TrialState) -> Unmapped | None:
        """What is asked about now, as long as the same test still wants to know it."""
        return state.unmapped.get(self.asking or "") if state is self._state else None

    def render(self) -> Content:
        """The question, and the answers with their keys."""
        if self._unmapped is None:
            return Content("")
        status = one_line(self._unmapped.status, _SHOWN)
        answers: list[Content | str] = []
        key = "bold reverse" if self.takes_answers else "dim"
        for bucket in _MEANINGS:
            link = Style.from_meta({"@click": f"answer('{bucket}')"})
            name = Content.assemble((f" {bucket[0]} ", key), f" {bucket.capitalize()}").stylize(link)
            answers += [name, "   "]
        return Content.assemble(
            ("? ", "bold $text-warning"),
            f"The API {'reports' if self._running else 'reported'} the status “{status}” at ",
            f"{one_line(self._unmapped.place, _SHOWN)}, which is not in the status mapping. ",
            "The job goes on as running. What does it mean?\n" if self._running else "What does it mean?\n",
            *answers,
        )

    def action_answer(self, bucket: str) -> None:
        """Say what the status means; a key that comes before the question can have been read says nothing."""
        if self._state is not None and self._unmapped is not None and self.takes_answers:
            self.post_message(self.Answered(self, self._state.stream, self._unmapped.status, JobStatus(bucket)))
