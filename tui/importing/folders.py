"""Folders of connectors as Airbyte's repository has them: `connectors/source-NAME`, with a manifest in it."""

from __future__ import annotations

import os
from pathlib import Path

from tui.importing.drafts import ImportRefused, WholeManifest
from tui.importing.material import Material, read_material

_NAMES = ("manifest.yaml", "manifest.yml", "connector.yaml")
_MOST_FOLDERS = 50


def read_folder(material: Material) -> WholeManifest | None:
    """The manifest of a folder; None when it is something else. Raises ImportRefused."""
    folder = material.path
    if folder is None or not folder.is_dir():
        return None
    try:
        file = manifest_in(folder)
    except OSError as error:
        raise ImportRefused(f"{folder} can't be read: {error.strerror or error}.") from None
    if file is None:
        raise ImportRefused(no_manifest(folder))
    return WholeManifest(folder.name, read_material(file).text, path=file)


def manifest_in(folder: Path) -> Path | None:
    """The manifest of a folder: directly in it, or in the only folder `source_*` that has one; None when there is none.

    Raises OSError when the folder can't be read.
    """
    found = [folder / name for name in _NAMES if (folder / name).is_file()]
    if found:
        return found[0]
    with os.scandir(folder) as entries:
        packages = [one.name for one in entries if one.name.startswith("source_") and one.is_dir()]
    own = folder.absolute().name.replace("-", "_")
    ordered = [own] if own in packages else sorted(packages)[:_MOST_FOLDERS]
    found = [file for package in ordered for name in _NAMES if (file := folder / package / name).is_file()]
    return found[0] if len(found) == 1 else None


def no_manifest(folder: Path) -> str:
    """What to do with a folder that has no manifest."""
    if (folder / "metadata.yaml").is_file():
        return f"{folder} has no manifest.yaml: this connector is written in Python, which Longhaul does not run."
    return f"There is no manifest.yaml or connector.yaml in {folder}; name the folder of one connector, or a file."
