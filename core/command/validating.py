"""`longhaul --validate`: the problems of a manifest, one a line."""

from __future__ import annotations

from core.command.arguments import Arguments
from core.connector import load_connector
from core.errors import ManifestError
from core.manifest.document import Document
from core.wording import on_one_line


def validate(arguments: Arguments) -> int:
    """Print `file:line:column: problem` lines; 2 when the manifest can't be run, else 0."""
    assert arguments.manifest is not None
    try:
        connector = load_connector(Document.load(arguments.manifest))
    except ManifestError as error:
        problems, usable = error.problems, False
    else:
        problems, usable = (*connector.problems, *connector.portability), connector.usable
    lines = [on_one_line(str(problem)) for problem in problems]
    print("\n".join(lines) or f"{arguments.manifest}: no problems", flush=True)
    return 0 if usable else 2
