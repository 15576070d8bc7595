"""`longhaul --validate`: lists the problems of manifests, for people, for GitHub's annotations, or as JSON."""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.command.arguments import Arguments
from core.connector import load_connector
from core.errors import ManifestError
from core.garbage import not_collected
from core.manifest.document import Document
from core.manifest.problems import Problem, Severity, show_path
from core.units import count
from core.wording import on_one_line


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with one manifest; `usable`: it can be run."""

    file: Path
    problems: tuple[Problem, ...]
    usable: bool


def validate(arguments: Arguments) -> int:
    """Print the problems of all manifests, each as soon as it is known; 2 when one of them can't be run, else 0."""
    usable = True

    def reports() -> Iterator[Report]:
        nonlocal usable
        for index, file in enumerate(arguments.manifests):
            if index:
                gc.collect()  # of the manifest before; nobody waits for that of the last one
            report = _report(file)
            usable &= report.usable
            yield report

    with not_collected():
        for text in _FORMATS[arguments.format or "text"](reports()):
            print(text, flush=True)
        gc.freeze()  # the process ends, and looking for garbage would take as long as building a manifest
    return 0 if usable else 2


def _report(file: Path) -> Report:
    try:
        connector = load_connector(Document.load(file))
    except ManifestError as error:
        return Report(file, error.problems, usable=False)
    return Report(file, (*connector.problems, *connector.portability), connector.usable)


def _as_text(reports: Iterable[Report]) -> Iterator[str]:
    """`file:line:column: error: message (hint)` lines, and at the end how many there are."""
    marks = {Severity.ERROR: _coloured("error", "bold red"), Severity.WARNING: _coloured("warning", "yellow")}
    found: Counter[Severity] = Counter()
    manifests = faulty = 0
    for report in reports:
        manifests += 1
        faulty += bool(report.problems)
        found.update(problem.severity for problem in report.problems)
        for one in report.problems:
            yield f"{on_one_line(one.place or str(report.file))}: {marks[one.severity]}: {on_one_line(one.text)}"
        if not report.problems:
            yield f"{on_one_line(str(report.file))} is {_coloured('valid', 'green')}"
    if faulty:
        where = f" in {faulty} of {manifests} manifests" if manifests > 1 else ""
        yield f"{_summary(found)}{where}"


def _summary(found: Mapping[Severity, int]) -> str:
    errors, warnings = found[Severity.ERROR], found[Severity.WARNING]
    parts = [count(errors, "error") if errors else "no errors", count(warnings, "warning") if warnings else ""]
    return ", ".join(filter(None, parts))


def _coloured(word: str, style: str) -> str:
    """A word in a style of Rich where a terminal shows it."""
    if sys.stdout is None or not sys.stdout.isatty():
        return word
    from rich.console import Console
    from rich.text import Text

    console = Console()
    with console.capture() as shown:
        console.print(Text(word, style), end="")
    return shown.get()


def _as_commands(reports: Iterable[Report]) -> Iterator[str]:
    """Workflow commands of GitHub, which shows them beside the lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    for report in reports:
        yield "\n".join(map(_command, report.problems)) or f"No problems in {on_one_line(str(report.file))}"


def _command(problem: Problem) -> str:
    properties = {"file": problem.file}
    if problem.position:
        properties |= {"line": str(problem.position.line), "col": str(problem.position.column)}
    properties["title"] = show_path(problem.path) or "Manifest"
    written = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    return f"::{problem.severity} {written}::{_escaped(problem.text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _as_json(reports: Iterable[Report]) -> Iterator[str]:
    """One list of the problems of all manifests."""
    yield json.dumps([_entry(problem) for report in reports for problem in report.problems], indent=2)


def _entry(problem: Problem) -> dict[str, Any]:
    """A problem as `docs/editor.md` describes it."""
    return {
        "file": problem.file,
        "line": problem.position.line if problem.position else None,
        "column": problem.position.column if problem.position else None,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "path": list(problem.path),
    }


_FORMATS: dict[str, Callable[[Iterable[Report]], Iterator[str]]] = {
    "text": _as_text,
    "github": _as_commands,
    "json": _as_json,
}
