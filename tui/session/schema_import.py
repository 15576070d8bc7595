"""Declaring a detected schema for a stream: overwrite, merge, and doing so by itself after every test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.registry import component_types
from core.components.schema_loaders import InlineSchemaLoader
from core.manifest.problems import Path
from tui.session.naming import type_label
from tui.session.schema_comparison import for_import, merged
from tui.session.session import BuilderSession

_AUTO: Path = ("metadata", "autoImportSchema")
"""Where Airbyte's builder notes the streams whose schema is imported by itself."""


def declared_schema(session: BuilderSession, index: int) -> dict[str, Any] | None:
    """The schema that is written in the manifest for a stream; None when it comes from elsewhere."""
    loader = session.value(("streams", index, "schema_loader"))
    schema = loader.get("schema") if isinstance(loader, dict) else None
    return schema if isinstance(schema, dict) else None


def loaded_from(session: BuilderSession, index: int) -> str:
    """What the schema of a stream is loaded from before each read, in a few words; empty when nothing is."""
    loader = session.value(("streams", index, "schema_loader"))
    if isinstance(loader, list):
        return "several loaders" if loader else ""
    if not isinstance(loader, dict) or "schema" in loader:
        return ""
    written = str(loader.get("type", ""))
    known = component_types().get(written)
    return "" if known is InlineSchemaLoader else type_label(known) if known else written


def import_schema(session: BuilderSession, index: int, detected: Mapping[str, Any], *, merge: bool = False) -> None:
    """Declare a detected schema: in place of the present one, or merged into it."""
    present = declared_schema(session, index)
    schema = merged(present, detected) if merge and present is not None else for_import(detected)
    path: Path = ("streams", index, "schema_loader")
    with session.group((*path, "schema")):
        if present is None:
            session.set(path, {"type": "InlineSchemaLoader", "schema": schema})
        else:
            session.set((*path, "schema"), schema)


def imports_by_itself(session: BuilderSession, index: int) -> bool:
    """Whether the schema of a stream is imported after every test; never in the place of one that is loaded."""
    notes = session.document.get(_AUTO)
    wanted = isinstance(notes, dict) and notes.get(session.streams.name(index)) is True
    return wanted and not loaded_from(session, index)


def import_by_itself(session: BuilderSession, index: int, *, on: bool) -> None:
    """Switch importing after every test on or off."""
    with session.group(("streams", index, "schema_loader")):
        session.write((*_AUTO, session.streams.name(index)), on)
