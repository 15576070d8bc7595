"""The results of cases as JUnit XML, which CI systems show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from core.cases.check import Result
from core.outputs.durable import OutputError, replacing

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, manifest: Path, results: Sequence[Result]) -> None:
    """Write the results. Raises `OutputError`."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite", name=_text(manifest.name))
    numbers = {
        "tests": len(results),
        "failures": sum(not one.passed and not one.problem for one in results),
        "errors": sum(bool(one.problem) for one in results),
        "skipped": sum(bool(one.skipped) for one in results),
    }
    for name, number in numbers.items():
        suite.set(name, str(number))
    suite.set("time", f"{sum(one.seconds for one in results):.3f}")
    for one in results:
        test = SubElement(
            suite, "testcase", classname=_text(manifest.stem), name=_text(one.name), time=f"{one.seconds:.3f}"
        )
        if one.problem:
            SubElement(test, "error", message=_text(one.problem)).text = _text(one.problem)
        elif not one.passed:
            texts = [f"{difference.kind}: {difference.text}" for difference in one.differences]
            SubElement(test, "failure", message=_text(texts[0])).text = _text("\n".join(texts))
        elif one.skipped:
            SubElement(test, "skipped", message=_text(one.skipped))
    try:
        with replacing(path) as file:
            ElementTree(suites).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise OutputError.of(path, error) from error


def _text(text: str) -> str:
    """A text without the characters that XML can't hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
