"""The keys of the trial pane, with the actions that they do. The pane knows which of them can be done now."""

from __future__ import annotations

from textual.binding import BindingType

from tui.trials.view.results import TAB_KEYS
from tui.widgets.base import hidden, shown

KEYS: list[BindingType] = [
    *(
        hidden(key, f"tab('{tab}')", tab.capitalize(), f"Show the {tab} tab", f"test.{tab}")
        for tab, key in TAB_KEYS.items()
    ),
    hidden("down,enter", "enter", "Go in", "Put the focus into the tab", "test.enter"),
    hidden("slash", "find", "Find", "Find a text in the tab", "test.find"),
    shown("m", "go_to_field", "Go to field", "Go to the field that the error or warning is about", "test.fix"),
    shown("x", "show_exchange", "Failed request", "Show the request that the error is about", "test.exchange"),
    shown(
        "E",
        "export",
        "Export…",
        "Write the records to a file, or load them into a database",
        "test.export-records",
    ),
    shown(
        "Q",
        "query",
        "Query…",
        "Query the records with SQL",
        "test.query-records",
    ),
    shown("F", "search", "Search all", "Find a text in all requests and answers", "test.search"),
    shown("J", "same_jobs", "Same job", "Test again with the job that is there: no new one is created", "test.job"),
    shown("6", "details('others')", "Other requests", "Show the requests that give no records", "test.others"),
    shown("7", "details('log')", "Log", "Show the log of the test", "test.log"),
    hidden("L", "settings", "Limits", "Set how much a test reads, and from which state", "test.settings"),
    shown("S", "save", "Save…", "Save the records or all requests to a file", "test.save"),
    shown(
        "K",
        "screen.perform('test.keep-case')",
        "Keep…",
        "Keep the test as a case for longhaul --check",
        "test.keep",
    ),
    shown(
        "C",
        "compare",
        "Compare…",
        "Compare two of the last tests",
        "test.compare-tests",
    ),
    shown("p", "choose('partition')", "Partition", "Choose the partition to look at", "test.partition"),
    hidden("P", "choose('page')", "Page", "Choose the page to look at", "test.page"),
    shown("escape", "back", "Cancel", "Cancel the test, or close what is open below", "test.back"),
]
