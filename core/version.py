"""The version of Longhaul that runs."""

from __future__ import annotations


def version() -> str:
    """The version of the installed distribution."""
    from importlib import metadata

    try:
        return metadata.version("longhaul")
    except metadata.PackageNotFoundError:
        return "(not installed)"
