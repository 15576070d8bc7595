"""Asks what a status of the API means that the status mapping does not hold; one key answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from core.components.async_retriever import JobStatus
from core.progress.words import one_line
from tui.running.state import Unmapped
from tui.widgets.keys import shown
from tui.widgets.message import WidgetMessage

_MEANINGS = {
    JobStatus.COMPLETED: "the result is ready",
    JobStatus.FAILED: "the job went wrong",
    JobStatus.RUNNING: "keep polling",
    JobStatus.TIMEOUT: "the job took too long",
    JobStatus.SKIPPED: "there is no data",
}
_SHOWN = 60


class StatusQuestion(Widget, can_focus=True):
    """The question about one status, visible while there is one."""

    BINDING_GROUP_TITLE = "Unmapped status"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown(bucket[0], f"answer('{bucket}')", bucket.capitalize(), f"The status means: {meaning}", f"status.{bucket}")
        for bucket, meaning in _MEANINGS.items()
    ]

    @dataclass
    class Answered(WidgetMessage["StatusQuestion"]):
        """A person said what a status means."""

        status: str
        bucket: JobStatus

    def __init__(self) -> None:
        super().__init__(classes="status-question")
        self._unmapped: Unmapped | None = None
        self._running = False
        self.display = False

    @property
    def asking(self) -> str | None:
        """The status that is asked about."""
        return self._unmapped.status if self._unmapped else None

    def ask(self, unmapped: Unmapped | None, *, running: bool) -> None:
        """Ask about a status; None: there is nothing to ask. `running` says whether the job can go on by the answer."""
        if (unmapped, running) != (self._unmapped, self._running):
            self._unmapped, self._running = unmapped, running
            self.display = unmapped is not None
            self.refresh(layout=True)

    def render(self) -> Content:
        """The question, and the answers with their keys."""
        if self._unmapped is None:
            return Content("")
        status = one_line(self._unmapped.status, _SHOWN)
        answers: list[Content | str] = []
        for bucket in _MEANINGS:
            link = Style.from_meta({"@click": f"answer('{bucket}')"})
            name = Content.assemble((f" {bucket[0]} ", "bold reverse"), f" {bucket.capitalize()}").stylize(link)
            answers += [name, "   "]
        return Content.assemble(
            ("? ", "bold $text-warning"),
            f"The API {'reports' if self._running else 'reported'} the status “{status}” at ",
            f"{one_line(self._unmapped.place, _SHOWN)}, which is not in the status mapping. ",
            "The job goes on as running. What does it mean?\n" if self._running else "What does it mean?\n",
            *answers,
        )

    def action_answer(self, bucket: str) -> None:
        """Say what the status means."""
        if self._unmapped is not None:
            self.post_message(self.Answered(self, self._unmapped.status, JobStatus(bucket)))
