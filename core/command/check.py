"""`longhaul --check`: reads the recorded cases of a manifest offline and says what differs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.cases.accepting import accept
from core.cases.case import Case, CaseError, case_files, folder_of
from core.cases.check import Result, check_case
from core.cases.junit import write_junit
from core.cases.reading import read_case
from core.command.arguments import Arguments
from core.connector import Connector, load_connector
from core.errors import ManifestError
from core.manifest.document import Document
from core.units import count
from core.wording import indented


def run_check(arguments: Arguments) -> int:
    """Check all cases and return the exit code: 0, or 1 when something differs.

    Raises `ManifestError`, `CaseError`, `InputError` and `OutputError`.
    """
    assert arguments.manifest is not None
    connector = load_connector(Document.load(arguments.manifest))
    if connector.source is None or not (connector.stream_names or connector.templates):
        raise ManifestError(connector.errors or connector.problems)
    if not connector.templates:  # what streams they give, the recorded answers say
        connector.require(arguments.streams)
    results: list[Result] = []
    for path in _chosen(arguments.manifest, arguments.cases):
        result = _checked(connector, arguments.manifest, path, arguments)
        if result is not None:
            results.append(result)
            if not (arguments.quiet and result.passed):
                print("\n".join(_lines(result, accepting=arguments.accept)), flush=True)
    if not results:
        raise CaseError(_no_cases(arguments.manifest))
    if arguments.junit is not None:
        write_junit(arguments.junit, arguments.manifest, results)
    failed = [one for one in results if not one.passed]
    summary = f"{count(len(failed), 'differs', 'differ')}" if failed else "nothing differs"
    if accepted := sum(one.accepted for one in results):
        summary = f"{count(accepted, 'was accepted', 'were accepted')}, {summary if failed else 'nothing else differs'}"
    print(f"{count(len(results), 'case')}, {summary}.", flush=True)
    return int(bool(failed))


def _chosen(manifest: Path, wanted: Sequence[str]) -> list[Path]:
    files = {path.name.removesuffix(path.suffix): path for path in case_files(manifest)}
    unknown = next((name for name in wanted if name not in files), None)
    if unknown is not None:
        there = f"there are {', '.join(files)}" if files else "there are none"
        raise CaseError(f"There is no case `{unknown}` in {folder_of(manifest)}; {there}.")
    return [path for name, path in files.items() if not wanted or name in wanted]


def _checked(connector: Connector, manifest: Path, path: Path, arguments: Arguments) -> Result | None:
    """The result of a case, accepted if that is wanted; None for one that is about another manifest in the folder."""
    try:
        case = read_case(path)
    except CaseError as error:
        return Result(path.name.removesuffix(path.suffix), problem=str(error))
    if _is_about_another(case, manifest):
        return None
    result = asyncio.run(check_case(connector, case, arguments.streams))
    if arguments.accept and result.acceptable:
        accept(case, result)
    return result


def _is_about_another(case: Case, manifest: Path) -> bool:
    other = case.manifest
    return bool(other) and other != manifest.name and manifest.with_name(Path(other).name).exists()


def _lines(result: Result, *, accepting: bool) -> Iterator[str]:
    if result.problem:
        yield f"FAIL  {result.name}"
        yield indented(f"      {result.problem}")
    elif result.skipped:
        yield f"skip  {result.name}: {result.skipped}"
    elif result.differences:
        yield (f"new   {result.name}: this is expected from now on" if result.passed else f"FAIL  {result.name}")
        yield from (f"      {one.kind}: {one.text}" for one in result.differences)
        if result.hint and not result.passed:
            yield indented(f"      {result.hint}")
        if accepting and not result.passed:
            yield "      Not accepted: only other records of the same requests are. Keep it anew with --keep-case."
    else:
        what = f"{count(result.records, 'record')} from {count(result.requests, 'recorded request')}"
        yield f"ok    {result.name}: {what}, {result.seconds:.1f} s"


def _no_cases(manifest: Path) -> str:
    return (
        f"There are no cases of {manifest} in {folder_of(manifest)}. Keep one with "
        f"longhaul --run {manifest} --keep-case NAME, or in the builder: test a stream, then “Keep as a case…”."
    )
