"""The Python code beside a manifest that a trial would run: whether it may, and what is asked before it does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.command.custom_code import Permissions, allowed_before, question
from core.connector import Connector
from core.custom.permission import code_beside, read_code


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """Code that was not allowed yet; `text` is what is asked."""

    text: str
    _code: str
    _file: Path

    @classmethod
    def about(cls, connector: Connector, manifest: str | None) -> CodeQuestion | None:
        """None where there is nothing to ask. Raises `InputError` for code that can't be read."""
        file = code_beside(Path(manifest)) if manifest and connector.custom_components else None
        if file is None:
            return None
        code, known = read_code(file), Permissions()
        if known.has(code):
            return None
        return cls(question(connector, file, code, changed=known.names(file)), code, file)

    def allow(self) -> None:
        """Remember that this very code may run. Raises `OutputError`."""
        Permissions().add(self._code, self._file)


def with_allowed_code(connector: Connector, manifest: str | None) -> Connector:
    """The connector with the code beside its manifest, if it was allowed. Raises `InputError`."""
    return allowed_before(connector, Path(manifest)) if manifest else connector
