"""What the actions on trials need of the builder's screen."""

from __future__ import annotations

from typing import Protocol

from textual.containers import Horizontal

from tui.model.project import Project
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.navigation import Navigation
from tui.shell.navigator import Navigator
from tui.trials.trials import Trials


class Stage(Protocol):
    """The parts of the screen; all are there by the time that the screen is mounted."""

    project: Project
    session: BuilderSession
    settings: Settings
    interaction: Interaction
    stream_trials: Trials
    navigation: Navigation
    navigator: Navigator
    editor: EditorArea
    body: Horizontal
    """Holds navigator, editor area and trial pane side by side."""

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the trial pane beside the form."""
