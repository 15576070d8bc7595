"""The view of what belongs to no stream: the connection check, concurrency, the job and API budgets."""

from __future__ import annotations

from tui.forms.form_pane import FormPane
from tui.forms.hints import Hints
from tui.model.layout import global_view
from tui.model.session import BuilderSession


class GlobalForm(FormPane):
    """The fields of the manifest itself."""

    def __init__(self, session: BuilderSession, hints: Hints, *, id: str | None = None) -> None:
        super().__init__(session, hints, global_view(), (), id=id)
