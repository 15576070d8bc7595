"""What can be done with a field beside editing it: resetting, writing it as a template, sharing, copying, curl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from textual.app import App
from textual.widget import Widget

from core.manifest.problems import Path
from core.runtime.roles import Requester
from tui.forms.curl import ask_for_curl, curl_of
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.forms.list_section import NamedSection
from tui.forms.pairs_row import PairsRow
from tui.forms.wording import place_name, same_fields
from tui.model.config_references import reference
from tui.model.inputs import Input
from tui.model.sharing import SHAREABLE, Conflict
from tui.model.specs import Kind, TypeChoice
from tui.model.view import components_to
from tui.widgets.base import WidgetMessage
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import DialogButton, PromptDialog, QuestionDialog
from tui.widgets.display_text import compact_json
from tui.widgets.template_names import plain_secret

_EVERYWHERE = "All of these"
_SHOWN = 160


@dataclass
class CopyRequested(WidgetMessage[Widget]):
    """A person wants a text on the clipboard; `what` names it."""

    text: str
    what: str


@dataclass(frozen=True)
class FieldAction:
    """Something that can be done."""

    title: str
    help: str
    run: Callable[[], object]


def open_menu(app: App[object], title: str, actions: Iterable[FieldAction]) -> None:
    """List what can be done, and do what is chosen."""
    by_title = {action.title: action for action in actions}
    options = [ChoiceOption(title, help=action.help) for title, action in by_title.items()]

    def run(title: str | None) -> None:
        if title is not None:
            by_title[title].run()

    if options:
        app.push_screen(ChoiceDialog(title, options), run)


class FieldMenu:
    """The menu of one row. What cannot be done now is not in it."""

    def __init__(self, row: FieldRow) -> None:
        self._row = row
        self._session = row.session

    @property
    def _path(self) -> Path:
        return self._row.path

    def open(self) -> None:
        open_menu(self._row.app, self._title, self.actions())

    @property
    def _title(self) -> str:
        place = self._row.place
        return place.title if place.index is None else f"Item {place.title}"

    def actions(self) -> Iterator[FieldAction]:
        session, path, spec, value = self._session, self._path, self._row.spec, self._row.value
        yield from self._template_actions(value)
        if isinstance(self._row, PairsRow):
            yield from (self._adding(self._row, one) for one in spec.types)
        if spec.or_text and spec.kind not in (Kind.NUMBER, Kind.COMPONENT):
            if isinstance(value, str):
                yield FieldAction("Write as fields", "In place of the template", self._as_fields)
            else:
                yield FieldAction("Write as a template", "In place of these fields", self._as_text)
        yield from self._sharing_actions()
        holder = next((one for one in self._row.ancestors if isinstance(one, NamedSection)), None)
        if holder is not None and self._row.place.name is not None:
            yield FieldAction("Rename…", "Give it another name", lambda: self._ask_name(holder))
        requester = self._requester
        if requester is not None:
            yield FieldAction("Paste a curl command…", "Fill the request from it", self._ask_curl)
            yield FieldAction("Copy the request as curl", "Secrets are masked", lambda: self._copy(requester))
        if session.exists(path) and session.is_written(path):
            yield FieldAction("Reset", "Take out what is written here", self._reset)

    def _reset(self) -> None:
        self._session.unset(self._path)
        self._session.seal()

    # Templates and inputs

    def _template_actions(self, value: object) -> Iterator[FieldAction]:
        spec = self._row.spec
        if not spec.templates or spec.kind not in (Kind.TEXT, Kind.NUMBER, Kind.DURATION):
            return
        if value not in (None, "") and "{{" not in str(value):
            yield FieldAction("Make an input of it", "The value becomes its test value", self._make_input)
        elif spec.secret and isinstance(value, str) and plain_secret(value) is not None:
            yield FieldAction("Make an input of the secret", "It becomes the test value", self._make_input)
        control = self._row.control
        if isinstance(control, FieldInput):
            yield FieldAction("New input…", "Add an input and use it here", control.want_input)

    def _make_input(self) -> None:
        """Make an input of the value, or of the secret that stands in it beside templates."""
        session, value, before, after = self._session, self._row.value, "", ""
        if self._row.spec.secret and isinstance(value, str) and (place := plain_secret(value)) is not None:
            start, end = place
            before, value, after = value[:start], value[start:end], value[end:]
        key = session.inputs.key_for(self._row.place.title)
        with session.group(self._path):
            session.inputs.add(Input(key, self._row.place.title, secret=self._row.spec.secret))
            session.set(self._path, before + reference(key) + after)
            session.inputs.set_value(key, value)
        session.seal()

    def _as_text(self) -> None:
        self._session.types.remember(self._path, "fields", self._session.view.unwrapped(self._path))
        self._session.set(self._path, "")

    def _as_fields(self) -> None:
        fields = self._session.types.recall(self._path, "fields")
        if fields is None:
            self._session.unset(self._path)
        else:
            self._session.set(self._path, fields)

    # Sharing

    def _sharing_actions(self) -> Iterator[FieldAction]:
        session, path = self._session, self._path
        if path[-1] not in SHAREABLE:
            return
        if session.sharing.target(path) is not None:
            yield FieldAction(
                "Stop sharing", "Give this place a copy of its own", lambda: session.sharing.unshare(path)
            )
        elif session.sharing.can_share(path):
            yield FieldAction("Share", "One definition for all that share it", self._share)
        others = list(same_fields(session, path))
        if others and session.exists(path):
            yield FieldAction("Copy to…", "Write the same elsewhere", lambda: self._ask_targets(others))
        sources = [one for one in others if session.exists(one)]
        if sources:
            yield FieldAction("Copy from…", "Write here what another place says", lambda: self._ask_source(sources))

    def _share(self) -> None:
        conflict = self._session.sharing.conflict(self._path)
        if conflict is None:
            self._session.sharing.share(self._path)
            return
        answers = [
            DialogButton("shared", "Use the shared one", "primary"),
            DialogButton("own", "Use this one everywhere"),
        ]
        question = QuestionDialog(f"Share {self._row.place.title}", _difference(conflict), answers)
        self._row.app.push_screen(question, self._settle)

    def _settle(self, answer: str | None) -> None:
        if answer is not None:
            self._session.sharing.share(self._path, keep_own=answer == "own")

    def _ask_targets(self, others: list[Path]) -> None:
        named = {place_name(self._session, path): (path,) for path in others}
        choices = {**({_EVERYWHERE: tuple(others)} if len(others) > 1 else {}), **named}

        def copy(name: str | None) -> None:
            if name is not None:
                self._session.sharing.copy_to(self._path, choices[name])

        dialog = ChoiceDialog(f"Copy {self._row.place.title} to", [ChoiceOption(name) for name in choices])
        self._row.app.push_screen(dialog, copy)

    def _ask_source(self, sources: list[Path]) -> None:
        choices = {place_name(self._session, path): path for path in sources}

        def copy(name: str | None) -> None:
            if name is not None:
                self._session.sharing.copy_to(choices[name], (self._path,))

        dialog = ChoiceDialog(f"Copy {self._row.place.title} from", [ChoiceOption(name) for name in choices])
        self._row.app.push_screen(dialog, copy)

    # Names and requests

    def _adding(self, row: PairsRow, one: TypeChoice) -> FieldAction:
        dialog = PromptDialog(f"Add {one.label}", "Name", value=row.current_key, validate=row.part_name_problem)

        def add(name: str | None) -> None:
            if name is not None:
                row.add_part(name.strip(), one.name)

        return FieldAction(f"Add {one.label}…", one.help, lambda: self._row.app.push_screen(dialog, add))

    def _ask_name(self, holder: NamedSection) -> None:
        name = str(self._path[-1])

        def rename(new: str | None) -> None:
            if new is not None:
                holder.rename(name, new.strip())

        self._row.app.push_screen(PromptDialog("Rename", "Name", value=name, validate=holder.name_problem), rename)

    @property
    def _requester(self) -> Path | None:
        """The request that the field belongs to."""
        places = [
            one.path for one in components_to(self._session.view, self._path) if issubclass(one.component, Requester)
        ]
        return places[-1] if places else None

    def _ask_curl(self) -> None:
        ask_for_curl(self._row.app, self._session, lambda: self._requester or self._path)

    def _copy(self, requester: Path) -> None:
        self._row.post_message(CopyRequested(self._row, curl_of(self._row.context, requester), "request as curl"))


def _difference(conflict: Conflict) -> str:
    shared, own = (compact_json(value)[:_SHOWN] for value in (conflict.shared, conflict.own))
    return f"There is a shared one already, and it differs.\n\nShared: {shared}\n\nHere: {own}"
