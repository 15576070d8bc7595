"""What is opened for a file that a person names."""

from __future__ import annotations

from pathlib import Path

from tui.importing.recognition import is_foreign
from tui.model.project import Project


def project_at(path: Path, *, modeline: bool = False) -> Project:
    """The project for a file: a manifest is opened; for another tool's document a new manifest is begun from it.

    Reads the file, so it belongs in a thread. Raises ManifestError.
    """
    if not is_foreign(path):
        return Project.open(path)
    project = Project.new(modeline=modeline)
    project.notes = [f"{path.name} is no manifest: choose what of it a new one begins with."]
    project.begins_from = path
    return project
