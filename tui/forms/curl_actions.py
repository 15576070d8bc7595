"""Filling a request from a `curl` command that was pasted or typed."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.widgets import TextArea

from core.manifest.problems import Path
from tui.session.curl import CurlError
from tui.session.curl_import import import_curl
from tui.session.session import BuilderSession
from tui.widgets.dialog import CANCEL, Answer, Dialog, text_line


class CurlDialog(Dialog[str]):
    """Asks for a command; the result is its text."""

    def __init__(self) -> None:
        super().__init__("Paste a curl command", [Answer("fill", "Fill the request", "primary"), CANCEL])

    def compose_body(self) -> ComposeResult:
        """What it is for, and the field."""
        yield text_line(
            "URL, method, parameters, headers, authentication and body are taken from it. Secrets become inputs."
        )
        yield TextArea(soft_wrap=True, classes="curl-dialog--command")

    def answered(self, answer: str) -> None:
        """Close with the text."""
        self.dismiss(self.query_one(TextArea).text)


def ask_for_curl(app: App[object], session: BuilderSession, requester: Callable[[], Path]) -> None:
    """Ask for a command and fill a requester from it; `requester` says where that is by then."""

    def fill(command: str | None) -> None:
        if command and command.strip():
            fill_from_curl(app, session, requester(), command)

    app.push_screen(CurlDialog(), fill)


def fill_from_curl(app: App[object], session: BuilderSession, requester: Path, command: str) -> None:
    """Fill the requester at a path from a command, and say what came of it."""
    try:
        imported = import_curl(session, requester, command)
    except CurlError as error:
        app.notify(str(error), title="Nothing was filled in", severity="warning", markup=False)
        return
    told = ["The request was filled in."]
    if imported.inputs:
        told.append(f"Secrets are inputs now: {', '.join(imported.inputs)}.")
    app.notify(" ".join([*told, *imported.notes]), title="curl", markup=False)
