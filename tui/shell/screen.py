"""The builder's screen: everything that can be done in it by key, by command and by what its parts ask for."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.binding import BindingType

from tui.forms import FieldFocused, StreamForm
from tui.model.project import Project
from tui.shell.actions import BUILDER, bindings
from tui.shell.editor_area import Welcome
from tui.shell.frame import BuilderFrame
from tui.shell.navigator import Navigator, Spot
from tui.shell.yaml_view import YamlView


class BuilderScreen(BuilderFrame):
    """Edits and tests one project."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(BUILDER)]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what is possible now."""
        if not self.is_mounted:
            return True
        match action:
            case "rename_stream" | "duplicate_stream" | "delete_stream" | "move_stream" | "switch_kind":
                return self.stream is not None
            case "toggle_auto_import" | "test_limits":
                return self.stream is not None
            case "paste_curl" | "copy_curl" | "next_tab":
                return isinstance(self.middle.form, StreamForm)
            case "follow_job":
                return self.trial_actions.can_follow
            case "cancel_test":
                return self.trials.running_stream is not None
            case "undo":
                return self.session.can_undo
            case "redo":
                return self.session.can_redo
            case "reload":
                return self.project.path is not None
        return True

    # Files

    def action_save(self) -> None:
        """Write the manifest."""
        self.errand(self.filing.save())

    def action_save_as(self) -> None:
        """Write the manifest to another file."""
        self.errand(self.filing.save_as())

    def action_new(self) -> None:
        """Begin with an empty manifest."""
        self.errand(self.filing.begin(Project.new))

    def action_demo(self) -> None:
        """Open the demo."""
        self.errand(self.filing.begin(Project.try_demo))

    def action_open(self, spot: Spot | None = None) -> None:
        """Open a file, or one of the views of this one."""
        if spot is None:
            self.errand(self.filing.open())
        else:
            self.trial_actions.leave()
            self.errand(self.tour.open(spot))

    def action_open_recent(self) -> None:
        """Open one of the last files."""
        self.errand(self.filing.open_recent())

    def action_reload(self) -> None:
        """Read the file again."""
        self.errand(self.filing.reload())

    @on(Welcome.Chosen)
    async def _begin(self, event: Welcome.Chosen) -> None:
        event.stop()
        await self.run_action(event.action)

    @on(Welcome.FileChosen)
    def _open_file(self, event: Welcome.FileChosen) -> None:
        event.stop()
        self.errand(self.filing.open_file(event.path))

    # Editing

    def action_undo(self) -> None:
        """Take back the last change and go there."""
        with self.guarded():
            self.tour.undo()

    def action_redo(self) -> None:
        """Do the undone change again and go there."""
        with self.guarded():
            self.tour.redo()

    def action_toggle_yaml(self) -> None:
        """Show the text, or the form again."""
        self.errand(self.tour.toggle_yaml())

    @on(YamlView.Broken)
    def _tell_broken(self, event: YamlView.Broken) -> None:
        event.stop()
        self.refresh_bindings()

    # Streams

    def action_add_stream(self) -> None:
        """Add a stream."""
        with self.guarded():
            self.streams.add()

    def action_duplicate_stream(self) -> None:
        """Add a copy of the stream."""
        with self.guarded():
            self.streams.duplicate()

    def action_rename_stream(self) -> None:
        """Rename the stream."""
        with self.guarded():
            self.streams.rename()

    def action_delete_stream(self) -> None:
        """Delete the stream."""
        with self.guarded():
            self.streams.delete()

    def action_move_stream(self, step: int) -> None:
        """Move the stream up or down."""
        with self.guarded():
            self.streams.move(step)

    def action_switch_kind(self) -> None:
        """Read the stream the other way."""
        with self.guarded():
            self.streams.switch()

    def action_toggle_auto_import(self) -> None:
        """Import the schema of the stream after each test, or not."""
        with self.guarded():
            self.streams.toggle_auto_import()

    def action_paste_curl(self) -> None:
        """Fill the request of the tab from a `curl` command."""
        self.streams.paste_curl()

    def action_copy_curl(self) -> None:
        """Copy the request of the tab as a `curl` command."""
        self.streams.copy_curl()

    # Going around

    @on(Navigator.Opened)
    def _open_spot(self, event: Navigator.Opened) -> None:
        event.stop()
        self.trial_actions.leave()
        self.errand(self.tour.open(event.spot))

    @on(Navigator.Moved)
    def _explain_entry(self, event: Navigator.Moved) -> None:
        event.stop()
        self.explain(event.entry.title, event.entry.words or "Enter opens it.")

    @on(FieldFocused)
    def _explain_field(self, event: FieldFocused) -> None:
        event.stop()
        self.tour.arrive(event)

    @on(events.Click, "TitleBar")
    def _click_title(self) -> None:
        """The title tells how many problems there are; a click goes to the next."""
        self.action_next_problem()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain what is no field."""
        self.tour.explain(event.widget)

    def action_back(self) -> None:
        """Leave what is open, or cancel the test, or go to the navigator."""
        self.errand(self.tour.back())

    def action_go_to_navigator(self) -> None:
        """Go to the navigator, or back to the form."""
        self.tour.go_to_navigator()

    def action_go_to_section(self) -> None:
        """List the sections of the form."""
        self.errand(self.tour.go_to_section())

    def action_go_to_field(self) -> None:
        """List all fields."""
        self.errand(self.tour.go_to_field())

    def action_next_problem(self) -> None:
        """Go to the next problem."""
        self.errand(self.tour.next_problem())

    def action_next_tab(self, step: int) -> None:
        """Go to the next tab."""
        self.errand(self.tour.next_tab(step))

    def action_jump(self) -> None:
        """Put a letter on everything that can be reached."""
        self.tour.jump()

    def action_help(self) -> None:
        """Explain the focused place."""
        self.tour.help()

    def action_list_keys(self) -> None:
        """List all keys."""
        self.tour.list_keys()

    # Testing

    def action_run_test(self) -> None:
        """Test the stream."""
        self.trial_actions.start()

    def action_follow_job(self) -> None:
        """Test the stream with the job that is there."""
        self.trial_actions.follow_jobs()

    def action_cancel_test(self) -> None:
        """Cancel the test."""
        self.trials.controller.cancel()

    def action_toggle_test(self) -> None:
        """Go to the test screen, or back to the form."""
        self.errand(self.trial_actions.toggle())

    def action_test_limits(self) -> None:
        """Set how much a test reads."""
        self.errand(self.trial_actions.ask_limits())

    def on_resize(self) -> None:
        """The test screen stands beside the form where there is room."""
        self.trial_actions.fit()
