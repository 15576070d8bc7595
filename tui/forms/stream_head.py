"""The head of a stream's form: its name, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.widgets import Input, Label

from core.components.stream import DeclarativeStream
from core.connector.registry import component_types
from core.manifest.problems import Path
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldFocused
from tui.forms.wording import message_and_hint
from tui.model.layout import RETRIEVAL_TYPES
from tui.model.new_components import converted, new_retriever
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind, form_spec
from tui.model.streams import StreamKind
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import ConfirmDialog

_KINDS = {"SimpleRetriever": StreamKind.SYNC, "AsyncRetriever": StreamKind.ASYNC}


class StreamHead(HorizontalGroup):
    """The name of a stream, committed when its field is left, and the choice of its retrieval type."""

    def __init__(self, session: BuilderSession, stream: int) -> None:
        super().__init__(classes="stream-form--head")
        self.session = session
        self.stream = stream
        self.name_field = FieldInput(placeholder="Name")
        kinds = [ChoiceOption(kind, title) for kind, title in RETRIEVAL_TYPES.items()]
        self._kind = Choice(kinds, title="Retrieval Type", prompt="Retrieval Type", classes="stream-form--kind")
        self._shown_name = ""

    def compose(self) -> ComposeResult:
        yield Label("Stream", classes="stream-form--label")
        yield self.name_field
        yield Label("Retrieval Type", classes="stream-form--kind-label")
        yield self._kind

    def show(self, stream: int) -> None:
        """Show a stream; a name that is being typed stays while that of the stream does."""
        other, self.stream = stream != self.stream, stream
        unfinished = self.session.unfinished(self._name_path)
        name = unfinished.text if unfinished else self.session.streams.name(stream)
        if other or name != self._shown_name or not self.name_field.has_focus:
            self._shown_name = name
            self.name_field.show(name)
        if self._kind.value != self._type:
            self._kind.value = self._type

    # The name

    @property
    def _path(self) -> Path:
        return self.session.streams.path(self.stream)

    @property
    def _name_path(self) -> Path:
        return self.session.streams.name_path(self.stream)

    @property
    def _name_spec(self) -> FieldSpec:
        spec = form_spec(DeclarativeStream).field("name")
        assert spec is not None
        return spec

    @property
    def problem(self) -> str:
        """What is wrong with the name, if anything is."""
        problems = self.session.problems(self._name_path)
        return message_and_hint(self.session, problems[0])[0] if problems else ""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Report the name as rows report their fields."""
        if event.widget is self.name_field:
            self.post_message(FieldFocused(self.name_field, self._name_path, self._name_spec, "Stream name"))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving the field commits the name."""
        if event.widget is self.name_field:
            self.rename()

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        event.stop()

    def commit_edit(self) -> None:
        if self.name_field.has_focus:
            self.rename()

    @property
    def is_edited(self) -> bool:
        """Whether a name was typed that is not committed yet."""
        return self.name_field.value != self._shown_name

    def rename(self) -> bool:
        """Give the stream the name in the field; False where it can't have that."""
        name = self.name_field.value
        if not self.session.exists(self._path):
            return False
        try:
            self.session.streams.rename(self.stream, name)
        except ValueError as error:
            self.session.visibility.mark(self._name_path, visible=True)
            self.session.keep_unfinished(self._name_path, name, str(error))
            return False
        if self.session.unfinished(self._name_path) is not None:
            self.session.set(self._name_path, name.strip())
        self.session.seal()
        return True

    # The retrieval type

    @property
    def _type(self) -> str | None:
        present = self.session.streams.kind(self.stream)
        return next((name for name, kind in _KINDS.items() if kind is present), None)

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        event.widget.value = self._type
        if event.value is not None:
            self.ask_to_switch(_KINDS[event.value])

    def ask_to_switch(self, to: StreamKind) -> None:
        """Ask whether to switch the stream to the other retrieval type, saying what is kept; then do it."""
        name = next(name for name, kind in _KINDS.items() if kind is to)

        def switch(sure: bool | None) -> None:
            if sure and self.session.exists(self._path):
                self.session.streams.switch_retrieval(self.stream, to)
                self.session.seal()

        question = switch_question(self.session, self.stream, name)
        self.app.push_screen(ConfirmDialog("Retrieval Type", question, confirm="Switch"), switch)


def switch_question(session: BuilderSession, stream: int, to: str) -> str:
    """What to know before a stream is converted to the retriever type `to`."""
    own = session.streams.path(stream)
    path = (*own, "retriever")
    retriever = dict(session.view.unwrapped(path) or {})
    new = converted(retriever, to, session.types.recall(path, to))
    lost = new.left_out
    kept = list(dict.fromkeys(_kept(session.value(own), new.carried)))
    paragraphs = [f"The stream becomes: {RETRIEVAL_TYPES[to]}."]
    if kept:
        paragraphs.append(f"Kept: {', '.join(kept)}.")
    if lost:
        paragraphs.append(
            f"No equivalent there: {', '.join(lost)}. It is remembered, and comes back when you switch back."
        )
    return "\n\n".join(paragraphs)


def _kept(stream: Any, carried: frozenset[str]) -> Iterator[str]:
    retriever = stream.get("retriever", {})
    known = component_types().get(str(retriever.get("type")))
    if known is not None:
        start = new_retriever(known.__name__)
        for field in form_spec(known).fields:
            value = retriever.get(field.key)
            if value is None or field.key not in carried or value == start.get(field.key):
                continue
            if isinstance(value, Mapping) and value.get("type") == "HttpRequester":
                yield from _titles(value)
            else:
                yield field.title
    top = {key: value for key, value in stream.items() if key not in ("name", "retriever")}
    yield from (field.title for field in form_spec(DeclarativeStream).fields if top.get(field.key))


def _titles(requester: Mapping[str, Any]) -> Iterator[str]:
    known = component_types()[str(requester["type"])]
    for field in form_spec(known).fields:
        if requester.get(field.key) is not None and field.kind is not Kind.CHOICE:
            yield field.title
