"""The section of a component: the choice of its type, and the fields of that."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.widget import Widget

from core.connector.registry import component_types
from tui.forms.field_row import FieldNote, FieldPlace, FieldRow, FormContext
from tui.forms.folding_row import FoldingRow
from tui.forms.section_head import OFF, ItemHead, SectionHead, type_options
from tui.forms.wording import place_name, reusable, summary
from tui.model.specs import FieldSpec, FormSpec, Kind, form_spec
from tui.model.type_memory import TEXT, TEXTS, name_of
from tui.model.view import class_at
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption

_AS_TEXT = "As text"
_AS_LIST = "As a list"
_IN_PLACE = {_AS_TEXT: TEXT, _AS_LIST: TEXTS}
_UNKNOWN = "unknown"
_TEXTS = {"MinMaxDatetime": "A date"}
"""What text in place of a component of a type is called, where that is the plain way to write it."""
_AS_ONE_FIELD = {_AS_TEXT: (Kind.TEXT, "Text"), _AS_LIST: (Kind.STRINGS, "List")}


class Section(FoldingRow):
    """A component: the choice of its type, and below it the fields of the chosen one."""

    def __init__(self, context: FormContext, place: FieldPlace) -> None:
        self._is_chosen = False
        super().__init__(context, place)

    def unfold_from_start(self) -> None:
        """Let the fields be shown as soon as the section is."""
        self._unfolded = self._is_chosen = True

    def make_control(self) -> Widget:
        present = name_of(self.value)  # stays, even where it would not be offered
        options = type_options(one for one in self.spec.types if one in self.spec.offered_types or one.name == present)
        if self.spec.or_texts:
            options.insert(0, ChoiceOption(_AS_LIST, _AS_LIST, "The texts themselves"))
        options[:0] = [ChoiceOption(one, one) for one in self.spec.options]
        if self.spec.or_text:
            options.insert(0 if self._text_title != _AS_TEXT else len(options), self._text_option)
        is_item = self.place.index is not None or self.place.name is not None
        head = ItemHead if is_item else SectionHead
        optional = not self.spec.required and not is_item
        grows = is_item or self.spec.or_list
        return head(options, title=self.place.title, optional=optional, grows=grows, unset=self.spec.unset)

    @property
    def _text_title(self) -> str:
        """What text in place of the component is called."""
        return next((_TEXTS[one.name] for one in self.spec.types if one.name in _TEXTS), _AS_TEXT)

    @property
    def _text_option(self) -> ChoiceOption:
        return ChoiceOption(_AS_TEXT, self._text_title, "A template in place of these fields")

    @property
    def shape(self) -> str:
        """The type, or how else the value is written; what is required and may be text is asked for as that."""
        value = self.value
        if value is None:
            return _AS_TEXT if self.spec.required and self._text_title != _AS_TEXT else OFF
        if isinstance(value, str):
            return value if value in self.spec.options else _AS_TEXT
        if isinstance(value, list):
            return _AS_LIST
        known = class_at(value, self.spec)
        return known.__name__ if known else _UNKNOWN

    @property
    def _form(self) -> FormSpec | None:
        known = class_at(self.value, self.spec)
        return form_spec(known) if known else None

    def places(self) -> Sequence[FieldPlace]:
        """The fields of the component; text, or what is unknown, as one field."""
        shape, place = self.shape, self.place
        if shape == OFF or shape in self.spec.options:
            return ()
        if self._form is None:
            kind, title = _AS_ONE_FIELD.get(shape, (Kind.JSON, "As JSON"))
            title = self._text_title.removeprefix("A ").capitalize() if shape == _AS_TEXT != self._text_title else title
            is_list = kind is Kind.STRINGS
            spec = FieldSpec(
                self.spec.key,
                self.spec.title,
                self.spec.help,
                kind,
                required=is_list,
                or_text=not is_list,
                templates=not is_list,
            )
            return (FieldPlace(place.path, spec, title, place.depth + 1),)
        return [self._below(field) for field in self._form.fields if not field.advanced]

    def advanced(self) -> Sequence[FieldPlace]:
        return [self._below(field) for field in self._form.fields if field.advanced] if self._form else ()

    def _below(self, field: FieldSpec) -> FieldPlace:
        return FieldPlace((*self.path, field.key), field, field.title, self.place.depth + 1)

    def _made_rows(self) -> list[FieldRow]:
        """The rows; what a type that was just chosen requires is open."""
        rows = super()._made_rows()
        for row in rows:
            if self._is_chosen and isinstance(row, Section) and row.spec.required:
                row.unfold_from_start()
        return rows

    def show_value(self) -> None:
        """Show the type, with a summary of the fields while they are folded."""
        if not isinstance(self.control, SectionHead):
            return
        shape = self.shape
        value = str(self.value.get("type", "")) if shape == _UNKNOWN else shape
        text = summary(self.value) if not self.unfolded else ""
        if not text and len(self.control.options) < 2 and self._form:
            text = self._form.help
        self.control.show(value, text)

    def own_notes(self) -> Sequence[FieldNote]:
        """Say of a component of an unknown type that it is kept."""
        known = component_types().get(str(self.value.get("type"))) if self.shape == _UNKNOWN else None
        if self.shape == _UNKNOWN and known is None:
            return (*super().own_notes(), FieldNote("This type has no form: it is kept as it is."))
        source = reusable(self.session, self.path) if self.has_cursor else None
        if isinstance(self.control, SectionHead) and self.control.is_reusing != (source is not None):
            self.control.is_reusing = source is not None
            self.screen.refresh_bindings()
        if source is not None:
            place = place_name(self.session, source, self.path)
            return (*super().own_notes(), FieldNote(f"s: the same as in {place}, shared with it; S: a copy of it"))
        return super().own_notes()

    @on(SectionHead.Reused)
    def _reuse(self, event: SectionHead.Reused) -> None:
        event.stop()
        source = reusable(self.session, self.path)
        if source is None:
            return
        if event.shared:
            self.session.sharing.reuse(self.path, source)
        else:
            self.session.sharing.copy_to(source, (self.path,))
        self.session.seal()

    @on(SectionHead.Changed)
    def _chosen(self, event: SectionHead.Changed) -> None:
        event.stop()
        session, value = self.session, self.value
        self._unfolded = self._is_chosen = True
        if event.value == OFF:
            session.types.remember(self.path, name_of(value), session.view.unwrapped(self.path))
            session.unset(self.path)
        elif event.value in self.spec.options:
            session.set(self.path, event.value)
        elif event.value is not None:
            session.choose_type(self.path, _IN_PLACE.get(event.value, event.value))
        session.seal()

    @on(SectionHead.Added)
    def _grow(self, event: SectionHead.Added) -> None:
        """Make a list of the component and a new one; items leave that to their list."""
        if self.spec.or_list:
            event.stop()
            dialog = ChoiceDialog(f"Add to {self.place.title}", type_options(self.spec.types))
            self.app.push_screen(dialog, self._grown)

    def _grown(self, name: str | None) -> None:
        if name is not None:
            self.session.add_component(self.path, name)
            self.session.seal()

    def cursor_left(self) -> None:
        """What is inside was not seen yet, so its problems stay hidden."""
        if self.value is None:
            super().cursor_left()
