"""Rows for JSON, JSON Schemas and GraphQL, checked while they are typed."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from textual import on
from textual.containers import VerticalGroup
from textual.widget import Widget

from core.wording import json_fault, why_not_json
from tui.forms.field_row import WIDE, FieldRow
from tui.model.problems import Finding
from tui.widgets.code_area import CodeArea
from tui.widgets.syntax import Language

_TOKEN = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#.*|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|[{}()\[\]"]')
_PAIRS = {"{": "}", "(": ")", "[": "]"}
_START = re.compile(r"\s*(?:#.*\s*)*(?:query|mutation|subscription|fragment|\{)")


class QueryFault(NamedTuple):
    """What is wrong, and in which line, counted from 0."""

    message: str
    line: int


def fault_in(query: str) -> QueryFault | None:
    """The first mistake that is seen in a query."""
    if not query.strip():
        return QueryFault("The query is empty.", 0)
    if not _START.match(query):
        return QueryFault("A query begins with `query`, `mutation` or `{`.", 0)
    open_ones: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(query):
        token, line = match[0], query.count("\n", 0, match.start())
        if token in _PAIRS:
            open_ones.append((token, line))
        elif token in _PAIRS.values():
            if not open_ones or _PAIRS[open_ones[-1][0]] != token:
                return QueryFault(f"This {token} closes nothing.", line)
            open_ones.pop()
        elif token == '"':
            return QueryFault("This text is not closed.", line)
    if open_ones:
        token, line = open_ones[-1]
        return QueryFault(f"This {token} is not closed.", line)
    return None


class CodeRow(FieldRow):
    """A row whose control shows by itself, at the line, why what was typed can't be the value yet."""

    def control_shows(self, finding: Finding) -> bool:
        unfinished = self.unfinished
        return unfinished is not None and finding.problem.message == unfinished.message

    @property
    def is_below_label(self) -> bool:
        """While it is edited in a narrow form."""
        areas = self.control.query(CodeArea) if isinstance(self.control, VerticalGroup) else [self.control]
        return self.size.width < WIDE and any(area.is_open for area in areas if isinstance(area, CodeArea))


class JsonRow(CodeRow):
    """A value as JSON. Text that is not valid JSON is kept as typed and marked; the manifest keeps the last value."""

    editor_height = 10

    def make_control(self) -> Widget:
        complete = self.context.help.templates(lambda: self.path).complete if self.spec.templates else None
        return CodeArea(
            "", "json", placeholder=self.spec.unset or "Nothing", complete=complete, editor_height=self.editor_height
        )

    def show_value(self) -> None:
        """Show the value, or the unfinished text."""
        if not isinstance(self.control, CodeArea):
            return
        unfinished = self.unfinished
        if unfinished is not None:
            self.control.text = unfinished.text
        elif not _says(self.control.text, self.value):
            self.control.text = _json(self.value)
            self.control.show_error("")

    @on(CodeArea.Changed)
    def _typed(self, event: CodeArea.Changed) -> None:
        event.stop()
        try:
            value = json.loads(event.text) if event.text.strip() else None
        except json.JSONDecodeError as error:
            self.keep_unfinished(event.text, f"Not JSON yet: {json_fault(error)}.")
            event.widget.show_error(why_not_json(error), error.lineno - 1)
            return
        event.widget.show_error("")
        self.write(value)


class SchemaRow(JsonRow):
    """A JSON Schema."""

    editor_height = 16


class GraphqlRow(CodeRow):
    """A GraphQL request: the query, and what else goes into its JSON body, such as variables."""

    size_in_rows = 2

    def make_control(self) -> Widget:
        complete = self.context.help.templates(lambda: self.path).complete
        self._query = self._area("graphql", "Type a query", 12)
        self._rest = CodeArea("", "json", placeholder="Variables and other properties, as JSON", complete=complete)
        return VerticalGroup(self._query, self._rest)

    def _area(self, syntax: Language, placeholder: str, height: int) -> CodeArea:
        complete = self.context.help.templates(lambda: self.path).complete
        return CodeArea("", syntax, placeholder=placeholder, complete=complete, editor_height=height)

    def focus_field(self) -> None:
        self._query.focus()

    def show_value(self) -> None:
        value = self._mapping
        query = value.get("query", "")
        rest = {key: one for key, one in value.items() if key != "query"}
        text = query if isinstance(query, str) else _json(query)
        if self._query.text != text:
            self._query.text = text
        self._check()
        unfinished = self.unfinished
        if unfinished is not None:
            self._rest.text = unfinished.text
        elif not _says(self._rest.text, rest or None):
            self._rest.text = _json(rest) if rest else ""
            self._rest.show_error("")

    @property
    def _mapping(self) -> dict[str, Any]:
        value = self.value
        return value if isinstance(value, dict) else {}

    def _check(self) -> None:
        fault = fault_in(self._query.text) if self._query.text else None
        self._query.show_error(fault.message if fault else "", fault.line if fault else None)

    @on(CodeArea.Changed)
    def _typed(self, event: CodeArea.Changed) -> None:
        """Write the query, and the rest as soon as it is an object; until then it is kept as it was typed."""
        event.stop()
        self._check()
        text, message, line = self._rest.text, "", None
        rest = {key: one for key, one in self._mapping.items() if key != "query"}
        try:
            typed = json.loads(text) if text.strip() else {}
            if isinstance(typed, dict):
                rest = typed
            else:
                message = "This must be an object: { ... }"
        except json.JSONDecodeError as error:
            message, line = f"Not JSON yet: {why_not_json(error)}.", error.lineno - 1
        self.write({"query": self._query.text, **rest})
        self._rest.show_error(message, line)
        if message:
            self.keep_unfinished(text, message)


def _says(text: str, value: Any) -> bool:
    """Whether a text is the value as JSON; no text is none."""
    try:
        return bool((json.loads(text) if text.strip() else None) == value)
    except ValueError:
        return False


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, default=str)
