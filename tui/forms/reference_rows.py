"""Rows for references: a field path, another stream, or a place in a request."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.containers import HorizontalGroup
from textual.widget import Widget
from textual.widgets import Input

from core.manifest.links import CircleError, reference_to
from core.manifest.problems import Path
from core.manifest.references import REF
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.forms.section_head import OFF
from tui.forms.text_row import TextRow
from tui.model.field_paths import format_field_path, is_jsonpath, parse_field_path
from tui.model.view import field_at
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption

_JSONPATH_TYPE = "JsonPathExtractor"


class FieldPathRow(TextRow):
    """A field path. For a JSONPath that no field path can express, the extractor for JSONPaths is offered."""

    @property
    def _placeholder(self) -> str:
        return self.spec.unset or ("" if self.spec.limits else "Empty: all of it")

    def text_of(self, value: Any) -> str:
        return format_field_path(value)

    def means(self, text: str, value: Any) -> bool:
        return parse_field_path(text) == (value or [])

    def take(self, text: str) -> None:
        steps = parse_field_path(text)
        if steps is None:
            self.keep_unfinished(text, self._advice())
        else:
            self.write(steps if steps or self.spec.required else None)

    def _advice(self) -> str:
        if self._extractor is not None:
            return "A field path can't say that. Press enter to use the JSONPath extractor."
        return "A field path can't say that: use keys, indexes and * only."

    @property
    def _extractor(self) -> Path | None:
        """The component that could be a JSONPath extractor instead."""
        owner = self.path[:-1]
        slot = field_at(self.session.view, owner)
        return owner if slot and any(choice.name == _JSONPATH_TYPE for choice in slot.types) else None

    def entered(self, text: str) -> None:
        """Switch to the JSONPath extractor where only that can express the path, else go on."""
        owner, text = self._extractor, text.strip()
        if owner is None or not is_jsonpath(text) or parse_field_path(text) is not None:
            super().entered(text)
            return
        with self.session.group(owner):
            self.session.choose_type(owner, _JSONPATH_TYPE)
            self.session.set((*owner, "json_path"), text)


REQUEST_PATH = "RequestPath"
REQUEST_OPTION = "RequestOption"
_WHERE = {
    "request_parameter": "Query parameter",
    "header": "Header",
    "body_data": "Body, form field",
    "body_json": "Body, JSON",
}


class StreamRow(FieldRow):
    """Another stream, kept as a reference to it."""

    def make_control(self) -> Widget:
        return Choice([], title=self.place.title, prompt="Choose a stream", clearable=not self.spec.required)

    def show_value(self) -> None:
        if not isinstance(self.control, Choice):
            return
        names = self.session.streams.names()
        own = self.session.streams.at(self.path)
        options = [ChoiceOption(name) for index, name in enumerate(names) if index != own]
        if self.control.options != tuple(options):
            self.control.options = options
        value, target = self.value, self.session.sharing.target(self.path)
        stream = self.session.streams.at(target) if target is not None else None
        if stream is not None and target == self.session.streams.path(stream):
            self.control.value = names[stream]
        else:
            name = value.get("name") if isinstance(value, dict) else None
            self.control.value = f"{name}, written here" if name else None

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        if event.value is None:
            self.session.unset(self.path)
        else:
            self._refer_to(event.value)
        self.session.seal()

    def _refer_to(self, name: str) -> None:
        target = self.session.streams.path(self.session.streams.names().index(name))
        try:
            with self.session.group(self.path):
                self.session.write(self.session.slot(self.path), {REF: reference_to(target)})
        except CircleError:
            reason = f"{name} is read after this stream, for each of its records, so it can't be read before it."
            self.app.notify(reason, title="Not taken over", severity="warning", markup=False)
            self.show_value()


class RequestOptionRow(FieldRow):
    """Where in the request a value goes, and under which name: both in one line."""

    size_in_rows = 2

    def make_control(self) -> Widget:
        options = [ChoiceOption(where, title) for where, title in _WHERE.items()]
        if any(one.name == REQUEST_PATH for one in self.spec.types):
            options.append(ChoiceOption(REQUEST_PATH, "URL", "The value is the path, or the whole URL, of the request"))
        if not self.spec.required:
            options.insert(0, ChoiceOption(OFF, OFF, "Do not send it"))
        self._where = Choice(options, title=self.place.title, prompt="Choose where")
        self._name_field = FieldInput(templates=self.context.help.templates(lambda: self.path))
        return HorizontalGroup(self._where, self._name_field, classes="request-option")

    def focus_field(self) -> None:
        self._where.focus()

    @property
    def _option(self) -> dict[str, Any]:
        value = self.session.view.unwrapped(self.path)
        return value if isinstance(value, dict) else {}

    def show_value(self) -> None:
        option = self._option
        where = REQUEST_PATH if option.get("type") == REQUEST_PATH else option.get("inject_into")
        place = str(where) if where else None if option or self.spec.required else OFF
        if self._where.value != place:
            self._where.value = place
        self._name_field.display = where not in (None, REQUEST_PATH)
        in_json = where == "body_json"
        self._name_field.placeholder = "Field path" if in_json else "Name"
        name = (
            format_field_path(option.get("field_path"))
            if in_json and option.get("field_path")
            else option.get("field_name")
        )
        text = str(name or "")
        if not (
            self._name_field.has_focus
            and in_json
            and parse_field_path(self._name_field.value) == (option.get("field_path") or [])
        ):
            self._name_field.show(text)

    @on(Choice.Changed)
    def _placed(self, event: Choice.Changed) -> None:
        event.stop()
        option = self._option
        if event.value in (None, OFF):
            self.session.types.remember(self.path, REQUEST_OPTION, option)
            self.session.unset(self.path)
        elif event.value == REQUEST_PATH:
            self.session.choose_type(self.path, REQUEST_PATH)
        else:
            known = option if option.get("inject_into") else self.session.types.recall(self.path, REQUEST_OPTION) or {}
            if option.get("type") == REQUEST_PATH:
                self.session.types.remember(self.path, REQUEST_PATH, option)
            self.session.set(self.path, _moved(known, str(event.value)))
        self.session.seal()

    @on(Input.Changed)
    def _named(self, event: Input.Changed) -> None:
        event.stop()
        option = self._option
        if option.get("inject_into") == "body_json":
            value = {key: one for key, one in option.items() if key != "field_name"}
            self.write({**value, "field_path": parse_field_path(event.value) or []})
        elif option:
            self.write({**option, "field_name": event.value})

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()


def _moved(option: dict[str, Any], where: str) -> dict[str, Any]:
    """The option at another place of the request, its name in the form that is used there."""
    name, path = str(option.get("field_name") or ""), option.get("field_path") or []
    kept = {key: value for key, value in option.items() if key not in ("field_name", "field_path", "inject_into")}
    moved = {"type": REQUEST_OPTION, **kept, "inject_into": where}
    if where == "body_json":
        steps = path or ([name] if name else [])
        return {**moved, "field_path": steps} if steps else moved
    name = name or (str(path[-1]) if path else "")
    return {**moved, "field_name": name} if name else moved
