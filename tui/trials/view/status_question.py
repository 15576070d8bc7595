"""Asks what a status means that the API reports and the status mapping does not hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from core.jobs.statuses import JobStatus
from core.wording import one_line
from tui.model.status_names import suggested_meaning
from tui.trials.state import TrialState, Unmapped
from tui.widgets.base import WidgetMessage, shown

_MEANINGS = {
    JobStatus.COMPLETED: "the result is ready",
    JobStatus.FAILED: "the job went wrong",
    JobStatus.RUNNING: "keep polling",
    JobStatus.TIMEOUT: "the job took too long",
    JobStatus.SKIPPED: "there is no data",
}
_LONGEST = 60
_TIME_TO_READ = 0.5
"""Seconds before a key answers a question: one pressed earlier was meant for what was on the screen before."""


class StatusQuestion(Widget, can_focus=True):
    """The question about one status, hidden while there is none. It stays until it is answered or no longer matters,
    whatever other statuses the API reports meanwhile. `clock` gives seconds.
    """

    BINDING_GROUP_TITLE = "Unmapped status"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter", "confirm", "Yes", "The status means what its name suggests", "status.confirm"),
        *(
            shown(
                status[0],
                f"answer('{status}')",
                status.capitalize(),
                f"The status means: {meaning}",
                f"status.{status}",
            )
            for status, meaning in _MEANINGS.items()
        ),
    ]

    @dataclass
    class Answered(WidgetMessage["StatusQuestion"]):
        """A person said what a status of a stream means."""

        stream: str
        status: str
        meaning: JobStatus

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(classes="status-question")
        self._clock = clock
        self._state: TrialState | None = None
        self._unmapped: Unmapped | None = None
        self._running = False
        self._moved_on = False
        """Whether no job is in the status any more."""
        self._since = 0.0
        """When the question appeared, on the clock."""
        self.display = False

    @property
    def asking(self) -> str | None:
        """The status that is asked about."""
        return self._unmapped.status if self._unmapped else None

    @property
    def suggested(self) -> JobStatus | None:
        """What the name of the status suggests; None when it leaves that open."""
        return suggested_meaning(self._unmapped.status, self._unmapped.place) if self._unmapped else None

    @property
    def takes_answers(self) -> bool:
        """Whether the question has been there long enough to be read."""
        return self._unmapped is not None and self._clock() - self._since >= _TIME_TO_READ

    def ask(self, state: TrialState | None) -> None:
        """Keep asking about a status of a trial, or ask about another one once that is answered."""
        unmapped = None if state is None else self._still_open(state) or state.question
        running = state is not None and state.running
        moved_on = unmapped is not None and state is not None and not state.is_in(unmapped.status)
        if state is not self._state or unmapped != self._unmapped:
            self._since = self._clock()
            if unmapped is not None:
                self.set_timer(_TIME_TO_READ, self.refresh)
        elif (running, moved_on) == (self._running, self._moved_on):
            return
        self._state, self._unmapped, self._running, self._moved_on = state, unmapped, running, moved_on
        self.display = unmapped is not None
        self.refresh(layout=True)

    def _still_open(self, state: TrialState) -> Unmapped | None:
        """The present question, as long as the same trial still needs the answer."""
        return state.unmapped.get(self.asking or "") if state is self._state else None

    def render(self) -> Content:
        if self._unmapped is None:
            return Content("")
        status = one_line(self._unmapped.status, _LONGEST)
        is_now = self._running and not self._moved_on
        answers: list[Content | str] = []
        key = "bold reverse" if self.takes_answers else "dim"
        if self.suggested is not None:
            link = Style.from_meta({"@click": "confirm"})
            guess = Content.assemble((" Enter ", key), f" {self.suggested.capitalize()}?")
            answers += [guess.stylize(link), "   "]
        for meaning in (one for one in _MEANINGS if one is not self.suggested):
            link = Style.from_meta({"@click": f"answer('{meaning}')"})
            name = Content.assemble((f" {meaning[0]} ", key), f" {meaning.capitalize()}").stylize(link)
            answers += [name, "   "]
        return Content.assemble(
            ("? ", "bold $text-warning"),
            f"The API {'reports' if is_now else 'reported'} the status “{status}” at ",
            f"{one_line(self._unmapped.place, _LONGEST)}, which is not in the status mapping. ",
            "The job goes on as running. " if is_now else "The job has another status by now. " * self._running,
            "What does it mean?\n",
            *answers,
        )

    def action_confirm(self) -> None:
        """Say that the status means what its name suggests."""
        if self.suggested is not None:
            self.action_answer(self.suggested)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to confirm where the name suggests a meaning."""
        return action != "confirm" or self.suggested is not None

    def action_answer(self, meaning: str) -> None:
        """Say what the status means."""
        if self._state is not None and self._unmapped is not None and self.takes_answers:
            self.post_message(self.Answered(self, self._state.stream, self._unmapped.status, JobStatus(meaning)))
