"""Forms generated from the component classes: one widget per kind of field, over the session's document."""

from __future__ import annotations

from tui.forms.field_row import FieldFocused
from tui.forms.form_pane import FormSection, GlobalForm
from tui.forms.hints import Hints, NoHints
from tui.forms.inputs_form import InputsForm
from tui.forms.stream_form import StreamForm

__all__ = ["FieldFocused", "FormSection", "GlobalForm", "Hints", "InputsForm", "NoHints", "StreamForm"]
