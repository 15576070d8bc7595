"""Going around in the builder: to sections, fields and problems, back again, and to the help."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.widgets import Button

from core.manifest.problems import Path
from tui.forms import FieldFocused, StreamForm
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.forms.wording import also_in, place_in_labels, said_in_labels
from tui.model.problems import Finding
from tui.model.specs import FieldSpec
from tui.shell.actions import has_key
from tui.shell.fields import fields
from tui.shell.help import HelpDialog, Topic, field_topics, key_topics
from tui.shell.keys import all_keys
from tui.shell.navigator import GLOBAL, INPUTS, Spot
from tui.trials.view.pane import TrialPane
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import Answer, QuestionDialog
from tui.widgets.jump import JumpOverlay, focusable_targets

if TYPE_CHECKING:
    from tui.shell.frame import BuilderFrame


_TEST = "1 records, 2 request, 3 response, 4 schema, 5 state, 6 other requests, 7 log. Enter picks from a response."

_NAMED = 3
"""Streams that are named in a line."""


class Tour:
    """Moves a person around in a builder screen, and knows where they are."""

    def __init__(self, frame: BuilderFrame) -> None:
        self._frame = frame
        self._field: tuple[Path, FieldSpec, str] | None = None
        """The field that had the focus last."""
        self._toggling = asyncio.Lock()
        self._told: Path | None = None
        """The problem that was gone to last."""

    # Where the person is

    def arrive(self, event: FieldFocused) -> None:
        """A field has the focus."""
        self._field = (event.path, event.spec, event.title)
        others = also_in(self._frame.session, event.path)
        shared = f"⇄ Shared with {_listed(others)}. " if others else ""
        self._frame.explain(event.title, shared + event.spec.help)

    def explain(self, widget: Widget) -> None:
        """Explain what has the focus, if it is no field."""
        if any(isinstance(one, FieldRow | FieldInput) for one in widget.ancestors_with_self):
            return
        if widget is self._frame.navigator:
            entry = self._frame.navigator.current
            self._frame.explain(entry.title, entry.words or "Enter opens it.")
            return
        title, text = _help_of(widget)
        self._frame.explain(title, text)

    @property
    def _is_in_form(self) -> bool:
        form = self._frame.middle.form
        return form is not None and form.has_focus_within

    @property
    def _path(self) -> Path | None:
        """The path of the field where the person is, or was last in this form."""
        spot = self._frame.spot
        path = self._field[0] if self._field else None
        own = path is not None and (
            path[:2] == ("streams", spot) or (not isinstance(spot, int) and path[0] != "streams")
        )
        return path if own else ("streams", spot) if isinstance(spot, int) else None

    # Views

    async def open(self, spot: Spot) -> None:
        """Open an entry of the navigator; in the text, go to where it is written."""
        frame = self._frame
        if frame.middle.yaml is None:
            await frame.show(spot)
            return
        await frame.show(spot, focus=False)
        where: dict[Spot, Path] = {GLOBAL: ("check",), INPUTS: ("spec",)}
        frame.middle.yaml.go_to(("streams", spot) if isinstance(spot, int) else where[spot])

    async def toggle_yaml(self) -> None:
        """Show the manifest as text, or the form of what the cursor is in; one after the other."""
        async with self._toggling:
            await self._toggle_yaml()

    async def _toggle_yaml(self) -> None:
        frame = self._frame
        frame.trial_actions.leave()
        if frame.middle.yaml is None:
            path = self._path
            view = await frame.middle.show_yaml()
            if frame.middle.yaml is not view:  # something else was asked for meanwhile
                return
            if view.problem is not None:
                view.go_to_problem()
            else:
                view.go_to(path or ())
            return
        await frame.flush()
        if frame.session.has_broken_text and not await self._may_drop_text():
            return
        if frame.project.is_untouched:
            await frame.show_welcome()
        else:
            await frame.middle.show_form(lambda: frame.spot)
            await frame.show(frame.spot)

    async def _may_drop_text(self) -> bool:
        """Ask about text that can't be read; it stays where it is unless it is given up."""
        text = "The YAML can't be read as it is, so the form can't show it."
        answers = [Answer("mend", "Mend it", "primary"), Answer("drop", "Drop the edit", "error")]
        answer = await self._frame.app.push_screen_wait(QuestionDialog("YAML can't be read", text, answers))
        if answer == "drop":
            yaml = self._frame.middle.yaml
            if yaml is not None:
                yaml.discard()
            return True
        await self._frame.show_yaml_problem()
        return False

    async def back(self) -> None:
        """Back out one level."""
        frame = self._frame
        if frame.trials.running_stream is not None:
            frame.trials.controller.cancel()
        elif frame.trial_actions.is_shown:
            await frame.trial_actions.toggle()
        elif frame.middle.yaml is not None:
            await self.toggle_yaml()
        else:
            frame.navigator.focus()

    def go_to_navigator(self) -> None:
        """Go to the navigator, or from there to the form."""
        if self._frame.navigator.has_focus:
            self.go_to_form()
        else:
            self._frame.trial_actions.leave()
            self._frame.navigator.focus()

    def go_to_form(self) -> None:
        """Go back to where the person edited last."""
        frame = self._frame
        if frame.middle.yaml is not None:
            frame.middle.yaml.editor.focus()
        elif frame.middle.form is not None:
            path = self._path
            frame.errand(frame.show_path(path) if path is not None and len(path) > 2 else frame.show(frame.spot))
        else:
            frame.errand(frame.show_welcome())

    async def next_tab(self, step: int) -> None:
        """Go to another tab of the stream."""
        form = self._frame.middle.form
        if isinstance(form, StreamForm):
            await form.next_tab(step)

    # Lists to choose from

    async def go_to_section(self) -> None:
        """List the sections of the form, go to the one that is chosen."""
        form = self._frame.middle.form
        if form is None:
            await self.go_to_field()
            return
        sections = form.sections()
        places = {f"{one.tab} › {one.title}": one.path for one in sections}
        await self._go_to_one_of("Go to section", places)

    async def go_to_field(self) -> None:
        """List all fields of the stream that is, or was last, in view and of the global views; go to one."""
        session, stream = self._frame.session, self._frame.trial_actions.stream
        spots: list[Spot] = [*([] if stream is None else [stream]), INPUTS, GLOBAL]
        found = [field for one in spots for field in fields(session, one)]
        await self._go_to_one_of("Go to field", {one.title: one.path for one in found})

    async def _go_to_one_of(self, title: str, places: Mapping[str, Path]) -> None:
        options = [ChoiceOption(name) for name in places]
        chosen = await self._frame.app.push_screen_wait(ChoiceDialog(title, options))
        if chosen is not None:
            await self._frame.show_path(places[chosen])

    def jump(self) -> None:
        """Put a letter on everything that can be reached."""
        self._frame.app.push_screen(JumpOverlay(focusable_targets(self._frame.screen)))

    # Problems and history

    async def next_problem(self) -> None:
        """Go to the next problem; those that were not shown yet are."""
        frame = self._frame
        if frame.session.has_broken_text:
            await frame.show_yaml_problem()
            return
        after = self._told if self._is_at_told else self._path
        problem = frame.session.next_problem(after)
        if problem is None:
            frame.session.reveal()
            problem = frame.session.next_problem(after)
        if problem is None:
            frame.notify("✓ No problems.", markup=False)
            return
        self._told = problem.path
        await frame.show_path(problem.path)
        frame.app.call_later(self._tell, problem)

    @property
    def _is_at_told(self) -> bool:
        """Whether the person still is where the last problem was shown: at its field, or at what stands for it."""
        here, told = self._path, self._told
        if told is None or here is None or self._frame.middle.yaml is not None:
            return told is not None
        is_nearest = not isinstance(self._frame.spot, int) or not self._frame.session.tabs(self._frame.spot)
        return told[: len(here)] == here or (is_nearest and told[:2] == here[:2])

    def _tell(self, problem: Finding) -> None:
        """Say what a problem is where no field does."""
        focused = self._frame.focused
        around = focused.ancestors_with_self if focused is not None else ()
        row = next((one for one in around if isinstance(one, FieldRow)), None)
        is_name = len(problem.path) == 3 and problem.path[2] == "name" and self._frame.middle.yaml is None
        if not is_name and (row is None or problem not in row.problems()):
            session = self._frame.session
            message, hint = said_in_labels(session, problem)
            said = f"{place_in_labels(session, problem.path)}: {message}"
            told = f"{said} ({hint})" if hint else said
            self._frame.notify(told, severity="error" if problem.is_error else "warning", timeout=8, markup=False)

    def undo(self) -> None:
        """Take back the last change and go there."""
        self._went(self._frame.session.undo(), "Nothing to undo.")

    def redo(self) -> None:
        """Do the undone change again and go there."""
        self._went(self._frame.session.redo(), "Nothing to redo.")

    def _went(self, path: Path | None, nothing: str) -> None:
        if path is None:
            self._frame.notify(nothing, markup=False)
        elif path:
            self._frame.errand(self._frame.show_path(path))

    # Help

    def help(self) -> None:
        """Explain the focused place, and the keys that work there."""
        focused = self._frame.focused
        if self._is_in_form and self._field is not None:
            path, spec, title = self._field
            topics = list(field_topics(self._frame.session, path, spec))
        else:
            title, text = _help_of(focused) if focused is not None else ("Builder", "")
            topics = [Topic("", (("", text),))] if text else []
        self._frame.app.push_screen(HelpDialog(title or "Help", [*topics, *self._keys_here()]))

    def _keys_here(self) -> list[Topic]:
        """The keys that work here, by the widget that they belong to."""
        groups: dict[str, dict[str, list[str]]] = {}
        for node, binding, enabled, tooltip in self._frame.active_bindings.values():
            if enabled and has_key(binding.key) and binding.id is not None:
                title = node.BINDING_GROUP_TITLE or ("everywhere" if node is self._frame.app else "builder")
                words = tooltip or binding.description
                groups.setdefault(title, {}).setdefault(words, []).append(self._frame.app.get_key_display(binding))
        return list(
            key_topics(
                [
                    (name, [(" ".join(dict.fromkeys(keys)), words) for words, keys in said.items()])
                    for name, said in groups.items()
                ]
            )
        )

    def list_keys(self) -> None:
        """List every key there is, with its id."""
        by_place: dict[str, list[tuple[str, str]]] = {}
        for key in all_keys(self._frame.settings.keys):
            by_place.setdefault(key.place, []).append((f"{key.keys or '—'}", f"{key.help}  [{key.id}]"))
        told = (
            ("", f"Keys are changed in {self._frame.settings.file}, under `keys`, as `id: key` or `id: key,key`."),
            ("", "Example: test.run: f9"),
        )
        self._frame.app.push_screen(HelpDialog("All keys", [Topic("", told), *key_topics(list(by_place.items()))]))


def _listed(names: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    few, more = names[:_NAMED], len(names) - _NAMED
    return ", ".join(few) + (f" and {more} more" if more > 0 else "")


def _help_of(widget: Widget) -> tuple[str, str]:
    """The title and the sentence of the nearest widget that has some."""
    if any(isinstance(one, TrialPane) for one in widget.ancestors):
        return "Test", _TEST
    helped = next((one for one in widget.ancestors_with_self if getattr(one, "HELP", None)), None)
    titles = [one.BINDING_GROUP_TITLE for one in (helped or widget).ancestors_with_self]
    title = next((str(title) for title in titles if title), "")
    if isinstance(widget, Button):
        return str(widget.label).strip(), str(widget.tooltip or "")
    return title, str(helped.HELP) if isinstance(helped, Widget) else ""
